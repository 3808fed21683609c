"""Clients of one server that a test started itself, which keeps its port and keys over restarts."""

import boto3
from botocore.config import Config
from roles import RoleManager


class Clients:
    """Without retries, unless asked for: a test sees each refusal."""

    def __init__(self, server, read_timeout=20, attempts=1):
        told = server.environment()
        self.session = boto3.Session(
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
            region_name=told["AWS_REGION"],
        )
        config = Config(
            retries={"total_max_attempts": attempts}, connect_timeout=2, read_timeout=read_timeout
        )

        def client(service):
            return self.session.client(service, endpoint_url=server.url, config=config)

        self.client = client
        self.s3, self.sqs, self.sns = client("s3"), client("sqs"), client("sns")
        self.cloudwatch, self.sagemaker = client("cloudwatch"), client("sagemaker")
        self.runtime, self.cloudtrail = client("sagemaker-runtime"), client("cloudtrail")
        self.kms, self.secrets = client("kms"), client("secretsmanager")
        self.role_of = RoleManager(server.url, self.session).role_of
