"""Secrets: their names, what is said of them, how they are found, and their end."""

import re
import string
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from iam import new_name, tags_of
from refusals import refused
from secretsmanager import Secrets, assert_all_called

PARAMETER = ("InvalidParameterException", 400)
REQUEST = ("InvalidRequestException", 400)
ABSENT = ("ResourceNotFoundException", 400, "can't find the specified secret")
VALIDATION = ("ValidationException", 400)
PUNCTUATION = set(string.punctuation)


@pytest.fixture(scope="module")
def sm(client):
    return client("secretsmanager")


@pytest.fixture
def secrets(sm):
    made = Secrets(sm)
    yield made
    made.clear()


def test_life_of_a_secret(sm, secrets, account, region, name):
    told = secrets.secret("first", name=f"ward/{name}", Description="d", Tags=tags_of(a="1"))
    arn = told["ARN"]
    assert re.fullmatch(
        f"arn:aws:secretsmanager:{region}:{account}:secret:ward/{name}-[A-Za-z0-9]{{6}}", arn
    )
    assert told["Name"] == f"ward/{name}" and len(told["VersionId"]) == 36
    shown = sm.describe_secret(SecretId=arn)
    assert (shown["ARN"], shown["Name"], shown["Description"]) == (arn, told["Name"], "d")
    assert shown["Tags"] == tags_of(a="1")
    assert shown["VersionIdsToStages"] == {told["VersionId"]: ["AWSCURRENT"]}
    for missing in ("KmsKeyId", "RotationEnabled", "LastAccessedDate", "DeletedDate", "SecretString"):
        assert missing not in shown
    # By name, by ARN, and by ARN without its six characters.
    for reference in (told["Name"], arn, arn[:-7]):
        assert sm.get_secret_value(SecretId=reference)["SecretString"] == "first"
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert sm.describe_secret(SecretId=arn)["LastAccessedDate"] == today
    updated = sm.update_secret(SecretId=arn, Description="e")
    assert "VersionId" not in updated
    updated = sm.update_secret(SecretId=arn, SecretString="second")
    assert updated["VersionId"] != told["VersionId"]
    shown = sm.describe_secret(SecretId=arn)
    assert shown["Description"] == "e"
    assert shown["VersionIdsToStages"] == {
        told["VersionId"]: ["AWSPREVIOUS"],
        updated["VersionId"]: ["AWSCURRENT"],
    }
    assert shown["LastChangedDate"] >= shown["CreatedDate"]


def test_made_once(sm, secrets, name):
    token = str(uuid.uuid4())
    told = secrets.secret("value", name=name, ClientRequestToken=token)
    assert told["VersionId"] == token
    again = sm.create_secret(Name=name, SecretString="value", ClientRequestToken=token)
    assert (again["ARN"], again["VersionId"]) == (told["ARN"], token)
    for other in ({"SecretString": "other", "ClientRequestToken": token}, {"SecretString": "value"}):
        with refused("ResourceExistsException", 400, name):
            sm.create_secret(Name=name, **other)
    with refused("ResourceExistsException", 400):
        sm.update_secret(SecretId=name, SecretString="other", ClientRequestToken=token)


def test_empty_until_it_has_a_value(sm, secrets):
    told = secrets.secret()
    assert "VersionId" not in told
    assert "VersionIdsToStages" not in sm.describe_secret(SecretId=told["ARN"])
    with refused("ResourceNotFoundException", 400, "staging label: AWSCURRENT"):
        sm.get_secret_value(SecretId=told["ARN"])
    sm.put_secret_value(SecretId=told["ARN"], SecretString="now")
    assert sm.get_secret_value(SecretId=told["ARN"])["SecretString"] == "now"


def test_wrong_secrets(client, sm, name):
    loose = client("secretsmanager", parameter_validation=False)
    right = {"Name": name, "SecretString": "x"}
    cases = [
        ({"Name": "no spaces"}, VALIDATION, "Invalid name"),
        ({"Name": "ü"}, VALIDATION, "Invalid name"),
        ({"Name": ""}, VALIDATION, "name"),
        ({"Name": "n" * 513}, VALIDATION, "name"),
        ({"SecretBinary": b"x"}, PARAMETER, "both"),
        ({"SecretString": "x" * 65_537}, VALIDATION, "secretString"),
        ({"ClientRequestToken": "short"}, VALIDATION, "clientRequestToken"),
        ({"AddReplicaRegions": [{"Region": "eu-west-1"}]}, PARAMETER, "one Region"),
        ({"Tags": tags_of(a="1") * 2}, PARAMETER, "Duplicate"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, PARAMETER, "aws:"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, PARAMETER, "50 tags"),
        ({"KmsKeyId": "alias/absent"}, ("EncryptionFailure", 400), "KMS key"),
        ({"Type": "Partner"}, PARAMETER, "Partner"),
    ]
    for wrong, code, says in cases:
        with refused(*code, says):
            loose.create_secret(**{**right, **wrong})
    with refused(*ABSENT):
        sm.describe_secret(SecretId=name)


