"""Users: their life, keys, passwords, tags and boundaries."""

from concurrent.futures import ThreadPoolExecutor

from iam import READ_ONLY, assert_all_called, client_of, deny, new_name, tags_of
from iam import allow as allowed
from refusals import refused

PASSWORD = "Correct-horse-7"


def test_life_of_a_user(iam, people, name, account):
    told = iam.create_user(UserName=name, Path="/staff/", Tags=tags_of(team="a"))["User"]
    people.users.append(name)
    assert told["Arn"] == f"arn:aws:iam::{account}:user/staff/{name}"
    assert told["UserId"].startswith("AIDA") and told["Path"] == "/staff/"
    assert told["Tags"] == tags_of(team="a")
    iam.get_waiter("user_exists").wait(UserName=name)
    got = iam.get_user(UserName=name.upper())["User"]
    assert got == told and "PasswordLastUsed" not in got
    with refused("EntityAlreadyExists", 409, f"User with name {name} already exists."):
        iam.create_user(UserName=name)
    iam.update_user(UserName=name, NewPath="/gone/", NewUserName=f"{name}-x")
    people.users.append(f"{name}-x")
    renamed = iam.get_user(UserName=f"{name}-x")["User"]
    assert renamed["Arn"] == f"arn:aws:iam::{account}:user/gone/{name}-x"
    assert renamed["UserId"] == told["UserId"] and renamed["CreateDate"] == told["CreateDate"]
    with refused("NoSuchEntity", 404, f"The user with name {name} cannot be found."):
        iam.get_user(UserName=name)
    iam.delete_user(UserName=f"{name}-x")
    with refused("NoSuchEntity", 404):
        iam.delete_user(UserName=f"{name}-x")


def test_without_a_name_it_is_the_caller(iam, account):
    told = iam.get_user()["User"]
    assert told["UserName"] == "administrator"
    assert told["Arn"] == f"arn:aws:iam::{account}:user/administrator"


def test_refused_input(client, iam, people, name):
    loose = client("iam", parameter_validation=False)
    for bad in ("no spaces", "x" * 65, "semi;colon"):
        with refused("ValidationError", 400, "userName"):
            loose.create_user(UserName=bad)
    with refused("ValidationError", 400, "path"):
        iam.create_user(UserName=name, Path="staff")
    with refused("InvalidInput", 400, "Duplicate tag keys found"):
        iam.create_user(UserName=name, Tags=[*tags_of(team="a"), *tags_of(Team="b")])
    with refused("ValidationError", 400, "tags"):
        iam.create_user(UserName=name, Tags=tags_of(**{f"k{i}": "v" for i in range(51)}))
    with refused("NoSuchEntity", 404):
        iam.create_user(
            UserName=name, PermissionsBoundary="arn:aws:iam::aws:policy/NoSuchPolicy"
        )
    with refused("NoSuchEntity", 404):
        iam.get_user(UserName=name)
    with refused("NoSuchEntity", 404):
        iam.update_user(UserName=name, NewUserName=f"{name}-x")
    one, two = people.user(), people.user()
    with refused("EntityAlreadyExists", 409):
        iam.update_user(UserName=one, NewUserName=two.upper())


