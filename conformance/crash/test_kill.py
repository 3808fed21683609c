"""What was acknowledged survives `kill -9`, and what was half done is done again, once.

`KILLS` in the environment says how often the server is killed under load (5 unless given)."""

import json
import os
import random
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hosting import capture_to, captured, hosting
from monitoring import baseline_csv, baseline_job, execution_of, rows_of, schedule_config
from roles import RoleManager
from servers import Server
from waiting import until

KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", random.randrange(2**32)))

pytestmark = pytest.mark.timeout(120 + 30 * KILLS)


class Clients:
    """Clients of one server, which keeps its port and its keys over restarts."""

    def __init__(self, server):
        told = server.environment()
        session = boto3.Session(
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
            region_name=told["AWS_REGION"],
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)

        def client(service):
            return session.client(service, endpoint_url=server.url, config=config)

        self.s3, self.sqs = client("s3"), client("sqs")
        self.cloudwatch, self.sagemaker = client("cloudwatch"), client("sagemaker")
        self.runtime = client("sagemaker-runtime")
        self.role_of = RoleManager(server.url, session).role_of


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "data", "--capture-flush-seconds", "1", "--log-level", "warn").start()
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


class Writer(threading.Thread):
    """Does one thing again and again until it fails, and remembers what was acknowledged."""

    def __init__(self, do, acked, tried, stop):
        super().__init__(daemon=True)
        self.do, self.acked, self.tried, self.stop = do, acked, tried, stop

    def run(self):
        while not self.stop.is_set():
            token = uuid.uuid4().hex
            self.tried.append(token)
            try:
                self.do(token)
            except (BotoCoreError, ClientError) as error:
                if isinstance(error, ClientError):
                    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                    # The server dies under the request; it never refuses it.
                    assert status >= 500 or status == 429, error
                return
            self.acked.append(token)


class Load:
    """Everything that is written at the same time, by kind."""

    def __init__(self, clients, bucket, queue, endpoint):
        at = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        self.at = at
        self.kinds = {
            "object": lambda token: clients.s3.put_object(
                Bucket=bucket, Key=f"k/{token}", Body=token.encode() * 100
            ),
            "message": lambda token: clients.sqs.send_message(QueueUrl=queue, MessageBody=token),
            "metric": lambda token: clients.cloudwatch.put_metric_data(
                Namespace="crash", MetricData=[{"MetricName": "m", "Timestamp": at, "Value": 1}]
            ),
            "invocation": lambda token: clients.runtime.invoke_endpoint(
                EndpointName=endpoint, ContentType="text/csv", Body=b"1,2", InferenceId=token
            ),
        }
        self.acked = {kind: [] for kind in self.kinds}
        self.tried = {kind: [] for kind in self.kinds}

    def run_until_killed(self, server, seconds):
        stop = threading.Event()
        writers = [
            Writer(do, self.acked[kind], self.tried[kind], stop) for kind, do in self.kinds.items()
        ]
        for writer in writers:
            writer.start()
        time.sleep(seconds)
        server.kill()
        stop.set()
        for writer in writers:
            writer.join(30)


def in_service(clients, endpoint):
    def answers():
        try:
            clients.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1")
            return True
        except ClientError:
            return False

    until(answers, 30, what="the endpoint after the restart")


def missing_objects(clients, bucket, acked):
    pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="k/")
    sizes = {e["Key"]: e["Size"] for page in pages for e in page.get("Contents", [])}
    return [token for token in acked if sizes.get(f"k/{token}") != 3200]


def drained(clients, queue):
    """Every message of the queue, by body."""
    seen, empty = [], 0
    while empty < 3:
        told = clients.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages", [])
        empty = 0 if told else empty + 1
        seen += [message["Body"] for message in told]
    return seen


def test_nothing_acknowledged_is_lost(server, model_server, tmp_path):
    print(f"SEED={SEED} KILLS={KILLS}")
    chance = random.Random(SEED)
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    queue = clients.sqs.create_queue(QueueName="crash")["QueueUrl"]
    role = clients.role_of("crash")
    with hosting(clients.sagemaker, role) as host:
        endpoint = host.serve(model_server.url, capture=capture_to("s3://crash/cap"))
        load = Load(clients, "crash", queue, endpoint)
        for _ in range(KILLS):
            load.run_until_killed(server, chance.uniform(0.3, 2.0))
            server.start()
            in_service(clients, endpoint)
            assert missing_objects(clients, "crash", load.acked["object"]) == []
        for kind, acked in load.acked.items():
            assert len(acked) >= KILLS, f"{kind}: the test did too little"
        check_messages(clients, queue, load)
        check_metric(clients, load)
        check_bodies(clients, load, chance)
        check_records(clients, endpoint, load)


def check_messages(clients, queue, load):
    seen = drained(clients, queue)
    assert set(load.acked["message"]) - set(seen) == set()
    assert set(seen) - set(load.tried["message"]) == set()
    assert len(seen) == len(set(seen))


