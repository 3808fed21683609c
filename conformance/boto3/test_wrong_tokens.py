"""Tokens of pages that are made up, of another list, or of what is gone since: refused, or a sane page."""

from functools import cache

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from wrong_cases import Names, call

# Of each list: operation, input, the member that takes a token, the one that gives it, how many, and the
# answer to a token that is none of its own.
IAM = ("Marker", "Marker", "MaxItems", "ValidationError")
KMS = ("Marker", "NextMarker", "Limit", "InvalidMarkerException")
SECRETS = ("NextToken", "NextToken", "MaxResults", "InvalidNextTokenException")
SAGEMAKER = ("NextToken", "NextToken", "MaxResults", "ValidationException")
SNS = ("NextToken", "NextToken", None, "InvalidParameter")
SQS = ("NextToken", "NextToken", "MaxResults", "InvalidParameterValue")
TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]

LISTS = {
    "iam": [
        ("ListUsers", {"PathPrefix": "/<own>/"}, *IAM),
        ("ListGroups", {"PathPrefix": "/<own>/"}, *IAM),
        ("ListRoles", {"PathPrefix": "/<own>/"}, *IAM),
        ("ListPolicies", {"PathPrefix": "/<own>/"}, *IAM),
        ("ListInstanceProfiles", {"PathPrefix": "/<own>/"}, *IAM),
        ("ListUserTags", {"UserName": "<user1>"}, *IAM),
        ("ListRoleTags", {"RoleName": "<role1>"}, *IAM),
        ("ListUserPolicies", {"UserName": "<user1>"}, *IAM),
        ("ListGroupsForUser", {"UserName": "<user1>"}, *IAM),
        ("GetAccountAuthorizationDetails", {}, *IAM),
        ("ListAccessKeys", {"UserName": "<user1>"}, *IAM),
        ("ListPolicyVersions", {"PolicyArn": "<policy>"}, *IAM),
    ],
    "kms": [
        ("ListKeys", {}, *KMS),
        ("ListAliases", {"KeyId": "<key>"}, *KMS),
        ("ListResourceTags", {"KeyId": "<key>"}, *KMS),
    ],
    "secretsmanager": [
        ("ListSecrets", {}, *SECRETS),
        ("ListSecretVersionIds", {"SecretId": "<secret1>", "IncludeDeprecated": True}, *SECRETS),
        ("BatchGetSecretValue", {"Filters": [{"Key": "name", "Values": ["w-"]}]}, *SECRETS),
    ],
    "sagemaker": [
        ("ListModels", {"NameContains": "<own>"}, *SAGEMAKER),
        ("ListEndpointConfigs", {"NameContains": "<own>"}, *SAGEMAKER),
    ],
    "sqs": [("ListQueues", {"QueueNamePrefix": "<own>"}, *SQS)],
    "s3": [
        ("ListObjectsV2", {"Bucket": "<bucket>"}, "ContinuationToken", "NextContinuationToken", "MaxKeys", "InvalidArgument"),
        ("ListBuckets", {}, "ContinuationToken", "ContinuationToken", "MaxBuckets", "InvalidArgument"),
    ],
    "cloudwatch": [
        ("DescribeAlarms", {"AlarmNamePrefix": "<own>"}, "NextToken", "NextToken", "MaxRecords", "InvalidNextToken"),
        ("DescribeAlarmHistory", {}, "NextToken", "NextToken", "MaxRecords", "InvalidNextToken"),
    ],
    "cloudtrail": [
        ("LookupEvents", {}, "NextToken", "NextToken", "MaxResults", "InvalidNextTokenException"),
    ],
}
# Lists whose pages are longer than a test would fill, or that are one page always.
NO_PAGES = [
    ("sns", "ListTopics", {}, "NextToken", "InvalidParameter"),
    ("sns", "ListSubscriptions", {}, "NextToken", "InvalidParameter"),
    ("cloudwatch", "ListMetrics", {}, "NextToken", "InvalidNextToken"),
    ("logs", "DescribeLogGroups", {}, "nextToken", "InvalidParameterException"),
    ("cloudtrail", "ListTrails", {}, "NextToken", "InvalidParameterException"),
    ("cloudtrail", "ListPublicKeys", {}, "NextToken", "InvalidTokenException"),
    ("sagemaker", "ListEndpoints", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListProcessingJobs", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListTransformJobs", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListMonitoringSchedules", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListMonitoringExecutions", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListDataQualityJobDefinitions", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListModelQualityJobDefinitions", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListModelBiasJobDefinitions", {}, "NextToken", "ValidationException"),
    ("sagemaker", "ListModelExplainabilityJobDefinitions", {}, "NextToken", "ValidationException"),
    ("iam", "ListVirtualMFADevices", {}, "Marker", "ValidationError"),
    ("iam", "ListAccountAliases", {}, "Marker", "ValidationError"),
    ("kms", "ListRetirableGrants", {"RetiringPrincipal": "arn:aws:iam::000000000000:root"}, "Marker", "InvalidMarkerException"),
]
MADE_UP = ("none", "AAAA", "eyJhIjoxfQ==", "W10", "W1tdLDFd", "x" * 200)


@cache
def client_of(service):
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))


