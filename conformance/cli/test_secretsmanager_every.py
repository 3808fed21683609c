"""Every operation of the service of secrets by the AWS command line: each with right input once."""

import json
import os
import uuid
from base64 import b64decode
from functools import partial
from pathlib import Path
from string import ascii_lowercase

import pytest
from asking import as_key, ask, assert_all_answered
from iam import People, allow, document, trust
from servers import Server
from waiting import until

FUNCTION = Path(__file__).resolve().parents[1] / "js" / "rotate.mjs"
ROLE = "arn:aws:iam::{account}:role/rotator"

iam = partial(ask, "iam")
secrets = partial(ask, "secretsmanager")


def token():
    return str(uuid.uuid4())


@pytest.fixture
def secret(name):
    """Of its name; the first value is "one"."""
    secrets("create-secret", name=name, secret_string="one")
    yield {"secret_id": name}
    secrets("delete-secret", secret_id=name, force_delete_without_recovery=[])


@pytest.fixture
def people(client):
    made = People(client("iam"))
    yield made
    made.clear()


def value_of(secret, **flags):
    return secrets("get-secret-value", **secret, **flags)["SecretString"]


def stages_of(secret):
    return secrets("describe-secret", **secret)["VersionIdsToStages"]


def test_secret(name, account, region):
    create = partial(secrets, "create-secret", secret_string="one")
    create(name="no spaces", refused="ValidationException")
    made = create(name=name, description="of cases", tags="Key=a,Value=1")
    assert made["ARN"].startswith(f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-")
    of = {"secret_id": made["ARN"]}
    create(name=name, refused="ResourceExistsException")
    secrets("tag-resource", **of, tags=["Key=b,Value=2", "Key=c,Value=3"])
    secrets("untag-resource", **of, tag_keys=["a", "c"])
    secrets("tag-resource", **of, tags="Key=aws:x,Value=1", refused="InvalidParameterException")
    secrets("update-secret", **of, description="of other cases", secret_string="two")
    told = secrets("describe-secret", **of)
    assert (told["Name"], told["Description"]) == (name, "of other cases")
    assert told["Tags"] == [{"Key": "b", "Value": "2"}]
    filters = f"Key=name,Values={name}"
    [listed] = secrets("list-secrets", filters=filters, page_size="1")["SecretList"]
    assert listed["ARN"] == made["ARN"]
    end = partial(secrets, "delete-secret", **of)
    end(recovery_window_in_days="6", refused="InvalidParameterException")
    assert end(recovery_window_in_days="7")["ARN"] == made["ARN"]
    secrets("get-secret-value", **of, refused="InvalidRequestException")
    assert secrets("list-secrets", filters=filters)["SecretList"] == []
    secrets("restore-secret", **of)
    assert value_of(of) == "two"
    end(force_delete_without_recovery=[])
    secrets("describe-secret", **of, refused="ResourceNotFoundException")


def test_versions(secret, tmp_path):
    [first] = stages_of(secret)
    second, third = token(), token()
    put = partial(secrets, "put-secret-value", **secret)
    put(client_request_token=second, secret_string="two")
    put(client_request_token=second, secret_string="other", refused="ResourceExistsException")
    assert (value_of(secret), value_of(secret, version_stage="AWSPREVIOUS")) == ("two", "one")
    file = tmp_path / "bytes"
    file.write_bytes(os.urandom(1_000))
    put(client_request_token=third, secret_binary=f"fileb://{file}", version_stages="blue")
    told = secrets("get-secret-value", **secret, version_id=third)
    assert b64decode(told["SecretBinary"]) == file.read_bytes()
    assert told["VersionStages"] == ["blue"] and "SecretString" not in told
    move = partial(secrets, "update-secret-version-stage", **secret)
    current = {"version_stage": "AWSCURRENT", "move_to_version_id": first}
    move(**current, refused="InvalidParameterException")
    move(**current, remove_from_version_id=second)
    move(version_stage="blue", remove_from_version_id=third)
    assert stages_of(secret) == {first: ["AWSCURRENT"], second: ["AWSPREVIOUS"]}
    listed = secrets("list-secret-version-ids", **secret)["Versions"]
    assert {one["VersionId"] for one in listed} == {first, second}
    listed = secrets("list-secret-version-ids", **secret, include_deprecated=[])["Versions"]
    assert {one["VersionId"] for one in listed} == {first, second, third}


def test_many_at_once(secret):
    gone = f"{secret['secret_id']}-gone"
    told = secrets("batch-get-secret-value", secret_id_list=[secret["secret_id"], gone])
    assert [one["SecretString"] for one in told["SecretValues"]] == ["one"]
    [error] = told["Errors"]
    assert (error["SecretId"], error["ErrorCode"]) == (gone, "ResourceNotFoundException")
    secrets("batch-get-secret-value", refused="InvalidParameterException")


def test_random_password():
    password = partial(secrets, "get-random-password", exclude_characters="abc")
    only = {"exclude_uppercase": [], "exclude_numbers": [], "exclude_punctuation": []}
    told = [password(password_length="50", **only)["RandomPassword"] for _ in range(2)]
    assert len(told[0]) == 50 and set("".join(told)) <= set(ascii_lowercase) - set("abc")
    assert told[0] != told[1]
    # Too short for one of each kind.
    password(password_length="3", refused="InvalidParameterException")


def test_resource_policy(secret, people):
    user = people.user()
    own = as_key(people.key(user))
    secrets("get-secret-value", **secret, env=own, refused="AccessDeniedException")
    use = allow("secretsmanager:GetSecretValue", Principal={"AWS": people.arn(user)})
    public = document(allow("secretsmanager:GetSecretValue", Principal="*"))
    put = partial(secrets, "put-resource-policy", **secret)
    put(resource_policy="{}", refused="MalformedPolicyDocumentException")
    put(resource_policy=public, block_public_policy=[], refused="PublicPolicyException")
    put(resource_policy=document(use))
    assert value_of(secret, env=own) == "one"
    told = secrets("get-resource-policy", **secret)["ResourcePolicy"]
    assert json.loads(told)["Statement"] == [use]
    for policy, passes in ((document(use), True), (public, False)):
        told = secrets("validate-resource-policy", **secret, resource_policy=policy)
        assert told["PolicyValidationPassed"] is passes
    secrets("delete-resource-policy", **secret)
    assert "ResourcePolicy" not in secrets("get-resource-policy", **secret)
    secrets("get-secret-value", **secret, env=own, refused="AccessDeniedException")


def test_replicas_there_are_none_of(secret):
    regions = {"add_replica_regions": "Region=eu-north-1"}
    refused = "InvalidParameterException"
    secrets("replicate-secret-to-regions", **secret, **regions, refused=refused)
    gone = {"remove_replica_regions": "eu-north-1"}
    secrets("remove-regions-from-replication", **secret, **gone, refused=refused)
    refused = "InvalidRequestException"
    secrets("stop-replication-to-replica", **secret, refused=refused)


@pytest.fixture
def rotating(tmp_path, account):
    """The environment of a server that has a function, and the function's ARN."""
    program = {"file": str(FUNCTION), "role": ROLE.format(account=account)}
    functions = json.dumps({"rotate": program})
    server = Server(tmp_path / "data", "--functions", functions, "--log-level", "error").start()
    env = server.environment()
    yield env, f"arn:aws:lambda:{env['AWS_REGION']}:{account}:function:rotate"
    assert server.stop() == 0


def test_rotation(rotating):
    env, function = rotating
    here = {"env": env, "secret_id": "rotated"}
    let_in = trust({"Service": "lambda.amazonaws.com"})
    iam("create-role", role_name="rotator", assume_role_policy_document=let_in, env=env)
    may = document(allow("secretsmanager:*"))
    flags = {"role_name": "rotator", "policy_name": "own", "policy_document": may}
    iam("put-role-policy", **flags, env=env)
    secrets("create-secret", name="rotated", secret_string="one", env=env)
    rotate = partial(secrets, "rotate-secret", **here)
    rotate(refused="InvalidRequestException")
    rotate(rotation_lambda_arn=f"{function}-gone", refused="AccessDeniedException")
    rules = {"rotation_rules": "AutomaticallyAfterDays=10"}
    version = rotate(rotation_lambda_arn=function, **rules)["VersionId"]

    def rotated():
        told = secrets("get-secret-value", **here)
        return told if told["VersionId"] == version else None

    told = until(rotated, what="the new version")
    assert len(told["SecretString"]) == 40
    assert value_of(here, version_stage="AWSPREVIOUS") == "one"
    until(lambda: "LastRotatedDate" in secrets("describe-secret", **here), what="the end")
    described = secrets("describe-secret", **here)
    assert described["RotationEnabled"] and described["RotationLambdaARN"] == function
    secrets("cancel-rotate-secret", **here)
    assert secrets("describe-secret", **here)["RotationEnabled"] is False
    secrets("cancel-rotate-secret", **here, refused="InvalidRequestException")


def test_every_operation_answered():
    operations = """
        CreateSecret UpdateSecret DescribeSecret ListSecrets DeleteSecret RestoreSecret
        GetSecretValue PutSecretValue BatchGetSecretValue ListSecretVersionIds
        UpdateSecretVersionStage GetRandomPassword TagResource UntagResource
        PutResourcePolicy GetResourcePolicy DeleteResourcePolicy ValidateResourcePolicy
        RotateSecret CancelRotateSecret
    """
    always_refused = """
        ReplicateSecretToRegions RemoveRegionsFromReplication StopReplicationToReplica
    """
    assert_all_answered("secretsmanager", operations, always_refused)
