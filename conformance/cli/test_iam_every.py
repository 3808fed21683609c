"""Every operation of IAM by the AWS command line: each with right input at least once.

What each refuses is tested with boto3; here one wrong input stands for each family.
"""

import base64
import csv
import json
from functools import partial

import pytest
from asking import as_key, ask, assert_all_answered
from botocore import xform_name
from iam import READ_ONLY, Device, People, allow, deny, document, new_name, trust
from waiting import until

LINKED = "shield.amazonaws.com"
SAGEMAKER = trust({"Service": "sagemaker.amazonaws.com"})
PASSWORDS = ("Correct-horse-7", "Another-horse-8", "Third-horse-9")
BUCKETS = "s3:ListAllMyBuckets"

iam = partial(ask, "iam")
sts = partial(ask, "sts")


def tag(key, value):
    return f"Key={key},Value={value}"


def tags(**given):
    return [{"Key": key, "Value": value} for key, value in given.items()]


def names_in(listed, member):
    return [one[member] for one in listed]


@pytest.fixture
def people(client):
    """Takes away what is named to it, where a test that failed has left it."""
    made = People(client("iam"))
    yield made
    made.clear()


@pytest.fixture
def user(people, name):
    iam("create-user", user_name=name)
    people.users.append(name)
    return name


def key_of(user, *actions):
    """The environment of the user, who may do these."""
    if actions:
        text = document(allow(list(actions)))
        iam("put-user-policy", user_name=user, policy_name="own", policy_document=text)
    return as_key(iam("create-access-key", user_name=user)["AccessKey"])


