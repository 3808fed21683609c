"""The Security Token Service: who am I, and what an unsigned or wrongly signed request is told."""

import boto3
import requests
from botocore.config import Config
from refusals import refused


def test_tells_the_caller(client):
    told = client("sts").get_caller_identity()
    assert told["Account"].isdigit() and len(told["Account"]) == 12
    assert told["Arn"].startswith(f"arn:aws:iam::{told['Account']}:")
    assert told["UserId"]


def test_answers_a_presigned_request(client):
    signed = client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = requests.get(signed, timeout=10)
    assert answer.status_code == 200
    assert "<GetCallerIdentityResult>" in answer.text


def test_refuses_an_unknown_key():
    stranger = boto3.client("sts", aws_access_key_id="AKIAUNKNOWNUNKNOWN00", aws_secret_access_key="x")
    with refused("InvalidClientTokenId", 403):
        stranger.get_caller_identity()


def test_refuses_a_wrong_secret():
    own = boto3.Session().get_credentials()
    forger = boto3.client(
        "sts", aws_access_key_id=own.access_key, aws_secret_access_key="not the secret"
    )
    with refused("SignatureDoesNotMatch", 403):
        forger.get_caller_identity()


def test_refuses_an_unsigned_request(url):
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    answer = requests.post(url, data=form, timeout=10)
    assert answer.status_code == 403
    assert "MissingAuthenticationToken" in answer.text


def test_names_what_is_not_built():
    sts = boto3.client("sts", config=Config(retries={"total_max_attempts": 1}))
    with refused("NotImplemented", 501, "GetDelegatedAccessToken"):
        sts.get_delegated_access_token(TradeInToken="x")
    # The client does not sign this one.
    with refused("NotImplemented", 501, "AssumeRoleWithSAML"):
        role = "arn:aws:iam::000000000000:role/x-role"
        sts.assume_role_with_saml(RoleArn=role, PrincipalArn=role, SAMLAssertion="xxxx")


def test_health_needs_no_signature(url):
    answer = requests.get(f"{url}/_modelkeep/health", timeout=10)
    assert answer.status_code == 200
