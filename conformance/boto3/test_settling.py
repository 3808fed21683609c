"""What tools that keep infrastructure in files count on, resource by resource.

Reads after writes see them; what describes a resource tells every member that its maker was given; tags round
trip; updates are in place and change nothing else; what is deleted twice answers as the original does; states
that take time settle, and what is gone is gone by the words that waiters look for.
"""

import json

import pytest
from botocore.exceptions import ClientError
from hosting import hosting, variant
from refusals import refused
from waiting import until
from wrong_cases import ANALYZER, DOCUMENT, TRUST

TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}


def lacking(given, told, path=""):
    """The members of what was given that are not told, or told otherwise."""
    if isinstance(given, dict):
        if not isinstance(told, dict):
            return [path]
        return [one for name in given for one in lacking(given[name], told.get(name), f"{path}.{name}")]
    if isinstance(given, list):
        if not isinstance(told, list) or len(given) != len(told):
            return [path]
        return [one for at, item in enumerate(given) for one in lacking(item, told[at], f"{path}.{at}")]
    return [] if given == told else [f"{path}: {given!r} became {told!r}"]


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


def sagemaker_tags(sagemaker, arn):
    return sorted(sagemaker.list_tags(ResourceArn=arn)["Tags"], key=lambda tag: tag["Key"])


def change_tags(sagemaker, arn):
    assert sagemaker_tags(sagemaker, arn) == TAGS
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "3"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b", "none"])
    assert sagemaker_tags(sagemaker, arn) == [{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "3"}]


def test_a_model(sagemaker, role, name):
    given = {
        "ModelName": name,
        "ExecutionRoleArn": role,
        "PrimaryContainer": {
            "Image": "http://127.0.0.1:9",
            "ContainerHostname": "one",
            "Environment": {"A": "1", "B": ""},
            "ModelDataUrl": "s3://none/model.tar.gz",
            "Mode": "SingleModel",
        },
    }
    arn = sagemaker.create_model(**given, Tags=TAGS)["ModelArn"]
    told = sagemaker.describe_model(ModelName=name)
    assert lacking({**given, "ModelArn": arn}, told) == []
    assert [one["ModelArn"] for one in sagemaker.list_models(NameContains=name)["Models"]] == [arn]
    change_tags(sagemaker, arn)
    sagemaker.delete_model(ModelName=name)
    for again in (sagemaker.delete_model, sagemaker.describe_model):
        with refused("ValidationException", 400, f'Could not find model "{arn}".'):
            again(ModelName=name)
    # The name is free again, and its tags are not those of before.
    sagemaker.create_model(**given)
    assert sagemaker_tags(sagemaker, arn) == []
    sagemaker.delete_model(ModelName=name)


@pytest.fixture
def hosted(sagemaker, role):
    with hosting(sagemaker, role) as made:
        yield made


