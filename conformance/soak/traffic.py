"""What a server is kept busy with: each kind of work in a thread of its own, at a pace of its own."""

import json
import threading
import time
import uuid
from collections import Counter

from botocore.exceptions import ClientError
from monitoring import schedule_config

OBJECTS = 50


class Worker(threading.Thread):
    """Does one thing `per_second` times until it is told to end, and keeps the first failure."""

    def __init__(self, name, do, per_second, stop):
        super().__init__(name=name, daemon=True)
        self.do, self.pause, self.ending = do, 1 / per_second, stop
        self.done, self.failure = 0, None

    def run(self):
        due = time.monotonic()
        while not self.ending.wait(max(0.0, due - time.monotonic())):
            # Who is late does not catch up: a pace is meant, not a number.
            due = max(due + self.pause, time.monotonic())
            try:
                self.do(self.done)
            except Exception as error:  # noqa: BLE001: told by the test, with the worker's name
                self.failure = error
                return
            self.done += 1


class Traffic:
    """The kinds of work. `clients` are those of `Clients`; all names are the test's own."""

    def __init__(self, clients, endpoint, role, bucket):
        self.clients, self.endpoint, self.bucket = clients, endpoint, bucket
        self.role = role
        self.stop = threading.Event()
        self.invoked = set()
        self.queue = clients.sqs.create_queue(QueueName="soak-work")["QueueUrl"]
        self.key = clients.kms.create_key(Description="soak")["KeyMetadata"]["KeyId"]
        clients.secrets.create_secret(Name="soak", SecretString="s", KmsKeyId=self.key)
        self.workers = [
            Worker(name, do, per_second, self.stop)
            for name, do, per_second in [
                ("invoke", self.invoke, 10),
                ("objects", self.object, 3),
                ("parts", self.parts, 0.2),
                ("metrics", self.metric, 4),
                ("messages", self.message, 3),
                ("models", self.model, 1),
                ("secrets", self.secret, 1),
                ("wrong", self.wrong, 1),
            ]
        ]

    def start(self):
        for worker in self.workers:
            worker.start()

    def end(self):
        self.stop.set()
        for worker in self.workers:
            worker.join(60)
        return {w.name: w.failure for w in self.workers if w.failure is not None}

    def invoke(self, _):
        token = uuid.uuid4().hex
        self.clients.runtime.invoke_endpoint(
            EndpointName=self.endpoint, ContentType="text/csv", Body=b"1,2", InferenceId=token
        )
        self.invoked.add(token)

    def object(self, at):
        key = f"o/{at % OBJECTS}"
        body = f"{at} ".encode() * 500
        s3, where = self.clients.s3, {"Bucket": self.bucket, "Key": key}
        s3.put_object(Body=body, **where)
        assert s3.get_object(**where)["Body"].read() == body
        s3.list_objects_v2(Bucket=self.bucket, Prefix="o/", MaxKeys=10)
        if at % 3 == 0:
            s3.delete_object(**where)

    def parts(self, at):
        s3, where = self.clients.s3, {"Bucket": self.bucket, "Key": f"p/{at % 5}"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        parts = [
            {
                "PartNumber": number,
                "ETag": s3.upload_part(UploadId=upload, PartNumber=number, Body=body, **where)["ETag"],
            }
            for number, body in ((1, b"x" * 5 * 2**20), (2, b"y" * 1000))
        ]
        if at % 2:
            s3.abort_multipart_upload(UploadId=upload, **where)
        else:
            s3.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": parts}, **where)

    def metric(self, at):
        metric = {"MetricName": f"m{at % 10}", "Value": at % 100}
        self.clients.cloudwatch.put_metric_data(Namespace="soak", MetricData=[metric])

    def message(self, at):
        sqs, where = self.clients.sqs, {"QueueUrl": self.queue}
        sqs.send_message(MessageBody=str(at), **where)
        for message in sqs.receive_message(MaxNumberOfMessages=10, **where).get("Messages", []):
            sqs.delete_message(ReceiptHandle=message["ReceiptHandle"], **where)

    def model(self, at):
        name = f"soak-{at}"
        sagemaker = self.clients.sagemaker
        container = {"Image": "http://127.0.0.1:1/"}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=container)
        sagemaker.describe_endpoint(EndpointName=self.endpoint)
        sagemaker.delete_model(ModelName=name)

    def secret(self, _):
        assert self.clients.secrets.get_secret_value(SecretId="soak")["SecretString"] == "s"
        sealed = self.clients.kms.encrypt(KeyId=self.key, Plaintext=b"t")["CiphertextBlob"]
        assert self.clients.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"t"

    def wrong(self, at):
        asked = [
            lambda: self.clients.s3.get_object(Bucket=self.bucket, Key="none"),
            lambda: self.clients.sagemaker.describe_model(ModelName="none"),
            lambda: self.clients.runtime.invoke_endpoint(EndpointName="none", Body=b"1"),
            lambda: self.clients.secrets.get_secret_value(SecretId="none"),
        ]
        try:
            asked[at % len(asked)]()
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, error
            return
        raise AssertionError("a wrong request was answered")


class Alarms:
    """One alarm that is made to go off and to calm down again; all that it tells goes to a queue."""

    def __init__(self, clients, phase_seconds):
        self.clients, self.phase_seconds = clients, phase_seconds
        self.began = time.monotonic()
        self.phases = []
        self.told = []

    def publish(self, _):
        at = int((time.monotonic() - self.began) / self.phase_seconds)
        if at == len(self.phases):
            self.phases.append("ALARM" if at % 2 == 0 else "OK")
        metric = {
            "MetricName": "distance",
            "Value": 0.9 if self.phases[-1] == "ALARM" else 0.1,
            "StorageResolution": 1,
        }
        self.clients.cloudwatch.put_metric_data(Namespace="alarming", MetricData=[metric])

    def receive(self, queue):
        sqs = self.clients.sqs
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in got:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            self.told.append((body["MessageId"], json.loads(body["Message"])))


class Monitors:
    """Schedules that run now, one after another: each must run once, and end."""

    def __init__(self, clients, endpoint, role, bucket):
        self.clients, self.bucket = clients, bucket
        self.endpoint, self.role = endpoint, role
        self.begun = []
        self.ended = Counter()

    def run(self, at):
        sagemaker, name = self.clients.sagemaker, f"now-{at}"
        config = schedule_config(self.endpoint, self.role, self.bucket)
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=name, MonitoringScheduleConfig=config
        )
        self.begun.append(name)
        self.settle()

    def settle(self):
        """Takes away what has ended, having counted how."""
        sagemaker = self.clients.sagemaker
        for name in list(self.begun):
            told = sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
            found = [e["MonitoringExecutionStatus"] for e in told["MonitoringExecutionSummaries"]]
            assert len(found) <= 1, f"{name} ran {len(found)} times"
            if found and found[0] not in ("Pending", "InProgress"):
                self.ended[found[0]] += 1
                sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
                self.begun.remove(name)
        return not self.begun
