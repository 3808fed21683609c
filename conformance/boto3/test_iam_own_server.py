"""What needs a server of its own: uses over a restart, the last administrator, odd input."""

import csv
import io

import pytest
from iam import ADMIN, OPERATIONS, People, allow, client_of, new_name, trust
from odd import assert_bears
from refusals import refused
from servers import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("identity") / "data", "--log-level", "warn").start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def keys(server):
    told = server.environment()
    return {
        "AccessKeyId": told["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": told["AWS_SECRET_ACCESS_KEY"],
    }


@pytest.fixture
def iam(server, keys):
    return client_of("iam", keys, server.url)


def test_uses_and_sessions_outlive_a_restart(server, keys, iam):
    people = People(iam)
    account = client_of("sts", keys, server.url).get_caller_identity()["Account"]
    user = people.user(allow(["s3:ListAllMyBuckets", "sts:AssumeRole"]))
    key, unused = people.key(user), people.key(user)
    role = people.role(
        trust(f"arn:aws:iam::{account}:root"),
        allow("s3:ListAllMyBuckets"),
        name=(name := new_name("role")),
    )
    told = client_of("sts", key, server.url).assume_role(RoleArn=role, RoleSessionName="ann")
    session = told["Credentials"]
    client_of("s3", session, server.url).list_buckets()
    client_of("s3", key, server.url).list_buckets()
    assert server.stop() == 0
    server.start()
    told = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (told["ServiceName"], told["Region"]) == ("s3", "us-east-1") and told["LastUsedDate"]
    told = iam.get_access_key_last_used(AccessKeyId=unused["AccessKeyId"])["AccessKeyLastUsed"]
    assert told["ServiceName"] == "N/A" and "LastUsedDate" not in told
    last = iam.get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert last["Region"] == "us-east-1" and last["LastUsedDate"]
    # Tokens carry all of themselves.
    assert "Buckets" in client_of("s3", session, server.url).list_buckets()
    with refused("ReportNotPresent", 410):
        iam.get_credential_report()
    iam.generate_credential_report()
    lines = csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))
    line = next(line for line in lines if line["user"] == user)
    services = sorted(line[f"access_key_{n}_last_used_service"] for n in (1, 2))
    assert services == ["N/A", "s3"]
    people.clear()


def test_the_last_administrator_stays(server, keys, iam):
    people = People(iam)
    words = "would leave the account without an administrator"
    bound = people.policy(allow("s3:*"))
    own = {"UserName": "administrator"}
    key = {**own, "AccessKeyId": keys["AccessKeyId"]}
    changes = (
        lambda: iam.detach_user_policy(**own, PolicyArn=ADMIN),
        lambda: iam.update_access_key(**key, Status="Inactive"),
        lambda: iam.delete_access_key(**key),
        lambda: iam.put_user_permissions_boundary(**own, PermissionsBoundary=bound),
    )
    for change in changes:
        with refused("UnmodifiableEntity", 400, words):
            change()
    # With a second one the first may go, by hand of the second.
    other = people.user()
    iam.attach_user_policy(UserName=other, PolicyArn=ADMIN)
    second = client_of("iam", people.key(other), server.url)
    second.detach_user_policy(**own, PolicyArn=ADMIN)
    with refused("AccessDenied", 403):
        iam.list_users()
    with refused("UnmodifiableEntity", 400, words):
        second.detach_user_policy(UserName=other, PolicyArn=ADMIN)
    second.attach_user_policy(**own, PolicyArn=ADMIN)
    assert iam.list_users()["Users"]
    people.clear()


@pytest.mark.parametrize("part", sorted(OPERATIONS))
def test_no_text_breaks_the_server(server, keys, part):
    service = "sts" if part in ("sessions", "web identities") else "iam"
    client = client_of(service, keys, server.url, parameter_validation=False)
    assert_bears(client, OPERATIONS[part])