def test_an_endpoint_configuration(sagemaker, hosted, bucket, name):
    model = hosted.model("http://127.0.0.1:9")
    given = {
        "EndpointConfigName": name,
        "ProductionVariants": [
            variant(model, ContainerStartupHealthCheckTimeoutInSeconds=120),
            variant(model, "Second", InitialVariantWeight=0.5, InitialInstanceCount=2),
        ],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 25,
            "DestinationS3Uri": f"s3://{bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json", "application/x-json"],
            },
        },
    }
    arn = sagemaker.create_endpoint_config(**given, Tags=TAGS)["EndpointConfigArn"]
    hosted.configs.append(name)
    told = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert lacking({**given, "EndpointConfigArn": arn}, told) == []
    change_tags(sagemaker, arn)
    hosted.configs.remove(name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    with refused("ValidationException", 400, f'Could not find endpoint configuration "{arn}".'):
        sagemaker.describe_endpoint_config(EndpointConfigName=name)


def test_an_endpoint_settles(sagemaker, hosted, model_server):
    model = hosted.model(model_server.url)
    first, second = (hosted.config(variant(model, weight)) for weight in ("One", "Two"))
    name = hosted.endpoint(first, wait=False)
    # It is there at once, and is not yet what it will be.
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointStatus"] in ("Creating", "InService") and told["EndpointConfigName"] == first
    hosted.in_service(name)
    arn = told["EndpointArn"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointArn"] == arn and told["EndpointStatus"] in ("Updating", "InService")
    hosted.in_service(name)
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointConfigName"] == second
    assert [one["VariantName"] for one in told["ProductionVariants"]] == ["Two"]
    sagemaker.delete_endpoint(EndpointName=name)
    hosted.endpoints.remove(name)

    def gone():
        try:
            assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Deleting"
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"
            assert "Could not find" in error.response["Error"]["Message"]
            return True
        return False

    until(gone, what="the endpoint's end")
    with refused("ValidationException", 400, f'Could not find endpoint "{arn}".'):
        sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_that_cannot_be_fails_and_goes(sagemaker, hosted):
    name = hosted.endpoint(hosted.config(variant(hosted.model("none-such-image:1"))), wait=False)
    told = until(
        lambda: (one := sagemaker.describe_endpoint(EndpointName=name))["EndpointStatus"] == "Failed" and one,
        what="the failure",
    )
    assert told["FailureReason"]


def definition_of(kind, endpoint, bucket, role):
    """Every member that a definition of the kind can be given and that is built."""
    input_of = {
        "EndpointName": endpoint,
        "LocalPath": "/opt/ml/processing/input",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "StartTimeOffset": "-PT1H",
        "EndTimeOffset": "-PT0H",
    }
    truth = {"GroundTruthS3Input": {"S3Uri": f"s3://{bucket}/truth"}}
    app = {"ImageUri": ANALYZER, "Environment": {"A": "1"}}
    facts = {
        "DataQuality": ({}, {}),
        "ModelQuality": ({"ProblemType": "BinaryClassification"}, truth),
        "ModelBias": ({"ConfigUri": f"s3://{bucket}/config.json"}, truth),
        "ModelExplainability": ({"ConfigUri": f"s3://{bucket}/config.json"}, {}),
    }[kind]
    if kind == "DataQuality":
        for outer in ("StartTimeOffset", "EndTimeOffset"):
            del input_of[outer]
        baseline = {
            "ConstraintsResource": {"S3Uri": f"s3://{bucket}/constraints.json"},
            "StatisticsResource": {"S3Uri": f"s3://{bucket}/statistics.json"},
        }
    else:
        input_of |= {"InferenceAttribute": "0"}
        baseline = {"ConstraintsResource": {"S3Uri": f"s3://{bucket}/constraints.json"}}
    if kind == "ModelQuality":
        input_of |= {"ProbabilityAttribute": "1", "ProbabilityThresholdAttribute": 0.5}
    output = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {
        f"{kind}BaselineConfig": baseline,
        f"{kind}AppSpecification": {**app, **facts[0]},
        f"{kind}JobInput": {"EndpointInput": input_of, **facts[1]},
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": CLUSTER},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "RoleArn": role,
    }


@pytest.mark.parametrize("kind", ["DataQuality", "ModelQuality", "ModelBias", "ModelExplainability"])
def test_a_definition_and_its_schedule(sagemaker, hosted, bucket, role, name, kind):
    snake = {"DataQuality": "data_quality", "ModelQuality": "model_quality", "ModelBias": "model_bias"}
    snake = snake.get(kind, "model_explainability")
    create, describe, delete = (
        getattr(sagemaker, f"{verb}_{snake}_job_definition") for verb in ("create", "describe", "delete")
    )
    endpoint = hosted.endpoint(hosted.config(variant(hosted.model("http://127.0.0.1:9"))), wait=False)
    given = definition_of(kind, endpoint, bucket, role)
    arn = create(JobDefinitionName=name, **given, Tags=TAGS)["JobDefinitionArn"]
    assert lacking({**given, "JobDefinitionArn": arn}, describe(JobDefinitionName=name)) == []
    change_tags(sagemaker, arn)
    config = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinitionName": name,
        "MonitoringType": kind,
    }
    of = {"MonitoringScheduleName": name}
    made = sagemaker.create_monitoring_schedule(**of, MonitoringScheduleConfig=config, Tags=TAGS)
    schedule = {**of, "MonitoringScheduleArn": made["MonitoringScheduleArn"]}
    scheduled = lambda: sagemaker.describe_monitoring_schedule(**of)  # noqa: E731
    settled = lambda: scheduled()["MonitoringScheduleStatus"] != "Pending"  # noqa: E731
    until(settled, what="the schedule")
    assert lacking({**schedule, "MonitoringScheduleConfig": config}, scheduled()) == []
    change_tags(sagemaker, schedule["MonitoringScheduleArn"])
    config["ScheduleConfig"]["ScheduleExpression"] = "cron(0 0 ? * * *)"
    updated = sagemaker.update_monitoring_schedule(**of, MonitoringScheduleConfig=config)
    assert updated["MonitoringScheduleArn"] == schedule["MonitoringScheduleArn"]
    until(settled, what="the update")
    assert lacking({"MonitoringScheduleConfig": config}, scheduled()) == []
    sagemaker.delete_monitoring_schedule(**of)
    until(lambda: not exists(scheduled, "ResourceNotFound"), what="the schedule's end")
    delete(JobDefinitionName=name)
    with refused("ResourceNotFound", 400):
        describe(JobDefinitionName=name)


def exists(read, code):
    try:
        return read()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return None


def test_a_processing_job(sagemaker, bucket, role, name):
    s3 = {"S3Uri": f"s3://{bucket}/in", "LocalPath": "/opt/ml/processing/input/a", "S3DataType": "S3Prefix"}
    modes = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}
    output = {"S3Uri": f"s3://{bucket}/out", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    given = {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {"ImageUri": ANALYZER, "ContainerArguments": ["one", "two"]},
        "Environment": {"A": "1"},
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "ProcessingInputs": [{"InputName": "a", "S3Input": {**s3, **modes}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "b", "S3Output": output}]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    arn = sagemaker.create_processing_job(**given, Tags=TAGS)["ProcessingJobArn"]
    read = lambda: sagemaker.describe_processing_job(ProcessingJobName=name)  # noqa: E731
    assert lacking({**given, "ProcessingJobArn": arn}, read()) == []
    change_tags(sagemaker, arn)
    until(lambda: read()["ProcessingJobStatus"] in ("Failed", "Completed"), what="the job's end")
    assert lacking({**given, "ProcessingJobArn": arn}, read()) == []


def test_a_transform_job(sagemaker, hosted, bucket, name):
    model = hosted.model("http://127.0.0.1:9")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}}
    given = {
        "TransformJobName": name,
        "ModelName": model,
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": 1,
        "BatchStrategy": "SingleRecord",
        "Environment": {"A": "1"},
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 10, "InvocationsMaxRetries": 1},
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line", "CompressionType": "None"},
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out", "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "OutputFilter": "$", "JoinSource": "Input"},
    }
    arn = sagemaker.create_transform_job(**given, Tags=TAGS)["TransformJobArn"]
    told = sagemaker.describe_transform_job(TransformJobName=name)
    assert lacking({**given, "TransformJobArn": arn}, told) == []
    change_tags(sagemaker, arn)
    ended = ("Failed", "Completed", "Stopped")
    until(lambda: sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] in ended)


