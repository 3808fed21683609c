"""Identities by the AWS command line: users, keys, groups, roles, policies, second factors, profiles."""

import base64
import csv
import json
import os
import time

import pytest
from commands import aws as aws_alone
from commands import aws_here as aws
from commands import modelkeep
from iam import STEP_SECONDS, code_at, document, trust

DENIED = 255


def allow(action, resource="*", **more):
    return document({"Effect": "Allow", "Action": action, "Resource": resource, **more})


def as_key(pair):
    """The environment of somebody who has set nothing but their keys."""
    return {
        "AWS_ACCESS_KEY_ID": pair["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": pair["SecretAccessKey"],
        "AWS_SESSION_TOKEN": pair.get("SessionToken"),
    }


@pytest.fixture
def user(name):
    """A user without rights, taken away with whatever the test left."""
    aws("iam", "create-user", "--user-name", name)
    aws("iam", "wait", "user-exists", "--user-name", name)
    yield name
    of = ("--user-name", name)
    for group in aws("iam", "list-groups-for-user", *of)["Groups"]:
        aws("iam", "remove-user-from-group", *of, "--group-name", group["GroupName"])
    for key in aws("iam", "list-access-keys", *of)["AccessKeyMetadata"]:
        aws("iam", "delete-access-key", *of, "--access-key-id", key["AccessKeyId"])
    for policy in aws("iam", "list-user-policies", *of)["PolicyNames"]:
        aws("iam", "delete-user-policy", *of, "--policy-name", policy)
    for device in aws("iam", "list-mfa-devices", *of)["MFADevices"]:
        serial = ("--serial-number", device["SerialNumber"])
        aws("iam", "deactivate-mfa-device", *of, *serial)
        aws("iam", "delete-virtual-mfa-device", *serial)
    aws("iam", "delete-user", *of)


@pytest.fixture
def key(user):
    return aws("iam", "create-access-key", "--user-name", user)["AccessKey"]


def test_users_groups_and_keys(user, key, name, account):
    own = aws("sts", "get-caller-identity", env=as_key(key))
    assert own["Arn"] == f"arn:aws:iam::{account}:user/{user}"
    told = aws("s3api", "list-buckets", env=as_key(key), status=DENIED)
    # Words that the console and scripts look for.
    assert f"User: {own['Arn']} is not authorized to perform: s3:ListAllMyBuckets" in told
    assert "because no identity-based policy allows the s3:ListAllMyBuckets action" in told
    group = ("--group-name", name)
    aws("iam", "create-group", *group)
    see = ("--policy-name", "see")
    aws("iam", "put-group-policy", *group, *see, "--policy-document", allow("s3:ListAllMyBuckets"))
    aws("iam", "add-user-to-group", *group, "--user-name", user)
    assert "Buckets" in aws("s3api", "list-buckets", env=as_key(key))
    assert "AccessDenied" in aws("s3", "mb", f"s3://{name}", env=as_key(key), status=1)
    [member] = aws("iam", "get-group", *group)["Users"]
    assert member["UserName"] == user
    last = aws("iam", "get-access-key-last-used", "--access-key-id", key["AccessKeyId"])
    # The use itself is told later: nobody waits for it.
    assert last["UserName"] == user and last["AccessKeyLastUsed"]["ServiceName"]
    change = ("--access-key-id", key["AccessKeyId"], "--user-name", user)
    aws("iam", "update-access-key", *change, "--status", "Inactive")
    told = aws("sts", "get-caller-identity", env=as_key(key), status=DENIED)
    assert "InvalidClientTokenId" in told
    assert "DeleteConflict" in aws("iam", "delete-user", "--user-name", user, status=DENIED)
    assert "DeleteConflict" in aws("iam", "delete-group", *group, status=DENIED)
    aws("iam", "remove-user-from-group", *group, "--user-name", user)
    aws("iam", "delete-group-policy", *group, *see)
    aws("iam", "delete-group", *group)
    told = aws("iam", "get-group", *group, status=DENIED)
    assert "NoSuchEntity" in told and "GetGroup" in told


def test_users_in_pages(name):
    path = f"/{name}/"
    made = [f"{name}-{at}" for at in range(3)]
    for one in made:
        aws("iam", "create-user", "--user-name", one, "--path", path)
    listed = aws("iam", "list-users", "--path-prefix", path, "--page-size", "1")["Users"]
    assert [one["UserName"] for one in listed] == made
    first = aws("iam", "list-users", "--path-prefix", path, "--max-items", "2")
    rest = aws("iam", "list-users", "--path-prefix", path, "--starting-token", first["NextToken"])
    assert [one["UserName"] for one in first["Users"] + rest["Users"]] == made
    assert "EntityAlreadyExists" in aws("iam", "create-user", "--user-name", made[0], status=DENIED)
    for one in made:
        aws("iam", "delete-user", "--user-name", one)


def test_managed_policies(user, key, name, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(allow("sqs:ListQueues"))
    made = aws("iam", "create-policy", "--policy-name", name, "--policy-document", f"file://{file}")
    policy = ("--policy-arn", made["Policy"]["Arn"])
    aws("iam", "wait", "policy-exists", *policy)
    aws("iam", "attach-user-policy", "--user-name", user, *policy)
    listed = aws("iam", "list-attached-user-policies", "--user-name", user)["AttachedPolicies"]
    assert [one["PolicyName"] for one in listed] == [name]
    [holder] = aws("iam", "list-entities-for-policy", *policy)["PolicyUsers"]
    assert holder["UserName"] == user
    aws("s3api", "list-buckets", env=as_key(key), status=DENIED)
    next_text = allow(["sqs:ListQueues", "s3:ListAllMyBuckets"])
    more = ("--policy-document", next_text, "--set-as-default")
    version = aws("iam", "create-policy-version", *policy, *more)["PolicyVersion"]
    assert version["VersionId"] == "v2" and version["IsDefaultVersion"]
    aws("s3api", "list-buckets", env=as_key(key))
    aws("iam", "set-default-policy-version", *policy, "--version-id", "v1")
    aws("s3api", "list-buckets", env=as_key(key), status=DENIED)
    read = aws("iam", "get-policy-version", *policy, "--version-id", "v2")["PolicyVersion"]
    assert read["Document"] == json.loads(next_text)
    told = aws("iam", "delete-policy", *policy, status=DENIED)
    assert "DeleteConflict" in told
    aws("iam", "detach-user-policy", "--user-name", user, *policy)
    aws("iam", "delete-policy-version", *policy, "--version-id", "v2")
    aws("iam", "delete-policy", *policy)
    broken = ("--policy-name", name, "--policy-document", '{"Version": "2012-10-17"}')
    assert "MalformedPolicyDocument" in aws("iam", "create-policy", *broken, status=DENIED)
    public = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    assert aws("iam", "get-policy", "--policy-arn", public)["Policy"]["Arn"] == public
    aws("iam", "attach-user-policy", "--user-name", user, "--policy-arn", public)
    aws("s3api", "list-buckets", env=as_key(key))
    aws("iam", "detach-user-policy", "--user-name", user, "--policy-arn", public)


@pytest.fixture
def reader(user, name):
    """The ARN of a role that may list buckets, and that the user may take with the right id."""
    arn = aws("iam", "get-user", "--user-name", user)["User"]["Arn"]
    condition = {"StringEquals": {"sts:ExternalId": "right"}}
    role = ("--role-name", f"{name}-reader")
    given = ("--assume-role-policy-document", trust(arn, **condition))
    made = aws("iam", "create-role", *role, *given, "--max-session-duration", "7200")
    aws("iam", "wait", "role-exists", *role)
    see = ("--policy-name", "see")
    aws("iam", "put-role-policy", *role, *see, "--policy-document", allow("s3:ListAllMyBuckets"))
    yield made["Role"]["Arn"]
    aws("iam", "delete-role-policy", *role, *see)
    aws("iam", "delete-role", *role)


def test_assume_role(key, reader, name, account):
    ask = ("sts", "assume-role", "--role-arn", reader, "--role-session-name", "by-hand")
    told = aws(*ask, env=as_key(key), status=DENIED)
    assert "AccessDenied" in told and "sts:AssumeRole" in told
    right = (*ask, "--external-id", "right")
    told = aws(*right, "--duration-seconds", "7201", env=as_key(key), status=DENIED)
    assert "ValidationError" in told
    session = aws(*right, "--duration-seconds", "900", env=as_key(key))["Credentials"]
    assert session["AccessKeyId"].startswith("ASIA")
    told = aws("sts", "get-caller-identity", env=as_key(session))
    assert told["Arn"] == f"arn:aws:sts::{account}:assumed-role/{name}-reader/by-hand"
    aws("s3api", "list-buckets", env=as_key(session))
    aws("sns", "list-topics", env=as_key(session), status=DENIED)
    # What a session is given can only be less than what the role may do.
    narrow = (*right, "--policy", allow("sns:ListTopics"))
    session = aws(*narrow, env=as_key(key))["Credentials"]
    aws("sns", "list-topics", env=as_key(session), status=DENIED)
    told = aws("s3api", "list-buckets", env=as_key(session), status=DENIED)
    assert "no session policy allows" in told


def test_profiles(key, reader, name, account, tmp_path):
    """As people have it: keys in one file, a role in the other, and `--profile` on the command."""
    aws = aws_alone
    files = {
        # Sessions of roles are kept below it.
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None,
    }

    def configure(profile, **settings):
        for setting, value in settings.items():
            aws("configure", "set", setting, value, "--profile", profile, env=files)

    secret = key["SecretAccessKey"]
    configure("ada", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=secret)
    shared = {"role_arn": reader, "external_id": "right", "region": os.environ["AWS_REGION"]}
    configure("reader", source_profile="ada", role_session_name="profile", **shared)
    configure("wrong", source_profile="ada", **{**shared, "external_id": "wrong"})
    configure("machine", credential_source="Environment", **shared)
    ask = ("sts", "get-caller-identity", "--profile")
    assert aws(*ask, "ada", env=files)["Arn"].endswith(f":user/{name}")
    session = f"arn:aws:sts::{account}:assumed-role/{name}-reader"
    assert aws(*ask, "reader", env=files)["Arn"] == f"{session}/profile"
    assert "Buckets" in aws("s3api", "list-buckets", "--profile", "reader", env=files)
    assert "AccessDenied" in aws(*ask, "wrong", env=files, status=DENIED)
    told = aws(*ask, "machine", env={**files, **as_key(key)})
    assert told["Arn"].startswith(f"{session}/")
    told = aws("configure", "list", "--profile", "reader", env=files)
    assert "assume-role" in told


def test_second_factor(user, key, name, tmp_path):
    file = tmp_path / "seed"
    made = aws(
        *f"iam create-virtual-mfa-device --virtual-mfa-device-name {name} --outfile {file}"
        " --bootstrap-method Base32StringSeed".split()
    )
    serial = ("--serial-number", made["VirtualMFADevice"]["SerialNumber"])
    seed = file.read_bytes()
    step = int(time.time()) // STEP_SECONDS
    enable = ("iam", "enable-mfa-device", "--user-name", user, *serial)

    def codes(first, second):
        return ("--authentication-code1", first, "--authentication-code2", second)

    told = aws(*enable, *codes("000000", "000000"), status=DENIED)
    assert "InvalidAuthenticationCode" in told
    aws(*enable, *codes(code_at(seed, step - 1), code_at(seed, step)))
    [device] = aws("iam", "list-mfa-devices", "--user-name", user)["MFADevices"]
    assert device["SerialNumber"] == serial[1]
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    text = allow("s3:ListAllMyBuckets", Condition=condition)
    policy = ("--policy-name", "factor", "--policy-document", text)
    aws("iam", "put-user-policy", "--user-name", user, *policy)
    aws("s3api", "list-buckets", env=as_key(key), status=DENIED)
    session = ("sts", "get-session-token", *serial, "--token-code")
    # A code is good once.
    told = aws(*session, code_at(seed, step), env=as_key(key), status=DENIED)
    assert "MultiFactorAuthentication failed" in told
    told = aws(*session, code_at(seed, step + 1), env=as_key(key))
    aws("s3api", "list-buckets", env=as_key(told["Credentials"]))


def test_simulations(user, name, account):
    arn = f"arn:aws:iam::{account}:user/{user}"
    text = document(
        {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::data/${aws:username}/*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/secret/*"},
    )
    aws("iam", "put-user-policy", "--user-name", user, "--policy-name", "p", "--policy-document", text)
    asked = ("--action-names", "s3:GetObject", "s3:PutObject")
    objects = [f"arn:aws:s3:::data/{user}/{at}" for at in ("a", "secret/b")]
    told = aws("iam", "simulate-principal-policy", "--policy-source-arn", arn, *asked, "--resource-arns", *objects)
    found = {
        (one["EvalActionName"], one["EvalResourceName"]): one["EvalDecision"]
        for one in told["EvaluationResults"]
    }
    assert found == {
        ("s3:GetObject", objects[0]): "allowed",
        ("s3:GetObject", objects[1]): "explicitDeny",
        ("s3:PutObject", objects[0]): "implicitDeny",
        ("s3:PutObject", objects[1]): "implicitDeny",
    }
    custom = allow("sqs:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    keys = aws("iam", "get-context-keys-for-custom-policy", "--policy-input-list", custom)
    assert keys["ContextKeyNames"] == ["aws:RequestedRegion"]
    ask = ("iam", "simulate-custom-policy", "--policy-input-list", custom, "--action-names", "sqs:SendMessage")
    [one] = aws(*ask)["EvaluationResults"]
    assert one["EvalDecision"] == "implicitDeny"
    assert one["MissingContextValues"] == ["aws:RequestedRegion"]
    entry = "ContextKeyName=aws:RequestedRegion,ContextKeyValues=eu-west-1,ContextKeyType=string"
    [one] = aws(*ask, "--context-entries", entry)["EvaluationResults"]
    assert one["EvalDecision"] == "allowed"


def test_reports(user):
    state = aws("iam", "generate-credential-report")["State"]
    assert state in ("STARTED", "INPROGRESS", "COMPLETE")
    told = aws("iam", "get-credential-report")
    rows = list(csv.DictReader(base64.b64decode(told["Content"]).decode().splitlines()))
    assert rows[0]["user"] == "<root_account>"
    assert aws("iam", "get-account-summary")["SummaryMap"]["Users"] >= 1
    details = aws("iam", "get-account-authorization-details", "--filter", "User")
    assert user in [one["UserName"] for one in details["UserDetailList"]]


def test_role_manager(name, account, tmp_path):
    """A role by the server's own command, which the AWS command line then finds as any other."""
    about = ("--persona", "sagemaker-compute", "--name", name, "--bucket", f"{name}-data")
    shown = modelkeep("role", "plan", *about)
    assert f"arn:aws:iam::{account}:role/SageMaker-{name} (to be made)" in shown
    role = ("--role-name", f"SageMaker-{name}")
    assert "NoSuchEntity" in aws("iam", "get-role", *role, status=DENIED)
    assert "--yes" in modelkeep("role", "apply", *about, status=1)
    assert "NoSuchEntity" in aws("iam", "get-role", *role, status=DENIED)
    assert f"wrote arn:aws:iam::{account}:role/SageMaker-{name}" in modelkeep("role", "apply", *about, "--yes")
    trusted = aws("iam", "get-role", *role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted[0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    again = modelkeep("role", "plan", *about, "--bucket", f"{name}-more", "--json")
    assert again["role"]["exists"] and again["role"]["managed"]
    assert all(one["holds"] for one in again["proof"])
    for policy in aws("iam", "list-role-policies", *role)["PolicyNames"]:
        of = (*role, "--policy-name", policy)
        text = aws("iam", "get-role-policy", *of)["PolicyDocument"]
        file = tmp_path / "found.json"
        file.write_text(json.dumps(text))
        found = modelkeep("role", "check", str(file), "--json")
        assert [one for one in found if one["severity"] in ("error", "security")] == []
        aws("iam", "delete-role-policy", *of)
    aws("iam", "delete-role", *role)
    open_wide = tmp_path / "wide.json"
    open_wide.write_text(allow("*"))
    assert "STAR_ON_STAR" in modelkeep("role", "check", str(open_wide), status=1)
    assert "sagemaker-compute" in modelkeep("role", "list-activities")
