"""The AWS command line, as a person uses it."""

import json
import os
import subprocess
import sys
import time

import pytest
from commands import AWS, aws, sqs
from queues import policy_of
from waiting import until


def test_sts():
    assert aws("sts", "get-caller-identity")["Account"].isdigit()


def test_s3(name, tmp_path):
    bucket = f"s3://{name}"
    aws("s3", "mb", bucket)
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(20 * 1024 * 1024))
    aws("s3", "cp", str(big), f"{bucket}/deep/big.bin", "--no-progress")
    back = tmp_path / "back.bin"
    aws("s3", "cp", f"{bucket}/deep/big.bin", str(back), "--no-progress")
    assert back.read_bytes() == big.read_bytes()
    # More than 8 MB went up in parts.
    head = aws("s3api", "head-object", "--bucket", name, "--key", "deep/big.bin")
    assert head["ETag"].endswith('-3"')
    listed = aws("s3", "ls", bucket, "--recursive")
    assert "deep/big.bin" in listed and str(20 * 1024 * 1024) in listed
    assert "PRE deep/" in aws("s3", "ls", bucket)
    folder = tmp_path / "folder"
    (folder / "x").mkdir(parents=True)
    for each in ("a.txt", "b c.txt", "x/ü.txt"):
        (folder / each).write_text(each)
    aws("s3", "sync", str(folder), f"{bucket}/sync", "--no-progress")
    assert aws("s3", "sync", str(folder), f"{bucket}/sync", "--no-progress") == ""
    (folder / "a.txt").unlink()
    aws("s3", "sync", str(folder), f"{bucket}/sync", "--delete", "--no-progress")
    listed = aws("s3api", "list-objects-v2", "--bucket", name, "--prefix", "sync/")
    assert [entry["Key"] for entry in listed["Contents"]] == ["sync/b c.txt", "sync/x/ü.txt"]
    aws("s3", "mv", f"{bucket}/sync/b c.txt", f"{bucket}/moved.txt")
    piped = subprocess.run(
        [sys.executable, str(AWS), "s3", "cp", f"{bucket}/moved.txt", "-"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert piped.stdout == b"b c.txt"
    signed = aws("s3", "presign", f"{bucket}/moved.txt").strip()
    import requests

    assert requests.get(signed, timeout=10).text == "b c.txt"
    aws("s3", "rm", bucket, "--recursive")
    aws("s3", "rb", bucket)
    assert "NoSuchBucket" in aws("s3", "ls", bucket, status=255)


def test_sqs_and_sns(name):
    queue = sqs("create-queue", "--queue-name", name)["QueueUrl"]
    told = sqs("get-queue-attributes", "--queue-url", queue, "--attribute-names", "QueueArn")
    topic = aws("sns", "create-topic", "--name", name)["TopicArn"]
    endpoint = told["Attributes"]["QueueArn"]
    attributes = json.dumps({"Policy": policy_of(endpoint, topic)})
    sqs("set-queue-attributes", "--queue-url", queue, "--attributes", attributes)
    aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", endpoint)
    aws("sns", "publish", "--topic-arn", topic, "--message", "by hand")

    def received():
        got = sqs("receive-message", "--queue-url", queue, "--wait-time-seconds", "2")
        return got["Messages"] if got else None

    [message] = until(received, what="the message")
    assert json.loads(message["Body"])["Message"] == "by hand"
    aws("sns", "delete-topic", "--topic-arn", topic)
    sqs("delete-queue", "--queue-url", queue)
    missing = sqs("get-queue-url", "--queue-name", name, status=255)
    assert "NonExistentQueue" in missing


def test_cloudwatch(name):
    aws("cloudwatch", "put-metric-data", "--namespace", name, "--metric-name", "m", "--value", "2.5")
    listed = aws("cloudwatch", "list-metrics", "--namespace", name)
    assert [metric["MetricName"] for metric in listed["Metrics"]] == ["m"]
    now = int(time.time())
    told = aws(
        *f"cloudwatch get-metric-statistics --namespace {name} --metric-name m --period 60"
        f" --statistics Sum --start-time {now - 300} --end-time {now + 60}".split()
    )
    assert [point["Sum"] for point in told["Datapoints"]] == [2.5]
    aws(
        *f"cloudwatch put-metric-alarm --alarm-name {name} --namespace {name} --metric-name m"
        " --statistic Sum --period 60 --evaluation-periods 1 --threshold 1"
        " --comparison-operator GreaterThanThreshold".split()
    )
    [alarm] = aws("cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"]
    assert alarm["Threshold"] == 1.0
    aws("cloudwatch", "delete-alarms", "--alarm-names", name)


def test_sagemaker(name, role, model_server, tmp_path):
    container = json.dumps({"Image": model_server.url})
    aws("sagemaker", "create-model", "--model-name", name, "--execution-role-arn", role, "--primary-container", container)
    variants = json.dumps(
        [{"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}]
    )
    aws("sagemaker", "create-endpoint-config", "--endpoint-config-name", name, "--production-variants", variants)
    aws("sagemaker", "create-endpoint", "--endpoint-name", name, "--endpoint-config-name", name)

    def status():
        return aws("sagemaker", "describe-endpoint", "--endpoint-name", name)["EndpointStatus"]

    until(lambda: status() == "InService", what="the endpoint")
    output = tmp_path / "out"
    told = aws(
        *f"sagemaker-runtime invoke-endpoint --endpoint-name {name} --content-type text/csv --body 1,2".split(),
        str(output),
    )
    assert told["InvokedProductionVariant"] == "v" and output.read_text() == "3.0"
    listed = aws("sagemaker", "list-endpoints", "--name-contains", name)["Endpoints"]
    assert [entry["EndpointName"] for entry in listed] == [name]
    aws("sagemaker", "delete-endpoint", "--endpoint-name", name)
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", name)
    aws("sagemaker", "delete-endpoint-config", "--endpoint-config-name", name)
    aws("sagemaker", "delete-model", "--model-name", name)
    assert "Could not find model" in aws("sagemaker", "describe-model", "--model-name", name, status=255)


@pytest.mark.parametrize("words", ["kms describe-custom-key-stores", "events list-rules", "iam list-ssh-public-keys"])
def test_not_built(words):
    assert "NotImplemented" in aws(*words.split(), status=255)
