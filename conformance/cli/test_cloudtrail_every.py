"""Every operation of trails by the AWS command line: each with right input at least once."""

import gzip
import hashlib
import json
from base64 import b64decode
from functools import partial

import pytest
from asking import ask, assert_all_answered
from trails import bucket_policy
from waiting import until

trails = partial(ask, "cloudtrail")


@pytest.fixture
def open_bucket(s3, bucket, account):
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, account))
    return bucket


@pytest.fixture
def trail(open_bucket, name):
    """What CreateTrail told of a trail of the test's own."""
    flags = {"s3_bucket_name": open_bucket, "enable_log_file_validation": []}
    yield trails("create-trail", name=name, **flags, tags_list="Key=a,Value=1")
    trails("delete-trail", name=name)


def test_trail(trail, bucket, name, account, region):
    assert trail["TrailARN"] == f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
    of = {"name": name}
    again = partial(trails, "create-trail", s3_bucket_name=bucket)
    again(**of, refused="TrailAlreadyExistsException")
    again(name="a", refused="InvalidTrailNameException")
    gone = f"{bucket}-gone"
    update = partial(trails, "update-trail", **of)
    update(s3_bucket_name=gone, refused="S3BucketDoesNotExistException")
    update(is_multi_region_trail=[])
    shown = trails("get-trail", name=trail["TrailARN"])["Trail"]
    assert (shown["S3BucketName"], shown["IsMultiRegionTrail"]) == (bucket, True)
    assert shown["LogFileValidationEnabled"] is True
    assert trails("describe-trails", trail_name_list=name)["trailList"] == [shown]
    listed = {"TrailARN": trail["TrailARN"], "Name": name, "HomeRegion": region}
    assert listed in trails("list-trails")["Trails"]
    trails("get-trail", name=f"{name}-gone", refused="TrailNotFoundException")


def test_closed_bucket(bucket, name):
    create = partial(trails, "create-trail", name=name)
    create(s3_bucket_name=bucket, refused="InsufficientS3BucketPolicyException")


def delivered_events(s3, bucket):
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    logs = [entry["Key"] for entry in found if "/CloudTrail/" in entry["Key"]]
    bodies = [s3.get_object(Bucket=bucket, Key=log)["Body"].read() for log in logs]
    records = [json.loads(gzip.decompress(body))["Records"] for body in bodies]
    return {one["eventName"] for events in records for one in events}


def test_logging(trail, s3, open_bucket, name):
    of = {"name": name}
    status = partial(trails, "get-trail-status", **of)
    assert status()["IsLogging"] is False
    trails("start-logging", **of)
    assert status()["IsLogging"] is True
    s3.list_buckets()
    trails("stop-logging", **of)
    told = until(
        lambda: status() if "LatestDigestDeliveryTime" in status() else None, what="the digest"
    )
    assert told["IsLogging"] is False and "LatestDeliveryError" not in told
    # What was recorded while it logged may end in one stretch of the trail, and go on in the next.
    until(lambda: "ListBuckets" in delivered_events(s3, open_bucket), what="the record in a log")
    for key in trails("list-public-keys")["PublicKeyList"]:
        assert hashlib.md5(b64decode(key["Value"])).hexdigest() == key["Fingerprint"]
    trails("start-logging", name=f"{name}-gone", refused="TrailNotFoundException")


def test_selectors(trail, open_bucket, name):
    of = {"trail_name": name}
    objects = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{open_bucket}/"]}
    basic = [
        {
            "ReadWriteType": "ReadOnly",
            "IncludeManagementEvents": False,
            "DataResources": [objects],
            "ExcludeManagementEventSources": [],
        }
    ]
    put = partial(trails, "put-event-selectors", **of)
    assert put(event_selectors=json.dumps(basic))["EventSelectors"] == basic
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "eventName", "NotEquals": ["GetObject"]},
    ]
    advanced = [{"Name": "changes", "FieldSelectors": fields}]
    put(advanced_event_selectors=json.dumps(advanced))
    told = trails("get-event-selectors", **of)
    assert told["AdvancedEventSelectors"] == advanced and "EventSelectors" not in told
    put(event_selectors="[]", refused="InvalidEventSelectorsException")


def test_insights_there_are_none_of(trail, name):
    of = {"trail_name": name}
    trails("get-insight-selectors", **of, refused="InsightNotEnabledException")
    put = partial(trails, "put-insight-selectors", **of)
    put(insight_selectors="InsightType=ApiCallRateInsight", refused="UnsupportedOperationException")
    assert put(insight_selectors="[]")["InsightSelectors"] == []


def test_tags(trail):
    of = {"resource_id": trail["TrailARN"]}
    trails("add-tags", **of, tags_list="Key=b,Value=2")
    trails("add-tags", **of, tags_list="Key=aws:x,Value=1", refused="InvalidTagParameterException")
    trails("remove-tags", **of, tags_list="Key=a")
    [listed] = trails("list-tags", resource_id_list=trail["TrailARN"])["ResourceTagList"]
    assert listed == {"ResourceId": trail["TrailARN"], "TagsList": [{"Key": "b", "Value": "2"}]}


def test_events(trail, name):
    attribute = "AttributeKey=ResourceName,AttributeValue=" + trail["TrailARN"]
    look_up = partial(trails, "lookup-events", max_items="50")
    [event] = until(lambda: look_up(lookup_attributes=attribute)["Events"], what="the event")
    assert (event["EventName"], event["ReadOnly"]) == ("CreateTrail", "false")
    record = json.loads(event["CloudTrailEvent"])
    assert record["requestParameters"]["name"] == name and record["eventID"] == event["EventId"]
    later = {"start_time": "2026-01-02", "end_time": "2026-01-01"}
    look_up(**later, refused="InvalidTimeRangeException")
    wrong = "AttributeKey=ReadOnly,AttributeValue=maybe"
    look_up(lookup_attributes=wrong, refused="InvalidLookupAttributesException")


def test_every_operation_answered():
    operations = """
        CreateTrail UpdateTrail DeleteTrail DescribeTrails GetTrail ListTrails
        StartLogging StopLogging GetTrailStatus PutEventSelectors GetEventSelectors
        PutInsightSelectors ListPublicKeys LookupEvents AddTags RemoveTags ListTags
    """
    assert_all_answered("cloudtrail", operations, always_refused="GetInsightSelectors")