def test_identities(iam, people, name, account):
    path = f"/{name}/"
    people.users.append(name)
    iam.create_user(UserName=name, Path=path, Tags=TAGS, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    user = iam.get_user(UserName=name)["User"]
    boundary = {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert lacking({"Path": path, "Tags": TAGS, "PermissionsBoundary": boundary}, user) == []
    people.roles.append(name)
    given = {"Path": path, "Description": "what it is for", "MaxSessionDuration": 7200, "Tags": TAGS}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **given)["Role"]
    role = iam.get_role(RoleName=name)["Role"]
    assert lacking({**given, "Arn": made["Arn"], "AssumeRolePolicyDocument": json.loads(TRUST)}, role) == []
    iam.update_role(RoleName=name, Description="another", MaxSessionDuration=3600)
    after = iam.get_role(RoleName=name)["Role"]
    changed = {"Description": "another", "MaxSessionDuration": 3600}
    assert {**role, **changed} == after
    people.policies.append(f"arn:aws:iam::{account}:policy{path}{name}")
    iam.create_policy(PolicyName=name, Path=path, Description="d", PolicyDocument=DOCUMENT, Tags=TAGS)
    policy = iam.get_policy(PolicyArn=people.policies[-1])["Policy"]
    assert lacking({"PolicyName": name, "Path": path, "Description": "d", "Tags": TAGS}, policy) == []
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(DOCUMENT)
    people.groups.append(name)
    group = iam.create_group(GroupName=name, Path=path)["Group"]
    assert iam.get_group(GroupName=name)["Group"] == group
    people.profiles.append(name)
    profile = iam.create_instance_profile(InstanceProfileName=name, Path=path, Tags=TAGS)["InstanceProfile"]
    assert lacking(profile, iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]) == []