def test_what_is_not_there(sm, account, region, name):
    arn = f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-abcdef"
    for reference in (name, arn):
        for operation, more in (
            (sm.describe_secret, {}),
            (sm.get_secret_value, {}),
            (sm.put_secret_value, {"SecretString": "x"}),
            (sm.update_secret, {"Description": "x"}),
            (sm.delete_secret, {}),
            (sm.restore_secret, {}),
            (sm.tag_resource, {"Tags": tags_of(a="1")}),
            (sm.untag_resource, {"TagKeys": ["a"]}),
            (sm.list_secret_version_ids, {}),
            (sm.rotate_secret, {}),
            (sm.cancel_rotate_secret, {}),
            (sm.get_resource_policy, {}),
            (sm.delete_resource_policy, {}),
            (sm.stop_replication_to_replica, {}),
        ):
            with refused(*ABSENT):
                operation(SecretId=reference, **more)


def test_deleted_and_taken_back(sm, secrets):
    told = secrets.secret("x")
    at = {"SecretId": told["ARN"]}
    for wrong, says in (
        ({"RecoveryWindowInDays": 6}, "between 7 and 30"),
        ({"RecoveryWindowInDays": 31}, "between 7 and 30"),
        ({"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}, "in conjunction with"),
    ):
        with refused(*PARAMETER, says):
            sm.delete_secret(**at, **wrong)
    deleted = sm.delete_secret(**at, RecoveryWindowInDays=7)
    left = deleted["DeletionDate"] - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7, hours=1)
    assert sm.describe_secret(**at)["DeletedDate"]
    for operation, more in (
        (sm.get_secret_value, {}),
        (sm.put_secret_value, {"SecretString": "x"}),
        (sm.update_secret, {"Description": "x"}),
        (sm.tag_resource, {"Tags": tags_of(a="1")}),
        (sm.rotate_secret, {}),
        (sm.get_resource_policy, {}),
        (sm.delete_secret, {}),
    ):
        with refused(*REQUEST, "marked for deletion"):
            operation(**at, **more)
    with refused(*REQUEST, "scheduled for deletion"):
        sm.create_secret(Name=told["Name"], SecretString="y")
    listed = {"Filters": [{"Key": "name", "Values": [told["Name"]]}]}
    assert sm.list_secrets(**listed)["SecretList"] == []
    [entry] = sm.list_secrets(**listed, IncludePlannedDeletion=True)["SecretList"]
    assert entry["ARN"] == told["ARN"] and entry["DeletedDate"]
    assert sm.restore_secret(**at)["ARN"] == told["ARN"]
    assert sm.get_secret_value(**at)["SecretString"] == "x"
    assert "DeletedDate" not in sm.describe_secret(**at)
    assert sm.delete_secret(**at)["DeletionDate"] - datetime.now(timezone.utc) > timedelta(days=29)


def test_deleted_at_once(sm, secrets, name):
    told = secrets.secret("x", name=name)
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with refused(*ABSENT):
        sm.restore_secret(SecretId=name)
    # Who wants it gone has what they want.
    assert sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)["Name"] == name
    # The name comes back as another secret.
    again = secrets.secret("y", name=name)
    assert again["ARN"] != told["ARN"]
    with refused(*ABSENT):
        sm.get_secret_value(SecretId=told["ARN"])
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "y"


