"""Temporary credentials: whom they stand for, how long, within what, and what ends them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from iam import (
    ADMIN,
    READ_ONLY,
    allow,
    assert_all_called,
    client_of,
    deny,
    document,
    new_name,
    tags_of,
    trust,
    wipe_role,
    wipe_user,
)
from refusals import refused

MESSAGE = "x-modelkeep-authorization-message"


@pytest.fixture
def loose(client):
    """The administrator's, without the client's own checks."""
    return client("sts", parameter_validation=False)


@pytest.fixture
def sts(client):
    return client("sts")


@pytest.fixture
def root(account):
    return f"arn:aws:iam::{account}:root"


def assumed(sts, role, session="ann", **more):
    return sts.assume_role(RoleArn=role, RoleSessionName=session, **more)["Credentials"]


def lasts(credentials, seconds):
    left = credentials["Expiration"] - datetime.now(UTC)
    return abs(left - timedelta(seconds=seconds)) < timedelta(seconds=20)


def test_a_role_and_who_it_is_then(iam, people, sts, root, account):
    arn = people.role(trust(root), allow("iam:ListUsers"), name=(role := new_name("role")))
    told = sts.assume_role(RoleArn=arn, RoleSessionName="ann@example")
    unique = iam.get_role(RoleName=role)["Role"]["RoleId"]
    session_arn = f"arn:aws:sts::{account}:assumed-role/{role}/ann@example"
    who = {"AssumedRoleId": f"{unique}:ann@example", "Arn": session_arn}
    assert told["AssumedRoleUser"] == who and "PackedPolicySize" not in told
    credentials = told["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and lasts(credentials, 3600)
    own = client_of("sts", credentials)
    identity = own.get_caller_identity()
    assert identity["Arn"] == session_arn and identity["Account"] == account
    assert identity["UserId"] == f"{unique}:ann@example"
    assert client_of("iam", credentials).list_users()["Users"]
    words = f"User: {session_arn} is not authorized to perform: iam:ListRoles on resource: "
    with refused("AccessDenied", 403, words):
        client_of("iam", credentials).list_roles()
    with refused("AccessDenied", 403, "session credentials"):
        own.get_session_token()
    with refused("AccessDenied", 403, "session credentials"):
        own.get_federation_token(Name="x1", Policy=document(allow("s3:*")))


def test_tokens_are_all_or_nothing(people, sts, root):
    role = people.role(trust(root))
    good, other = assumed(sts, role), assumed(sts, role)
    token = good["SessionToken"]
    changed = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    for bad in (changed, token[:-8], other["SessionToken"], "no token at all"):
        with refused("InvalidClientTokenId", 403):
            client_of("sts", {**good, "SessionToken": bad}).get_caller_identity()
    without = {name: value for name, value in good.items() if name != "SessionToken"}
    with refused("InvalidClientTokenId", 403):
        client_of("sts", without).get_caller_identity()
    with refused("SignatureDoesNotMatch", 403):
        client_of("sts", {**good, "SecretAccessKey": "x" * 40}).get_caller_identity()


def test_durations(iam, people, sts, loose, root):
    role = people.role(trust(root), MaxSessionDuration=7200)
    assert lasts(assumed(sts, role, DurationSeconds=900), 900)
    assert lasts(assumed(sts, role, DurationSeconds=7200), 7200)
    with refused("ValidationError", 400, "exceeds the MaxSessionDuration set for this role."):
        assumed(sts, role, DurationSeconds=7201)
    for bad in (899, 43201):
        with refused("ValidationError", 400, "durationSeconds"):
            assumed(loose, role, DurationSeconds=bad)
    with refused("ValidationError", 400, "roleSessionName"):
        assumed(loose, role, "no spaces")
    with refused("ValidationError", 400, "is invalid"):
        assumed(sts, "arn:aws:iam::000000000000:user/administrator")


def test_trust_decides(people, root, account):
    user = people.user()
    own = client_of("sts", people.key(user))
    named = people.role(trust(people.arn(user)))
    delegated = people.role(trust(root))
    stranger = people.role(trust("111122223333"))
    absent = f"arn:aws:iam::{account}:role/{new_name()}"
    # Who is named needs nothing else; naming the account leaves it to its policies.
    assert assumed(own, named)
    for role in (delegated, stranger, absent):
        words = f"User: {people.arn(user)} is not authorized to perform: sts:AssumeRole on resource: {role}"
        with refused("AccessDenied", 403, words):
            assumed(own, role)
    may = client_of("sts", people.key_of_new(allow("sts:AssumeRole", delegated)))
    assert assumed(may, delegated)
    for role in (named, stranger):
        with refused("AccessDenied", 403):
            assumed(may, role)
    denied = people.user(allow("sts:*"), deny("sts:AssumeRole"))
    with refused("AccessDenied", 403):
        assumed(client_of("sts", people.key(denied)), delegated)


def test_external_id(people, sts, root):
    role = people.role(trust(root, StringEquals={"sts:ExternalId": "secret-7"}))
    assert assumed(sts, role, ExternalId="secret-7")
    for wrong in ({}, {"ExternalId": "secret-8"}):
        with refused("AccessDenied", 403, "sts:AssumeRole"):
            assumed(sts, role, **wrong)


def test_chains_last_an_hour_at_most(people, sts, root):
    second = people.role(trust(root), MaxSessionDuration=43200)
    first = people.role(trust(root), allow("sts:AssumeRole", second), MaxSessionDuration=43200)
    own = client_of("sts", assumed(sts, first, DurationSeconds=43200))
    assert lasts(assumed(own, second), 3600)
    assert lasts(assumed(own, second, DurationSeconds=3600), 3600)
    with refused("ValidationError", 400, "exceeds the 1 hour session limit for roles assumed by role"):
        assumed(own, second, DurationSeconds=3601)


def test_session_tags(iam, people, sts, root, s3, bucket):
    both = ["sts:AssumeRole", "sts:TagSession"]
    own_prefix = f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"
    second = people.role(trust(root, action=both), allow("s3:PutObject", own_prefix))
    first = people.role(
        trust(root, action=both, StringLike={"aws:RequestTag/team": ["red", "blue"]}),
        allow("s3:PutObject", own_prefix),
        allow(["sts:AssumeRole", "sts:TagSession"], second),
    )
    untagged = people.role(trust(root))
    with refused("AccessDenied", 403, "sts:TagSession"):
        assumed(sts, untagged, Tags=tags_of(team="red"))
    for wrong in (tags_of(team="green"), []):
        with refused("AccessDenied", 403):
            assumed(sts, first, Tags=wrong)
    told = sts.assume_role(
        RoleArn=first,
        RoleSessionName="ann",
        Tags=tags_of(team="red", stage="test"),
        TransitiveTagKeys=["team"],
    )
    assert 0 < told["PackedPolicySize"] < 100
    red = told["Credentials"]
    client_of("s3", red).put_object(Bucket=bucket, Key="red/a", Body=b"x")
    with refused("AccessDenied", 403):
        client_of("s3", red).put_object(Bucket=bucket, Key="blue/a", Body=b"x")
    # What is transitive goes on into the next role, and cannot be changed there.
    chained = assumed(client_of("sts", red), second)
    client_of("s3", chained).put_object(Bucket=bucket, Key="red/b", Body=b"x")
    with refused("InvalidParameterValue", 400, "transitive tag key"):
        assumed(client_of("sts", red), second, Tags=tags_of(team="blue"))
    blue = assumed(sts, first, Tags=tags_of(team="blue"))
    chained = assumed(client_of("sts", blue), second)
    with refused("AccessDenied", 403):
        client_of("s3", chained).put_object(Bucket=bucket, Key="blue/b", Body=b"x")
    with refused("InvalidParameterValue", 400, "Duplicate tag keys found"):
        assumed(sts, second, Tags=[*tags_of(a="1"), *tags_of(A="2")])
    with refused("InvalidParameterValue", 400, "must be included in the requested tags"):
        assumed(sts, second, Tags=tags_of(a="1"), TransitiveTagKeys=["b"])
    # The role's own tags lie under those of the session.
    name = second.split("/")[-1]
    iam.tag_role(RoleName=name, Tags=tags_of(team="grey"))
    client_of("s3", assumed(sts, second)).put_object(Bucket=bucket, Key="grey/a", Body=b"x")


def test_source_identity(people, sts, root):
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    second = people.role(
        trust(root, action=actions, StringEquals={"sts:SourceIdentity": "ann"}),
        allow("iam:ListUsers", Condition={"StringEquals": {"aws:SourceIdentity": "ann"}}),
    )
    first = people.role(trust(root, action=actions), allow("sts:*"))
    plain = people.role(trust(root))
    with refused("AccessDenied", 403, "sts:SetSourceIdentity"):
        assumed(sts, plain, SourceIdentity="ann")
    told = sts.assume_role(RoleArn=first, RoleSessionName="s1", SourceIdentity="ann")
    assert told["SourceIdentity"] == "ann"
    own = client_of("sts", told["Credentials"])
    chained = own.assume_role(RoleArn=second, RoleSessionName="s2")
    assert chained["SourceIdentity"] == "ann"
    assert client_of("iam", chained["Credentials"]).list_users()["Users"]
    with refused("AccessDenied", 403):
        own.assume_role(RoleArn=first, RoleSessionName="s3", SourceIdentity="bob")
    bob = client_of("sts", assumed(sts, first, SourceIdentity="bob"))
    with refused("AccessDenied", 403):
        assumed(bob, second)
    # A role that does not let identities be set cannot be reached by a session that has one.
    with refused("AccessDenied", 403, "sts:SetSourceIdentity"):
        assumed(bob, plain)


def test_session_policies(people, sts, loose, root, account):
    role = people.role(trust(root), allow(["iam:ListUsers", "iam:ListRoles"]))
    told = sts.assume_role(
        RoleArn=role,
        RoleSessionName="ann",
        Policy=document(allow(["iam:ListUsers", "iam:ListGroups"])),
    )
    assert told["PackedPolicySize"] > 0
    own = client_of("iam", told["Credentials"])
    assert own.list_users()["Users"]
    with refused("AccessDenied", 403, "because no session policy allows the iam:ListRoles action"):
        own.list_roles()
    with refused("AccessDenied", 403, "because no identity-based policy allows the iam:ListGroups"):
        own.list_groups()
    managed = people.policy(allow("iam:ListRoles"))
    own = client_of("iam", assumed(sts, role, PolicyArns=[{"arn": managed}]))
    own.list_roles()
    with refused("AccessDenied", 403, "session policy"):
        own.list_users()
    denying = document(allow("*"), deny("iam:ListUsers"))
    own = client_of("iam", assumed(sts, role, Policy=denying))
    with refused("AccessDenied", 403, "with an explicit deny in a session policy"):
        own.list_users()
    with refused("MalformedPolicyDocument", 400):
        assumed(sts, role, Policy="{}")
    with refused("ValidationError", 400, "does not exist"):
        assumed(sts, role, PolicyArns=[{"arn": f"arn:aws:iam::{account}:policy/none"}])
    with refused("ValidationError", 400):
        assumed(sts, role, PolicyArns=[{"arn": managed}] * 11)
    with refused("ValidationError", 400, "2048"):
        long = document(allow("s3:*", [f"arn:aws:s3:::bucket-{n:04d}/*" for n in range(90)]))
        assumed(loose, role, Policy=long)


def test_too_many_tags_for_one_token(people, sts, root):
    role = people.role(trust(root, action=["sts:AssumeRole", "sts:TagSession"]))
    # Texts that nothing can pack.
    tags = {new_name(f"k{n}"): "".join(new_name("v") for _ in range(16)) for n in range(50)}
    with refused("PackedPolicyTooLarge", 400, "was too large"):
        assumed(sts, role, Tags=tags_of(**tags))


def test_a_users_own_session(iam, people, account):
    user = people.user(allow(["s3:ListAllMyBuckets", "iam:*", "sts:*"]))
    sts = client_of("sts", people.key(user))
    session = sts.get_session_token()["Credentials"]
    assert lasts(session, 43200)
    own = client_of("sts", session)
    assert own.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/{user}"
    assert "Buckets" in client_of("s3", session).list_buckets()
    with refused("AccessDenied", 403):
        client_of("iam", session).list_users()
    for call in (
        own.get_session_token,
        lambda: own.get_federation_token(Name="x1"),
        lambda: own.get_access_key_info(AccessKeyId=session["AccessKeyId"]),
    ):
        with refused("AccessDenied", 403, "session credentials"):
            call()
    assert assumed(own, people.role(trust(f"arn:aws:iam::{account}:root")))
    assert lasts(sts.get_session_token(DurationSeconds=900)["Credentials"], 900)
    # No policy refuses it: what it gives the caller has already.
    nobody = people.user(deny("*"))
    session = client_of("sts", people.key(nobody)).get_session_token()["Credentials"]
    assert client_of("sts", session).get_caller_identity()["Arn"].endswith(nobody)
    with refused("AccessDenied", 403, "explicit deny"):
        client_of("s3", session).list_buckets()


def test_federation(people, loose, account, bucket):
    user = people.user(allow(["sts:GetFederationToken", "s3:*"]))
    sts = client_of("sts", people.key(user))
    policy = document(allow(["s3:ListAllMyBuckets", "sqs:ListQueues"]))
    told = sts.get_federation_token(Name="guest", Policy=policy)
    assert told["FederatedUser"] == {
        "FederatedUserId": f"{account}:guest",
        "Arn": f"arn:aws:sts::{account}:federated-user/guest",
    }
    assert lasts(told["Credentials"], 43200) and told["PackedPolicySize"] > 0
    guest = told["Credentials"]
    identity = client_of("sts", guest).get_caller_identity()
    assert identity["Arn"] == told["FederatedUser"]["Arn"]
    assert identity["UserId"] == f"{account}:guest"
    assert "Buckets" in client_of("s3", guest).list_buckets()
    with refused("AccessDenied", 403):
        client_of("s3", guest).list_objects_v2(Bucket=bucket)
    with refused("AccessDenied", 403, "no identity-based policy allows the sqs:ListQueues"):
        client_of("sqs", guest).list_queues()
    with refused("AccessDenied", 403, "federated user credentials"):
        client_of("iam", guest).list_users()
    # Without policies a federated user may do nothing at all.
    nothing = sts.get_federation_token(Name="guest")["Credentials"]
    with refused("AccessDenied", 403, "session policy"):
        client_of("s3", nothing).list_buckets()
    may_not = client_of("sts", people.key_of_new(allow("s3:*")))
    with refused("AccessDenied", 403, "is not authorized to perform: sts:GetFederationToken"):
        may_not.get_federation_token(Name="guest")
    with refused("ValidationError", 400, "name"):
        loose.get_federation_token(Name="x" * 33)


def test_what_ends_the_sessions_of_a_role(iam, people, sts, root):
    arn = people.role(trust(root), allow("iam:ListUsers"), name=(role := new_name("role")))
    session = assumed(sts, arn)
    own = client_of("iam", session)
    assert own.list_users()["Users"]
    # What the console's button does: deny whoever took the role before now.
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    older = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": now}})
    iam.put_role_policy(RoleName=role, PolicyName="revoke", PolicyDocument=document(older))
    with refused("AccessDenied", 403, "explicit deny"):
        own.list_users()
    fresh = assumed(sts, arn)
    assert client_of("iam", fresh).list_users()["Users"]
    wipe_role(iam, role)
    with refused("InvalidClientTokenId", 403):
        client_of("sts", fresh).get_caller_identity()
    people.role(trust(root), allow("iam:ListUsers"), name=role)
    with refused("InvalidClientTokenId", 403):
        client_of("iam", fresh).list_users()
    assert client_of("iam", assumed(sts, arn)).list_users()["Users"]


def test_a_user_who_is_made_again_is_another(iam, people):
    rights = (allow(["s3:ListAllMyBuckets", "sts:*"]),)
    user = people.user(*rights)
    key = people.key(user)
    session = client_of("sts", key).get_session_token()["Credentials"]
    role = people.role(trust(people.arn(user)))
    wipe_user(iam, user)
    people.user(*rights, name=user)
    for old in (key, session):
        with refused("InvalidClientTokenId", 403):
            client_of("sts", old).get_caller_identity()
    fresh = people.key(user)
    assert "Buckets" in client_of("s3", fresh).list_buckets()
    # The role trusts the one who is gone, by the unique id.
    with refused("AccessDenied", 403):
        assumed(client_of("sts", fresh), role)


def test_new_trust_counts_for_the_next_session(iam, people, sts, root):
    arn = people.role(trust(root), allow("iam:ListUsers"), name=(role := new_name("role")))
    session = assumed(sts, arn)
    shut = trust({"Service": "sagemaker.amazonaws.com"})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=shut)
    with refused("AccessDenied", 403):
        assumed(sts, arn)
    # Who is in stays in.
    assert client_of("iam", session).list_users()["Users"]


def test_sessions_sign_everything(people, sts, root, s3, bucket):
    role = people.role(trust(root), allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"))
    session = assumed(sts, role)
    own = client_of("s3", session)
    own.put_object(Bucket=bucket, Key="a", Body=b"x" * 100_000, ChecksumAlgorithm="CRC32")
    for version in ("s3", "s3v4"):
        signed = client_of("s3", session, signature_version=version).generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": "a"}
        )
        assert requests.get(signed, timeout=10).content == b"x" * 100_000
        parts = [part for part in signed.split("&") if "security-token" not in part.lower()]
        assert len(parts) == signed.count("&")
        assert requests.get("&".join(parts), timeout=10).status_code == 403
    url = client_of("sts", session).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert "assumed-role" in requests.get(url, timeout=10).text
    # A session is good in every region.
    elsewhere = boto3.client(
        "sts",
        region_name="eu-west-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert "assumed-role" in elsewhere.get_caller_identity()["Arn"]


def test_everybody_may_ask_who_they_are(people):
    user = people.user(deny("*"))
    told = client_of("sts", people.key(user)).get_caller_identity()
    assert told["Arn"].endswith(f"user/{user}")


def test_access_key_info(people, sts, account):
    key = people.key_of_new()["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == account
    with refused("ValidationError", 400):
        sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    own = client_of("sts", people.key_of_new())
    with refused("AccessDenied", 403, "sts:GetAccessKeyInfo"):
        own.get_access_key_info(AccessKeyId=key)


def test_why_a_call_was_refused(people, sts):
    user = people.user(allow("iam:*"), deny("iam:ListRoles", Sid="NoRoles"))
    key = people.key(user)
    with refused("AccessDenied", 403) as caught:
        client_of("iam", key).list_roles()
    message = caught.value.response["ResponseMetadata"]["HTTPHeaders"][MESSAGE]
    told = json.loads(sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert told["allowed"] is False and told["explicitDeny"] is True
    assert told["context"]["action"] == "iam:ListRoles"
    assert told["context"]["principal"]["arn"] == people.arn(user)
    assert [one["statementId"] for one in told["matchedStatements"]["items"]] == ["NoRoles"]
    assert key["SecretAccessKey"] not in json.dumps(told)
    broken = base64.urlsafe_b64encode(b"x" * 300).decode()
    for bad in ("nonsense", broken, message[:-4] + "AAAA"):
        with refused("InvalidAuthorizationMessageException", 400):
            sts.decode_authorization_message(EncodedMessage=bad)
    with refused("AccessDenied", 403, "sts:DecodeAuthorizationMessage"):
        client_of("sts", key).decode_authorization_message(EncodedMessage=message)


def test_boundaries_hold_for_roles_too(iam, people, sts, root):
    bound = people.policy(allow("iam:ListUsers"))
    role = people.role(trust(root), PermissionsBoundary=bound, name=(name := new_name("role")))
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMIN)
    own = client_of("iam", assumed(sts, role))
    assert own.list_users()["Users"]
    with refused("AccessDenied", 403, "because no permissions boundary allows the iam:ListRoles"):
        own.list_roles()
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=READ_ONLY)
    assert own.list_roles()["Roles"]


def test_every_operation_was_called():
    assert_all_called("sessions")
