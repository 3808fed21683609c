"""Roles: their life, whom they trust, service-linked ones, and instance profiles."""

from iam import (
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

SAGEMAKER = trust({"Service": "sagemaker.amazonaws.com"})
LINKED = "lakeformation.amazonaws.com"


def test_life_of_a_role(iam, people, name, account):
    told = iam.create_role(
        RoleName=name,
        Path="/ml/",
        AssumeRolePolicyDocument=SAGEMAKER,
        Description="trains",
        MaxSessionDuration=7200,
        PermissionsBoundary=READ_ONLY,
        Tags=tags_of(team="a"),
    )["Role"]
    people.roles.append(name)
    assert told["Arn"] == f"arn:aws:iam::{account}:role/ml/{name}"
    assert told["RoleId"].startswith("AROA") and told["MaxSessionDuration"] == 7200
    statement = told["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    iam.get_waiter("role_exists").wait(RoleName=name)
    got = iam.get_role(RoleName=name)["Role"]
    assert got.pop("RoleLastUsed") == {} and got == told
    assert got["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    with refused("EntityAlreadyExists", 409, f"Role with name {name} already exists."):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=SAGEMAKER)
    iam.update_role(RoleName=name, Description="serves", MaxSessionDuration=3600)
    assert iam.get_role(RoleName=name)["Role"]["Description"] == "serves"
    changed = iam.update_role_description(RoleName=name, Description="both")["Role"]
    assert changed["Description"] == "both" and changed["MaxSessionDuration"] == 3600
    iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=trust(f"arn:aws:iam::{account}:root")
    )
    document_now = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert document_now["Statement"][0]["Principal"] == {"AWS": [f"arn:aws:iam::{account}:root"]}
    iam.delete_role(RoleName=name)
    with refused("NoSuchEntity", 404, f"The role with name {name} cannot be found."):
        iam.get_role(RoleName=name)
    with refused("NoSuchEntity", 404):
        iam.update_role(RoleName=name, Description="x")


def test_refused_input(client, iam, name, account):
    loose = client("iam", parameter_validation=False)

    def create(text=SAGEMAKER, **more):
        loose.create_role(**{"RoleName": name, "AssumeRolePolicyDocument": text, **more})

    with refused("MalformedPolicyDocument", 400, "Syntax errors in policy"):
        create("{")
    with refused("MalformedPolicyDocument", 400):
        create(document(allow("s3:*")))
    with refused("MalformedPolicyDocument", 400, 'Invalid principal in policy: "AWS":"arn:'):
        create(trust(f"arn:aws:iam::{account}:user/{new_name()}"))
    with refused("MalformedPolicyDocument", 400, 'Invalid principal in policy: "SERVICE":'):
        create(trust({"Service": "nobody.example.com"}))
    with refused("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048"):
        create(trust(*[f"{n:012d}" for n in range(100_000_000_000, 100_000_000_200)]))
    with refused("ValidationError", 400, "maxSessionDuration"):
        create(MaxSessionDuration=3599)
    with refused("ValidationError", 400, "roleName"):
        create(RoleName="no spaces")
    with refused("ValidationError", 400, "reserved"):
        create(Path="/aws-service-role/x/")
    with refused("NoSuchEntity", 404, "does not exist or is not attachable"):
        create(PermissionsBoundary=f"arn:aws:iam::{account}:policy/none")
    with refused("NoSuchEntity", 404):
        iam.get_role(RoleName=name)


def test_pages(iam, people, name):
    path = f"/{name}/"
    for _ in range(3):
        people.role(SAGEMAKER, Path=path)
    pages = iam.get_paginator("list_roles").paginate(
        PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    listed = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert sorted(sum(listed, [])) == sorted(people.roles)
    [first, *_] = iam.list_roles(PathPrefix=path)["Roles"]
    assert isinstance(first["AssumeRolePolicyDocument"], dict) and "Tags" not in first


def test_trusted_principals_are_kept_by_their_unique_ids(iam, people, account):
    user = people.user()
    arn = people.arn(user)
    people.role(trust(arn), name=(role := new_name("role")))

    def trusted():
        told = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        return told["Statement"][0]["Principal"]["AWS"]

    assert trusted() in (arn, [arn])
    unique = iam.get_user(UserName=user)["User"]["UserId"]
    iam.delete_user(UserName=user)
    assert trusted() in (unique, [unique])
    iam.create_user(UserName=user)
    assert trusted() in (unique, [unique])


def test_boundary_and_tags(iam, people):
    people.role(SAGEMAKER, name=(role := new_name("role")))
    with refused("NoSuchEntity", 404, "no permissions boundary"):
        iam.delete_role_permissions_boundary(RoleName=role)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=READ_ONLY)
    assert iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": READ_ONLY,
    }
    iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]
    iam.tag_role(RoleName=role, Tags=tags_of(a="1", b="2"))
    iam.untag_role(RoleName=role, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == tags_of(b="2")
    assert iam.get_role(RoleName=role)["Role"]["Tags"] == tags_of(b="2")
    with refused("NoSuchEntity", 404):
        iam.tag_role(RoleName=new_name(), Tags=tags_of(a="1"))


def test_what_must_go_before_a_role_does(iam, people, name):
    people.role(SAGEMAKER, allow("s3:*"), name=(role := new_name("role")))
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    iam.create_instance_profile(InstanceProfileName=name)
    people.profiles.append(name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)

    def stuck(words):
        with refused("DeleteConflict", 409, f"Cannot delete entity, must {words} first."):
            iam.delete_role(RoleName=role)

    stuck("remove roles from instance profile")
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    stuck("detach all policies")
    iam.detach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    stuck("delete policies")
    iam.delete_role_policy(RoleName=role, PolicyName="own")
    iam.delete_role(RoleName=role)


def test_service_linked_role(iam, account):
    role = iam.create_service_linked_role(AWSServiceName=LINKED, Description="lake")["Role"]
    assert role["Path"] == f"/aws-service-role/{LINKED}/"
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"Service": LINKED}
    name = role["RoleName"]
    assert name == "AWSServiceRoleForLakeFormationDataAccess"
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    with refused("InvalidInput", 400, "has been taken in this account"):
        iam.create_service_linked_role(AWSServiceName=LINKED)
    with refused("InvalidInput", 400):
        iam.create_service_linked_role(AWSServiceName="nobody.example.com")
    protected = f"Cannot perform the operation on the protected role '{name}'"
    for change in (
        lambda: iam.delete_role(RoleName=name),
        lambda: iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY),
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=SAGEMAKER),
    ):
        with refused("UnmodifiableEntity", 400, protected):
            change()
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{LINKED}/{name}/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refused("NoSuchEntity", 404):
        iam.get_role(RoleName=name)
    with refused("NoSuchEntity", 404):
        iam.get_service_linked_role_deletion_status(DeletionTaskId=f"{task[:-4]}0000")
    with refused("InvalidInput", 400):
        iam.get_service_linked_role_deletion_status(DeletionTaskId="task")


