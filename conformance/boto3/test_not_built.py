"""Whatever is not built says so by name: 501 NotImplemented, never a made-up success."""

import boto3
import pytest
from botocore.config import Config
from refusals import refused

ROLE = "arn:aws:iam::000000000000:role/x"
CASES = [
    ("sagemaker", "create_notebook_instance", dict(NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn=ROLE)),
    ("sagemaker", "create_training_job", dict(TrainingJobName="t", AlgorithmSpecification=dict(TrainingInputMode="File"), RoleArn=ROLE, OutputDataConfig=dict(S3OutputPath="s3://b/o"), StoppingCondition=dict(MaxRuntimeInSeconds=60))),
    ("iam", "create_saml_provider", dict(Name="p", SAMLMetadataDocument="x" * 1000)),
    ("iam", "list_server_certificates", dict()),
    ("kms", "create_custom_key_store", dict(CustomKeyStoreName="s")),
    ("kms", "describe_custom_key_stores", dict()),
    ("logs", "create_log_group", dict(logGroupName="g")),
    ("events", "put_rule", dict(Name="r", EventPattern="{}")),
    ("cloudtrail", "create_event_data_store", dict(Name="trail")),
    ("s3", "put_bucket_accelerate_configuration", dict(Bucket="bucket", AccelerateConfiguration=dict(Status="Enabled"))),
    ("sqs", "start_message_move_task", dict(SourceArn="arn:aws:sqs:us-east-1:000000000000:q")),
    ("sns", "create_platform_application", dict(Name="p", Platform="GCM", Attributes={"PlatformCredential": "x"})),
    ("cloudwatch", "put_dashboard", dict(DashboardName="d", DashboardBody="{}")),
]


@pytest.mark.parametrize("service,operation,arguments", CASES, ids=[f"{s}.{o}" for s, o, _ in CASES])
def test_is_refused_by_name(service, operation, arguments):
    client = boto3.client(service, config=Config(retries={"total_max_attempts": 1}))
    api_name = client.meta.method_to_api_mapping[operation]
    with refused("NotImplemented", 501, api_name):
        getattr(client, operation)(**arguments)


def test_a_service_that_is_unknown_is_refused():
    client = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    with refused("NotImplemented", 501):
        client.list_tables()
