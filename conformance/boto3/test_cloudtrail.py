"""Trails by boto3: every operation that is built, and its refusals."""

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from refusals import refused
from trails import bucket_policy
from waiting import until


@pytest.fixture(scope="module")
def trails(client):
    return client("cloudtrail")


@pytest.fixture
def open_bucket(s3, bucket, account):
    """A bucket that lets trails in."""
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, account))
    return bucket


@pytest.fixture
def trail(trails, open_bucket, name):
    made = trails.create_trail(
        Name=name,
        S3BucketName=open_bucket,
        EnableLogFileValidation=True,
        TagsList=[{"Key": "a", "Value": "1"}],
    )
    yield made
    trails.delete_trail(Name=name)


def test_a_trail_from_beginning_to_end(trails, trail, name, region, account):
    assert trail["TrailARN"] == f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
    assert trail["LogFileValidationEnabled"] and trail["IncludeGlobalServiceEvents"]
    shown = trails.get_trail(Name=trail["TrailARN"])["Trail"]
    assert shown["HomeRegion"] == region and not shown["HasCustomEventSelectors"]
    [described] = trails.describe_trails(trailNameList=[name])["trailList"]
    assert described == shown
    pages = trails.get_paginator("list_trails").paginate()
    assert name in [one["Name"] for page in pages for one in page["Trails"]]
    assert not trails.get_trail_status(Name=name)["IsLogging"]
    trails.start_logging(Name=name)
    assert trails.get_trail_status(Name=name)["IsLogging"]
    changed = trails.update_trail(Name=name, IsMultiRegionTrail=True)
    assert changed["IsMultiRegionTrail"]
    trails.stop_logging(Name=name)
    status = until(lambda: _digested(trails, name), what="the final digest")
    assert not status["IsLogging"] and "LatestDigestDeliveryError" not in status


def _digested(trails, name):
    status = trails.get_trail_status(Name=name)
    return status if "LatestDigestDeliveryTime" in status else None


def test_what_is_delivered_can_be_checked(trails, s3, trail, name, open_bucket):
    trails.start_logging(Name=name)
    s3.list_buckets()
    trails.stop_logging(Name=name)
    until(lambda: _digested(trails, name), what="the final digest")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=open_bucket)["Contents"]]
    [digest] = [key for key in keys if "/CloudTrail-Digest/" in key]
    logs = [key for key in keys if "/CloudTrail/" in key]
    assert logs and s3.head_object(Bucket=open_bucket, Key=digest)["Metadata"]["signature"]
    now = datetime.now(timezone.utc)
    listed = trails.list_public_keys(StartTime=now - timedelta(hours=1), EndTime=now)
    for key in listed["PublicKeyList"]:
        assert hashlib.md5(key["Value"]).hexdigest() == key["Fingerprint"]
    assert listed["PublicKeyList"]


def test_selectors(trails, trail, name, open_bucket):
    given = [
        {
            "ReadWriteType": "WriteOnly",
            "IncludeManagementEvents": True,
            "DataResources": [
                {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{open_bucket}/"]}
            ],
            "ExcludeManagementEventSources": ["kms.amazonaws.com"],
        }
    ]
    trails.put_event_selectors(TrailName=name, EventSelectors=given)
    assert trails.get_event_selectors(TrailName=name)["EventSelectors"] == given
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]},
    ]
    advanced = [{"Name": "invocations", "FieldSelectors": fields}]
    trails.put_event_selectors(TrailName=name, AdvancedEventSelectors=advanced)
    assert trails.get_event_selectors(TrailName=name)["AdvancedEventSelectors"] == advanced
    with refused("InvalidEventSelectorsException"):
        trails.put_event_selectors(TrailName=name, EventSelectors=[])
    with refused("InsightNotEnabledException"):
        trails.get_insight_selectors(TrailName=name)
    with refused("UnsupportedOperationException"):
        trails.put_insight_selectors(
            TrailName=name, InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
        )


def test_tags(trails, trail):
    arn = trail["TrailARN"]
    trails.add_tags(ResourceId=arn, TagsList=[{"Key": "b", "Value": "2"}])
    trails.remove_tags(ResourceId=arn, TagsList=[{"Key": "a"}])
    [listed] = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert listed == {"ResourceId": arn, "TagsList": [{"Key": "b", "Value": "2"}]}


def test_events_are_looked_up(trails, trail, name):
    attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateTrail"}

    def mine():
        pages = trails.get_paginator("lookup_events").paginate(LookupAttributes=[attribute])
        events = [event for page in pages for event in page["Events"]]
        records = [json.loads(event["CloudTrailEvent"]) for event in events]
        return [one for one in records if one["requestParameters"]["name"] == name]

    [record] = until(mine, what="the event")
    assert record["eventSource"] == "cloudtrail.amazonaws.com" and not record["readOnly"]
    with refused("InvalidLookupAttributesException"):
        trails.lookup_events(LookupAttributes=[attribute, attribute])
    with refused("InvalidTimeRangeException"):
        trails.lookup_events(StartTime=datetime(2026, 1, 2), EndTime=datetime(2026, 1, 1))


def test_refusals(trails, s3, bucket, name):
    with refused("TrailNotFoundException"):
        trails.get_trail(Name=name)
    with refused("InvalidTrailNameException"):
        trails.create_trail(Name="a", S3BucketName=bucket)
    with refused("S3BucketDoesNotExistException"):
        trails.create_trail(Name=name, S3BucketName=f"{bucket}-gone")
    with refused("InsufficientS3BucketPolicyException"):
        trails.create_trail(Name=name, S3BucketName=bucket)
    with refused("CloudTrailARNInvalidException"):
        trails.get_trail(Name="arn:aws:s3:::b")
    with refused("NotImplemented"):
        trails.list_event_data_stores()