def test_user(people, name, account):
    people.users += [name, f"{name}-x"]
    made = iam("create-user", user_name=name, path="/team/", tags=[tag("a", "1"), tag("b", "2")])
    assert made["User"]["Arn"] == f"arn:aws:iam::{account}:user/team/{name}"
    assert made["User"]["Tags"] == tags(a="1", b="2")
    iam("create-user", user_name=name, refused="EntityAlreadyExists")
    iam("update-user", user_name=name, new_user_name=f"{name}-x", new_path="/others/")
    of = {"user_name": f"{name}-x"}
    iam("get-user", user_name=name, refused="NoSuchEntity")
    iam("put-user-permissions-boundary", **of, permissions_boundary=READ_ONLY)
    got = iam("get-user", **of)["User"]
    assert (got["UserId"], got["Path"]) == (made["User"]["UserId"], "/others/")
    assert got["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    iam("delete-user-permissions-boundary", **of)
    assert "PermissionsBoundary" not in iam("get-user", **of)["User"]
    assert names_in(iam("list-users", path_prefix="/others/")["Users"], "UserName") == [f"{name}-x"]
    iam("tag-user", **of, tags=tag("c", "3"))
    iam("untag-user", **of, tag_keys=["a", "b"])
    assert iam("list-user-tags", **of)["Tags"] == tags(c="3")
    iam("delete-user", **of)
    iam("get-user", **of, refused="NoSuchEntity")


def test_access_key(user):
    of = {"user_name": user}
    first = iam("create-access-key", **of)["AccessKey"]
    assert first["UserName"] == user and first["Status"] == "Active"
    second = iam("create-access-key", **of)["AccessKey"]
    iam("create-access-key", **of, refused="LimitExceeded")
    both = iam("list-access-keys", **of, page_size="1")["AccessKeyMetadata"]
    assert set(names_in(both, "AccessKeyId")) == {first["AccessKeyId"], second["AccessKeyId"]}
    first_id = {"access_key_id": first["AccessKeyId"]}
    iam("update-access-key", **of, **first_id, status="Inactive")
    sts("get-caller-identity", env=as_key(first), refused="InvalidClientTokenId")
    assert sts("get-caller-identity", env=as_key(second))["Arn"].endswith(f":user/{user}")
    last = iam("get-access-key-last-used", **first_id)
    assert last["UserName"] == user
    assert last["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam("delete-access-key", **of, **first_id)
    [left] = iam("list-access-keys", **of)["AccessKeyMetadata"]
    assert (left["AccessKeyId"], left["Status"]) == (second["AccessKeyId"], "Active")


def test_password(user):
    of = {"user_name": user}
    first, second, third = PASSWORDS
    iam("create-login-profile", **of, password="short", refused="PasswordPolicyViolation")
    made = iam("create-login-profile", **of, password=first, password_reset_required=[])
    assert made["LoginProfile"]["PasswordResetRequired"] is True
    iam("update-login-profile", **of, password=second, no_password_reset_required=[])
    got = iam("get-login-profile", **of)["LoginProfile"]
    assert (got["UserName"], got["PasswordResetRequired"]) == (user, False)
    change = partial(iam, "change-password", env=key_of(user, "iam:ChangePassword"))
    # The first was replaced, the second holds, and so does what the user chose.
    change(old_password=first, new_password=third, refused="AccessDenied")
    change(old_password=second, new_password=third)
    change(old_password=third, new_password=first)
    iam("delete-login-profile", **of)
    iam("get-login-profile", **of, refused="NoSuchEntity")


def test_group(people, user, account):
    group, renamed = new_name("group"), new_name("group")
    people.groups += [group, renamed]
    made = iam("create-group", group_name=group)["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account}:group/{group}"
    iam("update-group", group_name=group, new_group_name=renamed, new_path=f"/{user}/")
    of = {"group_name": renamed}
    iam("add-user-to-group", **of, user_name=user)
    iam("add-user-to-group", group_name=group, user_name=user, refused="NoSuchEntity")
    got = iam("get-group", **of)
    assert got["Group"]["GroupId"] == made["GroupId"]
    assert names_in(got["Users"], "UserName") == [user]
    listed = iam("list-groups", path_prefix=f"/{user}/")["Groups"]
    assert listed == iam("list-groups-for-user", user_name=user)["Groups"] == [got["Group"]]
    iam("remove-user-from-group", **of, user_name=user)
    assert iam("get-group", **of)["Users"] == []
    iam("delete-group", **of)
    iam("get-group", **of, refused="NoSuchEntity")


def test_role(people, name, account):
    of = {"role_name": name}
    people.roles.append(name)
    create = partial(iam, "create-role", **of, path=f"/{name}/")
    create(assume_role_policy_document="{}", refused="MalformedPolicyDocument")
    made = create(assume_role_policy_document=SAGEMAKER, tags=tag("a", "1"))["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account}:role/{name}/{name}"
    iam("update-role", **of, description="trains", max_session_duration="7200")
    assert iam("get-role", **of)["Role"]["MaxSessionDuration"] == 7200
    told = iam("update-role-description", **of, description="trains more")["Role"]
    assert told["Description"] == "trains more"
    other = trust({"Service": "events.amazonaws.com"})
    iam("update-assume-role-policy", **of, policy_document=other)
    iam("put-role-permissions-boundary", **of, permissions_boundary=READ_ONLY)
    got = iam("get-role", **of)["Role"]
    assert got["AssumeRolePolicyDocument"] == json.loads(other)
    assert got["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    iam("delete-role-permissions-boundary", **of)
    assert "PermissionsBoundary" not in iam("get-role", **of)["Role"]
    iam("tag-role", **of, tags=tag("b", "2"))
    iam("untag-role", **of, tag_keys="a")
    assert iam("list-role-tags", **of)["Tags"] == tags(b="2")
    assert names_in(iam("list-roles", path_prefix=f"/{name}/")["Roles"], "RoleName") == [name]
    iam("delete-role", **of)
    iam("get-role", **of, refused="NoSuchEntity")


def test_service_linked_role():
    made = iam("create-service-linked-role", aws_service_name=LINKED, description="kept")["Role"]
    of = {"role_name": made["RoleName"]}
    try:
        assert made["Path"] == f"/aws-service-role/{LINKED}/"
        iam("delete-role", **of, refused="UnmodifiableEntity")
    finally:
        task = iam("delete-service-linked-role", **of)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{LINKED}/{made['RoleName']}/")
    told = iam("get-service-linked-role-deletion-status", deletion_task_id=task)
    assert told["Status"] == "SUCCEEDED"
    iam("get-role", **of, refused="NoSuchEntity")


def test_instance_profile(people, name, account):
    people.roles.append(name)
    people.profiles.append(name)
    role, of = {"role_name": name}, {"instance_profile_name": name}
    iam("create-role", **role, assume_role_policy_document=SAGEMAKER)
    made = iam("create-instance-profile", **of, path=f"/{name}/", tags=tag("a", "1"))
    arn = made["InstanceProfile"]["Arn"]
    assert arn == f"arn:aws:iam::{account}:instance-profile/{name}/{name}"
    iam("add-role-to-instance-profile", **of, **role)
    iam("delete-instance-profile", **of, refused="DeleteConflict")
    got = iam("get-instance-profile", **of)["InstanceProfile"]
    assert names_in(got["Roles"], "RoleName") == [name]
    listed = iam("list-instance-profiles", path_prefix=f"/{name}/")["InstanceProfiles"]
    of_role = iam("list-instance-profiles-for-role", **role)["InstanceProfiles"]
    assert names_in(listed, "Arn") == names_in(of_role, "Arn") == [arn]
    iam("tag-instance-profile", **of, tags=tag("b", "2"))
    iam("untag-instance-profile", **of, tag_keys="a")
    assert iam("list-instance-profile-tags", **of)["Tags"] == tags(b="2")
    iam("remove-role-from-instance-profile", **of, **role)
    assert iam("get-instance-profile", **of)["InstanceProfile"]["Roles"] == []
    iam("delete-instance-profile", **of)
    iam("get-instance-profile", **of, refused="NoSuchEntity")
    iam("delete-role", **role)


def test_policy(people, name, account):
    first, second = document(allow(BUCKETS)), document(allow("sqs:ListQueues"))
    create = partial(iam, "create-policy", policy_name=name, path=f"/{name}/")
    create(policy_document="{}", refused="MalformedPolicyDocument")
    made = create(policy_document=first, description="sees", tags=tag("a", "1"))["Policy"]
    people.policies.append(made["Arn"])
    assert made["Arn"] == f"arn:aws:iam::{account}:policy/{name}/{name}"
    of = {"policy_arn": made["Arn"]}
    told = iam("create-policy-version", **of, policy_document=second, set_as_default=[])
    assert told["PolicyVersion"]["IsDefaultVersion"] is True
    told = iam("get-policy-version", **of, version_id="v2")["PolicyVersion"]
    assert told["Document"] == json.loads(second)
    iam("delete-policy-version", **of, version_id="v2", refused="DeleteConflict")
    iam("set-default-policy-version", **of, version_id="v1")
    assert iam("get-policy", **of)["Policy"]["DefaultVersionId"] == "v1"
    versions = iam("list-policy-versions", **of)["Versions"]
    defaults = {one["VersionId"]: one["IsDefaultVersion"] for one in versions}
    assert defaults == {"v1": True, "v2": False}
    iam("delete-policy-version", **of, version_id="v2")
    assert names_in(iam("list-policy-versions", **of)["Versions"], "VersionId") == ["v1"]
    iam("tag-policy", **of, tags=tag("b", "2"))
    iam("untag-policy", **of, tag_keys="a")
    assert iam("list-policy-tags", **of)["Tags"] == tags(b="2")
    listed = iam("list-policies", scope="Local", path_prefix=f"/{name}/")["Policies"]
    assert names_in(listed, "Arn") == [made["Arn"]]
    iam("delete-policy", **of)
    iam("get-policy", **of, refused="NoSuchEntity")


@pytest.fixture
def holders(people, user):
    """By kind, the flag that names who can hold policies: all of one name."""
    iam("create-group", group_name=user)
    people.groups.append(user)
    iam("create-role", role_name=user, assume_role_policy_document=SAGEMAKER)
    people.roles.append(user)
    return {kind: {f"{kind}_name": user} for kind in ("user", "group", "role")}


def test_attached_policies(people, holders, name):
    made = iam("create-policy", policy_name=name, policy_document=document(allow(BUCKETS)))
    people.policies.append(made["Policy"]["Arn"])
    of = {"policy_arn": made["Policy"]["Arn"]}
    for kind, holder in holders.items():
        iam(f"attach-{kind}-policy", **holder, **of)
        [told] = iam(f"list-attached-{kind}-policies", **holder)["AttachedPolicies"]
        assert told == {"PolicyName": name, "PolicyArn": made["Policy"]["Arn"]}
    told = iam("list-entities-for-policy", **of)
    found = [told[f"Policy{kind.title()}s"][0][f"{kind.title()}Name"] for kind in holders]
    assert found == [name] * 3
    assert iam("get-policy", **of)["Policy"]["AttachmentCount"] == 3
    iam("delete-policy", **of, refused="DeleteConflict")
    for kind, holder in holders.items():
        iam(f"detach-{kind}-policy", **holder, **of)
        assert iam(f"list-attached-{kind}-policies", **holder)["AttachedPolicies"] == []
        iam(f"detach-{kind}-policy", **holder, **of, refused="NoSuchEntity")
    iam("delete-policy", **of)


def test_inline_policies(holders, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(document(allow(BUCKETS)))
    for kind, holder in holders.items():
        put = partial(iam, f"put-{kind}-policy", **holder, policy_name="own")
        put(policy_document=f"file://{file}")
        put(policy_document="{}", refused="MalformedPolicyDocument")
        assert iam(f"list-{kind}-policies", **holder)["PolicyNames"] == ["own"]
        told = iam(f"get-{kind}-policy", **holder, policy_name="own")
        assert told["PolicyDocument"] == json.loads(file.read_text())
        iam(f"delete-{kind}-policy", **holder, policy_name="own")
        iam(f"get-{kind}-policy", **holder, policy_name="own", refused="NoSuchEntity")


def test_provider(people, account):
    host = f"{new_name('id')}.example.com"
    create = partial(iam, "create-open-id-connect-provider", thumbprint_list="a" * 40)
    create(url=f"http://{host}", refused="ValidationError")
    made = create(url=f"https://{host}", client_id_list="app", tags=tag("a", "1"))
    arn = made["OpenIDConnectProviderArn"]
    people.providers.append(arn)
    assert arn == f"arn:aws:iam::{account}:oidc-provider/{host}"
    of = {"open_id_connect_provider_arn": arn}
    iam("add-client-id-to-open-id-connect-provider", **of, client_id="second")
    iam("remove-client-id-from-open-id-connect-provider", **of, client_id="app")
    prints = ["b" * 40, "c" * 40]
    iam("update-open-id-connect-provider-thumbprint", **of, thumbprint_list=prints)
    got = iam("get-open-id-connect-provider", **of)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (host, ["second"], prints)
    iam("tag-open-id-connect-provider", **of, tags=tag("b", "2"))
    iam("untag-open-id-connect-provider", **of, tag_keys="a")
    assert iam("list-open-id-connect-provider-tags", **of)["Tags"] == tags(b="2")
    listed = iam("list-open-id-connect-providers")["OpenIDConnectProviderList"]
    assert arn in names_in(listed, "Arn")
    iam("delete-open-id-connect-provider", **of)
    iam("get-open-id-connect-provider", **of, refused="NoSuchEntity")


def flags_of(codes):
    """Of a device's pair of codes."""
    return {xform_name(name): code for name, code in codes.items()}


def test_second_factor(people, user, name, tmp_path):
    file = tmp_path / "seed"
    made = iam(
        "create-virtual-mfa-device",
        virtual_mfa_device_name=name,
        outfile=str(file),
        bootstrap_method="Base32StringSeed",
        tags=tag("a", "1"),
    )["VirtualMFADevice"]
    device = Device(None, {**made, "Base32StringSeed": file.read_bytes()})
    people.devices.append(device.serial)
    serial = {"serial_number": device.serial}
    of = {"user_name": user, **serial}
    listed = iam("list-virtual-mfa-devices", assignment_status="Unassigned")["VirtualMFADevices"]
    assert device.serial in names_in(listed, "SerialNumber")
    iam("tag-mfa-device", **serial, tags=tag("b", "2"))
    iam("untag-mfa-device", **serial, tag_keys="a")
    assert iam("list-mfa-device-tags", **serial)["Tags"] == tags(b="2")
    wrong = {"authentication_code1": device.wrong_code(), "authentication_code2": "000000"}
    iam("enable-mfa-device", **of, **wrong, refused="InvalidAuthenticationCode")
    iam("enable-mfa-device", **of, **flags_of(device.pair()))
    [told] = iam("list-mfa-devices", user_name=user)["MFADevices"]
    assert (told["UserName"], told["SerialNumber"]) == (user, device.serial)
    assert iam("get-mfa-device", **serial)["EnableDate"] == told["EnableDate"]
    listed = iam("list-virtual-mfa-devices", assignment_status="Assigned")["VirtualMFADevices"]
    assert device.serial in names_in(listed, "SerialNumber")
    iam("resync-mfa-device", **of, **flags_of(device.pair()))
    session = partial(sts, "get-session-token", **serial, env=key_of(user))
    session(token_code=device.wrong_code(), refused="AccessDenied")
    # The server has learnt how far ahead the device's clock is.
    opened = session(token_code=device.code())["Credentials"]
    assert sts("get-caller-identity", env=as_key(opened))["Arn"].endswith(f":user/{user}")
    iam("deactivate-mfa-device", **of)
    assert iam("list-mfa-devices", user_name=user)["MFADevices"] == []
    iam("delete-virtual-mfa-device", **serial)
    iam("get-mfa-device", **serial, refused="NoSuchEntity")


def test_account_alias(name):
    iam("create-account-alias", account_alias="No Capitals", refused="ValidationError")
    iam("create-account-alias", account_alias=name)
    try:
        assert iam("list-account-aliases")["AccountAliases"] == [name]
    finally:
        iam("delete-account-alias", account_alias=name)
    assert iam("list-account-aliases")["AccountAliases"] == []


def test_account_password_policy():
    update = partial(iam, "update-account-password-policy")
    update(minimum_password_length="129", refused="ValidationError")
    update(minimum_password_length="12", require_symbols=[], max_password_age="90")
    try:
        got = iam("get-account-password-policy")["PasswordPolicy"]
        assert (got["MinimumPasswordLength"], got["MaxPasswordAge"]) == (12, 90)
        assert (got["RequireSymbols"], got["RequireNumbers"]) == (True, False)
    finally:
        iam("delete-account-password-policy")
    iam("get-account-password-policy", refused="NoSuchEntity")


def test_account_reports(holders, name, account):
    summary = iam("get-account-summary")["SummaryMap"]
    assert summary["Users"] >= 1 and summary["Groups"] >= 1 and summary["Roles"] >= 1
    until(lambda: iam("generate-credential-report")["State"] == "COMPLETE", what="the report")
    report = iam("get-credential-report")
    assert report["ReportFormat"] == "text/csv"
    rows = csv.DictReader(base64.b64decode(report["Content"]).decode().splitlines())
    line = next(row for row in rows if row["user"] == name)
    assert line["arn"] == f"arn:aws:iam::{account}:user/{name}"
    details = partial(iam, "get-account-authorization-details")
    told = details(filter=["User", "Group", "Role"], page_size="2")
    for kind in holders:
        assert name in names_in(told[f"{kind.title()}DetailList"], f"{kind.title()}Name")
    assert told["Policies"] == []
    details(filter="Nobody", refused="ValidationError")


def test_simulation(user, account):
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    text = document(allow("s3:*", Condition=condition), deny("s3:PutObject"))
    iam("put-user-policy", user_name=user, policy_name="own", policy_document=text)
    arn = f"arn:aws:iam::{account}:user/{user}"
    entry = "ContextKeyName=aws:RequestedRegion,ContextKeyValues=eu-west-1,ContextKeyType=string"
    asked = {"action_names": ["s3:GetObject", "s3:PutObject"], "context_entries": entry}
    for told in (
        iam("simulate-custom-policy", policy_input_list=text, **asked),
        iam("simulate-principal-policy", policy_source_arn=arn, **asked),
    ):
        found = names_in(told["EvaluationResults"], "EvalDecision")
        assert found == ["allowed", "explicitDeny"]
    for told in (
        iam("get-context-keys-for-custom-policy", policy_input_list=text),
        iam("get-context-keys-for-principal-policy", policy_source_arn=arn),
    ):
        assert told["ContextKeyNames"] == ["aws:RequestedRegion"]
    gone = f"{arn}-x"
    iam("simulate-principal-policy", policy_source_arn=gone, **asked, refused="NoSuchEntity")


def test_every_operation_answered():
    assert_all_answered("iam")
