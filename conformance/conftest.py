"""Clients of the server under test, which run.mjs starts and names in AWS_ENDPOINT_URL."""

import os
import uuid

import boto3
import pytest
from botocore.config import Config
from listeners import HookHandler, ModelHandler, listening

NO_RETRIES = {"total_max_attempts": 1}
ROLE = "arn:aws:iam::{account}:role/conformance"


def pytest_configure():
    if not os.environ.get("AWS_ENDPOINT_URL"):
        raise pytest.UsageError("AWS_ENDPOINT_URL is not set: run conformance/run.mjs")


@pytest.fixture(scope="session")
def url():
    return os.environ["AWS_ENDPOINT_URL"]


@pytest.fixture(scope="session")
def region():
    return os.environ["AWS_REGION"]


@pytest.fixture(scope="session")
def client():
    """Makes clients as users do; nothing but the environment says where the server is."""

    def make(service, **config):
        config.setdefault("retries", NO_RETRIES)
        return boto3.client(service, config=Config(**config))

    return make


@pytest.fixture(scope="session")
def account(client):
    return client("sts").get_caller_identity()["Account"]


@pytest.fixture(scope="session")
def role(account):
    return ROLE.format(account=account)


@pytest.fixture
def name():
    return f"c-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket of the test's own, emptied and deleted afterwards."""
    made = f"conformance-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=made)
    yield made
    empty_bucket(s3, made)
    s3.delete_bucket(Bucket=made)


def empty_bucket(s3, bucket):
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


@pytest.fixture(scope="session")
def model_server():
    with listening(ModelHandler) as server:
        yield server


@pytest.fixture
def webhook():
    with listening(HookHandler) as server:
        yield server
