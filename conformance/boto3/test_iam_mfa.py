"""Virtual devices: seeds and pictures, codes in a row, replay, and what a code opens."""

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from iam import (
    allow,
    assert_all_called,
    client_of,
    code_at,
    deny,
    new_name,
    png_size,
    tags_of,
    trust,
)
from refusals import refused

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."
WITH_CODE = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WITHOUT_CODE = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def test_codes_are_those_of_the_standard():
    seed = b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    codes = ["287082", "081804", "050471", "005924", "279037", "353130"]
    seconds = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]
    assert [code_at(seed, at // 30) for at in seconds] == codes


def test_life_of_a_device(iam, people, name, account):
    told = iam.create_virtual_mfa_device(
        VirtualMFADeviceName=name, Path="/phones/", Tags=tags_of(a="1")
    )["VirtualMFADevice"]
    serial = told["SerialNumber"]
    people.devices.append(serial)
    assert serial == f"arn:aws:iam::{account}:mfa/phones/{name}"
    # 160 bits in base32, as text in a blob; and a picture.
    assert len(told["Base32StringSeed"]) == 32 and told["Base32StringSeed"].isalnum()
    width, height = png_size(told["QRCodePNG"])
    assert width == height >= 100
    with refused("EntityAlreadyExists", 409, "MFADevice entity at the same path and name"):
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name, Path="/phones/")
    iam.tag_mfa_device(SerialNumber=serial, Tags=tags_of(b="2"))
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["a"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == tags_of(b="2")
    assert iam.get_mfa_device(SerialNumber=serial)["SerialNumber"] == serial
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    with refused("NoSuchEntity", 404, f"VirtualMFADevice with serial number {serial} doesn't"):
        iam.delete_virtual_mfa_device(SerialNumber=serial)
    with refused("NoSuchEntity", 404):
        iam.get_mfa_device(SerialNumber=serial)
    with refused("ValidationError", 400, "virtualMFADeviceName"):
        iam.create_virtual_mfa_device(VirtualMFADeviceName="no spaces")


def test_enabling_needs_two_codes_in_a_row(iam, people):
    user, other = people.user(), people.user()
    device = people.device()

    def enable(whom=user, **codes):
        iam.enable_mfa_device(UserName=whom, SerialNumber=device.serial, **codes)

    pair = device.pair()
    first, second = pair["AuthenticationCode1"], pair["AuthenticationCode2"]
    for one, two in ((second, first), (first, first), (first, device.wrong_code())):
        with refused("InvalidAuthenticationCode", 403):
            enable(AuthenticationCode1=one, AuthenticationCode2=two)
    with refused("ValidationError", 400, "authenticationCode1"):
        enable(AuthenticationCode1="12345a", AuthenticationCode2=second)
    with refused("NoSuchEntity", 404):
        enable(new_name(), **pair)
    enable(**pair)
    with refused("EntityAlreadyExists", 409, "MFA Device is already in use."):
        enable(other, **device.pair())
    [listed] = iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert listed["SerialNumber"] == device.serial and listed["UserName"] == user
    assert listed["EnableDate"]
    got = iam.get_mfa_device(SerialNumber=device.serial, UserName=user)
    assert got["UserName"] == user and got["EnableDate"] == listed["EnableDate"]
    with refused("NoSuchEntity", 404, "MFA Device invalid for user."):
        iam.get_mfa_device(SerialNumber=device.serial, UserName=other)
    with refused("DeleteConflict", 409, "Must disassociate from user before deleting"):
        iam.delete_virtual_mfa_device(SerialNumber=device.serial)
    with refused("NoSuchEntity", 404, "MFA Device invalid for user."):
        iam.deactivate_mfa_device(UserName=other, SerialNumber=device.serial)
    iam.deactivate_mfa_device(UserName=user, SerialNumber=device.serial)
    assert iam.list_mfa_devices(UserName=user)["MFADevices"] == []
    # The codes stay used, whoever gets the device next.
    with refused("InvalidAuthenticationCode", 403):
        enable(other, **pair)


def test_resync(iam, people):
    user = people.user()
    device = people.device(user)

    def resync(**codes):
        iam.resync_mfa_device(UserName=user, SerialNumber=device.serial, **codes)

    pair = device.pair()
    resync(**pair)
    with refused("InvalidAuthenticationCode", 403):
        resync(**pair)
    with refused("NoSuchEntity", 404):
        iam.resync_mfa_device(UserName=user, SerialNumber=f"{device.serial}-x", **device.pair())
    with refused("InvalidAuthenticationCode", 403):
        far = device.last + 40
        resync(
            AuthenticationCode1=code_at(device.seed, far),
            AuthenticationCode2=code_at(device.seed, far + 1),
        )


def test_lists(iam, people):
    user = people.user()
    devices = [people.device(user) for _ in range(3)]
    free = people.device()
    pages = iam.get_paginator("list_mfa_devices").paginate(
        UserName=user, PaginationConfig={"PageSize": 2}
    )
    listed = [[one["SerialNumber"] for one in page["MFADevices"]] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert sorted(sum(listed, [])) == sorted(device.serial for device in devices)

    def serials(status):
        pages = iam.get_paginator("list_virtual_mfa_devices").paginate(
            AssignmentStatus=status, PaginationConfig={"PageSize": 2}
        )
        found = [one for page in pages for one in page["VirtualMFADevices"]]
        assert all("Base32StringSeed" not in one and "QRCodePNG" not in one for one in found)
        return {one["SerialNumber"]: one for one in found}

    assert free.serial in serials("Any") and free.serial in serials("Unassigned")
    assigned = serials("Assigned")
    assert free.serial not in assigned
    assert assigned[devices[0].serial]["User"]["UserName"] == user


def test_at_most_eight_devices_a_user(iam, people):
    user = people.user()
    for _ in range(8):
        people.device(user)
    with refused("LimitExceeded", 409, "Cannot exceed quota for MFADevicesPerUser: 8"):
        people.device(user)


def test_a_role_for_those_with_a_code(iam, people, account):
    user = people.user(allow("sts:AssumeRole"))
    device = people.device(user)
    sts = client_of("sts", people.key(user))
    role = people.role(
        trust(f"arn:aws:iam::{account}:root", **WITH_CODE), allow("iam:ListUsers", Condition=WITH_CODE)
    )

    def assume(**code):
        return sts.assume_role(RoleArn=role, RoleSessionName="ann", **code)["Credentials"]

    with refused("AccessDenied", 403, f"is not authorized to perform: sts:AssumeRole on resource: {role}"):
        assume()
    with refused("AccessDenied", 403, "must provide both MFA serial number and one time pass code."):
        assume(SerialNumber=device.serial)
    with refused("AccessDenied", 403, WRONG):
        assume(SerialNumber=device.serial, TokenCode=device.wrong_code())
    code = device.code()
    # Who is refused by a policy keeps the code.
    with refused("AccessDenied", 403, f"{role}-x"):
        sts.assume_role(
            RoleArn=f"{role}-x", RoleSessionName="ann", SerialNumber=device.serial, TokenCode=code
        )
    session = assume(SerialNumber=device.serial, TokenCode=code)
    with refused("AccessDenied", 403, WRONG):
        assume(SerialNumber=device.serial, TokenCode=code)
    # The role's own session was opened with a code, too.
    assert client_of("iam", session).list_users()["Users"]
    other = people.device(people.user())
    with refused("AccessDenied", 403, WRONG):
        assume(SerialNumber=other.serial, TokenCode=other.code())


def test_everything_denied_without_a_code(iam, people):
    user = people.user(
        allow(["iam:ListUsers", "s3:ListAllMyBuckets"]),
        deny("*", Condition=WITHOUT_CODE),
    )
    device = people.device(user)
    key = people.key(user)
    sts = client_of("sts", key)
    # Keys that last have no such key in their context; IfExists denies them all the same.
    with refused("AccessDenied", 403, "with an explicit deny in an identity-based policy"):
        client_of("s3", key).list_buckets()
    plain = sts.get_session_token()["Credentials"]
    with refused("AccessDenied", 403, "with an explicit deny"):
        client_of("s3", plain).list_buckets()
    with refused("AccessDenied", 403, "session credentials"):
        client_of("iam", plain).list_users()
    code = device.code()
    told = sts.get_session_token(SerialNumber=device.serial, TokenCode=code)["Credentials"]
    assert "Buckets" in client_of("s3", told).list_buckets()
    assert client_of("iam", told).list_users()["Users"]
    with refused("AccessDenied", 403, WRONG):
        sts.get_session_token(SerialNumber=device.serial, TokenCode=code)
    again = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    assert again["Credentials"]["SessionToken"] != told["SessionToken"]


def test_a_code_opens_one_session_however_many_ask(iam, people):
    user = people.user()
    device = people.device(user)
    sts, code = client_of("sts", people.key(user)), device.code()

    def ask(_):
        try:
            return sts.get_session_token(SerialNumber=device.serial, TokenCode=code)
        except ClientError as error:
            assert error.response["Error"]["Message"] == WRONG
            return None

    with ThreadPoolExecutor(4) as pool:
        assert len([told for told in pool.map(ask, range(4)) if told]) == 1


def test_wrong_codes_make_the_user_wait(iam, people):
    user = people.user()
    device = people.device(user)
    sts = client_of("sts", people.key(user))
    for _ in range(5):
        with refused("AccessDenied", 403, WRONG):
            sts.get_session_token(SerialNumber=device.serial, TokenCode=device.wrong_code())
    # A right one is not looked at any more, and nobody is told that.
    with refused("AccessDenied", 403, WRONG):
        sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())


def test_every_operation_was_called():
    assert_all_called("mfa")
