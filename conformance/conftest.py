"""Clients of the server under test, which run.mjs starts and names in AWS_ENDPOINT_URL."""

import os
import uuid

import boto3
import pytest
from botocore.config import Config
from buckets import empty_bucket, new_bucket
from listeners import HookHandler, ModelHandler, listening
from roles import RoleManager

NO_RETRIES = {"total_max_attempts": 1}


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
def role_of(url):
    """Makes roles for jobs and models, which may use the buckets that are named and nothing else."""
    return RoleManager(url).role_of


@pytest.fixture
def role(role_of, bucket):
    """The role of a test's jobs and models, for its bucket alone."""
    return role_of(bucket)


@pytest.fixture
def name():
    return f"c-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket of the test's own, emptied and deleted afterwards."""
    made = new_bucket(s3)
    yield made
    empty_bucket(s3, made)
    s3.delete_bucket(Bucket=made)


@pytest.fixture(scope="session")
def model_server():
    with listening(ModelHandler) as server:
        yield server


@pytest.fixture
def webhook():
    with listening(HookHandler) as server:
        yield server
