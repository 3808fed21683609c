"""Values of secrets: versions and their labels, keys, many at once, and a client that caches."""

import time
import uuid

import pytest
from aws_secretsmanager_caching import InjectKeywordedSecretString, SecretCache, SecretCacheConfig
from iam import allow, client_of, new_name
from refusals import refused
from secretsmanager import Secrets, assert_all_called, pages_of, stages_of

PARAMETER = ("InvalidParameterException", 400)
REQUEST = ("InvalidRequestException", 400)
ABSENT = ("ResourceNotFoundException", 400)
DENIED = ("AccessDeniedException", 400)


@pytest.fixture(scope="module")
def sm(client):
    return client("secretsmanager")


@pytest.fixture
def secrets(sm):
    made = Secrets(sm)
    yield made
    made.clear()


def versions_of(sm, secret, **more):
    pages = pages_of(sm.list_secret_version_ids, SecretId=secret, MaxResults=2, **more)
    return [version for page in pages for version in page["Versions"]]


@pytest.mark.parametrize("value", ["text", "ünï 🚀\n\0", b"\x00\xff bytes", "x" * 65_536])
def test_there_and_back(sm, secrets, value):
    told = secrets.secret(value)
    got = sm.get_secret_value(SecretId=told["ARN"])
    member = "SecretBinary" if isinstance(value, bytes) else "SecretString"
    assert got[member] == value and len({"SecretBinary", "SecretString"} & got.keys()) == 1
    assert (got["ARN"], got["Name"]) == (told["ARN"], told["Name"])
    assert (got["VersionId"], got["VersionStages"]) == (told["VersionId"], ["AWSCURRENT"])
    assert got["CreatedDate"]


def test_labels_follow_the_current_value(sm, secrets):
    told = secrets.secret("1")
    at = {"SecretId": told["ARN"]}
    first = told["VersionId"]
    second = sm.put_secret_value(**at, SecretString="2")
    assert second["VersionStages"] == ["AWSCURRENT"]
    third = sm.put_secret_value(**at, SecretString="3")["VersionId"]
    second = second["VersionId"]
    assert stages_of(sm, told["ARN"]) == {"AWSCURRENT": third, "AWSPREVIOUS": second}
    for which, value in (
        ({}, "3"),
        ({"VersionStage": "AWSCURRENT"}, "3"),
        ({"VersionStage": "AWSPREVIOUS"}, "2"),
        ({"VersionId": first}, "1"),
        ({"VersionId": second, "VersionStage": "AWSPREVIOUS"}, "2"),
    ):
        assert sm.get_secret_value(**at, **which)["SecretString"] == value
    with refused(*REQUEST, "not associated"):
        sm.get_secret_value(**at, VersionId=first, VersionStage="AWSCURRENT")
    with refused(*ABSENT, "staging label: AWSPENDING"):
        sm.get_secret_value(**at, VersionStage="AWSPENDING")
    with refused(*ABSENT, "VersionId"):
        sm.get_secret_value(**at, VersionId=str(uuid.uuid4()))
    listed = versions_of(sm, told["ARN"])
    assert {one["VersionId"]: one["VersionStages"] for one in listed} == {
        third: ["AWSCURRENT"],
        second: ["AWSPREVIOUS"],
    }
    listed = versions_of(sm, told["ARN"], IncludeDeprecated=True)
    assert [one["VersionId"] for one in listed if "VersionStages" not in one] == [first]
    assert all(one["KmsKeyIds"] == ["DefaultEncryptionKey"] for one in listed)


def test_put_once(client, sm, secrets):
    at = {"SecretId": secrets.id("1")}
    token = str(uuid.uuid4())
    for _ in range(2):
        told = sm.put_secret_value(**at, SecretString="2", ClientRequestToken=token)
        assert told["VersionId"] == token
    with refused("ResourceExistsException", 400, token):
        sm.put_secret_value(**at, SecretString="3", ClientRequestToken=token)
    assert sm.get_secret_value(**at)["SecretString"] == "2"
    with refused(*REQUEST, "either SecretString or SecretBinary"):
        sm.put_secret_value(**at)
    with refused(*PARAMETER, "both"):
        sm.put_secret_value(**at, SecretString="x", SecretBinary=b"x")
    with refused(*PARAMETER, "RotationToken"):
        sm.put_secret_value(**at, SecretString="x", RotationToken=str(uuid.uuid4()))
    with refused("ValidationException", 400, "clientRequestToken"):
        client("secretsmanager", parameter_validation=False).put_secret_value(
            **at, SecretString="x", ClientRequestToken="short"
        )


