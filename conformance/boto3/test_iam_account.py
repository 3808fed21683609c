"""The account: alias, password policy, summary, credential report, all authorizations in one list."""

import csv
import io
import json

import pytest
from botocore.exceptions import ClientError
from iam import (
    OPERATIONS,
    READ_ONLY,
    allow,
    assert_all_called,
    client_of,
    document,
    new_name,
    tags_of,
    trust,
)
from refusals import refused
from waiting import until


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_everything_else_is_refused_by_name(client, service):
    loose = client(service, parameter_validation=False)
    tested = frozenset().union(*OPERATIONS.values())
    others = [name for name in loose.meta.service_model.operation_names if name not in tested]
    assert others
    for name in others:
        method = next(m for m, op in loose.meta.method_to_api_mapping.items() if op == name)
        with refused("NotImplemented", 501, name):
            getattr(loose, method)()


def test_alias(iam):
    alias = new_name("alias")
    with refused("ValidationError", 400, "accountAlias"):
        iam.create_account_alias(AccountAlias="No Capitals")
    iam.create_account_alias(AccountAlias=alias)
    pages = iam.get_paginator("list_account_aliases").paginate()
    assert [one for page in pages for one in page["AccountAliases"]] == [alias]
    with refused("EntityAlreadyExists", 409, alias):
        iam.create_account_alias(AccountAlias=alias)
    with refused("NoSuchEntity", 404):
        iam.delete_account_alias(AccountAlias=f"{alias}-x")
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    with refused("NoSuchEntity", 404):
        iam.delete_account_alias(AccountAlias=alias)


@pytest.fixture
def no_policy(iam):
    yield
    try:
        iam.delete_account_password_policy()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise


def test_password_policy(client, iam, people, account, no_policy):
    words = f"The Password Policy with domain name {account} cannot be found."
    with refused("NoSuchEntity", 404, words):
        iam.get_account_password_policy()
    with refused("NoSuchEntity", 404, words):
        iam.delete_account_password_policy()
    with refused("ValidationError", 400, "minimumPasswordLength"):
        client("iam", parameter_validation=False).update_account_password_policy(
            MinimumPasswordLength=5
        )
    iam.update_account_password_policy(
        MinimumPasswordLength=10,
        RequireNumbers=True,
        RequireSymbols=True,
        RequireUppercaseCharacters=True,
        AllowUsersToChangePassword=True,
        MaxPasswordAge=90,
        PasswordReusePrevention=2,
    )
    told = iam.get_account_password_policy()["PasswordPolicy"]
    assert told == {
        "MinimumPasswordLength": 10,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 2,
    }
    user = people.user()
    for bad, words in (
        ("Short-1", "minimum length of 10"),
        ("No-digits-here", "at least one number"),
        ("no-capitals-77", "at least one uppercase letter"),
        ("NoSymbols777", "at least one symbol"),
    ):
        with refused("PasswordPolicyViolation", 400, words):
            iam.create_login_profile(UserName=user, Password=bad)
    iam.create_login_profile(UserName=user, Password="CAPITALS-77")
    with refused("PasswordPolicyViolation", 400, "reuse"):
        iam.update_login_profile(UserName=user, Password="CAPITALS-77")
    # What is left out goes back to its default.
    iam.update_account_password_policy(MinimumPasswordLength=8)
    told = iam.get_account_password_policy()["PasswordPolicy"]
    assert told["ExpirePasswords"] is False and told["RequireNumbers"] is False
    assert "MaxPasswordAge" not in told
    iam.delete_account_password_policy()
    with refused("NoSuchEntity", 404):
        iam.get_account_password_policy()


