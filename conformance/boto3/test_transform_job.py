"""Batch transform jobs: objects through a model, filters and joins, and the manifests of a capture."""

import json
import re

import pytest
from hosting import hosting
from refusals import refused
from waiting import until

WAITER = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture
def model(sagemaker, role, model_server):
    with hosting(sagemaker, role) as host:
        yield host.model(model_server.url)


def job(name, model, bucket, **more):
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in"}}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {
            "DataSource": source,
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{bucket}/out",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def run(sagemaker, request):
    """Runs a job to its end and returns its description."""
    name = request["TransformJobName"]
    sagemaker.create_transform_job(**request)

    def ended():
        told = sagemaker.describe_transform_job(TransformJobName=name)
        return told if told["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return until(ended, 60, what="the end of the job")


def body(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def keys(s3, bucket, prefix):
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_objects_go_through_the_model(sagemaker, s3, bucket, name, model, account, region):
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body="1,2\n3,4\n")
    s3.put_object(Bucket=bucket, Key="in/deep/b.csv", Body="5,6")
    request = job(name, model, bucket, Environment={"A": "1"}, MaxPayloadInMB=1)
    made = sagemaker.create_transform_job(**request, Tags=[{"Key": "k", "Value": "v"}])
    arn = f"arn:aws:sagemaker:{region}:{account}:transform-job/{name}"
    assert made["TransformJobArn"] == arn
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name, WaiterConfig=WAITER)
    told = sagemaker.describe_transform_job(TransformJobName=name)
    assert told["TransformJobStatus"] == "Completed", told
    assert told["TransformEndTime"] >= told["TransformStartTime"] >= told["CreationTime"]
    for member, value in request.items():
        assert told[member] == value
    assert keys(s3, bucket, "out") == ["out/a.csv.out", "out/deep/b.csv.out"]
    assert body(s3, bucket, "out/a.csv.out") == "3.0\n7.0\n"
    assert body(s3, bucket, "out/deep/b.csv.out") == "11.0\n"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = sagemaker.list_transform_jobs(NameContains=name, StatusEquals="Completed")
    assert [one["TransformJobArn"] for one in listed["TransformJobSummaries"]] == [arn]
    with refused("ResourceInUse", 400, "must be unique"):
        sagemaker.create_transform_job(**request)


def test_joined_filtered_and_captured(sagemaker, s3, bucket, name, model):
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body="x,1,2\ny,3,4\n")
    request = job(
        name,
        model,
        bucket,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=4,
        DataProcessing={"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
        DataCaptureConfig={
            "DestinationS3Uri": f"s3://{bucket}/capture",
            "GenerateInferenceId": True,
        },
    )
    told = run(sagemaker, request)
    assert told["TransformJobStatus"] == "Completed", told
    started = told["TransformStartTime"].astimezone(tz=None).utctimetuple()
    rows = [row.split(",") for row in body(s3, bucket, "out/a.csv.out").splitlines()]
    assert [row[:2] for row in rows] == [["x", "3.0"], ["y", "7.0"]]
    assert len({row[2] for row in rows}) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", row[2]) for row in rows)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[3]) for row in rows)
    hour = "%04d/%02d/%02d/%02d" % started[:4]
    for side, expected in (("in", "a.csv"), ("out", "a.csv.out")):
        [key] = keys(s3, bucket, f"capture/{side}put/{hour}/")
        assert json.loads(body(s3, bucket, key)) == [
            {"prefix": f"s3://{bucket}/{side}/"},
            expected,
        ]


def test_a_model_that_refuses(sagemaker, s3, bucket, name, model):
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body="bad")
    s3.put_object(Bucket=bucket, Key="in/b.csv", Body="1,2")
    told = run(sagemaker, job(name, model, bucket))
    assert told["TransformJobStatus"] == "Failed"
    assert told["FailureReason"] == (
        f'ClientError: s3://{bucket}/in/a.csv: record 1: the model answered 400: "no numbers"'
    )
    assert keys(s3, bucket, "out") == ["out/b.csv.out"]
    with refused("ValidationException", 400, "status Failed"):
        sagemaker.stop_transform_job(TransformJobName=name)


def test_a_model_that_cannot_run(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body="1")
    with hosting(sagemaker, role) as host:
        told = run(sagemaker, job(name, host.model("nobody/knows:1"), bucket))
    assert told["TransformJobStatus"] == "Failed"
    assert "the image nobody/knows:1 is not known here" in told["FailureReason"]


def test_what_a_job_cannot_be(sagemaker, bucket, name, model):
    with refused("ValidationException", 400, "Could not find model"):
        sagemaker.create_transform_job(**job(name, "gone", bucket))
    with refused("ValidationException", 400, "maxConcurrentTransforms"):
        wide = job(name, model, bucket, MaxConcurrentTransforms=50, MaxPayloadInMB=6)
        sagemaker.create_transform_job(**wide)
    with refused("NotImplemented", 501, "RecordIO"):
        request = job(name, model, bucket)
        request["TransformInput"]["SplitType"] = "RecordIO"
        sagemaker.create_transform_job(**request)
    with refused("ValidationException", 400, "Could not find requested job"):
        sagemaker.describe_transform_job(TransformJobName=name)
