"""A disk that is full, at each place that is written to: the right error, nothing lost, and the
server goes on by itself once there is room again."""

import sys

import pytest
from botocore.exceptions import ClientError
from clients import Clients
from disks import fill, small_disk
from hosting import capture_to, captured, hosting
from inside import descriptors
from servers import Server
from waiting import until

pytestmark = pytest.mark.timeout(180)

NO_ROOM = "There is no room left on the disk of this server."
NO_TRAIL = "The audit trail cannot be written, so calls are refused until it can be."
PART = b"x" * (5 * 2**20)
# A journal takes so many small records before the file system needs another page for it.
FITS_BESIDES = 200


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 64) as path:
        yield path


@pytest.fixture
def trail_disk(disk):
    (disk / "data").mkdir(mode=0o700)
    with small_disk(disk / "data" / "trail", 32) as path:
        yield path


@pytest.fixture
def server(disk, tmp_path):
    flags = ("--capture-flush-seconds", "1", "--log-level", "warn")
    made = Server(disk / "data", *flags, "--work-folder", str(tmp_path / "work")).start()
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


def refused(do):
    """Status, code and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        do()
    told = caught.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"], told["Error"]["Message"]


def refused_in_time(do):
    """The same of what may find some room still."""
    for _ in range(FITS_BESIDES):
        try:
            do()
        except ClientError:
            break
    return refused(do)


@pytest.fixture
def work(trail_disk, server):
    """Clients, and what was written before the disk was full. The trail has a disk of its own."""
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="full")
    clients.s3.put_object(Bucket="full", Key="before", Body=b"before")
    clients.queue = clients.sqs.create_queue(QueueName="full")["QueueUrl"]
    clients.sqs.send_message(QueueUrl=clients.queue, MessageBody="before")
    upload = clients.s3.create_multipart_upload(Bucket="full", Key="parts")
    clients.upload = upload["UploadId"]
    return clients


def put(clients, key="new", size=100_000):
    return clients.s3.put_object(Bucket="full", Key=key, Body=b"n" * size)


def part(clients):
    where = {"Bucket": "full", "Key": "parts", "UploadId": clients.upload}
    return clients.s3.upload_part(PartNumber=1, Body=PART, **where)


def metric(clients):
    data = [{"MetricName": f"m{at}", "Value": 1} for at in range(200)]
    return clients.cloudwatch.put_metric_data(Namespace="full", MetricData=data)


def send(clients):
    return clients.sqs.send_message(QueueUrl=clients.queue, MessageBody="m" * 50_000)


def create(clients):
    return clients.sns.create_topic(Name="full", Tags=[{"Key": "k", "Value": "v" * 200}])


WRITES = {"object": put, "part": part, "metric": metric, "message": send, "resource": create}


def test_each_write_is_refused_and_goes_on_with_room(disk, work, server):
    filler = fill(disk)
    for write in WRITES.values():
        assert refused_in_time(lambda: write(work)) == (503, "ServiceUnavailable", NO_ROOM)
    assert work.s3.get_object(Bucket="full", Key="before")["Body"].read() == b"before"
    [listed] = work.s3.list_objects_v2(Bucket="full")["Contents"]
    assert listed["Key"] == "before"
    filler.unlink()
    for write in WRITES.values():
        write(work)
    server.kill()
    server.start()
    clients = Clients(server)
    listed = clients.s3.list_objects_v2(Bucket="full")["Contents"]
    for entry in listed:
        body = clients.s3.get_object(Bucket="full", Key=entry["Key"])["Body"].read()
        assert len(body) == entry["Size"]
    assert [entry["Key"] for entry in listed] == ["before", "new"]
    where = {"Bucket": "full", "Key": "parts", "UploadId": work.upload}
    [kept] = clients.s3.list_parts(**where)["Parts"]
    assert kept["Size"] == len(PART)
    assert len(clients.sns.list_topics()["Topics"]) == 1
    # Nothing that was given up half way takes room for ever.
    assert not list((disk / "data" / "objects" / "tmp").iterdir())


def test_calls_that_cannot_be_recorded_are_refused(trail_disk, work, server):
    filler = fill(trail_disk)
    before = descriptors(server.process.pid)
    for _ in range(60):
        assert refused_in_time(work.sagemaker.list_models) == (503, "ServiceUnavailable", NO_TRAIL)
    # Refusals cost nothing that lasts.
    assert descriptors(server.process.pid) <= before + 5
    assert refused(lambda: create(work))[2] == NO_TRAIL
    # What the trail does not tell of goes on.
    put(work)
    filler.unlink()
    work.sagemaker.list_models()
    assert work.sns.list_topics()["Topics"] == []
    create(work)


def test_captured_records_wait_for_room(disk, work, model_server):
    with hosting(work.sagemaker, work.role_of("full")) as host:
        endpoint = host.serve(model_server.url, capture=capture_to("s3://full/cap"))

        def invoke(token):
            told = work.runtime.invoke_endpoint(
                EndpointName=endpoint, ContentType="text/csv", Body=b"1,2", InferenceId=token
            )
            return told["Body"].read()

        def ids():
            records = captured(work.s3, "full", f"cap/{endpoint}/")
            return [record["eventMetadata"]["inferenceId"] for _, record in records]

        assert invoke("before") == b"3.0"
        until(lambda: ids() == ["before"], what="the first record")
        filler = fill(disk)
        # Answers do not depend on the disk: what cannot be captured is logged.
        for at in range(20):
            assert invoke(f"full-{at}") == b"3.0"
        filler.unlink()
        assert invoke("after") == b"3.0"
        until(lambda: "after" in ids(), 60, what="the record after")
        found = ids()
        assert len(found) == len(set(found))


def test_a_job_whose_work_folder_is_full_fails_and_says_so(tmp_path):
    with small_disk(tmp_path / "work", 4) as work_folder:
        flags = ("--log-level", "error", "--work-folder", str(work_folder / "w"))
        server = Server(tmp_path / "data", *flags).start()
        try:
            clients = Clients(server)
            clients.s3.create_bucket(Bucket="jobs")
            clients.s3.put_object(Bucket="jobs", Key="in/large", Body=b"x" * (8 * 2**20))
            clients.sagemaker.create_processing_job(**job_of(clients, "too-large"))
            told = ended(clients, "too-large")
            assert told["ProcessingJobStatus"] == "Failed"
            assert "ENOSPC" in told["FailureReason"] or "room" in told["FailureReason"], told
            clients.s3.put_object(Bucket="jobs", Key="in/large", Body=b"small")
            clients.sagemaker.create_processing_job(**job_of(clients, "small"))
            assert ended(clients, "small")["ProcessingJobStatus"] == "Completed"
        finally:
            assert server.stop() == 0


def job_of(clients, name):
    return {
        "ProcessingJobName": name,
        "RoleArn": clients.role_of("jobs"),
        "AppSpecification": {
            "ImageUri": "modelkeep/process",
            "ContainerEntrypoint": [sys.executable, "-c", "pass"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://jobs/in",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
    }


def ended(clients, name):
    def told():
        found = clients.sagemaker.describe_processing_job(ProcessingJobName=name)
        return found if found["ProcessingJobStatus"] != "InProgress" else None

    return until(told, 60, what=f"the end of {name}")