def test_pages(iam, people, name):
    path = f"/{name}/"
    made = sorted(people.user(Path=path) for _ in range(5))
    first = iam.list_users(PathPrefix=path, MaxItems=2)
    assert [user["UserName"] for user in first["Users"]] == made[:2]
    assert first["IsTruncated"] is True
    second = iam.list_users(PathPrefix=path, MaxItems=3, Marker=first["Marker"])
    assert [user["UserName"] for user in second["Users"]] == made[2:]
    assert second["IsTruncated"] is False and "Marker" not in second
    pages = iam.get_paginator("list_users").paginate(
        PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    counts = [[user["UserName"] for user in page["Users"]] for page in pages]
    assert [len(page) for page in counts] == [2, 2, 1] and sum(counts, []) == made
    with refused("ValidationError", 400):
        iam.list_users(Marker="not a marker of anybody")
    with refused("ValidationError", 400, "maxItems"):
        iam.list_users(MaxItems=1001)


def test_tags(iam, people):
    user = people.user()
    iam.tag_user(UserName=user, Tags=tags_of(a="1", b="2"))
    iam.tag_user(UserName=user, Tags=tags_of(A="3", c="4"))
    pages = iam.get_paginator("list_user_tags").paginate(
        UserName=user, PaginationConfig={"PageSize": 2}
    )
    listed = [tag for page in pages for tag in page["Tags"]]
    assert {tag["Key"]: tag["Value"] for tag in listed} == {"A": "3", "b": "2", "c": "4"}
    iam.untag_user(UserName=user, TagKeys=["a", "absent"])
    assert iam.list_user_tags(UserName=user)["Tags"] == tags_of(b="2", c="4")
    with refused("InvalidInput", 400, "aws:"):
        iam.tag_user(UserName=user, Tags=tags_of(**{"aws:x": "1"}))
    with refused("LimitExceeded", 409, "tags"):
        iam.tag_user(UserName=user, Tags=tags_of(**{f"k{i}": "v" for i in range(49)}))


def test_what_must_go_before_a_user_does(iam, people):
    user = people.user(allowed("s3:*"))
    group = people.group()
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.add_user_to_group(UserName=user, GroupName=group)
    key = people.key(user)["AccessKeyId"]
    iam.create_login_profile(UserName=user, Password=PASSWORD)
    device = people.device(user)

    def stuck(words):
        with refused("DeleteConflict", 409, f"Cannot delete entity, must {words} first."):
            iam.delete_user(UserName=user)

    stuck("detach all policies")
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    stuck("delete policies")
    iam.delete_user_policy(UserName=user, PolicyName="own")
    stuck("remove users from group")
    iam.remove_user_from_group(UserName=user, GroupName=group)
    stuck("delete access keys")
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    stuck("delete login profile")
    iam.delete_login_profile(UserName=user)
    stuck("delete MFA device")
    iam.deactivate_mfa_device(UserName=user, SerialNumber=device.serial)
    iam.delete_user(UserName=user)


def test_boundary(iam, people):
    user = people.user()
    with refused("NoSuchEntity", 404, "does not have a permissions boundary"):
        iam.delete_user_permissions_boundary(UserName=user)
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=READ_ONLY)
    assert iam.get_user(UserName=user)["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": READ_ONLY,
    }
    own = people.policy(allowed("s3:*"))
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=own)
    assert iam.get_policy(PolicyArn=own)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    with refused("NoSuchEntity", 404, "does not exist or is not attachable"):
        iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=f"{own}-x")
    with refused("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=own)
    iam.delete_user_permissions_boundary(UserName=user)
    assert "PermissionsBoundary" not in iam.get_user(UserName=user)["User"]


def test_access_keys(iam, people):
    user = people.user()
    key = people.key(user)
    assert key["AccessKeyId"].startswith("AKIA") and len(key["AccessKeyId"]) == 20
    assert len(key["SecretAccessKey"]) == 40 and key["Status"] == "Active"
    second = people.key(user)
    with refused("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2"):
        people.key(user)
    pages = iam.get_paginator("list_access_keys").paginate(
        UserName=user, PaginationConfig={"PageSize": 1}
    )
    listed = [one for page in pages for one in page["AccessKeyMetadata"]]
    assert {one["AccessKeyId"] for one in listed} == {key["AccessKeyId"], second["AccessKeyId"]}
    assert all("SecretAccessKey" not in one and one["UserName"] == user for one in listed)
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert unused["UserName"] == user
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    assert client_of("sts", key).get_caller_identity()["Account"]
    with refused("NoSuchEntity", 404):
        iam.get_access_key_last_used(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with refused("InvalidClientTokenId", 403):
        client_of("sts", key).get_caller_identity()
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Active")
    assert client_of("sts", key).get_caller_identity()["UserId"].startswith("AIDA")
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    with refused("InvalidClientTokenId", 403):
        client_of("sts", key).get_caller_identity()
    with refused("NoSuchEntity", 404, f"The Access Key with id {key['AccessKeyId']} cannot be"):
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    with refused("NoSuchEntity", 404):
        other = people.user()
        iam.update_access_key(
            UserName=other, AccessKeyId=second["AccessKeyId"], Status="Inactive"
        )
    with refused("NoSuchEntity", 404):
        iam.create_access_key(UserName=new_name())


def test_passwords(iam, people):
    user = people.user(allowed("iam:ChangePassword"))
    with refused("PasswordPolicyViolation", 400, "minimum length"):
        iam.create_login_profile(UserName=user, Password="Ab1!")
    with refused("PasswordPolicyViolation", 400):
        iam.create_login_profile(UserName=user, Password="only lower case")
    with refused("NoSuchEntity", 404, f"Login Profile for User {user} cannot be found."):
        iam.get_login_profile(UserName=user)
    made = iam.create_login_profile(
        UserName=user, Password=PASSWORD, PasswordResetRequired=True
    )["LoginProfile"]
    assert made["UserName"] == user and made["PasswordResetRequired"] is True
    assert iam.get_login_profile(UserName=user)["LoginProfile"] == made
    with refused("EntityAlreadyExists", 409):
        iam.create_login_profile(UserName=user, Password=PASSWORD)
    iam.update_login_profile(UserName=user, PasswordResetRequired=False)
    told = iam.get_login_profile(UserName=user)["LoginProfile"]
    assert told["PasswordResetRequired"] is False
    iam.update_login_profile(UserName=user, Password="Another-horse-8")
    with refused("PasswordPolicyViolation", 400):
        iam.update_login_profile(UserName=user, Password=user)
    own = client_of("iam", people.key(user))
    with refused("AccessDenied", 403, "The old password was incorrect."):
        own.change_password(OldPassword=PASSWORD, NewPassword="Third-horse-9")
    own.change_password(OldPassword="Another-horse-8", NewPassword="Third-horse-9")
    own.change_password(OldPassword="Third-horse-9", NewPassword=PASSWORD)
    iam.delete_login_profile(UserName=user)
    with refused("NoSuchEntity", 404):
        iam.delete_login_profile(UserName=user)
    with refused("NoSuchEntity", 404):
        iam.update_login_profile(UserName=user, Password=PASSWORD)
    with refused("NoSuchEntity", 404):
        own.change_password(OldPassword=PASSWORD, NewPassword="Third-horse-9")


def test_a_new_name_takes_everything_along(iam, people):
    user, group = people.user(allowed("iam:ListUsers")), people.group(allowed("iam:ListRoles"))
    iam.add_user_to_group(UserName=user, GroupName=group)
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.create_login_profile(UserName=user, Password=PASSWORD)
    key, device = people.key(user), people.device(user)
    sts = client_of("sts", key)
    session = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    people.users.append(renamed := f"{user}-x")
    iam.update_user(UserName=user, NewUserName=renamed)
    for credentials in (key, session["Credentials"]):
        told = client_of("sts", credentials).get_caller_identity()
        assert told["Arn"].endswith(f"user/{renamed}")
        own = client_of("iam", credentials)
        assert own.list_users()["Users"] and "Roles" in own.list_roles()
        assert own.get_user()["User"]["UserName"] == renamed
    assert [u["UserName"] for u in iam.get_group(GroupName=group)["Users"]] == [renamed]
    told = iam.list_entities_for_policy(PolicyArn=READ_ONLY, EntityFilter="User")
    assert [u["UserName"] for u in told["PolicyUsers"] if u["UserName"].startswith(user)] == [renamed]
    assert iam.get_login_profile(UserName=renamed)["LoginProfile"]["UserName"] == renamed
    [listed] = iam.list_mfa_devices(UserName=renamed)["MFADevices"]
    assert (listed["SerialNumber"], listed["UserName"]) == (device.serial, renamed)
    # Another under the old name has nothing of it.
    people.user(name=user)
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []
    assert iam.list_groups_for_user(UserName=user)["Groups"] == []
    assert iam.list_mfa_devices(UserName=user)["MFADevices"] == []


def test_any_text_goes_through(iam, people):
    tags = tags_of(**{"Ünï cödé +-=._:/@": "日本 语", "empty": ""})
    user = people.user(Tags=tags, Path="/a!b~c/")
    assert iam.get_user(UserName=user)["User"]["Tags"] == tags
    odd = f"{user}+=,.@_-"[-64:]
    people.user(name=odd)
    assert iam.get_user(UserName=odd)["User"]["UserName"] == odd
    assert odd in [one["UserName"] for one in iam.list_users()["Users"]]


def test_of_many_at_the_same_time_one_wins(iam, people, name):
    people.users.append(name)

    def create(_):
        try:
            return iam.create_user(UserName=name)["User"]["UserId"]
        except iam.exceptions.EntityAlreadyExistsException:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [unique for unique in pool.map(create, range(8)) if unique]
    assert made == [iam.get_user(UserName=name)["User"]["UserId"]]

    def key(_):
        try:
            return iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        except iam.exceptions.LimitExceededException:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert len([one for one in pool.map(key, range(8)) if one]) == 2


def test_users_look_after_themselves_only_as_far_as_they_may(iam, people, account):
    own_keys = f"arn:aws:iam::{account}:user/${{aws:username}}"
    user = people.user(
        allowed(["iam:*AccessKey*", "iam:GetUser"], own_keys),
        deny("iam:DeleteAccessKey", own_keys),
    )
    other = people.user()
    own = client_of("iam", people.key(user))
    assert own.get_user()["User"]["UserName"] == user
    made = own.create_access_key()["AccessKey"]
    assert made["UserName"] == user
    with refused("AccessDenied", 403, "with an explicit deny in an identity-based policy"):
        own.delete_access_key(AccessKeyId=made["AccessKeyId"])
    with refused("AccessDenied", 403, "is not authorized to perform: iam:CreateAccessKey"):
        own.create_access_key(UserName=other)
    words = f"iam:GetUser on resource: arn:aws:iam::{account}:user/{other} because no identity"
    with refused("AccessDenied", 403, words):
        own.get_user(UserName=other)
    # Who may not look is not told whether there is such a user.
    with refused("AccessDenied", 403):
        own.get_user(UserName=new_name())


def test_every_operation_was_called():
    assert_all_called("users")
