"""Managed policies, their versions and who has them; policies inside users, groups and roles."""

import json

import pytest
from iam import (
    ADMIN,
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
# A condition and characters that have to survive their encoding.
ODD = document(
    allow(
        "s3:Get*",
        "arn:aws:s3:::a b/ü%2F+&<>'\"*",
        Sid="Odd1",
        Condition={"Bool": {"aws:SecureTransport": "true"}},
    )
)


def test_life_of_a_policy(iam, people, name, account):
    told = iam.create_policy(
        PolicyName=name,
        Path="/ml/",
        PolicyDocument=ODD,
        Description="odd",
        Tags=tags_of(team="a"),
    )["Policy"]
    arn = f"arn:aws:iam::{account}:policy/ml/{name}"
    people.policies.append(arn)
    assert told["Arn"] == arn and told["PolicyId"].startswith("ANPA")
    assert told["DefaultVersionId"] == "v1" and told["AttachmentCount"] == 0
    assert told["IsAttachable"] is True
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert got["Description"] == "odd" and got["Tags"] == tags_of(team="a")
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(ODD) and version["IsDefaultVersion"] is True
    with refused("EntityAlreadyExists", 409, f"A policy called {name} already exists."):
        iam.create_policy(PolicyName=name, PolicyDocument=ODD)
    iam.tag_policy(PolicyArn=arn, Tags=tags_of(b="2"))
    iam.untag_policy(PolicyArn=arn, TagKeys=["team"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == tags_of(b="2")
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", 404, f"Policy {arn} does not exist or is not attachable."):
        iam.get_policy(PolicyArn=arn)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        document(),
        document({"Effect": "Allow", "Action": "s3:*"}),
        document({"Effect": "Permit", "Action": "s3:*", "Resource": "*"}),
        document({"Effect": "Allow", "Action": "nonsense", "Resource": "*"}),
        document({"Effect": "Allow", "Action": "s3:*", "Resource": "not an arn"}),
        document({**allow("s3:*"), "Principal": "*"}),
        document(allow("s3:*", Condition={"NoSuchOperator": {"aws:username": "x"}})),
        document(allow("s3:*", Sid="a"), allow("sqs:*", Sid="a")),
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow",'
        '"Action":"*","Resource":"*"}]}',
        json.dumps({"Version": "2013-01-01", "Statement": allow("s3:*")}),
    ],
)
def test_malformed_documents_are_refused(iam, people, name, text):
    user = people.user()
    with refused("MalformedPolicyDocument", 400):
        iam.create_policy(PolicyName=name, PolicyDocument=text)
    with refused("MalformedPolicyDocument", 400):
        iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=text)


def test_sizes(iam, people, name):
    many = [f"arn:aws:s3:::bucket-{n:04d}/*" for n in range(300)]
    with refused("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*", many)))
    user = people.user()
    with refused("LimitExceeded", 409, f"Maximum policy size of 2048 bytes exceeded for user {user}"):
        iam.put_user_policy(
            UserName=user, PolicyName="p", PolicyDocument=document(allow("s3:*", many[:80]))
        )
    # White space does not count.
    spaced = document(allow("s3:*")).replace(",", "," + " " * 3000)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=spaced)


def test_versions(iam, people):
    arn = people.policy(allow("s3:*"))

    def add(**more):
        return iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document(allow("sqs:*")), **more
        )["PolicyVersion"]

    assert add()["IsDefaultVersion"] is False
    third = add(SetAsDefault=True)
    assert (third["VersionId"], third["IsDefaultVersion"]) == ("v3", True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    add(), add()
    with refused("LimitExceeded", 409, "A managed policy can have up to 5 versions."):
        add()
    pages = iam.get_paginator("list_policy_versions").paginate(
        PolicyArn=arn, PaginationConfig={"PageSize": 2}
    )
    listed = [v["VersionId"] for page in pages for v in page["Versions"]]
    assert listed == ["v5", "v4", "v3", "v2", "v1"]
    with refused("DeleteConflict", 409, "Cannot delete the default version of a policy."):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    with refused("DeleteConflict", 409, "more than one version"):
        iam.delete_policy(PolicyArn=arn)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    with refused("NoSuchEntity", 404):
        iam.get_policy_version(PolicyArn=arn, VersionId="v3")
    # A number is never given again.
    assert add()["VersionId"] == "v6"
    with refused("ValidationError", 400, "versionId"):
        iam.get_policy_version(PolicyArn=arn, VersionId="3")


def test_a_version_counts_from_the_next_request_on(iam, people):
    arn = people.policy(allow("iam:ListUsers"))
    user = people.user()
    iam.attach_user_policy(UserName=user, PolicyArn=arn)
    own = client_of("iam", people.key(user))
    assert own.list_users()["Users"]
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=document(allow("iam:ListRoles")), SetAsDefault=True
    )
    with refused("AccessDenied", 403):
        own.list_users()
    own.list_roles()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert own.list_users()["Users"]


