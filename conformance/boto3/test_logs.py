"""The logs of jobs and endpoints, read as those of CloudWatch are."""

import json
import sys

import boto3
import pytest
from botocore.config import Config
from hosting import archive_of, hosting
from refusals import refused
from waiting import until

PROCESSING = "/aws/sagemaker/ProcessingJobs"
TRANSFORM = "/aws/sagemaker/TransformJobs"
LINES = 25
PROGRAM = f"import sys; [print('größe', i, flush=True) for i in range({LINES})]; sys.exit(int(sys.argv[1]))"
SERVE = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        print("asked for", body.decode().strip(), flush=True)
        self.answer(b"1")

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

print("ready to serve", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture(scope="module")
def logs(client):
    return client("logs")


def run(sagemaker, name, role, code=0):
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=role,
        AppSpecification={
            "ImageUri": "modelkeep/process",
            "ContainerEntrypoint": [sys.executable, "-c", PROGRAM, str(code)],
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
    )

    def ended():
        told = sagemaker.describe_processing_job(ProcessingJobName=name)
        return told if told["ProcessingJobStatus"] in ("Completed", "Failed") else None

    return until(ended, 60, what="the end of the job")


@pytest.fixture
def job(sagemaker, name, role):
    """A job that has ended, and the name of its stream."""
    told = run(sagemaker, name, role)
    assert told["ProcessingJobStatus"] == "Completed", told
    created = round(told["CreationTime"].timestamp() * 1000)
    return name, f"{name}/algo-1-{created}"


def messages(events):
    return [event["message"] for event in events]


EXPECTED = [f"größe {i}" for i in range(LINES)]


def test_group_and_stream(logs, job, account, region):
    name, stream = job
    [group] = logs.describe_log_groups(logGroupNamePrefix=PROCESSING)["logGroups"]
    arn = f"arn:aws:logs:{region}:{account}:log-group:{PROCESSING}"
    assert (group["logGroupName"], group["arn"], group["logGroupArn"]) == (PROCESSING, f"{arn}:*", arn)
    # As the SDK asks: one job has one stream, and there is no further page.
    told = logs.describe_log_streams(
        logGroupName=PROCESSING, logStreamNamePrefix=f"{name}/", orderBy="LogStreamName", limit=1
    )
    assert "nextToken" not in told
    [one] = told["logStreams"]
    assert one["logStreamName"] == stream
    assert one["arn"] == f"{arn}:log-stream:{stream}"
    assert one["firstEventTimestamp"] <= one["lastEventTimestamp"]
    assert one["storedBytes"] == 0
    last = logs.describe_log_streams(
        logGroupIdentifier=arn, orderBy="LastEventTime", descending=True, limit=50
    )
    assert stream in [found["logStreamName"] for found in last["logStreams"]]


def test_streams_in_pages(logs, sagemaker, job, role, name):
    other = f"{name}-b"
    run(sagemaker, other, role)
    asked = {"logGroupName": PROCESSING, "logStreamNamePrefix": name}
    for descending in (False, True):
        pages = logs.get_paginator("describe_log_streams").paginate(
            **asked, descending=descending, PaginationConfig={"PageSize": 1}
        )
        found = [stream["logStreamName"].split("/")[0] for page in pages for stream in page["logStreams"]]
        assert found == sorted([name, other], key=lambda one: f"{one}/", reverse=descending)


def test_events_from_the_head(logs, job):
    _, stream = job
    asked = {"logGroupName": PROCESSING, "logStreamName": stream}
    read, token, pages = [], {}, 0
    while True:
        told = logs.get_log_events(**asked, startFromHead=True, limit=10, **token)
        if token.get("nextToken") == told["nextForwardToken"]:
            break
        read += told["events"]
        token, pages = {"nextToken": told["nextForwardToken"]}, pages + 1
    assert messages(read) == EXPECTED and pages == 3
    times = [event["timestamp"] for event in read]
    assert times == sorted(times)
    after = logs.get_log_events(**asked, startTime=times[-1] + 1, startFromHead=True)
    assert after["events"] == []
    before = logs.get_log_events(**asked, endTime=times[-1], startFromHead=True)
    assert all(event["timestamp"] < times[-1] for event in before["events"])


def test_events_from_the_end(logs, job):
    _, stream = job
    asked = {"logGroupName": PROCESSING, "logStreamName": stream, "limit": 10}
    told = logs.get_log_events(**asked)
    assert messages(told["events"]) == EXPECTED[-10:]
    assert told["nextForwardToken"].startswith("f/") and told["nextBackwardToken"].startswith("b/")
    earlier = logs.get_log_events(**asked, nextToken=told["nextBackwardToken"])
    assert messages(earlier["events"]) == EXPECTED[-20:-10]
    again = logs.get_log_events(**asked, nextToken=earlier["nextForwardToken"])
    assert again["events"] == told["events"]
    first = logs.get_log_events(**asked, nextToken=earlier["nextBackwardToken"])
    assert messages(first["events"]) == EXPECTED[:5]
    end = logs.get_log_events(**asked, nextToken=first["nextBackwardToken"])
    assert end["events"] == [] and end["nextBackwardToken"] == first["nextBackwardToken"]


def test_events_of_many_streams(logs, sagemaker, job, role, name):
    run(sagemaker, f"{name}-b", role, code=3)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=PROCESSING, logStreamNamePrefix=name, PaginationConfig={"PageSize": 7}
    )
    events = [event for page in pages for event in page["events"]]
    assert messages(events) == EXPECTED * 2
    assert len({event["eventId"] for event in events}) == 2 * LINES
    _, stream = job
    told = logs.filter_log_events(
        logGroupName=PROCESSING, logStreamNames=[stream], startTime=events[0]["timestamp"], interleaved=True
    )
    assert messages(told["events"]) == EXPECTED


