"""What was acknowledged survives `kill -9`, and what was half done is done again, once.

`KILLS` in the environment says how often the server is killed under load, `SEED` repeats a run."""

import json
import os
import random
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from clients import Clients
from hosting import capture_to, captured, hosting, variant
from monitoring import baseline_csv, baseline_job, execution_of, rows_of, schedule_config
from queues import open_to_topics
from servers import Server
from waiting import until

LONG = os.environ.get("CONFORMANCE_LONG") == "1"
KILLS = int(os.environ.get("KILLS", "100" if LONG else "4"))
# How much longer than on an empty folder a start may take, with whatever the dead server left.
START_RATIO, START_MORE_SECONDS = 3, 3
LEASE_SECONDS = 120
PART = b"p" * (5 * 2**20)
SEED = int(os.environ.get("SEED", random.randrange(2**32)))

pytestmark = pytest.mark.timeout(480 + 30 * KILLS)


@pytest.fixture
def server(tmp_path):
    begun = time.monotonic()
    made = Server(tmp_path / "data", "--capture-flush-seconds", "1", "--log-level", "warn").start()
    made.fresh_seconds = time.monotonic() - begun
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


class Writer(threading.Thread):
    """Does one thing again and again until it fails, and remembers what was acknowledged."""

    def __init__(self, do, acked, tried, stop):
        super().__init__(daemon=True)
        self.do, self.acked, self.tried, self.ending = do, acked, tried, stop
        self.unexpected = None

    def run(self):
        while not self.ending.is_set():
            token = uuid.uuid4().hex
            self.tried.append(token)
            try:
                self.do(token)
            except (BotoCoreError, ClientError) as error:
                # The server dies under the request; it never refuses it.
                if isinstance(error, ClientError):
                    self.unexpected = error
                return
            self.acked.append(token)


class Load:
    """Everything that is written at the same time, by kind."""

    def __init__(self, clients, queue, topic, endpoint):
        self.clients, self.queue, self.topic, self.endpoint = clients, queue, topic, endpoint
        self.at = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        self.role = clients.role_of("crash")
        self.key = clients.kms.create_key()["KeyMetadata"]["KeyId"]
        self.versions, self.sealed = {}, {}
        self.kinds = {
            "object": self.object,
            "parts": self.parts,
            "message": lambda token: clients.sqs.send_message(QueueUrl=queue, MessageBody=token),
            "notice": lambda token: clients.sns.publish(TopicArn=topic, Message=token),
            "metric": self.metric,
            "invocation": self.invocation,
            "model": self.model,
            "secret": self.secret,
            "cipher": self.cipher,
            "job": self.job,
        }
        self.acked = {kind: [] for kind in self.kinds}
        self.tried = {kind: [] for kind in self.kinds}

    def object(self, token):
        self.clients.s3.put_object(Bucket="crash", Key=f"k/{token}", Body=token.encode() * 100)

    def parts(self, token):
        s3, where = self.clients.s3, {"Bucket": "crash", "Key": f"p/{token}"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        tags = [
            s3.upload_part(UploadId=upload, PartNumber=at, Body=body, **where)["ETag"]
            for at, body in ((1, PART), (2, token.encode()))
        ]
        parts = [{"PartNumber": at, "ETag": tag} for at, tag in enumerate(tags, 1)]
        s3.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": parts}, **where)

    def metric(self, _):
        metric = {"MetricName": "m", "Timestamp": self.at, "Value": 1}
        self.clients.cloudwatch.put_metric_data(Namespace="crash", MetricData=[metric])

    def invocation(self, token):
        self.clients.runtime.invoke_endpoint(
            EndpointName=self.endpoint, ContentType="text/csv", Body=b"1,2", InferenceId=token
        )

    def model(self, token):
        self.clients.sagemaker.create_model(
            ModelName=token,
            ExecutionRoleArn=self.role,
            PrimaryContainer={"Image": "http://127.0.0.1:1/"},
        )

    def secret(self, token):
        told = self.clients.secrets.create_secret(Name=token, SecretString=token)
        self.versions[token] = told["VersionId"]

    def cipher(self, token):
        told = self.clients.kms.encrypt(KeyId=self.key, Plaintext=token.encode())
        self.sealed[token] = told["CiphertextBlob"]

    def job(self, token):
        """Each is a process: few of them."""
        self.clients.sagemaker.create_processing_job(**job(f"j-{token}", self.role, "pass"))
        time.sleep(0.5)

    def run_until_killed(self, server, seconds):
        stop = threading.Event()
        writers = [
            Writer(do, self.acked[kind], self.tried[kind], stop) for kind, do in self.kinds.items()
        ]
        for writer in writers:
            writer.start()
        # However slow the machine is, each kind has to have been there.
        until(lambda: all(self.acked.values()), 60, what="something of each kind")
        time.sleep(seconds)
        server.kill()
        stop.set()
        for writer in writers:
            writer.join(30)
            assert writer.unexpected is None, writer.unexpected


def in_service(clients, endpoint):
    def answers():
        try:
            clients.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1")
            return True
        except ClientError:
            return False

    until(answers, 30, what="the endpoint after the restart")


def listed(clients, prefix):
    """Sizes by key."""
    pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket="crash", Prefix=prefix)
    return {e["Key"]: e["Size"] for page in pages for e in page.get("Contents", [])}


