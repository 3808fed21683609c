"""Rotation by a program of the operator's: its four steps, its failures, and its end at any time."""

import json
import os
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from iam import People, allow, client_of, trust
from refusals import refused
from secretsmanager import Secrets, assert_all_called, stages_of
from servers import Server
from waiting import until

PARAMETER = ("InvalidParameterException", 400)
REQUEST = ("InvalidRequestException", 400)
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
# A function as they are written for Amazon's service; what it is to do wrong is in a file.
FUNCTION = '''
import json, os, time
import boto3

def handler(event, context):
    step, arn, token = event["Step"], event["SecretId"], event["ClientRequestToken"]
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(json.dumps({**event, "role": boto3.client("sts").get_caller_identity()["Arn"]}) + "\\n")
    with open(os.environ["WRONG"]) as wrong:
        wrong = json.load(wrong)
    how = wrong.get(step)
    if how == "raise":
        raise ValueError("this step does not work")
    if how == "exit":
        os._exit(3)
    if how == "hang":
        time.sleep(600)
    if how == "lie":
        return
    client = boto3.client("secretsmanager")
    if step == "createSecret":
        client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")
        try:
            client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            word = client.get_random_password(ExcludePunctuation=True)["RandomPassword"]
            client.put_secret_value(
                SecretId=arn, ClientRequestToken=token, SecretString=word,
                VersionStages=["AWSPENDING"], RotationToken=event["RotationToken"],
            )
        return
    pending = client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    if step == "setSecret":
        with open(os.environ["TARGET"], "w") as target:
            target.write(pending["SecretString"])
    elif step == "testSecret":
        with open(os.environ["TARGET"]) as target:
            assert target.read() == pending["SecretString"]
    elif step == "finishSecret":
        stages = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
        [current] = [one for one, labels in stages.items() if "AWSCURRENT" in labels]
        if current != token:
            client.update_secret_version_stage(
                SecretId=arn, VersionStage="AWSCURRENT",
                MoveToVersionId=token, RemoveFromVersionId=current,
            )
'''
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rotator"


