"""Who may read a secret: own policies, the secret's, and both together."""

import json

import pytest
from iam import allow, client_of, deny, document, tags_of
from refusals import refused
from secretsmanager import Secrets, assert_all_called

DENIED = ("AccessDeniedException", 400)
MALFORMED = ("MalformedPolicyDocumentException", 400)
READ = "secretsmanager:GetSecretValue"


@pytest.fixture(scope="module")
def sm(client):
    return client("secretsmanager")


@pytest.fixture
def secrets(sm):
    made = Secrets(sm)
    yield made
    made.clear()


def lets(principal, action, **more):
    return {**allow(action, **more), "Principal": {"AWS": principal}}


def test_the_policy_of_a_secret(sm, secrets, people):
    user = people.user()
    told = secrets.secret("x")
    at = {"SecretId": told["ARN"]}
    own = client_of("secretsmanager", people.key(user))
    assert "ResourcePolicy" not in sm.get_resource_policy(**at)
    with refused(*DENIED, f"{READ} on resource: {told['ARN']}"):
        own.get_secret_value(**at)
    text = document(lets(people.arn(user), READ))
    put = sm.put_resource_policy(**at, ResourcePolicy=text, BlockPublicPolicy=True)
    assert (put["ARN"], put["Name"]) == (told["ARN"], told["Name"])
    assert json.loads(sm.get_resource_policy(**at)["ResourcePolicy"]) == json.loads(text)
    for reference in (told["ARN"], told["Name"]):
        assert own.get_secret_value(SecretId=reference)["SecretString"] == "x"
    for use in (
        lambda: own.describe_secret(**at),
        lambda: own.put_secret_value(**at, SecretString="y"),
        lambda: own.delete_secret(**at),
        lambda: own.list_secrets(),
        lambda: own.get_random_password(),
        lambda: own.create_secret(Name="other", SecretString="x"),
        lambda: own.put_resource_policy(**at, ResourcePolicy=text),
    ):
        with refused(*DENIED):
            use()
    sm.delete_resource_policy(**at)
    with refused(*DENIED):
        own.get_secret_value(**at)
    assert "ResourcePolicy" not in sm.get_resource_policy(**at)


def test_a_denial_beats_all(sm, secrets, people):
    user = people.user(allow("secretsmanager:*"))
    own, at = client_of("secretsmanager", people.key(user)), {"SecretId": secrets.id("x")}
    own.get_secret_value(**at)
    text = document({**deny(READ), "Principal": {"AWS": people.arn(user)}})
    sm.put_resource_policy(**at, ResourcePolicy=text)
    with refused(*DENIED, "explicit deny in a resource-based policy"):
        own.get_secret_value(**at)
    own.describe_secret(**at)


PUBLIC = [
    lets("*", READ),
    {**lets("*", READ), "Principal": "*"},
    lets("*", READ, Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
    lets("*", READ, Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}),
]


@pytest.mark.parametrize("statement", PUBLIC, ids=range(len(PUBLIC)))
def test_no_public_policy_unless_wanted(sm, secrets, statement):
    at = {"SecretId": secrets.id("x")}
    text = document(statement)
    with refused("PublicPolicyException", 400, "BlockPublicPolicy"):
        sm.put_resource_policy(**at, ResourcePolicy=text, BlockPublicPolicy=True)
    told = sm.validate_resource_policy(**at, ResourcePolicy=text)
    assert told["PolicyValidationPassed"] is False and told["ValidationErrors"]
    sm.put_resource_policy(**at, ResourcePolicy=text)


def test_wrong_policies(sm, secrets, account):
    arn = secrets.id("x")
    right = lets(f"arn:aws:iam::{account}:root", READ)
    assert sm.validate_resource_policy(ResourcePolicy=document(right))["PolicyValidationPassed"]
    for text in (
        "{",
        "[]",
        document(allow(READ)),
        document({**right, "Effect": "Maybe"}),
        document({**right, "Action": "s3:GetObject"}),
        document({**right, "Resource": arn[:-6] + "000000"}),
    ):
        with refused(*MALFORMED):
            sm.put_resource_policy(SecretId=arn, ResourcePolicy=text)
        with refused(*MALFORMED):
            sm.validate_resource_policy(SecretId=arn, ResourcePolicy=text)
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=arn)


# Conditions on reading: a secret's tag `ward` is 3, its one version has AWSCURRENT.
CONDITIONS = {
    "stage": ({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}, {}, True),
    "other stage": ({"StringEquals": {"secretsmanager:VersionStage": "AWSPENDING"}}, {}, False),
    "tag": ({"StringEquals": {"secretsmanager:ResourceTag/ward": "3"}}, {}, True),
    "tag of AWS": ({"StringEquals": {"aws:ResourceTag/ward": "3"}}, {}, True),
    "other tag": ({"StringEquals": {"aws:ResourceTag/ward": "4"}}, {}, False),
    "id": ({"ArnLike": {"secretsmanager:SecretId": "arn:aws:secretsmanager:*:*:secret:*"}}, {}, True),
}


@pytest.mark.parametrize("what", CONDITIONS)
def test_conditions(secrets, people, what):
    condition, more, holds = CONDITIONS[what]
    own = client_of("secretsmanager", people.key_of_new(allow(READ, Condition=condition)))
    at = {"SecretId": secrets.id("x", Tags=tags_of(ward="3")), **more}
    if holds:
        own.get_secret_value(**at)
        return
    with refused(*DENIED):
        own.get_secret_value(**at)


def test_by_name_and_its_six_characters(secrets, people, account, region, name):
    base = f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"
    own = client_of("secretsmanager", people.key_of_new(allow(READ, f"{base}-??????")))
    secrets.secret("x", name=name)
    secrets.secret("y", name=f"{name}-2")
    assert own.get_secret_value(SecretId=name)["SecretString"] == "x"
    with refused(*DENIED):
        own.get_secret_value(SecretId=f"{name}-2")


def test_who_may_not_learn_what_is_there(secrets, people, name):
    own = client_of("secretsmanager", people.key_of_new(allow("s3:*")))
    messages = []
    for reference in (secrets.secret("x", name=name)["Name"], f"{name}-absent"):
        with refused(*DENIED) as caught:
            own.get_secret_value(SecretId=reference)
        messages.append(caught.value.response["Error"]["Message"])
    assert all("is not authorized to perform" in message for message in messages)


def test_making_is_bound_by_what_is_made(people, sm, name):
    condition = {
        "StringLike": {"secretsmanager:Name": "ward/*"},
        "StringEquals": {"aws:RequestTag/ward": "3"},
    }
    actions = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    own = client_of("secretsmanager", people.key_of_new(allow(actions, Condition=condition)))
    for wrong in (
        {"Name": name, "Tags": tags_of(ward="3")},
        {"Name": f"ward/{name}"},
        {"Name": f"ward/{name}", "Tags": tags_of(ward="4")},
    ):
        with refused(*DENIED, "secretsmanager:CreateSecret"):
            own.create_secret(SecretString="x", **wrong)
    made = own.create_secret(Name=f"ward/{name}", SecretString="x", Tags=tags_of(ward="3"))
    sm.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


def test_every_operation_was_called():
    assert_all_called("policies")