def missing_objects(clients, load):
    sizes = listed(clients, "k/")
    return [token for token in load.acked["object"] if sizes.get(f"k/{token}") != 3200]


def queue_of(clients, name, topic=None):
    queue = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
    if topic is not None:
        clients.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=open_to_topics(clients.sqs, queue, topic),
            Attributes={"RawMessageDelivery": "true"},
        )
    return queue


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


def test_nothing_acknowledged_is_lost(server, model_server):
    print(f"SEED={SEED} KILLS={KILLS}")
    chance = random.Random(SEED)
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    queue = queue_of(clients, "crash")
    topic = clients.sns.create_topic(Name="crash")["TopicArn"]
    notices = queue_of(clients, "notices", topic)
    slowest = 0.0
    with hosting(clients.sagemaker, clients.role_of("crash")) as host:
        endpoint = host.serve(model_server.url, capture=capture_to("s3://crash/cap"))
        load = Load(clients, queue, topic, endpoint)
        for _ in range(KILLS):
            load.run_until_killed(server, chance.uniform(0.3, 2.0))
            begun = time.monotonic()
            server.start()
            slowest = max(slowest, time.monotonic() - begun)
            in_service(clients, endpoint)
            assert missing_objects(clients, load) == []
        done = {kind: len(acked) for kind, acked in load.acked.items()}
        starts = f"{server.fresh_seconds:.2f} s, {slowest:.2f} s"
        print(f"acknowledged: {done}, first and slowest start: {starts}")
        assert slowest < START_RATIO * server.fresh_seconds + START_MORE_SECONDS
        for kind, count in done.items():
            assert count >= 1, f"{kind}: the test did too little"
        check_messages(clients, queue, load, "message")
        check_messages(clients, notices, load, "notice")
        check_metric(clients, load)
        check_bodies(clients, load, chance)
        check_resources(clients, load, chance)
        check_jobs(clients, load)
        check_records(clients, endpoint, load)


def check_messages(clients, queue, load, kind):
    seen = set()

    def is_there():
        seen.update(drained(clients, queue))
        return set(load.acked[kind]) <= seen

    # What a topic has taken it delivers once the lease of the server that died is over.
    until(is_there, LEASE_SECONDS + 60, every=1, what=f"every {kind}")
    assert seen <= set(load.tried[kind])