def test_labels_moved_by_hand(sm, secrets):
    told = secrets.secret("1")
    arn, first = told["ARN"], told["VersionId"]
    at = {"SecretId": arn}
    pending = sm.put_secret_value(**at, SecretString="2", VersionStages=["AWSPENDING", "blue"])
    second = pending["VersionId"]
    assert sorted(pending["VersionStages"]) == ["AWSPENDING", "blue"]
    assert sm.get_secret_value(**at)["SecretString"] == "1"
    with refused(*PARAMETER, f"attached to version {first}"):
        sm.update_secret_version_stage(**at, VersionStage="AWSCURRENT", MoveToVersionId=second)
    with refused(*PARAMETER, "not currently attached"):
        sm.update_secret_version_stage(
            **at, VersionStage="AWSCURRENT", MoveToVersionId=second, RemoveFromVersionId=second
        )
    sm.update_secret_version_stage(
        **at, VersionStage="AWSCURRENT", MoveToVersionId=second, RemoveFromVersionId=first
    )
    assert stages_of(sm, arn) == {
        "AWSCURRENT": second,
        "AWSPREVIOUS": first,
        "AWSPENDING": second,
        "blue": second,
    }
    assert sm.get_secret_value(**at)["SecretString"] == "2"
    sm.update_secret_version_stage(**at, VersionStage="AWSPENDING", RemoveFromVersionId=second)
    sm.update_secret_version_stage(**at, VersionStage="green", MoveToVersionId=first)
    sm.update_secret_version_stage(
        **at, VersionStage="blue", MoveToVersionId=first, RemoveFromVersionId=second
    )
    assert sm.get_secret_value(**at, VersionStage="blue")["SecretString"] == "1"
    with refused(*PARAMETER, "AWSCURRENT"):
        sm.update_secret_version_stage(**at, VersionStage="AWSCURRENT", RemoveFromVersionId=second)
    with refused(*PARAMETER, "MoveToVersionId"):
        sm.update_secret_version_stage(**at, VersionStage="blue")
    with refused(*ABSENT, "VersionId"):
        sm.update_secret_version_stage(
            **at, VersionStage="red", MoveToVersionId=str(uuid.uuid4())
        )
    # At most twenty on one version.
    for n in range(17):
        sm.update_secret_version_stage(**at, VersionStage=f"l{n}", MoveToVersionId=first)
    with refused("LimitExceededException", 400, "20 staging labels"):
        sm.update_secret_version_stage(**at, VersionStage="more", MoveToVersionId=first)


def test_under_a_key_of_ones_own(sm, kms, secrets, keys):
    key, other = keys.arn(), keys.arn()
    arn = secrets.id("x", KmsKeyId=key)
    at = {"SecretId": arn}
    assert sm.describe_secret(**at)["KmsKeyId"] == key
    assert versions_of(sm, arn)[0]["KmsKeyIds"] == [key]
    assert sm.get_secret_value(**at)["SecretString"] == "x"
    for _ in range(2):
        kms.disable_key(KeyId=key)
        with refused("DecryptionFailure", 400, "is disabled."):
            sm.get_secret_value(**at)
        with refused("EncryptionFailure", 400, "is disabled."):
            sm.put_secret_value(**at, SecretString="y")
        kms.enable_key(KeyId=key)
    # Another key seals what is there anew.
    sm.update_secret(**at, KmsKeyId=other)
    kms.disable_key(KeyId=key)
    assert sm.get_secret_value(**at)["SecretString"] == "x"
    assert versions_of(sm, arn)[0]["KmsKeyIds"] == [other]
    kms.schedule_key_deletion(KeyId=other)
    with refused("DecryptionFailure", 400, "pending deletion"):
        sm.get_secret_value(**at)
    for wrong in ("alias/absent", key, keys.pair("RSA_2048", "ENCRYPT_DECRYPT")):
        with refused("EncryptionFailure", 400, "KMS key"):
            secrets.secret("x", KmsKeyId=wrong)


def test_who_may_use_the_key(sm, secrets, keys, people):
    key = keys.arn()
    arn = secrets.id("x", KmsKeyId=key)
    at = {"SecretId": arn}
    mine = allow("secretsmanager:*")
    without = client_of("secretsmanager", people.key_of_new(mine))
    for use, needed in (
        (lambda: without.get_secret_value(**at), "kms:Decrypt"),
        (lambda: without.put_secret_value(**at, SecretString="y"), "kms:GenerateDataKey"),
        (
            lambda: without.create_secret(Name=new_name(), SecretString="x", KmsKeyId=key),
            "kms:GenerateDataKey",
        ),
    ):
        with refused(*DENIED, needed):
            use()
    assert without.describe_secret(**at)["KmsKeyId"] == key
    bound = {
        "StringEquals": {
            "kms:EncryptionContext:SecretARN": arn,
            "kms:ViaService": f"secretsmanager.{arn.split(':')[3]}.amazonaws.com",
        }
    }
    pair = people.key_of_new(mine, allow(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=bound))
    within = client_of("secretsmanager", pair)
    assert within.get_secret_value(**at)["SecretString"] == "x"
    other = secrets.id("y", KmsKeyId=key)
    with refused(*DENIED, "kms:Decrypt"):
        within.get_secret_value(SecretId=other)
    # By itself the key is not for them.
    with refused(*DENIED):
        client_of("kms", pair).generate_data_key(KeyId=key, KeySpec="AES_256")