def ask(service, operation, arguments):
    answer = call(client_of(service), operation, arguments)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def code_of(service, operation, arguments):
    try:
        ask(service, operation, arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        return error.response["Error"]["Code"]
    return "none"


@pytest.fixture(scope="module")
def names(account, region, role_of):
    made = Names(account, region)
    fill, known = made.fill, made.known
    known["own"] = own = fill("<own>")
    iam, undo = client_of("iam"), []

    def do(service, operation, arguments, *after):
        answer = ask(service, operation, fill(arguments))
        undo[:0] = [(service, name, fill(more)) for name, more in after]
        return answer

    for at in "12":
        user, group, role = f"{own}{at}u", f"{own}{at}g", f"{own}{at}r"
        known[f"user{at}"], known[f"role{at}"] = user, role
        path = f"/{own}/"
        do("iam", "CreateUser", dict(UserName=user, Path=path, Tags=TAGS), ("DeleteUser", dict(UserName=user)))
        do("iam", "CreateGroup", dict(GroupName=group, Path=path), ("DeleteGroup", dict(GroupName=group)))
        do("iam", "CreateRole", dict(RoleName=role, Path=path, AssumeRolePolicyDocument="<trust>", Tags=TAGS), ("DeleteRole", dict(RoleName=role)))
        profile = dict(InstanceProfileName=role)
        do("iam", "CreateInstanceProfile", dict(**profile, Path=path), ("DeleteInstanceProfile", profile))
        policy = iam.create_policy(PolicyName=role, Path=path, PolicyDocument=fill("<document>"))["Policy"]["Arn"]
        undo.insert(0, ("iam", "DeletePolicy", dict(PolicyArn=policy)))
        known["policy"] = policy
        first = dict(UserName=f"{own}1u")
        key = do("iam", "CreateAccessKey", first)["AccessKey"]["AccessKeyId"]
        undo.insert(0, ("iam", "DeleteAccessKey", dict(**first, AccessKeyId=key)))
        inline = dict(**first, PolicyName=f"p{at}")
        do("iam", "PutUserPolicy", dict(**inline, PolicyDocument="<document>"), ("DeleteUserPolicy", inline))
        member = dict(**first, GroupName=group)
        do("iam", "AddUserToGroup", member, ("RemoveUserFromGroup", member))
        secret = f"{own}{at}"
        known[f"secret{at}"] = secret
        do("secretsmanager", "CreateSecret", dict(Name=secret, SecretString="1"), ("DeleteSecret", dict(SecretId=secret, ForceDeleteWithoutRecovery=True)))
        do("secretsmanager", "PutSecretValue", dict(SecretId=f"{own}1", SecretString=f"2{at}"))
        key_id = do("kms", "CreateKey", dict(Tags=[dict(TagKey="a", TagValue="1"), dict(TagKey="b", TagValue="2")]))["KeyMetadata"]["KeyId"]
        undo.insert(0, ("kms", "ScheduleKeyDeletion", dict(KeyId=key_id)))
        known.setdefault("key", key_id)
        alias = dict(AliasName=f"alias/{own}{at}")
        do("kms", "CreateAlias", dict(**alias, TargetKeyId=known["key"]), ("DeleteAlias", alias))
        model = dict(ModelName=f"{own}{at}")
        do("sagemaker", "CreateModel", dict(**model, PrimaryContainer=dict(Image="http://127.0.0.1:9"), ExecutionRoleArn=role_of(own)), ("DeleteModel", model))
        config = dict(EndpointConfigName=f"{own}{at}")
        variant = dict(VariantName="A", ModelName=f"{own}{at}", InstanceType="ml.m5.large", InitialInstanceCount=1)
        do("sagemaker", "CreateEndpointConfig", dict(**config, ProductionVariants=[variant]), ("DeleteEndpointConfig", config))
        url = do("sqs", "CreateQueue", dict(QueueName=f"{own}{at}"))["QueueUrl"]
        undo.insert(0, ("sqs", "DeleteQueue", dict(QueueUrl=url)))
        bucket = dict(Bucket=f"{own}{at}")
        known["bucket"] = f"{own}1"
        do("s3", "CreateBucket", bucket, ("DeleteBucket", bucket))
        thing = dict(Bucket=f"{own}1", Key=f"k{at}")
        do("s3", "PutObject", thing, ("DeleteObject", thing))
        alarm = dict(AlarmName=f"{own}{at}", Namespace="W", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
        do("cloudwatch", "PutMetricAlarm", alarm, ("DeleteAlarms", dict(AlarmNames=[f"{own}{at}"])))
    iam.create_policy_version(PolicyArn=known["policy"], PolicyDocument=fill("<document>"))
    undo.insert(0, ("iam", "DeletePolicyVersion", dict(PolicyArn=known["policy"], VersionId="v2")))
    yield made
    for service, operation, arguments in undo:
        ask(service, operation, arguments)


def pages_of(names, service, listing):
    """Two pages of one entry: the first, its token, and the second."""
    operation, arguments, taken, given, limit, _ = listing
    arguments = {**names.fill(arguments), limit: 1}
    first = ask(service, operation, arguments)
    assert given in first, (operation, first)
    return first, first[given], ask(service, operation, {**arguments, taken: first[given]})


EACH = [(service, listing) for service, all_of in LISTS.items() for listing in all_of]


@pytest.mark.parametrize("service,listing", EACH, ids=[f"{s}.{one[0]}" for s, one in EACH])
def test_a_token_goes_on_and_is_of_its_list_alone(names, service, listing):
    operation, arguments, taken, given, _, code = listing
    first, token, second = pages_of(names, service, listing)
    rid = [name for name in first if isinstance(first[name], list) and first[name]]
    assert any(first[name] != second.get(name) for name in rid), (operation, first)
    for made_up in (*MADE_UP, token[:-1], f"{token}A"):
        assert code_of(service, operation, {**names.fill(arguments), taken: made_up}) == code, made_up
    for other in LISTS[service]:
        if other[0] != operation:
            _, foreign, _ = pages_of(names, service, other)
            asked = {**names.fill(arguments), taken: foreign}
            assert code_of(service, operation, asked) == code, (operation, other[0])


@pytest.mark.parametrize("service,operation,arguments,taken,code", NO_PAGES, ids=[one[1] for one in NO_PAGES])
def test_a_made_up_token_of_a_list_of_one_page(service, operation, arguments, taken, code):
    for made_up in MADE_UP:
        assert code_of(service, operation, {**arguments, taken: made_up}) == code, made_up


def test_a_token_outlives_what_it_was_given_after(account, region):
    """The first entry goes between two pages: the second page is what it would have been."""
    names = Names(account, region)
    sqs, path = client_of("sqs"), names.fill("/<own>/")
    iam = client_of("iam")
    prefix = names.fill("<own>")
    users = [f"{prefix}{at}" for at in range(3)]
    urls = {user: sqs.create_queue(QueueName=user)["QueueUrl"] for user in users}
    for user in users:
        iam.create_user(UserName=user, Path=path)
    page = iam.list_users(PathPrefix=path, MaxItems=1)
    queues = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=1)
    gone = page["Users"][0]["UserName"]
    iam.delete_user(UserName=gone)
    sqs.delete_queue(QueueUrl=queues["QueueUrls"][0])
    rest = iam.list_users(PathPrefix=path, Marker=page["Marker"])["Users"]
    assert [user["UserName"] for user in rest] == [user for user in users if user != gone]
    left = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=9, NextToken=queues["NextToken"])["QueueUrls"]
    assert left == [url for url in urls.values() if url != queues["QueueUrls"][0]]
    for user in rest:
        iam.delete_user(UserName=user["UserName"])
    for url in left:
        sqs.delete_queue(QueueUrl=url)


