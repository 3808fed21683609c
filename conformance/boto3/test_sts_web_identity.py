"""AssumeRoleWithWebIdentity: tokens of an issuer on loopback, those that hold and all others.

On a server of its own, which trusts the issuer's certificate.
"""

import time

import boto3
import pytest
from botocore.config import Config
from iam import People, allow, assert_all_called, client_of, document
from issuer import base64url, issuing, new_key
from refusals import refused
from servers import Server


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The issuer, and a server that knows it, with its administrator's keys."""
    folder = tmp_path_factory.mktemp("web-identity")
    with issuing(folder) as (issuer, authority):
        variables = {"NODE_EXTRA_CA_CERTS": authority}
        server = Server(folder / "data", "--log-level", "warn", variables=variables).start()
        told = server.environment()
        keys = {
            "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
        }
        try:
            yield issuer, server.url, keys
        finally:
            assert server.stop() == 0


@pytest.fixture(scope="module")
def issuer(world):
    return world[0]


@pytest.fixture(scope="module")
def iam(world):
    _, url, keys = world
    return client_of("iam", keys, url)


@pytest.fixture(scope="module")
def people(iam):
    made = People(iam)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def provider(iam, people, issuer):
    told = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
    people.providers.append(told["OpenIDConnectProviderArn"])
    return people.providers[-1]


def trusted(provider, *actions, **condition):
    said = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithWebIdentity", *actions],
    }
    return document({**said, "Condition": condition} if condition else said)


@pytest.fixture(scope="module")
def role(people, provider, issuer):
    return people.role(
        trusted(provider, StringEquals={f"{issuer.host}:sub": ["ann", "eve"]}),
        allow("s3:ListAllMyBuckets", Condition={"StringEquals": {f"{issuer.host}:sub": "ann"}}),
    )


@pytest.fixture(scope="module")
def assume(world, role):
    """Without keys, as those who come with a token have none."""
    config = Config(retries={"total_max_attempts": 1})
    sts = boto3.client("sts", endpoint_url=world[1], config=config)

    def call(token, **more):
        asked = {"RoleArn": role, "RoleSessionName": "from-web", "WebIdentityToken": token}
        return sts.assume_role_with_web_identity(**{**asked, **more})

    return call


def test_a_token_opens_the_role(world, issuer, assume, role, provider):
    told = assume(issuer.token())
    assert told["SubjectFromWebIdentityToken"] == "ann" and told["Audience"] == "app"
    assert told["Provider"] == provider
    name = role.split("/")[-1]
    assert told["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{name}/from-web")
    session = told["Credentials"]
    _, url, _ = world
    identity = client_of("sts", session, url).get_caller_identity()
    assert identity["Arn"] == told["AssumedRoleUser"]["Arn"]
    # What the token said stays with the session, for its policies to look at.
    assert "Buckets" in client_of("s3", session, url).list_buckets()
    eve = assume(issuer.token(sub="eve"))["Credentials"]
    with refused("AccessDenied", 403):
        client_of("s3", eve, url).list_buckets()


def test_tokens_that_do_not_hold(issuer, assume):
    now = int(time.time())
    head, claims, signature = issuer.token().split(".")
    none = base64url(b'{"alg":"none"}')
    bad = {
        "another's key": issuer.token(key=new_key()),
        "an unknown key": issuer.token(kid="two", key=new_key()),
        "no algorithm": issuer.token(alg="none"),
        "no algorithm, in a head of its own": f"{none}.{claims}.",
        "other claims": f"{head}.{issuer.token(sub='eve').split('.')[1]}.{signature}",
        "not yet": issuer.token(nbf=now + 3600),
        "no subject": issuer.token(sub=None),
        "a subject that is no text": issuer.token(sub=7),
        "audiences that are no texts": issuer.token(aud=[7]),
        "subjects": issuer.token(sub=["ann"]),
        "no JWT": "nonsense",
    }
    for token in bad.values():
        with refused("InvalidIdentityToken", 400):
            assume(token)
    with refused("InvalidIdentityToken", 400, "Incorrect token audience"):
        assume(issuer.token(aud="other"))
    with refused("InvalidIdentityToken", 400, "Incorrect token audience"):
        assume(issuer.token(aud=["app", "other"], azp="other"))
    with refused("ExpiredTokenException", 400, "expired"):
        assume(issuer.token(exp=now - 3600))
    with refused("InvalidIdentityToken", 400, "No OpenIDConnect provider found in your account"):
        assume(issuer.token(iss="https://127.0.0.1:1"))


def test_trust_looks_at_the_token(people, issuer, assume, provider):
    words = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    with refused("AccessDenied", 403, words):
        assume(issuer.token(sub="bob"))
    audience = people.role(trusted(provider, StringEquals={f"{issuer.host}:aud": "other"}))
    with refused("AccessDenied", 403, words):
        assume(issuer.token(), RoleArn=audience)
    # Of roles that do not exist, or trust nobody of the web, no more is said.
    service = people.role(
        document(
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        )
    )
    for arn in (f"{audience}-x", service):
        with refused("AccessDenied", 403, words):
            assume(issuer.token(), RoleArn=arn)


def test_source_identity_of_a_token(people, issuer, assume, provider):
    claim = {"https://aws.amazon.com/source_identity": "ann@example"}
    with refused("AccessDenied", 403):
        assume(issuer.token(**claim))
    role = people.role(trusted(provider, "sts:SetSourceIdentity"))
    assert assume(issuer.token(**claim), RoleArn=role)["SourceIdentity"] == "ann@example"


def test_durations_and_session_policies(world, issuer, assume):
    with refused("ValidationError", 400, "exceeds the MaxSessionDuration"):
        assume(issuer.token(), DurationSeconds=3601)
    shut = document(allow("sqs:*"))
    session = assume(issuer.token(), Policy=shut, DurationSeconds=900)["Credentials"]
    with refused("AccessDenied", 403, "because no session policy allows"):
        client_of("s3", session, world[1]).list_buckets()


def test_keys_are_not_fetched_for_each_token(issuer, assume):
    assume(issuer.token())
    before = len(issuer.asked)
    for _ in range(3):
        assume(issuer.token())
    assert len(issuer.asked) == before


def test_an_issuer_that_cannot_be_asked(iam, people, issuer, assume):
    dead = "https://127.0.0.1:9"
    told = iam.create_open_id_connect_provider(Url=dead, ClientIDList=["app"])
    people.providers.append(told["OpenIDConnectProviderArn"])
    with refused("IDPCommunicationError", 400):
        assume(issuer.token(iss=dead))


def test_a_provider_that_is_gone_vouches_for_nobody(iam, people, issuer, assume, provider):
    iam.remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=provider, ClientID="app"
    )
    with refused("InvalidIdentityToken", 400, "Incorrect token audience"):
        assume(issuer.token())
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    with refused("InvalidIdentityToken", 400, "No OpenIDConnect provider found"):
        assume(issuer.token())


def test_every_operation_was_called():
    assert_all_called("web identities")