def test_instance_profiles(iam, people, name, account):
    path = f"/{name}/"
    told = iam.create_instance_profile(
        InstanceProfileName=name, Path=path, Tags=tags_of(team="a")
    )["InstanceProfile"]
    people.profiles.append(name)
    assert told["Arn"] == f"arn:aws:iam::{account}:instance-profile{path}{name}"
    assert told["InstanceProfileId"].startswith("AIPA") and told["Roles"] == []
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name)
    with refused("EntityAlreadyExists", 409, f"Instance Profile {name} already exists."):
        iam.create_instance_profile(InstanceProfileName=name)
    role, other = new_name("role"), new_name("role")
    people.role(SAGEMAKER, name=role)
    people.role(SAGEMAKER, name=other)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    with refused("LimitExceeded", 409):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=other)
    got = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [one["RoleName"] for one in got["Roles"]] == [role]
    assert isinstance(got["Roles"][0]["AssumeRolePolicyDocument"], dict)
    pages = iam.get_paginator("list_instance_profiles").paginate(PathPrefix=path)
    assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == [name]
    pages = iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=role)
    assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == [name]
    iam.tag_instance_profile(InstanceProfileName=name, Tags=tags_of(b="2"))
    iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["team"])
    tags = iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"]
    assert tags == tags_of(b="2")
    with refused("DeleteConflict", 409, "must remove roles from instance profile first"):
        iam.delete_instance_profile(InstanceProfileName=name)
    with refused("NoSuchEntity", 404):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=other)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=name)
    with refused("NoSuchEntity", 404, f"Instance Profile {name} cannot be found."):
        iam.get_instance_profile(InstanceProfileName=name)


def test_who_may_make_roles_may_be_held_to_a_boundary(iam, people, account):
    bound = people.policy(allow("s3:*"))
    key = people.key_of_new(
        allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": bound}})
    )
    own = client_of("iam", key)
    role = new_name("role")
    with refused("AccessDenied", 403, f"iam:CreateRole on resource: arn:aws:iam::{account}:role"):
        own.create_role(RoleName=role, AssumeRolePolicyDocument=SAGEMAKER)
    with refused("AccessDenied", 403):
        own.create_role(
            RoleName=role, AssumeRolePolicyDocument=SAGEMAKER, PermissionsBoundary=READ_ONLY
        )
    own.create_role(RoleName=role, AssumeRolePolicyDocument=SAGEMAKER, PermissionsBoundary=bound)
    people.roles.append(role)


def test_every_operation_was_called():
    assert_all_called("roles")
