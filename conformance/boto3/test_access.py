"""Least privilege end to end: who may do what with objects, models, messages, and why not."""

import json

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from hosting import hosting, variant
from iam import ADMIN, allow, client_of, deny, document, new_name, tags_of, trust
from refusals import refused

NO_IDENTITY = "because no identity-based policy allows the {} action"


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture
def service_role(people):
    return people.role(trust({"Service": "sagemaker.amazonaws.com"}))


# Objects


def test_a_folder_of_ones_own(people, s3, bucket):
    arn = f"arn:aws:s3:::{bucket}"
    user = people.user(
        allow("s3:ListBucket", arn, Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}),
        allow(["s3:GetObject", "s3:PutObject"], f"{arn}/${{aws:username}}/*"),
    )
    own = client_of("s3", people.key(user))
    own.put_object(Bucket=bucket, Key=f"{user}/a", Body=b"mine")
    s3.put_object(Bucket=bucket, Key="theirs/a", Body=b"theirs")
    assert own.get_object(Bucket=bucket, Key=f"{user}/a")["Body"].read() == b"mine"
    listed = own.list_objects_v2(Bucket=bucket, Prefix=f"{user}/")["Contents"]
    assert [one["Key"] for one in listed] == [f"{user}/a"]
    words = (
        f"User: {people.arn(user)} is not authorized to perform: s3:PutObject on resource: "
        f'"{arn}/theirs/a" {NO_IDENTITY.format("s3:PutObject")}'
    )
    with refused("AccessDenied", 403, words):
        own.put_object(Bucket=bucket, Key="theirs/a", Body=b"x")
    for call in (
        lambda: own.get_object(Bucket=bucket, Key="theirs/a"),
        lambda: own.list_objects_v2(Bucket=bucket),
        lambda: own.list_objects_v2(Bucket=bucket, Prefix="theirs/"),
        lambda: own.delete_object(Bucket=bucket, Key=f"{user}/a"),
        lambda: own.copy_object(Bucket=bucket, Key=f"{user}/b", CopySource=f"{bucket}/theirs/a"),
        lambda: own.create_bucket(Bucket=new_name()),
        own.list_buckets,
    ):
        with refused("AccessDenied", 403):
            call()
    # Who may not list is not told what is missing.
    with refused("AccessDenied", 403):
        own.get_object(Bucket=bucket, Key=f"{user}/none")
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key=f"{user}/none")


