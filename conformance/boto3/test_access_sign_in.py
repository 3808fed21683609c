"""Signing in with a name and a password: credentials, devices, changes of passwords, guessing."""

import time

import pytest
import requests
from iam import allow, client_of, new_name

PASSWORD = "Correct-horse-7"


@pytest.fixture
def sign_in(url):
    def ask(**fields):
        return requests.post(f"{url}/_modelkeep/sign-in", json=fields, timeout=30)

    return ask


def error_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_signing_in(iam, people, sign_in):
    user = people.user(allow(["s3:ListAllMyBuckets", "iam:ListUsers"]))
    iam.create_login_profile(UserName=user, Password=PASSWORD)
    wrong = sign_in(userName=user, password="Wrong-horse-7")
    unknown = sign_in(userName=new_name(), password=PASSWORD)
    assert error_of(wrong) == error_of(unknown) == (403, "AccessDenied")
    assert wrong.json() == unknown.json()
    answer = sign_in(userName=user, password=PASSWORD)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["userArn"] == people.arn(user)
    keys = {name: told[name] for name in ("accessKeyId", "secretAccessKey", "sessionToken")}
    assert client_of("sts", keys).get_caller_identity()["Arn"] == people.arn(user)
    assert "Buckets" in client_of("s3", keys).list_buckets()
    assert iam.get_user(UserName=user)["User"]["PasswordLastUsed"]


def test_signing_in_with_a_device(iam, people, sign_in):
    user = people.user(allow("iam:ListUsers"))
    iam.create_login_profile(UserName=user, Password=PASSWORD)
    device = people.device(user)
    asked = {"userName": user, "password": PASSWORD}
    assert error_of(sign_in(**asked)) == (403, "CodeNeeded")
    assert error_of(sign_in(**asked, code=device.wrong_code())) == (403, "CodeRefused")
    code = device.code()
    told = sign_in(**asked, code=code)
    assert told.status_code == 200
    keys = {name: told.json()[name] for name in ("accessKeyId", "secretAccessKey", "sessionToken")}
    # With a code even IAM may be called.
    assert client_of("iam", keys).list_users()["Users"]
    assert error_of(sign_in(**asked, code=code)) == (403, "CodeRefused")


def test_a_password_that_has_to_be_changed(iam, people, sign_in):
    user = people.user()
    iam.create_login_profile(UserName=user, Password=PASSWORD, PasswordResetRequired=True)
    asked = {"userName": user, "password": PASSWORD}
    assert error_of(sign_in(**asked)) == (403, "PasswordExpired")
    assert error_of(sign_in(**asked, newPassword="short")) == (400, "PasswordPolicyViolation")
    assert sign_in(**asked, newPassword="Fresher-horse-8").status_code == 200
    assert error_of(sign_in(**asked)) == (403, "AccessDenied")
    assert sign_in(userName=user, password="Fresher-horse-8").status_code == 200


def test_bad_requests_to_sign_in(url, sign_in):
    assert error_of(sign_in(userName="administrator")) == (400, "ValidationError")
    assert error_of(sign_in(userName="a", password="b", extra="c")) == (400, "ValidationError")
    assert error_of(sign_in(userName=["a"], password="b")) == (400, "ValidationError")
    target = f"{url}/_modelkeep/sign-in"
    assert error_of(requests.post(target, data="{", timeout=10)) == (400, "ValidationError")
    assert error_of(requests.post(target, data="x" * 9000, timeout=10)) == (413, "RequestTooLarge")
    assert requests.get(target, timeout=10).status_code != 200


def test_guessing_gets_slow(iam, people, sign_in):
    user = people.user()
    iam.create_login_profile(UserName=user, Password=PASSWORD)
    answers = [sign_in(userName=user, password="Wrong-horse-7") for _ in range(7)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:5] == [403] * 5 and 429 in statuses[5:]
    slow = next(answer for answer in answers if answer.status_code == 429)
    assert error_of(slow) == (429, "TooManyTries")
    assert int(slow.headers["retry-after"]) >= 1
    # The right one has to wait as well.
    while (answer := sign_in(userName=user, password=PASSWORD)).status_code == 429:
        time.sleep(int(answer.headers["retry-after"]))
    assert answer.status_code == 200