def test_the_log_of_an_analysis_that_fails(logs, sagemaker, s3, bucket, name, role):
    from monitoring import baseline_job

    s3.put_object(Bucket=bucket, Key="data/train.csv", Body="")
    sagemaker.create_processing_job(
        **baseline_job(name, role, f"s3://{bucket}/data", f"s3://{bucket}/baseline")
    )

    def ended():
        told = sagemaker.describe_processing_job(ProcessingJobName=name)
        return told if told["ProcessingJobStatus"] == "Failed" else None

    reason = until(ended, 60, what="the end of the job")["FailureReason"]
    told = logs.filter_log_events(logGroupName=PROCESSING, logStreamNamePrefix=f"{name}/")
    assert reason in messages(told["events"])


def test_endpoint_and_transform(logs, sagemaker, client, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive_of(serve__py=SERVE))
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body="7\n")
    container = {
        "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
        "Environment": {"MODELKEEP_COMMAND": json.dumps([sys.executable, "serve.py"])},
    }
    with hosting(sagemaker, role) as host:
        endpoint = host.serve("modelkeep/process", **container)
        client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body="5")
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        until(
            lambda: "asked for 5" in messages(logs.filter_log_events(logGroupName=group)["events"]),
            what="what the server printed",
        )
        [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
        variant, instance = stream["logStreamName"].split("/")
        assert variant == "AllTraffic" and instance.startswith("i-")
        found = logs.describe_log_groups(logGroupNamePattern=endpoint)["logGroups"]
        assert [one["logGroupName"] for one in found] == [group]
        sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=host.model("modelkeep/process", **container),
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in"}},
                "ContentType": "text/csv",
            },
            TransformOutput={"S3OutputPath": f"s3://{bucket}/out"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
        waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    told = logs.filter_log_events(logGroupName=TRANSFORM, logStreamNamePrefix=f"{name}/")
    assert messages(told["events"]) == ["ready to serve", "asked for 7"]


def test_what_is_not_there(logs, job):
    _, stream = job
    for call in (logs.describe_log_streams, logs.filter_log_events):
        with refused("ResourceNotFoundException", 400, "The specified log group does not exist."):
            call(logGroupName="/aws/sagemaker/Endpoints/gone")
    with refused("ResourceNotFoundException", 400, "The specified log stream does not exist."):
        logs.get_log_events(logGroupName=PROCESSING, logStreamName="gone/algo-1-0")
    # Another region has logs of its own.
    elsewhere = boto3.client("logs", region_name="ap-south-1", config=Config(retries={"total_max_attempts": 1}))
    assert elsewhere.describe_log_groups()["logGroups"] == []
    with refused("ResourceNotFoundException", 400):
        elsewhere.get_log_events(logGroupName=PROCESSING, logStreamName=stream)


def test_what_cannot_be(logs, job):
    _, stream = job
    with refused("InvalidParameterException", 400, "Cannot order by LastEventTime"):
        logs.describe_log_streams(logGroupName=PROCESSING, orderBy="LastEventTime", logStreamNamePrefix="a")
    with refused("InvalidParameterException", 400, "limit"):
        logs.get_log_events(logGroupName=PROCESSING, logStreamName=stream, limit=10_001)
    with refused("InvalidParameterException", 400, "nextToken"):
        logs.get_log_events(logGroupName=PROCESSING, logStreamName=stream, nextToken="f/1")
    with refused("InvalidParameterException", 400):
        logs.get_log_events(logStreamName=stream)
    with refused("NotImplemented", 501, "filterPattern"):
        logs.filter_log_events(logGroupName=PROCESSING, filterPattern="ERROR")
    with refused("NotImplemented", 501, "PutLogEvents"):
        logs.put_log_events(logGroupName=PROCESSING, logStreamName=stream, logEvents=[{"timestamp": 1, "message": "m"}])