def test_everybodys_policies(iam, account):
    got = iam.get_policy(PolicyArn=ADMIN)["Policy"]
    assert got["PolicyName"] == "AdministratorAccess" and got["AttachmentCount"] >= 1
    version = iam.get_policy_version(PolicyArn=ADMIN, VersionId=got["DefaultVersionId"])
    statements = version["PolicyVersion"]["Document"]["Statement"]
    assert statements[0]["Action"] == "*"
    for change in (
        lambda: iam.delete_policy(PolicyArn=ADMIN),
        lambda: iam.tag_policy(PolicyArn=ADMIN, Tags=tags_of(a="1")),
        lambda: iam.create_policy_version(PolicyArn=ADMIN, PolicyDocument=document(allow("s3:*"))),
    ):
        with refused("AccessDenied", 403):
            change()
    with refused("PolicyNotAttachable", 400):
        iam.attach_user_policy(
            UserName="administrator",
            PolicyArn="arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy",
        )


def test_lists(iam, people, name):
    path = f"/{name}/"
    made = sorted(people.policy(allow("s3:*"), Path=path) for _ in range(3))
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    listed = [[policy["Arn"] for policy in page["Policies"]] for page in pages]
    assert [len(page) for page in listed] == [2, 1] and sorted(sum(listed, [])) == made
    shared = iam.get_paginator("list_policies").paginate(
        Scope="AWS", PaginationConfig={"PageSize": 100}
    )
    arns = [policy["Arn"] for page in shared for policy in page["Policies"]]
    assert ADMIN in arns and READ_ONLY in arns and len(arns) == len(set(arns))
    assert all(arn.startswith("arn:aws:iam::aws:policy/") for arn in arns)
    user = people.user()
    iam.attach_user_policy(UserName=user, PolicyArn=made[0])
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=made[1])

    def used(**how):
        return [p["Arn"] for p in iam.list_policies(PathPrefix=path, **how)["Policies"]]

    attached = used(OnlyAttached=True)
    assert made[0] in attached and made[2] not in attached
    assert used(PolicyUsageFilter="PermissionsPolicy") == made[:1]
    assert used(PolicyUsageFilter="PermissionsBoundary") == made[1:2]
    with refused("ValidationError", 400, "scope"):
        iam.list_policies(Scope="Mine")


@pytest.fixture(params=["user", "group", "role"])
def holder(request, people):
    """One of the three kinds: what it is called, and what its operations take."""
    kind = request.param
    if kind == "role":
        people.role(SAGEMAKER, name=(name := new_name("role")))
    else:
        name = getattr(people, kind)()
    return kind, {f"{kind.capitalize()}Name": name}