def test_what_is_attached_twice_and_taken_twice(iam, people, name):
    """Attaching, adding and putting again change nothing; taking away again is refused."""
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    people.users.append(name)
    people.groups.append(name)
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    for _ in range(2):
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        iam.add_user_to_group(UserName=name, GroupName=name)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=DOCUMENT)
    assert len(iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]) == 1
    assert len(iam.list_groups_for_user(UserName=name)["Groups"]) == 1
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    with refused("NoSuchEntity", 404):
        iam.detach_user_policy(UserName=name, PolicyArn=arn)
    iam.delete_user_policy(UserName=name, PolicyName="own")
    with refused("NoSuchEntity", 404):
        iam.delete_user_policy(UserName=name, PolicyName="own")
    provider = {"Url": f"https://{name}.example.com", "ClientIDList": ["a"], "ThumbprintList": ["0" * 40], "Tags": TAGS}
    made = iam.create_open_id_connect_provider(**provider)["OpenIDConnectProviderArn"]
    told = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=made)
    assert lacking({**provider, "Url": f"{name}.example.com"}, told) == []
    # The original answers the second time as it does the first.
    for _ in range(2):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=made)


def test_a_key(kms, account):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
        ],
    }
    tags = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}]
    given = {"Description": "for a test", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS", "MultiRegion": False}
    made = kms.create_key(**given, Policy=json.dumps(policy), Tags=tags)["KeyMetadata"]
    of = {"KeyId": made["KeyId"]}
    assert lacking(given, kms.describe_key(**of)["KeyMetadata"]) == []
    assert kms.describe_key(**of)["KeyMetadata"] == made
    assert json.loads(kms.get_key_policy(**of)["Policy"]) == policy
    assert kms.list_resource_tags(**of)["Tags"] == tags
    kms.enable_key_rotation(**of, RotationPeriodInDays=100)
    kms.enable_key_rotation(**of)
    told = kms.get_key_rotation_status(**of)
    assert told["KeyRotationEnabled"] is True
    kms.update_key_description(**of, Description="another")
    assert kms.describe_key(**of)["KeyMetadata"] == {**made, "Description": "another"}
    kms.disable_key(**of)
    kms.disable_key(**of)
    assert kms.describe_key(**of)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(**of)
    kms.schedule_key_deletion(**of, PendingWindowInDays=7)
    assert kms.describe_key(**of)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    with refused("KMSInvalidStateException", 400):
        kms.schedule_key_deletion(**of, PendingWindowInDays=7)


def test_a_secret(client, name):
    secrets = client("secretsmanager")
    made = secrets.create_secret(Name=name, Description="d", SecretString="1", Tags=TAGS)
    of = {"SecretId": made["ARN"]}
    told = secrets.describe_secret(**of)
    assert lacking({"Name": name, "Description": "d", "Tags": TAGS, "ARN": made["ARN"]}, told) == []
    assert secrets.get_secret_value(SecretId=name)["VersionId"] == made["VersionId"]
    secrets.update_secret(**of, Description="another")
    after = secrets.describe_secret(**of)
    assert lacking({"Description": "another", "Tags": TAGS, "VersionIdsToStages": told["VersionIdsToStages"]}, after) == []
    for _ in range(2):
        secrets.delete_secret(**of, ForceDeleteWithoutRecovery=True)
    until(lambda: not exists(lambda: secrets.describe_secret(**of), "ResourceNotFoundException"))
    # The name is free at once.
    again = secrets.create_secret(Name=name, SecretString="2")
    assert again["ARN"] != made["ARN"]
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_queue_and_a_topic(client, name):
    sqs, sns = client("sqs"), client("sns")
    attributes = {
        "DelaySeconds": "5",
        "MaximumMessageSize": "2048",
        "MessageRetentionPeriod": "3600",
        "ReceiveMessageWaitTimeSeconds": "2",
        "VisibilityTimeout": "45",
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags={"a": "1", "b": ""})["QueueUrl"]
    read = lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]  # noqa: E731
    assert lacking(attributes, read()) == []
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1", "b": ""}
    assert sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"] == url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    assert lacking({**attributes, "VisibilityTimeout": "0"}, read()) == []
    sqs.send_message(QueueUrl=url, MessageBody="a", DelaySeconds=0)
    [message] = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=60).get("Messages"))
    for _ in range(2):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_queue(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue", 400):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    settings = {"DisplayName": "shown", "SignatureVersion": "2", "TracingConfig": "PassThrough"}
    topic = sns.create_topic(Name=name, Attributes=settings, Tags=TAGS)["TopicArn"]
    assert lacking(settings, sns.get_topic_attributes(TopicArn=topic)["Attributes"]) == []
    assert sns.create_topic(Name=name, Attributes=settings, Tags=TAGS)["TopicArn"] == topic
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == TAGS
    for _ in range(2):
        sns.delete_topic(TopicArn=topic)
    with refused("NotFound", 404):
        sns.get_topic_attributes(TopicArn=topic)


def test_an_alarm(client, name):
    cloudwatch = client("cloudwatch")
    given = {
        "AlarmName": name,
        "AlarmDescription": "d",
        "ActionsEnabled": False,
        "Namespace": "Settling",
        "MetricName": "m",
        "Dimensions": [{"Name": "a", "Value": "1"}],
        "Statistic": "Average",
        "Unit": "Seconds",
        "Period": 300,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 1.5,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    }
    cloudwatch.put_metric_alarm(**given, Tags=TAGS)
    read = lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]  # noqa: E731
    first = read()
    assert lacking(given, first) == []
    assert cloudwatch.list_tags_for_resource(ResourceARN=first["AlarmArn"])["Tags"] == TAGS
    cloudwatch.put_metric_alarm(**{**given, "Threshold": 2.5})
    assert lacking({**given, "Threshold": 2.5, "AlarmArn": first["AlarmArn"]}, read()) == []
    assert cloudwatch.list_tags_for_resource(ResourceARN=first["AlarmArn"])["Tags"] == TAGS
    cloudwatch.delete_alarms(AlarmNames=[name])
    with refused("ResourceNotFound", 404):
        cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_bucket(s3, name, account):
    of = {"Bucket": name}
    s3.create_bucket(**of)
    s3.put_bucket_tagging(**of, Tagging={"TagSet": TAGS})
    assert s3.get_bucket_tagging(**of)["TagSet"] == TAGS
    s3.put_bucket_versioning(**of, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(**of)["Status"] == "Enabled"
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    s3.put_public_access_block(**of, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(**of)["PublicAccessBlockConfiguration"] == block
    statement = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(**of, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(**of)["Policy"]) == policy
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(**of, ServerSideEncryptionConfiguration={"Rules": rules})
    told = s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]["Rules"]
    assert lacking(rules, told) == []
    # Deleting what is not there, or is deleted already, is no error.
    for _ in range(2):
        s3.delete_bucket_tagging(**of)
        s3.delete_bucket_policy(**of)
        s3.delete_public_access_block(**of)
        s3.delete_bucket_encryption(**of)
    s3.put_bucket_versioning(**of, VersioningConfiguration={"Status": "Suspended"})
    put = s3.put_object(**of, Key="k", Body=b"1")
    assert s3.get_object(**of, Key="k")["ETag"] == put["ETag"]
    assert [one["Key"] for one in s3.list_objects_v2(**of)["Contents"]] == ["k"]
    s3.put_object(**of, Key="k", Body=b"22")
    assert s3.head_object(**of, Key="k")["ContentLength"] == 2
    for _ in range(2):
        s3.delete_object(**of, Key="k")
    assert s3.list_objects_v2(**of)["KeyCount"] == 0
    for version in s3.list_object_versions(**of).get("DeleteMarkers", []):
        s3.delete_object(**of, Key="k", VersionId=version["VersionId"])
    s3.delete_bucket(**of)
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(**of)
    with refused("404", 404):
        s3.head_bucket(**of)