def check_metric(clients, load):
    told = clients.cloudwatch.get_metric_statistics(
        Namespace="crash",
        MetricName="m",
        StartTime=load.at,
        EndTime=load.at + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    [point] = told["Datapoints"]
    # One that was under way when the server died may have been kept, and none counts twice.
    assert len(load.acked["metric"]) <= point["Sum"] <= len(load.tried["metric"])


def check_bodies(clients, load, chance):
    """Whatever is visible is whole, acknowledged or not; of very many a part is read."""
    for prefix, whole in (("k/", lambda t: t.encode() * 100), ("p/", lambda t: PART + t.encode())):
        sizes = listed(clients, prefix)
        kind = "object" if prefix == "k/" else "parts"
        assert {prefix + token for token in load.acked[kind]} <= set(sizes)
        assert set(sizes) <= {prefix + token for token in load.tried[kind]}
        for key in chance.sample(sorted(sizes), min(200, len(sizes))):
            body = clients.s3.get_object(Bucket="crash", Key=key)["Body"].read()
            assert body == whole(key.removeprefix(prefix)), key


def check_resources(clients, load, chance):
    pages = clients.sagemaker.get_paginator("list_models").paginate()
    models = {model["ModelName"] for page in pages for model in page["Models"]}
    assert set(load.acked["model"]) <= models
    for token in chance.sample(load.acked["secret"], min(50, len(load.acked["secret"]))):
        told = clients.secrets.get_secret_value(SecretId=token)
        assert (told["SecretString"], told["VersionId"]) == (token, load.versions[token])
    for token in chance.sample(load.acked["cipher"], min(50, len(load.acked["cipher"]))):
        opened = clients.kms.decrypt(CiphertextBlob=load.sealed[token])
        assert opened["Plaintext"] == token.encode()


def check_jobs(clients, load):
    """Each comes to its end, whenever it was interrupted."""

    def open_jobs():
        pages = clients.sagemaker.get_paginator("list_processing_jobs").paginate()
        states = {
            told["ProcessingJobName"]: told["ProcessingJobStatus"]
            for page in pages
            for told in page["ProcessingJobSummaries"]
        }
        assert {f"j-{token}" for token in load.acked["job"]} <= set(states)
        assert set(states.values()) <= {"InProgress", "Completed"}, states
        return [name for name, state in states.items() if state == "InProgress"]

    until(lambda: not open_jobs(), 120, every=1, what="the end of every job")


def check_records(clients, endpoint, load):
    """Every acknowledged invocation was captured, and nothing was captured twice."""

    def lost():
        records = [record for _, record in captured(clients.s3, "crash", f"cap/{endpoint}/")]
        ids = {record["eventMetadata"].get("inferenceId") for record in records}
        return set(load.acked["invocation"]) - ids

    until(lambda: not lost(), 60, every=1, what="every captured record")
    seen = captured(clients.s3, "crash", f"cap/{endpoint}/")
    events = [record["eventMetadata"]["eventId"] for _, record in seen]
    assert len(events) == len(set(events)), "a record was written twice"
    # Who asks whether the endpoint is there gives no id.
    tokens = [t for _, record in seen if (t := record["eventMetadata"].get("inferenceId"))]
    assert len(tokens) == len(set(tokens)), "an invocation was captured twice"


def test_endpoint_that_was_being_made_is_made_once(server, model_server):
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="crash")
    role = clients.role_of("crash")
    with hosting(clients.sagemaker, role) as host:
        config = host.config(variant(host.model(model_server.url)))
        for delay_seconds in (0.0, 0.02, 0.2):
            endpoint = host.endpoint(config, wait=False)
            time.sleep(delay_seconds)
            server.kill()
            server.start()
            host.in_service(endpoint)
            in_service(clients, endpoint)
        told = clients.sagemaker.list_endpoints()["Endpoints"]
        assert {one["EndpointStatus"] for one in told} == {"InService"}


def job(name, role, program):
    return {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {
            "ImageUri": "modelkeep/process",
            "ContainerEntrypoint": [sys.executable, "-c", program],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
    }


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