def test_lists(sm, secrets):
    prefix = new_name("list")
    made = [
        secrets.secret("x", name=f"{prefix}/{n}", Description=words, Tags=tags_of(**{key: n}))
        for n, words, key in (("a", "red wine", "t1"), ("b", "white wine", "t2"), ("c", "beer", "t2"))
    ]
    names = [one["Name"] for one in made]
    own = {"Key": "name", "Values": [prefix]}

    def found(*filters, **more):
        pages = sm.get_paginator("list_secrets").paginate(
            Filters=[own, *filters], PaginationConfig={"PageSize": 2}, **more
        )
        listed = [[entry["Name"] for entry in page["SecretList"]] for page in pages]
        assert all(len(page) <= 2 for page in listed)
        return sum(listed, [])

    assert found() == names
    assert found(SortOrder="desc") == names[::-1]
    assert found(SortBy="name", SortOrder="desc") == names[::-1]
    sm.update_secret(SecretId=names[0], Description="red wine")
    assert found(SortBy="last-changed-date")[-1] == names[0]
    assert found({"Key": "description", "Values": ["WINE"]}) == names[:2]
    assert found({"Key": "description", "Values": ["beer", "red"]}) == [names[0], names[2]]
    assert found({"Key": "tag-key", "Values": ["t2"]}) == names[1:]
    assert found({"Key": "tag-key", "Values": ["!t2"]}) == names[:1]
    assert found({"Key": "tag-key", "Values": ["t2"]}, {"Key": "tag-value", "Values": ["c"]}) == names[2:]
    assert found({"Key": "all", "Values": ["beer"]}) == names[2:]
    [entry] = sm.list_secrets(Filters=[{"Key": "name", "Values": [names[0]]}])["SecretList"]
    assert entry["SecretVersionsToStages"] == {made[0]["VersionId"]: ["AWSCURRENT"]}
    assert "SecretString" not in entry
    with refused("InvalidNextTokenException", 400):
        sm.list_secrets(NextToken="x")
    with refused(*VALIDATION):
        sm.list_secrets(Filters=[{"Key": "colour", "Values": ["x"]}])


def test_tags(sm, secrets):
    at = {"SecretId": secrets.id("x", Tags=tags_of(a="1", b="1"))}
    sm.tag_resource(**at, Tags=tags_of(b="2", c="2"))
    sm.untag_resource(**at, TagKeys=["a", "absent"])
    tags = {tag["Key"]: tag["Value"] for tag in sm.describe_secret(**at)["Tags"]}
    assert tags == {"b": "2", "c": "2"}
    with refused(*PARAMETER, "50 tags"):
        sm.tag_resource(**at, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    with refused(*PARAMETER, "reserved"):
        sm.tag_resource(**at, Tags=[{"Key": "aws:x", "Value": ""}])


def kinds_in(text):
    kinds = (
        (str.islower, "lowercase"),
        (str.isupper, "uppercase"),
        (str.isdigit, "numbers"),
        (PUNCTUATION.__contains__, "punctuation"),
        (" ".__eq__, "space"),
    )
    return {name for is_one, name in kinds if any(is_one(c) for c in text)}


def test_passwords(client, sm):
    def draw(**more):
        return sm.get_random_password(**more)["RandomPassword"]

    usual = {"lowercase", "uppercase", "numbers", "punctuation"}
    drawn = {draw() for _ in range(20)}
    assert len(drawn) == 20 and {len(one) for one in drawn} == {32}
    assert all(kinds_in(one) == usual for one in drawn)
    assert len(draw(PasswordLength=4096)) == 4096
    assert kinds_in(draw(PasswordLength=500, IncludeSpace=True)) == {*usual, "space"}
    assert all(kinds_in(draw(PasswordLength=4)) == usual for _ in range(20))
    for flag, kind in (
        ("ExcludeLowercase", "lowercase"),
        ("ExcludeUppercase", "uppercase"),
        ("ExcludeNumbers", "numbers"),
        ("ExcludePunctuation", "punctuation"),
    ):
        assert kinds_in(draw(PasswordLength=500, **{flag: True})) == usual - {kind}
    without = draw(PasswordLength=2000, ExcludeCharacters="abc019/\"@'\\")
    assert not set(without) & set("abc019/\"@'\\") and len(set(without)) > 70
    none = {f"Exclude{kind}": True for kind in ("Lowercase", "Uppercase", "Numbers", "Punctuation")}
    for wrong in (
        none,
        {"PasswordLength": 3},
        {"ExcludeCharacters": string.digits},
    ):
        with refused(*PARAMETER):
            sm.get_random_password(**wrong)
    assert draw(ExcludeCharacters=string.digits, RequireEachIncludedType=False)
    loose = client("secretsmanager", parameter_validation=False)
    for length in (0, 4097):
        with pytest.raises(sm.exceptions.ClientError) as caught:
            loose.get_random_password(PasswordLength=length)
        code = caught.value.response["Error"]["Code"]
        assert code in (PARAMETER[0], VALIDATION[0])


def test_replication_is_said_not_pretended(sm, secrets):
    at = {"SecretId": secrets.id("x")}
    with refused(*PARAMETER, "one Region"):
        sm.replicate_secret_to_regions(**at, AddReplicaRegions=[{"Region": "eu-west-1"}])
    with refused(*PARAMETER, "one Region"):
        sm.remove_regions_from_replication(**at, RemoveReplicaRegions=["eu-west-1"])
    with refused(*REQUEST, "not a replica"):
        sm.stop_replication_to_replica(**at)
    assert "ReplicationStatus" not in sm.describe_secret(**at)


def test_every_operation_was_called():
    assert_all_called("secrets")