def test_one_of_many_deletions_is_refused(people, s3, bucket):
    arn = f"arn:aws:s3:::{bucket}/*"
    key = people.key_of_new(
        allow("s3:DeleteObject", arn), deny("s3:DeleteObject", f"arn:aws:s3:::{bucket}/locked")
    )
    names = ["a", "locked", "b"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    told = client_of("s3", key).delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names]}
    )
    assert sorted(one["Key"] for one in told["Deleted"]) == ["a", "b"]
    [error] = told["Errors"]
    assert (error["Key"], error["Code"]) == ("locked", "AccessDenied")
    assert "with an explicit deny in an identity-based policy" in error["Message"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["locked"]


def test_a_bucket_policy_and_the_administrator(people, s3, bucket):
    arn = f"arn:aws:s3:::{bucket}"
    user = people.user()
    own = client_of("s3", people.key(user))
    s3.put_object(Bucket=bucket, Key="secret/a", Body=b"x")
    s3.put_object(Bucket=bucket, Key="shared/a", Body=b"x")
    with refused("AccessDenied", 403):
        own.get_object(Bucket=bucket, Key="shared/a")
    policy = document(
        {**allow("s3:GetObject", f"{arn}/shared/*"), "Principal": {"AWS": people.arn(user)}},
        {**deny("s3:GetObject", f"{arn}/secret/*"), "Principal": "*"},
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert own.get_object(Bucket=bucket, Key="shared/a")["Body"].read() == b"x"
    for who in (s3, own):
        with refused("AccessDenied", 403, "with an explicit deny in a resource-based policy"):
            who.get_object(Bucket=bucket, Key="secret/a")
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="secret/a")["Body"].read() == b"x"
    with refused("AccessDenied", 403):
        own.get_object(Bucket=bucket, Key="shared/a")
    with refused("MalformedPolicy", 400):
        s3.put_bucket_policy(Bucket=bucket, Policy=document(allow("s3:GetObject", f"{arn}/*")))


def test_what_everybody_may_read(url, s3, bucket):
    nobody = boto3.client(
        "s3", config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    )
    s3.put_object(Bucket=bucket, Key="public/a", Body=b"open")
    with refused("AccessDenied", 403, "Access Denied"):
        nobody.get_object(Bucket=bucket, Key="public/a")
    policy = document(
        {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/public/*"), "Principal": "*"}
    )
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "RestrictPublicBuckets": True},
    )
    with refused("AccessDenied", 403):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert nobody.get_object(Bucket=bucket, Key="public/a")["Body"].read() == b"open"
    assert requests.get(f"{url}/{bucket}/public/a", timeout=10).content == b"open"
    for call in (
        lambda: nobody.get_object(Bucket=bucket, Key="private/a"),
        lambda: nobody.put_object(Bucket=bucket, Key="public/b", Body=b"x"),
        lambda: nobody.list_objects_v2(Bucket=bucket),
        nobody.list_buckets,
    ):
        with refused("AccessDenied", 403):
            call()
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    with refused("AccessDenied", 403):
        nobody.get_object(Bucket=bucket, Key="public/a")


def test_a_presigned_address_is_worth_what_its_signer_may(iam, people, s3, bucket):
    user = people.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/a"))
    key = people.key(user)
    for name in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")

    def status(name):
        signed = client_of("s3", key).generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": name}
        )
        return requests.get(signed, timeout=10).status_code

    assert (status("a"), status("b")) == (200, 403)
    iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert status("a") == 403


# Elements of policies


@pytest.mark.parametrize(
    "condition,holds",
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "mars-north-1"}}, False),
        ({"StringLike": {"aws:UserAgent": "*Boto3*"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "Red"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:principaltag/TEAM": "RED"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/user-*"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}, "Null": {"aws:userid": "true"}}, False),
    ],
)
def test_conditions(people, condition, holds):
    key = people.key_of_new(
        allow("s3:ListAllMyBuckets", Condition=condition), Tags=tags_of(team="red")
    )
    own = client_of("s3", key)
    if holds:
        assert "Buckets" in own.list_buckets()
    else:
        with refused("AccessDenied", 403, NO_IDENTITY.format("s3:ListAllMyBuckets")):
            own.list_buckets()


def test_not_action_and_not_resource(people, bucket, s3):
    key = people.key_of_new(
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "s3:GetObject",
            "NotResource": f"arn:aws:s3:::{bucket}/open/*",
        },
    )
    for name in ("open/a", "closed/a"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    own = client_of("s3", key)
    assert own.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"x"
    with refused("AccessDenied", 403, "explicit deny"):
        own.get_object(Bucket=bucket, Key="closed/a")
    client_of("sqs", key).list_queues()
    with refused("AccessDenied", 403, NO_IDENTITY.format("iam:ListUsers")):
        client_of("iam", key).list_users()


def test_names_of_actions_and_wildcards(people):
    own = client_of("iam", people.key_of_new(allow("IAM:list?ser*")))
    assert own.list_users()["Users"]
    with refused("AccessDenied", 403):
        own.list_roles()


def test_variables_of_old_versions_are_plain_text(iam, people, bucket):
    resource = f"arn:aws:s3:::{bucket}/${{aws:username}}/*"
    user = people.user()
    text = json.dumps({"Version": "2008-10-17", "Statement": [allow("s3:PutObject", resource)]})
    iam.put_user_policy(UserName=user, PolicyName="old", PolicyDocument=text)
    own = client_of("s3", people.key(user))
    with refused("AccessDenied", 403):
        own.put_object(Bucket=bucket, Key=f"{user}/a", Body=b"x")
    own.put_object(Bucket=bucket, Key="${aws:username}/a", Body=b"x")


def test_a_boundary_is_a_ceiling(iam, people, bucket):
    bound = people.policy(allow("s3:*"))
    user = people.user(PermissionsBoundary=bound)
    key = people.key(user)
    # A ceiling gives nothing.
    with refused("AccessDenied", 403, NO_IDENTITY.format("s3:ListAllMyBuckets")):
        client_of("s3", key).list_buckets()
    iam.attach_user_policy(UserName=user, PolicyArn=ADMIN)
    assert "Buckets" in client_of("s3", key).list_buckets()
    with refused("AccessDenied", 403, "because no permissions boundary allows the iam:ListUsers"):
        client_of("iam", key).list_users()
    # Nor does it let its own user take it away.
    with refused("AccessDenied", 403):
        client_of("iam", key).delete_user_permissions_boundary(UserName=user)
    iam.create_policy_version(
        PolicyArn=bound,
        PolicyDocument=document(allow("*"), deny("s3:ListAllMyBuckets")),
        SetAsDefault=True,
    )
    assert client_of("iam", key).list_users()["Users"]
    with refused("AccessDenied", 403, "with an explicit deny in a permissions boundary"):
        client_of("s3", key).list_buckets()
    iam.delete_user_permissions_boundary(UserName=user)
    assert "Buckets" in client_of("s3", key).list_buckets()


# Models and endpoints


def test_tags_say_whose_models_they_are(people, sagemaker, service_role, name):
    team = "${aws:PrincipalTag/team}"
    rights = [
        allow(
            ["sagemaker:CreateModel", "sagemaker:AddTags"],
            Condition={"StringEquals": {"aws:RequestTag/team": team}},
        ),
        allow(
            ["sagemaker:DescribeModel", "sagemaker:DeleteModel"],
            Condition={"StringEquals": {"aws:ResourceTag/team": team}},
        ),
        allow("iam:PassRole", service_role),
    ]
    red = client_of("sagemaker", people.key_of_new(*rights, Tags=tags_of(team="red")))
    blue = client_of("sagemaker", people.key_of_new(*rights, Tags=tags_of(team="blue")))
    model = {
        "ModelName": name,
        "ExecutionRoleArn": service_role,
        "PrimaryContainer": {"Image": "http://127.0.0.1:1/"},
    }
    for tags in ([], tags_of(team="blue")):
        with refused("AccessDeniedException", 400, "sagemaker:CreateModel on resource: arn:aws:sage"):
            red.create_model(**model, Tags=tags)
    red.create_model(**model, Tags=tags_of(team="red"))
    try:
        assert red.describe_model(ModelName=name)["ModelName"] == name
        for call in (blue.describe_model, blue.delete_model):
            with refused("AccessDeniedException", 400, "is not authorized to perform"):
                call(ModelName=name)
        # One team cannot put its tag over the other's, for it may not tag without its own.
        arn = sagemaker.describe_model(ModelName=name)["ModelArn"]
        with refused("AccessDeniedException", 400):
            blue.add_tags(ResourceArn=arn, Tags=tags_of(team="red"))
        with refused("AccessDeniedException", 400, "sagemaker:ListModels"):
            red.list_models()
    finally:
        red.delete_model(ModelName=name)


def test_which_machines_may_be_taken(people, sagemaker, service_role, name):
    types = {
        "ForAllValues:StringLike": {"sagemaker:InstanceTypes": ["ml.t2.*", "ml.m5.large"]},
        "Null": {"sagemaker:InstanceTypes": "false"},
    }
    own = client_of("sagemaker", people.key_of_new(allow("sagemaker:Create*", Condition=types)))
    with hosting(sagemaker, service_role) as host:
        model = host.model("http://127.0.0.1:1/")

        def config(*kinds):
            variants = [
                variant(model, f"v{at}", InstanceType=kind) for at, kind in enumerate(kinds)
            ]
            own.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)

        for kinds in (["ml.p3.2xlarge"], ["ml.m5.large", "ml.p3.2xlarge"]):
            with refused("AccessDeniedException", 400, "sagemaker:CreateEndpointConfig"):
                config(*kinds)
        config("ml.m5.large", "ml.t2.medium")
        host.configs.append(name)


def test_roles_are_passed_only_to_whom_it_is_allowed(people, sagemaker, service_role, name):
    model = {
        "ModelName": name,
        "ExecutionRoleArn": service_role,
        "PrimaryContainer": {"Image": "http://127.0.0.1:1/"},
    }

    def client_with(*service):
        condition = {"Condition": {"StringEquals": {"iam:PassedToService": list(service)}}}
        passing = [allow("iam:PassRole", service_role, **condition)] if service else []
        return client_of("sagemaker", people.key_of_new(allow("sagemaker:*"), *passing))

    words = f"is not authorized to perform: iam:PassRole on resource: {service_role}"
    for service in ([], ["ec2.amazonaws.com"]):
        with refused("AccessDeniedException", 400, words):
            client_with(*service).create_model(**model)
    client_with("sagemaker.amazonaws.com").create_model(**model)
    sagemaker.delete_model(ModelName=name)


def test_who_may_invoke(iam, people, sagemaker, service_role, model_server, account, region):
    with hosting(sagemaker, service_role) as host:
        endpoint = host.serve(f"{model_server.url}/")
        arn = f"arn:aws:sagemaker:{region}:{account}:endpoint/{endpoint}"
        may = people.user(allow("sagemaker:InvokeEndpoint", arn))
        may_not = people.user(allow("sagemaker:InvokeEndpoint", f"{arn}-other"))
        own = client_of("sagemaker-runtime", people.key(may))
        call = {"EndpointName": endpoint, "ContentType": "text/csv", "Body": b"1,2,3"}
        assert own.invoke_endpoint(**call)["Body"].read() == b"6.0"
        other = client_of("sagemaker-runtime", people.key(may_not))
        words = (
            f"User: {people.arn(may_not)} is not authorized to perform: sagemaker:InvokeEndpoint "
            f"on resource: {arn} {NO_IDENTITY.format('sagemaker:InvokeEndpoint')}"
        )
        before = len(model_server.requests)
        with refused("AccessDeniedException", 403, words):
            other.invoke_endpoint(**call)
        with refused("AccessDeniedException", 400):
            client_of("sagemaker", people.key(may)).describe_endpoint(EndpointName=endpoint)
        # A change counts from the next request on.
        shut = document(deny("sagemaker:InvokeEndpoint"))
        iam.put_user_policy(UserName=may, PolicyName="shut", PolicyDocument=shut)
        with refused("AccessDeniedException", 403, "explicit deny"):
            own.invoke_endpoint(**call)
        assert len(model_server.requests) == before
        iam.delete_user_policy(UserName=may, PolicyName="shut")
        assert own.invoke_endpoint(**call)["Body"].read() == b"6.0"


# Messages and measurements


def test_a_queues_own_policy(people, client, name):
    sqs = client("sqs")
    user = people.user()
    own = client_of("sqs", people.key(user))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    try:
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = told["Attributes"]["QueueArn"]
        words = f"is not authorized to perform: sqs:SendMessage on resource: {arn}"
        with refused("AccessDenied", 403, words):
            own.send_message(QueueUrl=url, MessageBody="x")
        policy = document(
            {**allow("sqs:SendMessage", arn), "Principal": {"AWS": people.arn(user)}},
            {**deny("sqs:PurgeQueue", arn), "Principal": "*"},
        )
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        own.send_message(QueueUrl=url, MessageBody="x")
        with refused("AccessDenied", 403):
            own.receive_message(QueueUrl=url)
        with refused("AccessDenied", 403, "with an explicit deny in a resource-based policy"):
            sqs.purge_queue(QueueUrl=url)
    finally:
        sqs.delete_queue(QueueUrl=url)


def test_a_topics_own_policy(people, client, name):
    sns = client("sns")
    user = people.user()
    own = client_of("sns", people.key(user))
    arn = sns.create_topic(Name=name)["TopicArn"]
    try:
        with refused("AuthorizationError", 403, f"Publish on resource: {arn}"):
            own.publish(TopicArn=arn, Message="x")
        policy = document(
            {**allow("sns:Publish", arn), "Principal": {"AWS": people.arn(user)}},
            {**deny("sns:Subscribe", arn), "Principal": {"AWS": people.arn(user)}},
        )
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        assert own.publish(TopicArn=arn, Message="x")["MessageId"]
        with refused("AuthorizationError", 403, "explicit deny in a resource-based policy"):
            own.subscribe(TopicArn=arn, Protocol="http", Endpoint="http://127.0.0.1:1/")
        with refused("AuthorizationError", 403):
            own.list_topics()
    finally:
        sns.delete_topic(TopicArn=arn)


def test_namespaces_of_measurements(people):
    key = people.key_of_new(
        allow(
            "cloudwatch:PutMetricData",
            Condition={"StringEquals": {"cloudwatch:namespace": "Own"}},
        )
    )
    own = client_of("cloudwatch", key)
    data = [{"MetricName": "m", "Value": 1.0}]
    own.put_metric_data(Namespace="Own", MetricData=data)
    with refused("AccessDenied", 403, "cloudwatch:PutMetricData"):
        own.put_metric_data(Namespace="Other", MetricData=data)


@pytest.mark.parametrize(
    "service,operation,arguments,action",
    [
        ("iam", "list_users", {}, "iam:ListUsers"),
        ("s3", "list_buckets", {}, "s3:ListAllMyBuckets"),
        ("sqs", "list_queues", {}, "sqs:ListQueues"),
        ("sns", "list_topics", {}, "sns:ListTopics"),
        ("cloudwatch", "list_metrics", {}, "cloudwatch:ListMetrics"),
        ("sagemaker", "list_models", {}, "sagemaker:ListModels"),
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "none", "Body": b""},
            "sagemaker:InvokeEndpoint",
        ),
    ],
)
def test_every_protocol_carries_why(client, people, service, operation, arguments, action):
    key = people.key_of_new()
    with pytest.raises(ClientError) as caught:
        getattr(client_of(service, key), operation)(**arguments)
    response = caught.value.response
    assert response["Error"]["Message"].endswith(NO_IDENTITY.format(action))
    sealed = response["ResponseMetadata"]["HTTPHeaders"]["x-modelkeep-authorization-message"]
    told = client("sts").decode_authorization_message(EncodedMessage=sealed)["DecodedMessage"]
    assert json.loads(told)["context"]["action"] == action
