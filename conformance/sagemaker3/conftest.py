"""What the suites of the SDK's third generation share: its sessions, a bucket of their own, a role."""

import uuid

import boto3
import pytest
from buckets import empty_bucket

pytest.importorskip("sagemaker.core")

from sagemaker.core.helper.session_helper import Session  # noqa: E402

NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


@pytest.fixture(scope="module")
def boto():
    return boto3.Session()


@pytest.fixture(scope="module")
def own_bucket(s3):
    """A bucket for a whole file of tests; sessions name it, or they would ask the real STS to do so."""
    made = f"sagemaker-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=made)
    yield made
    empty_bucket(s3, made)
    s3.delete_bucket(Bucket=made)


@pytest.fixture(scope="module")
def session(boto, own_bucket):
    return Session(boto_session=boto, default_bucket=own_bucket, sagemaker_config=NO_TELEMETRY)


@pytest.fixture(scope="module")
def own_role(role_of, own_bucket):
    return role_of(own_bucket)
