"""The signed trail by the AWS command line: validate-logs on what is whole and on what was harmed,
and what it does not notice and the server's own verification does."""

import gzip
import json
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from commands import aws as aws_alone
from commands import aws_here, modelkeep
from servers import Server
from trails import bucket_policy, key_policy
from waiting import until

TRAIL = "main"
BUCKET = "audit-logs"
FLAGS = ("--trail-delivery-seconds", "1", "--trail-digest-seconds", "2", "--log-level", "warn")


class Trailed:
    """A server with a trail that has logged for some digests and was stopped."""

    def __init__(self, folder):
        self.anchor = str(folder / "anchor.json")
        self.server = Server(folder / "data", *FLAGS, "--trail-anchor", self.anchor).start()
        self.env = self.server.environment()
        given = {
            "endpoint_url": self.server.url,
            "region_name": self.env["AWS_REGION"],
            "aws_access_key_id": self.env["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.env["AWS_SECRET_ACCESS_KEY"],
        }
        self.s3 = boto3.client("s3", **given)
        self.started = datetime.now(timezone.utc)
        account = boto3.client("sts", **given).get_caller_identity()["Account"]
        self.s3.create_bucket(Bucket=BUCKET)
        policy = bucket_policy(BUCKET, account)
        self.aws("s3api", "put-bucket-policy", "--bucket", BUCKET, "--policy", policy)
        key = self.aws("kms", "create-key", "--policy", key_policy(account))["KeyMetadata"]["Arn"]
        made = self.aws(
            *("cloudtrail", "create-trail", "--name", TRAIL, "--s3-bucket-name", BUCKET),
            *("--enable-log-file-validation", "--kms-key-id", key),
        )
        self.key = made["KmsKeyId"]
        self.arn = made["TrailARN"]
        self.aws("cloudtrail", "start-logging", "--name", TRAIL)

        def enough():
            # Calls that are logged while digests are written.
            self.aws("s3api", "list-buckets")
            return len(self.keys("CloudTrail-Digest")) >= 3

        until(enough, what="three digests")
        self.aws("cloudtrail", "stop-logging", "--name", TRAIL)
        until(self.is_settled, what="the final digest")

    def is_settled(self):
        before = self.keys("CloudTrail-Digest")
        status = self.aws("cloudtrail", "get-trail-status", "--name", TRAIL)
        assert not status["IsLogging"] and "LatestDeliveryError" not in status, status
        # Seconds since 1970, as they come over the wire.
        return before and status.get("LatestDigestDeliveryTime", 0) >= status["StopLoggingTime"]

    def aws(self, *words, run=aws_here, status=0):
        return run(*words, status=status, env={**self.env, "AWS_SESSION_TOKEN": None})

    def keys(self, folder):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return sorted(key for key in found if f"/{folder}/" in key)

    def validate(self, status=0):
        begin = (self.started - timedelta(minutes=1)).isoformat()
        words = ("--trail-arn", self.arn, "--start-time", begin, "--verbose")
        told = self.aws("cloudtrail", "validate-logs", *words, run=aws_alone, status=status)
        return " ".join(told.split())

    def verify(self, status=0, anchor=True):
        words = ("--anchor", self.anchor) if anchor else ()
        return modelkeep("trail", "verify", "--data", self.server.data, *words, status=status)

    def take(self, key):
        got = self.s3.get_object(Bucket=BUCKET, Key=key)
        return {"Body": got["Body"].read(), "Metadata": got["Metadata"]}

    def put(self, key, kept):
        self.s3.put_object(Bucket=BUCKET, Key=key, **kept)


@pytest.fixture(scope="module")
def trailed(tmp_path_factory):
    made = Trailed(tmp_path_factory.mktemp("trail"))
    yield made
    assert made.server.stop() == 0


@pytest.fixture
def harmed(trailed):
    """Keeps objects as they were, and puts them back after the test."""
    kept = {}

    def take(key):
        kept[key] = trailed.take(key)
        return kept[key]

    yield take
    for key, was in kept.items():
        trailed.put(key, was)
    assert "FAIL" not in trailed.verify()


def test_an_untouched_trail_is_valid(trailed):
    digests, logs = trailed.keys("CloudTrail-Digest"), trailed.keys("CloudTrail")
    told = trailed.validate()
    assert f"{len(digests)}/{len(digests)} digest files valid" in told
    assert f"{len(logs)}/{len(logs)} log files valid" in told
    assert "nothing else was found" in trailed.verify()
    records = [
        record["eventName"]
        for key in logs
        for record in json.loads(gzip.decompress(trailed.take(key)["Body"]))["Records"]
    ]
    assert "ListBuckets" in records and "StopLogging" in records
    heads = [trailed.s3.head_object(Bucket=BUCKET, Key=key) for key in logs]
    assert {head.get("SSEKMSKeyId") for head in heads} == {trailed.key}


def test_a_changed_log_is_found(trailed, harmed):
    [key, *_] = trailed.keys("CloudTrail")
    was = harmed(key)
    text = gzip.decompress(was["Body"]).replace(b"ListBuckets", b"ListBackets")
    text = text if text != gzip.decompress(was["Body"]) else b'{"Records":[]}'
    trailed.put(key, {**was, "Body": gzip.compress(text)})
    assert "INVALID: hash value doesn't match" in trailed.validate(status=1)
    assert "the log file was changed" in trailed.verify(status=1)


def test_a_changed_digest_is_found(trailed, harmed):
    key = trailed.keys("CloudTrail-Digest")[1]
    was = harmed(key)
    digest = json.loads(gzip.decompress(was["Body"]))
    digest["logFiles"] = []
    trailed.put(key, {**was, "Body": gzip.compress(json.dumps(digest).encode())})
    assert "INVALID: signature verification failed" in trailed.validate(status=1)
    assert "its signature does not match" in trailed.verify(status=1)


def test_a_missing_digest_is_found(trailed, harmed):
    key = trailed.keys("CloudTrail-Digest")[1]
    harmed(key)
    trailed.s3.delete_object(Bucket=BUCKET, Key=key)
    assert "INVALID: not found" in trailed.validate(status=1)
    assert "the digest is missing" in trailed.verify(status=1)


def test_a_missing_newest_digest_is_found_by_the_server_alone(trailed, harmed):
    key = trailed.keys("CloudTrail-Digest")[-1]
    harmed(key)
    trailed.s3.delete_object(Bucket=BUCKET, Key=key)
    # The chain alone cannot tell.
    assert "INVALID" not in trailed.validate()
    assert "the newest digest of the anchor is missing" in trailed.verify(status=1)
    assert "the newest digests are missing" in trailed.verify(status=1, anchor=False)


def test_a_planted_log_is_found_by_the_server_alone(trailed):
    key = trailed.keys("CloudTrail")[0].replace(".json.gz", "x.json.gz")
    trailed.put(key, {"Body": gzip.compress(b'{"Records":[]}')})
    assert "INVALID" not in trailed.validate()
    assert "no digest lists the log file" in trailed.verify(status=1)
    trailed.s3.delete_object(Bucket=BUCKET, Key=key)


def test_events_are_looked_up(trailed):
    name = "AttributeKey=EventName,AttributeValue=CreateTrail"
    words = ("cloudtrail", "lookup-events", "--lookup-attributes", name)
    [event] = until(lambda: trailed.aws(*words)["Events"], what="the event")
    assert event["EventSource"] == "cloudtrail.amazonaws.com"
    assert json.loads(event["CloudTrailEvent"])["requestParameters"]["name"] == TRAIL


def test_wrong_arguments(trailed):
    assert "no trail" in modelkeep(
        *("trail", "verify", "--data", trailed.server.data, "--trail", "missing"), status=1
    )
    modelkeep("trail", "verify", "--since", "yesterday", status=2)
    gone = ("--anchor", trailed.anchor + ".gone")
    assert "no anchor" in modelkeep(
        *("trail", "verify", "--data", trailed.server.data, *gone), status=1
    )