def test_attachments(iam, people, holder):
    kind, named = holder
    attach = getattr(iam, f"attach_{kind}_policy")
    detach = getattr(iam, f"detach_{kind}_policy")
    listed = getattr(iam, f"list_attached_{kind}_policies")
    arn = people.policy(allow("s3:*"))
    attach(**named, PolicyArn=arn)
    attach(**named, PolicyArn=arn)
    attach(**named, PolicyArn=READ_ONLY)
    pages = iam.get_paginator(f"list_attached_{kind}_policies").paginate(
        **named, PaginationConfig={"PageSize": 1}
    )
    found = [policy for page in pages for policy in page["AttachedPolicies"]]
    assert {policy["PolicyArn"] for policy in found} == {arn, READ_ONLY}
    assert {policy["PolicyName"] for policy in found} == {arn.split("/")[-1], "ReadOnlyAccess"}
    assert listed(**named, PathPrefix="/none/")["AttachedPolicies"] == []
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    with refused("DeleteConflict", 409, "Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=arn)
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    part = {"user": "PolicyUsers", "group": "PolicyGroups", "role": "PolicyRoles"}
    for each, member in part.items():
        names = [entity[f"{each.capitalize()}Name"] for entity in entities[member]]
        assert names == (list(named.values()) if each == kind else [])
    detach(**named, PolicyArn=arn)
    with refused("NoSuchEntity", 404, f"Policy {arn} was not found."):
        detach(**named, PolicyArn=arn)
    with refused("NoSuchEntity", 404, "does not exist or is not attachable"):
        attach(**named, PolicyArn=f"{arn}-x")
    absent = {next(iter(named)): new_name()}
    with refused("NoSuchEntity", 404, f"The {kind} with name"):
        attach(**absent, PolicyArn=arn)
    for _ in range(9):
        attach(**named, PolicyArn=people.policy(allow("s3:*")))
    with refused("LimitExceeded", 409, f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: 10"):
        attach(**named, PolicyArn=arn)


def test_entities_are_filtered_and_paged(iam, people):
    arn = people.policy(allow("s3:*"))
    users = [people.user() for _ in range(3)]
    for user in users:
        iam.attach_user_policy(UserName=user, PolicyArn=arn)
    bounded = people.user(PermissionsBoundary=arn)
    group = people.group()
    iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    pages = iam.get_paginator("list_entities_for_policy").paginate(
        PolicyArn=arn, EntityFilter="User", PaginationConfig={"PageSize": 2}
    )
    found = [user["UserName"] for page in pages for user in page["PolicyUsers"]]
    assert sorted(found) == sorted([*users, bounded])
    told = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert [user["UserName"] for user in told["PolicyUsers"]] == [bounded]
    assert told["PolicyGroups"] == []
    with refused("NoSuchEntity", 404):
        iam.list_entities_for_policy(PolicyArn=f"{arn}-x")


def test_inline_policies(iam, holder):
    kind, named = holder
    put, get = getattr(iam, f"put_{kind}_policy"), getattr(iam, f"get_{kind}_policy")
    delete = getattr(iam, f"delete_{kind}_policy")
    for policy in ("b", "a", "c"):
        put(**named, PolicyName=policy, PolicyDocument=ODD)
    pages = iam.get_paginator(f"list_{kind}_policies").paginate(
        **named, PaginationConfig={"PageSize": 2}
    )
    assert [page["PolicyNames"] for page in pages] == [["a", "b"], ["c"]]
    got = get(**named, PolicyName="a")
    assert got["PolicyDocument"] == json.loads(ODD) and got["PolicyName"] == "a"
    put(**named, PolicyName="a", PolicyDocument=document(allow("sqs:*")))
    assert get(**named, PolicyName="a")["PolicyDocument"]["Statement"][0]["Action"] == "sqs:*"
    delete(**named, PolicyName="a")
    with refused("NoSuchEntity", 404, f"The {kind} policy with name a cannot be found."):
        get(**named, PolicyName="a")
    with refused("NoSuchEntity", 404):
        delete(**named, PolicyName="a")
    with refused("MalformedPolicyDocument", 400):
        put(**named, PolicyName="a", PolicyDocument=document({**allow("s3:*"), "Principal": "*"}))
    absent = {next(iter(named)): new_name()}
    with refused("NoSuchEntity", 404):
        put(**absent, PolicyName="a", PolicyDocument=ODD)


def test_who_may_hand_out_which_policy(iam, people):
    small, user = people.policy(allow("s3:*")), people.user()
    condition = {"ArnEquals": {"iam:PolicyARN": small}}
    own = client_of("iam", people.key_of_new(allow("iam:AttachUserPolicy", Condition=condition)))
    with refused("AccessDenied", 403, "iam:AttachUserPolicy"):
        own.attach_user_policy(UserName=user, PolicyArn=ADMIN)
    own.attach_user_policy(UserName=user, PolicyArn=small)


def test_patterns_take_no_time(iam, people, s3, bucket):
    stars = "*a" * 500
    user = people.user(allow("s3:GetObject", f"arn:aws:s3:::{stars}"))
    own = client_of("s3", people.key(user), read_timeout=5)
    with refused("AccessDenied", 403):
        own.get_object(Bucket=bucket, Key="a" * 900)


def test_documents_that_nest_or_swell(iam, people, name):
    deep = '{"Version":"2012-10-17","Statement":' + "[" * 20_000 + "]" * 20_000 + "}"
    wide = document(allow([f"s3:Get{n}" for n in range(9_000)]))
    with refused("MalformedPolicyDocument", 400):
        iam.create_policy(PolicyName=name, PolicyDocument=deep)
    with refused("LimitExceeded", 409):
        iam.create_policy(PolicyName=name, PolicyDocument=wide)
    with refused("ValidationError", 400, "131072"):
        iam.create_policy(PolicyName=name, PolicyDocument=" " * 131_073)


def test_every_operation_was_called():
    assert_all_called("policies")
