"""Every operation of STS by the AWS command line: each with right input at least once."""

import json
import re
from functools import partial

import pytest
from asking import DENIED, as_key, ask, assert_all_answered
from commands import aws, aws_here
from iam import People, allow, document, trust
from issuer import issuing
from servers import Server

BUCKETS = "s3:ListAllMyBuckets"
# Where a refusal carries the message that DecodeAuthorizationMessage reads.
SEALED = re.compile(r"x-modelkeep-authorization-message['\"]?: ['\"]?([\w\-+/=]+)", re.IGNORECASE)

iam = partial(ask, "iam")
sts = partial(ask, "sts")


@pytest.fixture
def people(client):
    made = People(client("iam"))
    yield made
    made.clear()


def test_sessions(people, name, account):
    user = people.user(allow([BUCKETS, "sts:GetFederationToken", "sts:GetAccessKeyInfo"]))
    key = people.key(user)
    own = as_key(key)
    role = people.role(trust(people.arn(user)), name=name)
    asked = {"role_arn": role, "role_session_name": "by-hand"}
    # The administrator may ask for any role, but this one does not trust them.
    sts("assume-role", **asked, refused="AccessDenied")
    told = sts("assume-role", **asked, duration_seconds="900", env=own)
    session = told["AssumedRoleUser"]["Arn"]
    assert session == f"arn:aws:sts::{account}:assumed-role/{name}/by-hand"
    identity = sts("get-caller-identity", env=as_key(told["Credentials"]))
    assert identity["Arn"] == session
    assert identity["UserId"] == told["AssumedRoleUser"]["AssumedRoleId"]
    told = sts("get-federation-token", name="guest", policy=document(allow(BUCKETS)), env=own)
    assert told["FederatedUser"]["Arn"] == f"arn:aws:sts::{account}:federated-user/guest"
    assert "Buckets" in aws_here("s3api", "list-buckets", env=as_key(told["Credentials"]))
    temporary = sts("get-session-token", duration_seconds="900", env=own)["Credentials"]
    assert temporary["AccessKeyId"].startswith("ASIA")
    told = sts("get-access-key-info", access_key_id=key["AccessKeyId"], env=own)
    assert told["Account"] == account


def test_sealed_refusal(people, account):
    user = people.user(allow(BUCKETS))
    own = as_key(people.key(user))
    # What a person sees with --debug; in a process of its own, as it stays on.
    told = aws("iam", "list-roles", "--debug", env=own, status=DENIED)
    message = SEALED.search(told)
    assert message, "no message to decode in the answer's head"
    decoded = sts("decode-authorization-message", encoded_message=message[1])["DecodedMessage"]
    found = json.loads(decoded)
    assert (found["allowed"], found["context"]["action"]) == (False, "iam:ListRoles")
    assert found["context"]["principal"]["arn"] == f"arn:aws:iam::{account}:user/{user}"
    broken = message[1][:-4] + "AAAA"
    refused = "InvalidAuthorizationMessageException"
    sts("decode-authorization-message", encoded_message=broken, refused=refused)


def test_web_identity(tmp_path):
    with issuing(tmp_path) as (issuer, authority):
        variables = {"NODE_EXTRA_CA_CERTS": authority}
        server = Server(tmp_path / "data", "--log-level", "warn", variables=variables).start()
        try:
            assume_by_token(issuer, server.environment())
        finally:
            assert server.stop() == 0


def assume_by_token(issuer, env):
    made = iam("create-open-id-connect-provider", url=issuer.url, client_id_list="app", env=env)
    provider = made["OpenIDConnectProviderArn"]
    who, condition = {"Federated": provider}, {f"{issuer.host}:sub": "ann"}
    text = trust(who, action="sts:AssumeRoleWithWebIdentity", StringEquals=condition)
    role = iam("create-role", role_name="web", assume_role_policy_document=text, env=env)["Role"]
    # Who comes with a token has no keys.
    bare = {**env, "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    assume = partial(sts, "assume-role-with-web-identity", env=bare)
    asked = {"role_arn": role["Arn"], "role_session_name": "from-web"}
    assume(**asked, web_identity_token=issuer.token(sub="eve"), refused="AccessDenied")
    told = assume(**asked, web_identity_token=issuer.token())
    assert (told["SubjectFromWebIdentityToken"], told["Provider"]) == ("ann", provider)
    identity = sts("get-caller-identity", env={**env, **as_key(told["Credentials"])})
    assert identity["Arn"] == told["AssumedRoleUser"]["Arn"]
    assert identity["Arn"].endswith(":assumed-role/web/from-web")


def test_every_operation_answered():
    assert_all_answered("sts")