def test_summary(iam, people):
    before = iam.get_account_summary()["SummaryMap"]
    user = people.user()
    people.group(), people.policy(allow("s3:*"))
    people.role(trust({"Service": "sagemaker.amazonaws.com"}))
    people.device(user), people.device()
    after = iam.get_account_summary()["SummaryMap"]
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {
        "Users": 1,
        "Groups": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 1,
        "Roles": 1,
        "MFADevices": 2,
        "MFADevicesInUse": 1,
    }
    assert after["UsersQuota"] == 5000 and after["AccessKeysPerUserQuota"] == 2
    assert after["AccountAccessKeysPresent"] == 0


def test_credential_report(iam, people, account):
    user = people.user()
    key, _ = people.key(user), people.key(user)
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    iam.create_login_profile(UserName=user, Password="Correct-horse-7")
    people.device(user)
    bare = people.user()
    until(lambda: iam.generate_credential_report()["State"] == "COMPLETE", what="the report")
    told = iam.get_credential_report()
    assert told["ReportFormat"] == "text/csv" and told["GeneratedTime"]
    lines = list(csv.DictReader(io.StringIO(told["Content"].decode())))
    assert lines[0]["user"] == "<root_account>"
    assert lines[0]["arn"] == f"arn:aws:iam::{account}:root"
    by_user = {line["user"]: line for line in lines}
    line = by_user[user]
    assert line["arn"] == f"arn:aws:iam::{account}:user/{user}"
    assert (line["password_enabled"], line["mfa_active"]) == ("true", "true")
    assert line["password_last_used"] == "no_information"
    actives = sorted(line[f"access_key_{n}_active"] for n in (1, 2))
    assert actives == ["false", "true"]
    assert line["access_key_1_last_rotated"].endswith("+00:00")
    assert line["access_key_1_last_used_service"] == "N/A"
    line = by_user[bare]
    assert (line["password_enabled"], line["mfa_active"]) == ("false", "false")
    assert line["access_key_1_active"] == "false" and line["cert_1_active"] == "false"


def test_all_authorizations(iam, people):
    bound = people.policy(allow("s3:*"))
    user = people.user(allow("sqs:*"), PermissionsBoundary=bound, Tags=tags_of(a="1"))
    group = people.group(allow("sns:*"))
    iam.add_user_to_group(UserName=user, GroupName=group)
    people.role(trust({"Service": "sagemaker.amazonaws.com"}), name=(role := new_name("role")))
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            PaginationConfig={"PageSize": 3}
        )
    )
    assert len(pages) > 1

    def all_of(member):
        return [one for page in pages for one in page[member]]

    told = next(one for one in all_of("UserDetailList") if one["UserName"] == user)
    assert told["GroupList"] == [group] and told["Tags"] == tags_of(a="1")
    assert told["PermissionsBoundary"]["PermissionsBoundaryArn"] == bound
    assert told["UserPolicyList"] == [
        {"PolicyName": "own", "PolicyDocument": json.loads(document(allow("sqs:*")))}
    ]
    told = next(one for one in all_of("GroupDetailList") if one["GroupName"] == group)
    assert told["GroupPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "sns:*"
    told = next(one for one in all_of("RoleDetailList") if one["RoleName"] == role)
    assert isinstance(told["AssumeRolePolicyDocument"], dict)
    assert [p["PolicyArn"] for p in told["AttachedManagedPolicies"]] == [READ_ONLY]
    policies = {one["Arn"]: one for one in all_of("Policies")}
    assert policies[bound]["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "s3:*"
    assert READ_ONLY in policies
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert only["UserDetailList"] == only["RoleDetailList"] == only["Policies"] == []
    assert group in [one["GroupName"] for one in only["GroupDetailList"]]
    with refused("ValidationError", 400, "filter"):
        iam.get_account_authorization_details(Filter=["Nothing"])


def test_who_may_not_look(people):
    own = client_of("iam", people.key_of_new(allow("s3:*")))
    for call in (
        own.get_account_summary,
        own.get_credential_report,
        own.get_account_authorization_details,
        own.list_account_aliases,
    ):
        with refused("AccessDenied", 403, "because no identity-based policy allows the iam:"):
            call()


def test_every_operation_was_called():
    assert_all_called("account")
