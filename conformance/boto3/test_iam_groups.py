"""Groups: their life, their members, and what membership gives at once."""

from iam import READ_ONLY, allow, assert_all_called, client_of, document, new_name
from refusals import refused


def test_life_of_a_group(iam, people, name, account):
    told = iam.create_group(GroupName=name, Path="/ml/")["Group"]
    people.groups.append(name)
    assert told["Arn"] == f"arn:aws:iam::{account}:group/ml/{name}"
    assert told["GroupId"].startswith("AGPA")
    got = iam.get_group(GroupName=name)
    assert got["Group"] == told and got["Users"] == [] and got["IsTruncated"] is False
    with refused("EntityAlreadyExists", 409, f"Group with name {name} already exists."):
        iam.create_group(GroupName=name)
    iam.update_group(GroupName=name, NewGroupName=f"{name}-x", NewPath="/")
    people.groups.append(f"{name}-x")
    renamed = iam.get_group(GroupName=f"{name}-x")["Group"]
    assert renamed["Arn"] == f"arn:aws:iam::{account}:group/{name}-x"
    assert renamed["GroupId"] == told["GroupId"]
    with refused("NoSuchEntity", 404, f"The group with name {name} cannot be found."):
        iam.get_group(GroupName=name)
    iam.delete_group(GroupName=f"{name}-x")
    with refused("NoSuchEntity", 404):
        iam.delete_group(GroupName=f"{name}-x")
    with refused("NoSuchEntity", 404):
        iam.update_group(GroupName=name, NewGroupName="x")
    with refused("ValidationError", 400, "groupName"):
        iam.create_group(GroupName="no spaces")
    with refused("ValidationError", 400, "path"):
        iam.create_group(GroupName=name, Path="/no end")


def test_pages(iam, people, name):
    path = f"/{name}/"
    made = sorted(people.group(Path=path) for _ in range(3))
    pages = iam.get_paginator("list_groups").paginate(
        PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    listed = [[group["GroupName"] for group in page["Groups"]] for page in pages]
    assert [len(page) for page in listed] == [2, 1] and sum(listed, []) == made


def test_members(iam, people):
    group, user = people.group(), people.user()
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.add_user_to_group(GroupName=group, UserName=user)
    others = [people.user() for _ in range(2)]
    for other in others:
        iam.add_user_to_group(GroupName=group, UserName=other)
    pages = iam.get_paginator("get_group").paginate(
        GroupName=group, PaginationConfig={"PageSize": 2}
    )
    listed = [[member["UserName"] for member in page["Users"]] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert sorted(sum(listed, [])) == sorted([user, *others])
    with refused("DeleteConflict", 409, "must remove users from group first"):
        iam.delete_group(GroupName=group)
    second = people.group()
    iam.add_user_to_group(GroupName=second, UserName=user)
    pages = iam.get_paginator("list_groups_for_user").paginate(
        UserName=user, PaginationConfig={"PageSize": 1}
    )
    assert {page["Groups"][0]["GroupName"] for page in pages} == {group, second}
    iam.remove_user_from_group(GroupName=group, UserName=user)
    names = {g["GroupName"] for g in iam.list_groups_for_user(UserName=user)["Groups"]}
    assert names == {second}
    with refused("NoSuchEntity", 404, "user"):
        iam.add_user_to_group(GroupName=group, UserName=new_name())
    with refused("NoSuchEntity", 404, "group"):
        iam.add_user_to_group(GroupName=new_name(), UserName=user)
    with refused("NoSuchEntity", 404):
        iam.remove_user_from_group(GroupName=new_name(), UserName=user)
    with refused("NoSuchEntity", 404):
        iam.list_groups_for_user(UserName=new_name())


def test_at_most_ten_groups_a_user(iam, people):
    user = people.user()
    for _ in range(10):
        iam.add_user_to_group(GroupName=people.group(), UserName=user)
    with refused("LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10"):
        iam.add_user_to_group(GroupName=people.group(), UserName=user)


def test_a_change_counts_from_the_next_request_on(iam, people):
    user = people.user()
    own = client_of("iam", people.key(user))
    group = people.group(allow("iam:ListGroups"))
    with refused("AccessDenied", 403, "because no identity-based policy allows"):
        own.list_groups()
    for _ in range(3):
        iam.add_user_to_group(GroupName=group, UserName=user)
        assert own.list_groups()["Groups"]
        iam.remove_user_from_group(GroupName=group, UserName=user)
        with refused("AccessDenied", 403):
            own.list_groups()
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.update_group(GroupName=group, NewGroupName=f"{group}-x")
    people.groups.append(f"{group}-x")
    assert own.list_groups()["Groups"]
    iam.put_group_policy(
        GroupName=f"{group}-x", PolicyName="own", PolicyDocument=document(allow("s3:*"))
    )
    with refused("AccessDenied", 403):
        own.list_groups()


def test_what_must_go_before_a_group_does(iam, people):
    group = people.group(allow("s3:*"))
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    with refused("DeleteConflict", 409, "must detach all policies first"):
        iam.delete_group(GroupName=group)
    iam.detach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    with refused("DeleteConflict", 409, "must delete policies first"):
        iam.delete_group(GroupName=group)
    iam.delete_group_policy(GroupName=group, PolicyName="own")
    iam.delete_group(GroupName=group)


def test_every_operation_was_called():
    assert_all_called("groups")