def test_many_at_once(sm, secrets, people):
    made = [secrets.secret(f"value {n}", Description=new_name("many")) for n in range(3)]
    ids = [one["ARN"] for one in made]
    told = sm.batch_get_secret_value(SecretIdList=[*ids, "absent"])
    assert [one["SecretString"] for one in told["SecretValues"]] == ["value 0", "value 1", "value 2"]
    [error] = told["Errors"]
    assert (error["SecretId"], error["ErrorCode"]) == ("absent", ABSENT[0])
    everything = [{"Key": "name", "Values": [one["Name"] for one in made]}]
    pages = pages_of(sm.batch_get_secret_value, Filters=everything, MaxResults=2)
    values = [[one["Name"] for one in page["SecretValues"]] for page in pages]
    assert [len(page) for page in values] == [2, 1]
    assert sorted(sum(values, [])) == sorted(one["Name"] for one in made)
    for wrong in ({}, {"SecretIdList": ids, "Filters": everything}, {"SecretIdList": ids, "MaxResults": 2}):
        with refused(*PARAMETER):
            sm.batch_get_secret_value(**wrong)
    with refused("ValidationException", 400, "secretIdList"):
        sm.batch_get_secret_value(SecretIdList=[f"s{n}" for n in range(21)])
    # Each secret is asked for by itself.
    batch = allow("secretsmanager:BatchGetSecretValue")
    one = client_of(
        "secretsmanager", people.key_of_new(batch, allow("secretsmanager:GetSecretValue", ids[1]))
    )
    told = one.batch_get_secret_value(SecretIdList=ids)
    assert [value["ARN"] for value in told["SecretValues"]] == [ids[1]]
    assert {error["ErrorCode"] for error in told["Errors"]} == {"AccessDeniedException"}
    with refused(*DENIED, "secretsmanager:ListSecrets"):
        one.batch_get_secret_value(Filters=everything)
    none = client_of("secretsmanager", people.key_of_new(allow("secretsmanager:GetSecretValue")))
    with refused(*DENIED, "secretsmanager:BatchGetSecretValue"):
        none.batch_get_secret_value(SecretIdList=ids)


class Counting:
    """A client that counts what is asked of the server."""

    def __init__(self, inner):
        self.inner, self.meta, self.asked = inner, inner.meta, []

    def describe_secret(self, **arguments):
        self.asked.append("describe")
        return self.inner.describe_secret(**arguments)

    def get_secret_value(self, **arguments):
        self.asked.append("get")
        return self.inner.get_secret_value(**arguments)


def test_a_client_that_caches(sm, secrets):
    told = secrets.secret('{"user": "ann", "password": "1"}')
    counting = Counting(sm)
    cache = SecretCache(config=SecretCacheConfig(secret_refresh_interval=2), client=counting)
    for _ in range(5):
        assert "ann" in cache.get_secret_string(told["Name"])
    assert counting.asked == ["describe", "get"]
    sm.put_secret_value(SecretId=told["ARN"], SecretString='{"user": "ben", "password": "2"}')
    # Until it is time to look again; what was current is then found as previous.
    for _ in range(40):
        if "ben" in cache.get_secret_string(told["Name"]):
            break
        time.sleep(0.25)
    assert "ben" in cache.get_secret_string(told["Name"])
    assert "ann" in cache.get_secret_string(told["Name"], "AWSPREVIOUS")


def test_values_injected_by_the_cache(sm, secrets):
    name = secrets.secret('{"user": "ann", "password": "1"}')["Name"]
    binary = secrets.secret(b"\x00\x01")["Name"]
    cache = SecretCache(client=sm)

    @InjectKeywordedSecretString(secret_id=name, cache=cache, who="user", word="password")
    def connect(who, word):
        return who, word

    assert connect() == ("ann", "1")
    assert cache.get_secret_binary(binary) == b"\x00\x01"
    with refused(*ABSENT):
        cache.get_secret_string(new_name())


def test_every_operation_was_called():
    assert_all_called("values")
