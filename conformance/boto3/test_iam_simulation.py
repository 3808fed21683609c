"""Simulations: what policies would answer, with where each answer stands in its document."""

import json

import pytest
from iam import READ_ONLY, allow, assert_all_called, client_of, deny, document, new_name
from refusals import refused

OBJECT = "arn:aws:s3:::bucket/key"
OTHER = "arn:aws:s3:::other/key"


def entry(name, *values, kind="string"):
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def decisions(answer):
    return [
        (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"])
        for one in answer["EvaluationResults"]
    ]


def test_pairs_of_actions_and_resources(iam):
    policy = document(
        allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::bucket/*"), deny("s3:PutObject")
    )
    told = iam.simulate_custom_policy(
        PolicyInputList=[policy],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[OBJECT, OTHER],
    )
    assert decisions(told) == [
        ("s3:GetObject", OBJECT, "allowed"),
        ("s3:GetObject", OTHER, "implicitDeny"),
        ("s3:PutObject", OBJECT, "explicitDeny"),
        ("s3:PutObject", OTHER, "explicitDeny"),
    ]
    assert told["IsTruncated"] is False
    specific = told["EvaluationResults"][0]["ResourceSpecificResults"][0]
    assert specific["EvalResourceName"] == OBJECT
    assert specific["EvalResourceDecision"] == "allowed"


def test_statements_that_matched_and_where_they_stand(iam):
    lines = [
        '{"Version": "2012-10-17", "Statement": [',
        '  {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},',
        '  {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}',
        "]}",
    ]
    told = iam.simulate_custom_policy(
        PolicyInputList=["\n".join(lines)], ActionNames=["s3:GetObject", "s3:PutObject"]
    )
    for result, line in zip(told["EvaluationResults"], (2, 3), strict=True):
        [matched] = result["MatchedStatements"]
        assert matched["SourcePolicyId"] == "PolicyInputList.1"
        assert matched["StartPosition"]["Line"] == matched["EndPosition"]["Line"] == line
        assert matched["StartPosition"]["Column"] < matched["EndPosition"]["Column"]


def test_context(iam):
    policy = document(
        allow(
            "s3:GetObject",
            Condition={
                "StringLike": {"aws:username": "a*"},
                "NumericLessThan": {"s3:max-keys": "10"},
                "Bool": {"aws:SecureTransport": "true"},
                "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
                "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
            },
        )
    )
    good = [
        entry("aws:username", "ann"),
        entry("s3:max-keys", "9", kind="numeric"),
        entry("aws:SecureTransport", "true", kind="boolean"),
        entry("aws:SourceIp", "192.0.2.7", kind="ip"),
        entry("aws:CurrentTime", "2021-01-01T00:00:00Z", kind="date"),
        entry("aws:TagKeys", "a", "b", kind="stringList"),
    ]
    bad = [
        entry("aws:username", "bob"),
        entry("s3:max-keys", "10", kind="numeric"),
        entry("aws:SecureTransport", "false", kind="boolean"),
        entry("aws:SourceIp", "192.0.3.7", kind="ip"),
        entry("aws:CurrentTime", "2019-01-01T00:00:00Z", kind="date"),
        entry("aws:TagKeys", "a", "c", kind="stringList"),
    ]

    def decided(entries):
        told = iam.simulate_custom_policy(
            PolicyInputList=[policy], ActionNames=["s3:GetObject"], ContextEntries=entries
        )
        return told["EvaluationResults"][0]

    assert decided(good)["EvalDecision"] == "allowed"
    for at in range(len(good)):
        changed = good[:at] + [bad[at]] + good[at + 1 :]
        assert decided(changed)["EvalDecision"] == "implicitDeny", bad[at]
    missing = decided(good[1:])
    assert missing["EvalDecision"] == "implicitDeny"
    assert missing["MissingContextValues"] == ["aws:username"]
    with refused("InvalidInput", 400, "nine is not of type numeric"):
        decided([entry("s3:max-keys", "nine", kind="numeric")])
    with refused("InvalidInput", 400, "is given twice"):
        decided([entry("aws:username", "a"), entry("AWS:UserName", "b")])


def test_boundary_and_resource_policy(iam, account):
    policy = document(allow("s3:*"))
    told = iam.simulate_custom_policy(
        PolicyInputList=[policy],
        PermissionsBoundaryPolicyInputList=[document(allow("s3:GetObject"))],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[OBJECT],
    )
    allowed, denied = told["EvaluationResults"]
    detail = "PermissionsBoundaryDecisionDetail"
    assert allowed["EvalDecision"] == "allowed"
    assert allowed[detail] == {"AllowedByPermissionsBoundary": True}
    assert denied["EvalDecision"] == "implicitDeny"
    assert denied[detail] == {"AllowedByPermissionsBoundary": False}
    caller = f"arn:aws:iam::{account}:user/ann"
    on_bucket = document({**allow("s3:GetObject", OBJECT), "Principal": {"AWS": caller}})
    asked = {
        "PolicyInputList": [document(allow("sqs:*"))],
        "ResourcePolicy": on_bucket,
        "ResourceArns": [OBJECT],
        "ActionNames": ["s3:GetObject"],
    }
    with refused("InvalidInput", 400, "CallerArn is required"):
        iam.simulate_custom_policy(**asked)
    told = iam.simulate_custom_policy(**asked, CallerArn=caller)
    assert decisions(told)[0][2] == "allowed"
    other = f"arn:aws:iam::{account}:user/bob"
    assert decisions(iam.simulate_custom_policy(**asked, CallerArn=other))[0][2] == "implicitDeny"


def test_pages(iam):
    actions = [f"s3:Get{word}" for word in ("Object", "ObjectAcl", "ObjectTagging", "BucketAcl")]
    pages = list(
        iam.get_paginator("simulate_custom_policy").paginate(
            PolicyInputList=[document(allow("s3:*"))],
            ActionNames=actions,
            PaginationConfig={"PageSize": 3},
        )
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [3, 1]
    assert [pair[0] for page in pages for pair in decisions(page)] == actions


@pytest.mark.parametrize(
    "change,words",
    [
        ({"ActionNames": ["s3:*"]}, "wildcards cannot be simulated"),
        ({"ActionNames": ["nonsense"]}, "is not the name of an action"),
        ({"ResourceArns": ["bucket"]}, "is not an ARN"),
        ({"PolicyInputList": ["{"]}, "PolicyInputList.1"),
        ({"PermissionsBoundaryPolicyInputList": [READ_ONLY, "{}"]}, "PermissionsBoundary"),
        ({"CallerArn": "arn:aws:iam::123456789012:group/staff"}, "CallerArn"),
        ({"ResourceHandlingOption": "EC2-None"}, "ResourceHandlingOption"),
    ],
)
def test_refused_input(iam, change, words):
    asked = {"PolicyInputList": [document(allow("s3:*"))], "ActionNames": ["s3:GetObject"]}
    with refused("InvalidInput", 400, words):
        iam.simulate_custom_policy(**{**asked, **change})


def test_a_principal_has_everything_it_was_given(iam, people, account):
    user = people.user(allow("sqs:SendMessage"))
    group = people.group(allow("sns:Publish"))
    iam.add_user_to_group(UserName=user, GroupName=group)
    managed = people.policy(allow("s3:GetObject", "arn:aws:s3:::bucket/${aws:username}/*"))
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    arn = people.arn(user)
    mine = f"arn:aws:s3:::bucket/{user}/key"

    def simulated(source=arn, **more):
        return iam.simulate_principal_policy(PolicySourceArn=source, **more)["EvaluationResults"]

    [told] = simulated(ActionNames=["s3:GetObject"], ResourceArns=[mine])
    assert told["EvalDecision"] == "allowed"
    assert told["MatchedStatements"][0]["SourcePolicyType"] == "user-managed"
    [told] = simulated(ActionNames=["s3:GetObject"], ResourceArns=[OBJECT])
    assert told["EvalDecision"] == "implicitDeny"
    sqs, sns = simulated(ActionNames=["sqs:SendMessage", "sns:Publish"])
    assert sqs["MatchedStatements"][0]["SourcePolicyType"] == "user"
    assert sns["MatchedStatements"][0]["SourcePolicyType"] == "group"
    source = f"arn:aws:iam::{account}:group/{group}"
    assert simulated(source, ActionNames=["sns:Publish"])[0]["EvalDecision"] == "allowed"
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=managed)
    [told] = simulated(ActionNames=["sqs:SendMessage"])
    assert told["EvalDecision"] == "implicitDeny"
    added = [document(deny("s3:*"))]
    [told] = simulated(
        ActionNames=["s3:GetObject"], ResourceArns=[mine], PolicyInputList=added
    )
    assert told["EvalDecision"] == "explicitDeny"
    with refused("NoSuchEntity", 404):
        simulated(f"arn:aws:iam::{account}:user/{new_name()}", ActionNames=["s3:GetObject"])
    with refused("InvalidInput", 400, "Invalid Entity Arn"):
        simulated(f"arn:aws:iam::{account}:policy/x", ActionNames=["s3:GetObject"])


def test_a_simulation_says_what_the_server_does(iam, people, s3, bucket, account):
    arn = f"arn:aws:s3:::{bucket}"
    user = people.user(
        allow("s3:ListBucket", arn, Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}),
        allow(["s3:GetObject", "s3:PutObject"], f"{arn}/${{aws:username}}/*"),
        deny("s3:PutObject", f"{arn}/*/locked"),
    )
    own = client_of("s3", people.key(user))
    source = people.arn(user)
    for key in (f"{user}/free", f"{user}/locked", "other/free"):
        [told] = iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=["s3:PutObject"], ResourceArns=[f"{arn}/{key}"]
        )["EvaluationResults"]
        if told["EvalDecision"] == "allowed":
            own.put_object(Bucket=bucket, Key=key, Body=b"x")
        else:
            with refused("AccessDenied", 403):
                own.put_object(Bucket=bucket, Key=key, Body=b"x")
    listed = own.list_objects_v2(Bucket=bucket, Prefix=f"{user}/")
    assert [one["Key"] for one in listed["Contents"]] == [f"{user}/free"]


def test_context_keys(iam, people):
    policy = document(
        allow(
            "s3:*",
            "arn:aws:s3:::bucket/${aws:userid}",
            Condition={"StringEquals": {"aws:username": "x"}, "Bool": {"AWS:username": "true"}},
        )
    )
    told = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert sorted(key.lower() for key in told) == ["aws:userid", "aws:username"]
    user = people.user(json.loads(policy)["Statement"][0])
    told = iam.get_context_keys_for_principal_policy(
        PolicySourceArn=people.arn(user),
        PolicyInputList=[document(allow("s3:*", Condition={"Null": {"s3:prefix": "true"}}))],
    )["ContextKeyNames"]
    assert sorted(key.lower() for key in told) == ["aws:userid", "aws:username", "s3:prefix"]
    with refused("InvalidInput", 400):
        iam.get_context_keys_for_custom_policy(PolicyInputList=["{"])
    with refused("NoSuchEntity", 404):
        iam.get_context_keys_for_principal_policy(
            PolicySourceArn=people.arn(user).replace(user, new_name())
        )


def test_every_operation_was_called():
    assert_all_called("simulation")