class Program:
    """The function's files: what it was called with, what it did, and what it is to do wrong."""

    def __init__(self, folder):
        self.file = folder / "rotate.py"
        self.file.write_text(FUNCTION)
        self.target, self.wrong, self.log = (folder / n for n in ("target", "wrong", "calls"))
        self.reset()

    def reset(self):
        self.target.write_text("")
        self.log.write_text("")
        self.goes_wrong()

    def goes_wrong(self, **steps):
        self.wrong.write_text(json.dumps(steps))

    def calls(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def steps(self):
        return [call["Step"] for call in self.calls()]

    def configured(self):
        environment = {
            # The tests' own Python, which has the SDK.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TARGET": str(self.target),
            "WRONG": str(self.wrong),
            "CALLS": str(self.log),
        }
        return {"file": str(self.file), "role": ROLE, "environment": environment}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return Program(tmp_path_factory.mktemp("function"))


@pytest.fixture
def program(written):
    written.reset()
    return written


@pytest.fixture(scope="module")
def server(tmp_path_factory, written):
    functions = {"rotate": written.configured(), "gone": {"file": "/nowhere/gone.py"}}
    flags = ["--log-level", "warn", "--functions", json.dumps(functions)]
    made = Server(tmp_path_factory.mktemp("rotation") / "data", *flags).start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def keys(server):
    told = server.environment()
    return {
        "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
    }


@pytest.fixture(scope="module")
def sm(server, keys):
    return client_of("secretsmanager", keys, server.url)


@pytest.fixture(scope="module", autouse=True)
def role(server, keys):
    """Which the function is given the credentials of."""
    people = People(client_of("iam", keys, server.url))
    own = [
        allow(f"secretsmanager:{action}")
        for action in ("GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage")
    ]
    trusted = trust({"Service": "lambda.amazonaws.com"})
    people.role(trusted, *own, allow("secretsmanager:GetRandomPassword"), name="rotator")
    yield
    people.clear()


@pytest.fixture
def secrets(sm):
    made = Secrets(sm)
    yield made
    made.clear()


@pytest.fixture
def function(region):
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:rotate"


def value_of(sm, secret):
    return sm.get_secret_value(SecretId=secret)["SecretString"]


def rotated(sm, secret, version, seconds=60):
    until(
        lambda: stages_of(sm, secret).get("AWSCURRENT") == version, seconds, what="the rotation"
    )
    until(lambda: "LastRotatedDate" in sm.describe_secret(SecretId=secret), 20)


def test_four_steps(sm, secrets, program, function):
    told = secrets.secret("first")
    arn, first = told["ARN"], told["VersionId"]
    answer = sm.rotate_secret(SecretId=arn, RotationLambdaARN=function)
    version = answer["VersionId"]
    assert (answer["ARN"], answer["Name"]) == (arn, told["Name"]) and version != first
    rotated(sm, arn, version)
    assert program.steps() == STEPS
    for call in program.calls():
        assert (call["SecretId"], call["ClientRequestToken"]) == (arn, version)
        assert ":assumed-role/rotator/" in call["role"]
    assert value_of(sm, arn) == program.target.read_text() != "first"
    assert sm.get_secret_value(SecretId=arn, VersionId=first)["VersionStages"] == ["AWSPREVIOUS"]
    shown = sm.describe_secret(SecretId=arn)
    assert shown["RotationEnabled"] is True and shown["RotationLambdaARN"] == function
    assert abs(shown["LastRotatedDate"] - datetime.now(timezone.utc)) < timedelta(minutes=5)
    assert "NextRotationDate" not in shown
    # Again, with the function that it has; a token is a rotation.
    token = str(uuid.uuid4())
    assert sm.rotate_secret(SecretId=arn, ClientRequestToken=token)["VersionId"] == token
    rotated(sm, arn, token)
    assert stages_of(sm, arn)["AWSPREVIOUS"] == version
    until(lambda: len(program.calls()) == 8, 20)
    assert sm.rotate_secret(SecretId=arn, ClientRequestToken=token)["VersionId"] == token
    assert value_of(sm, arn) == program.target.read_text()


@pytest.mark.parametrize(
    "step,how",
    [
        ("createSecret", "raise"),
        ("createSecret", "lie"),
        ("setSecret", "exit"),
        ("testSecret", "raise"),
        ("finishSecret", "lie"),
    ],
)
def test_what_fails_leaves_the_current_value(server, sm, secrets, program, function, step, how):
    told = secrets.secret("first")
    arn, first = told["ARN"], told["VersionId"]
    program.goes_wrong(**{step: how})
    version = sm.rotate_secret(SecretId=arn, RotationLambdaARN=function)["VersionId"]
    until(lambda: step in program.steps(), 30)
    until(lambda: [line for line in server.lines if arn in line], 30, what="the failure")
    assert stages_of(sm, arn) == {"AWSCURRENT": first, "AWSPENDING": version}
    assert value_of(sm, arn) == "first"
    assert "LastRotatedDate" not in sm.describe_secret(SecretId=arn)
    # To ask again is to have the old one tried again, from its beginning.
    program.goes_wrong()
    with refused(*REQUEST, "A previous rotation isn't complete"):
        sm.rotate_secret(SecretId=arn)
    rotated(sm, arn, version)
    assert value_of(sm, arn) == program.target.read_text()
    assert program.steps()[-4:] == STEPS


@pytest.fixture(autouse=True)
def nothing_told(server, program):
    """The log says that a rotation failed, and never what the value was."""
    yield
    value = program.target.read_text()
    assert not value or value == "first" or value not in "".join(server.lines)


def test_given_up_in_the_middle(sm, secrets, program, function):
    told = secrets.secret("first")
    arn = told["ARN"]
    program.goes_wrong(setSecret="hang")
    version = sm.rotate_secret(SecretId=arn, RotationLambdaARN=function)["VersionId"]
    until(lambda: "setSecret" in program.steps(), 30)
    # While it runs nobody moves the label from under it.
    with refused(*REQUEST, "A rotation of this secret is in progress"):
        sm.put_secret_value(SecretId=arn, SecretString="by hand")
    with refused(*REQUEST, "A previous rotation isn't complete"):
        sm.rotate_secret(SecretId=arn)
    cancelled = sm.cancel_rotate_secret(SecretId=arn)
    assert (cancelled["ARN"], cancelled["VersionId"]) == (arn, version)
    assert sm.describe_secret(SecretId=arn)["RotationEnabled"] is False
    assert value_of(sm, arn) == "first" and program.steps() == STEPS[:2]
    sm.put_secret_value(SecretId=arn, SecretString="by hand")
    assert value_of(sm, arn) == "by hand"
    with refused(*REQUEST, "can't cancel"):
        sm.cancel_rotate_secret(SecretId=arn)


def test_tried_out_before_it_is_due(sm, secrets, program, function):
    told = secrets.secret("first")
    arn = told["ARN"]
    program.target.write_text("first")
    rules = {"ScheduleExpression": "rate(10 days)", "Duration": "3h"}
    sm.rotate_secret(
        SecretId=arn, RotationLambdaARN=function, RotationRules=rules, RotateImmediately=False
    )
    until(lambda: program.steps() == ["testSecret"], 30)
    until(lambda: stages_of(sm, arn) == {"AWSCURRENT": told["VersionId"]}, 30)
    shown = sm.describe_secret(SecretId=arn)
    assert shown["RotationRules"] == rules and shown["RotationEnabled"] is True
    left = shown["NextRotationDate"] - datetime.now(timezone.utc)
    assert timedelta(days=9) < left < timedelta(days=11)
    assert value_of(sm, arn) == "first" and program.steps() == ["testSecret"]


RULES = [
    ({"AutomaticallyAfterDays": 30}, None),
    ({"ScheduleExpression": "rate(4 hours)"}, None),
    ({"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}, None),
    ({"ScheduleExpression": "cron(0 8 ? * SUN#1 *)"}, None),
    ({"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"}, "not both"),
    ({"ScheduleExpression": "rate(3 hours)"}, "every 4 hours at most"),
    ({"ScheduleExpression": "rate(1001 days)"}, "1 to 1000 days"),
    ({"ScheduleExpression": "cron(0 0/2 * * ? *)"}, "every 4 hours at most"),
    ({"ScheduleExpression": "cron(0 23 * * ? *)", "Duration": "2h"}, "next day"),
    ({"ScheduleExpression": "rate(4 hours)", "Duration": "5h"}, "next one"),
    ({"ScheduleExpression": "now and then"}, "neither"),
    ({"ScheduleExpression": "rate(1 day)", "Duration": "25h"}, "between 1h and 24h"),
]


@pytest.mark.parametrize("rules,says", RULES, ids=range(len(RULES)))
def test_schedules(sm, secrets, program, function, rules, says):
    program.goes_wrong(testSecret="lie")
    at = {"SecretId": secrets.id("x")}
    asked = {"RotationLambdaARN": function, "RotationRules": rules, "RotateImmediately": False}
    if says is None:
        sm.rotate_secret(**at, **asked)
        shown = sm.describe_secret(**at)
        assert shown["RotationRules"] == rules
        assert shown["NextRotationDate"] > datetime.now(timezone.utc)
        return
    with refused(*PARAMETER, says):
        sm.rotate_secret(**at, **asked)
    assert "RotationEnabled" not in sm.describe_secret(**at)


def test_functions_that_cannot(server, sm, secrets, program, function, region):
    at = {"SecretId": secrets.id("first")}
    with refused(*REQUEST, "No Lambda rotation function ARN"):
        sm.rotate_secret(**at)
    with refused("AccessDeniedException", 400, "cannot invoke the specified Lambda function"):
        sm.rotate_secret(**at, RotationLambdaARN=function.replace("rotate", "unknown"))
    for wrong in (
        "rotate",
        function.replace(region, "mars-north-1"),
        function.replace(ACCOUNT, "1" * 12),
        "arn:aws:iam::000000000000:role/rotator",
    ):
        with refused(*PARAMETER, "RotationLambdaARN"):
            sm.rotate_secret(**at, RotationLambdaARN=wrong)
    # Configured, but its file is not there: told when it is called.
    sm.rotate_secret(**at, RotationLambdaARN=function.replace("rotate", "gone"))
    until(lambda: [line for line in server.lines if "has no file" in line], 30)
    assert value_of(sm, at["SecretId"]) == "first"


def test_who_may_let_a_function_loose(server, keys, sm, secrets, program, function):
    people = People(client_of("iam", keys, server.url))
    arn = secrets.id("first")
    rotate = allow("secretsmanager:RotateSecret")
    for statements, holds in (([rotate], False), ([rotate, allow("lambda:InvokeFunction", function)], True)):
        own = client_of("secretsmanager", people.key_of_new(*statements), server.url)
        if not holds:
            with refused("AccessDeniedException", 400, "lambda:InvokeFunction"):
                own.rotate_secret(SecretId=arn, RotationLambdaARN=function)
            continue
        version = own.rotate_secret(SecretId=arn, RotationLambdaARN=function)["VersionId"]
        rotated(sm, arn, version)
    people.clear()


def test_taken_up_again_after_a_crash(server, sm, secrets, program, function):
    """The step that was under way is called again."""
    arn = secrets.id("first")
    program.goes_wrong(testSecret="hang")
    version = sm.rotate_secret(SecretId=arn, RotationLambdaARN=function)["VersionId"]
    until(lambda: program.steps() == STEPS[:3], 30)
    server.kill()
    program.goes_wrong()
    server.start()
    assert value_of(sm, arn) in ("first", program.target.read_text())
    rotated(sm, arn, version)
    assert program.steps() == [*STEPS[:3], *STEPS[2:]]
    assert value_of(sm, arn) == program.target.read_text()


def test_every_operation_was_called():
    assert_all_called("rotation")