def check_metric(clients, load):
    told = clients.cloudwatch.get_metric_statistics(
        Namespace="crash",
        MetricName="m",
        StartTime=load.at,
        EndTime=load.at + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    total = sum(point["Sum"] for point in told["Datapoints"])
    # What was not acknowledged may have been written, or not.
    assert len(load.acked["metric"]) <= total <= len(load.tried["metric"])


def check_bodies(clients, load, chance):
    acked = load.acked["object"]
    for token in chance.sample(acked, min(100, len(acked))):
        got = clients.s3.get_object(Bucket="crash", Key=f"k/{token}")["Body"].read()
        assert got == token.encode() * 100


def check_records(clients, endpoint, load):
    def lost():
        seen = captured(clients.s3, "crash", f"cap/{endpoint}/")
        ids = {record["eventMetadata"].get("inferenceId") for _, record in seen}
        return set(load.acked["invocation"]) - ids

    until(lambda: not lost(), 20, what="every captured record")
    seen = captured(clients.s3, "crash", f"cap/{endpoint}/")
    events = [record["eventMetadata"]["eventId"] for _, record in seen]
    assert len(events) == len(set(events)), "a record was written twice"


def test_half_done_job_runs_again_once(server, tmp_path):
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    clients.s3.put_object(Bucket="crash", Key="in/a.txt", Body=b"one")
    diary, release = tmp_path / "diary", tmp_path / "release"
    program = (
        "import os, sys, time\n"
        f"diary = open({str(diary)!r}, 'a')\n"
        "print('begun', file=diary, flush=True)\n"
        f"while not os.path.exists({str(release)!r}): time.sleep(0.1)\n"
        "root = os.environ['MODELKEEP_ML_ROOT'] + '/processing/out'\n"
        "os.makedirs(root, exist_ok=True)\n"
        "open(root + '/told.txt', 'w').write('done')\n"
        "print('ended', file=diary, flush=True)\n"
    )
    clients.s3.put_object(Bucket="crash", Key="in/run.py", Body=program)
    clients.sagemaker.create_processing_job(
        ProcessingJobName="job",
        RoleArn=clients.role_of("crash"),
        AppSpecification={
            "ImageUri": "modelkeep/process",
            "ContainerEntrypoint": [sys.executable, "/opt/ml/processing/in/run.py"],
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
        ProcessingInputs=[
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://crash/in",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://crash/out",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    )
    until(lambda: diary.exists() and "begun" in diary.read_text(), what="the program")
    server.kill()
    server.start()
    # Only the second run is let go on: the first must be gone, however long the start took.
    until(lambda: diary.read_text().count("begun") == 2, 60, what="the second run")
    release.touch()

    def completed():
        told = clients.sagemaker.describe_processing_job(ProcessingJobName="job")
        status = told["ProcessingJobStatus"]
        assert status in ("InProgress", "Completed"), told
        return status == "Completed"

    until(completed, 90, what="the end of the job")
    assert clients.s3.get_object(Bucket="crash", Key="out/told.txt")["Body"].read() == b"done"
    # What the killed server had begun does not go on beside the second run.
    time.sleep(3)
    assert diary.read_text().split() == ["begun", "begun", "ended"]


def test_half_done_execution_runs_again_once(server, model_server):
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    role = clients.role_of("crash")
    clients.s3.put_object(Bucket="crash", Key="data/train.csv", Body=baseline_csv(300))
    clients.sagemaker.create_processing_job(
        **baseline_job("base", role, "s3://crash/data", "s3://crash/baseline")
    )
    waiter = clients.sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName="base", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    with hosting(clients.sagemaker, role) as host:
        endpoint = host.serve(model_server.url, capture=capture_to("s3://crash/cap"))
        for row in rows_of(60, seed=4, shift=20.0):
            clients.runtime.invoke_endpoint(
                EndpointName=endpoint, ContentType="text/csv", Body=",".join(row[1:])
            )
        until(
            lambda: len(captured(clients.s3, "crash", f"cap/{endpoint}/")) == 60,
            what="the captured traffic",
        )
        for at, delay_seconds in enumerate([0.0, 0.05, 0.2, 0.5]):
            schedule = f"schedule-{at}"
            clients.sagemaker.create_monitoring_schedule(
                MonitoringScheduleName=schedule,
                MonitoringScheduleConfig=schedule_config(endpoint, role, "crash"),
            )
            time.sleep(delay_seconds)
            server.kill()
            server.start()
            told = execution_of(clients.sagemaker, schedule, 90)
            assert told["MonitoringExecutionStatus"] == "CompletedWithViolations", told
            check_once(clients, schedule)
            clients.sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)


def check_once(clients, schedule):
    """One execution, one report, one entry in the alert's history, whenever it was interrupted."""
    told = clients.sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule)
    [execution] = told["MonitoringExecutionSummaries"]
    job = execution["ProcessingJobArn"].split("/")[-1]
    output = clients.sagemaker.describe_processing_job(ProcessingJobName=job)
    uri = output["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    prefix = uri.removeprefix("s3://crash/")
    listed = clients.s3.list_objects_v2(Bucket="crash", Prefix=prefix)["Contents"]
    names = sorted(entry["Key"].removeprefix(prefix + "/") for entry in listed)
    assert names == [
        "constraint_violations.json",
        "constraints.json",
        "report.html",
        "statistics.json",
    ]
    found = clients.s3.get_object(Bucket="crash", Key=f"{prefix}/constraint_violations.json")
    assert len(json.loads(found["Body"].read())["violations"]) == 2
    history = clients.sagemaker.list_monitoring_alert_history(MonitoringScheduleName=schedule)
    assert len(history["MonitoringAlertHistory"]) == 1


def test_stops_when_asked(tmp_path):
    server = Server(tmp_path / "data", "--log-level", "warn").start()
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    assert server.stop() == 0
    server.start()
    assert clients.s3.head_bucket(Bucket="crash")
    assert server.stop() == 0
