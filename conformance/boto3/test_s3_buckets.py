"""Buckets: making, finding, describing, deleting."""

import pytest
from refusals import refused


def test_create_head_list_delete(s3, name):
    made = s3.create_bucket(Bucket=name)
    assert made["Location"].endswith(name)
    s3.get_waiter("bucket_exists").wait(Bucket=name)
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 200
    listed = s3.list_buckets()
    assert name in [entry["Name"] for entry in listed["Buckets"]]
    assert listed["Owner"]["ID"]
    assert s3.list_buckets(Prefix=name)["Buckets"][0]["CreationDate"].tzinfo is not None
    s3.delete_bucket(Bucket=name)
    s3.get_waiter("bucket_not_exists").wait(Bucket=name)


def test_list_pages(s3, name):
    made = [f"{name}-{i}" for i in range(3)]
    for bucket in made:
        s3.create_bucket(Bucket=bucket)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix=name, PaginationConfig={"PageSize": 2}))
    assert [len(page["Buckets"]) for page in pages] == [2, 1]
    assert [entry["Name"] for page in pages for entry in page["Buckets"]] == made
    for bucket in made:
        s3.delete_bucket(Bucket=bucket)


def test_location(s3, bucket):
    # us-east-1 is told as nothing at all, as it has always been.
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_location_of_another_region(client, name):
    import boto3

    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    s3.delete_bucket(Bucket=name)
    with refused("IllegalLocationConstraintException", 400):
        s3.create_bucket(Bucket=name)


def test_missing_bucket(s3, name):
    with refused("NoSuchBucket", 404, "does not exist"):
        s3.list_objects_v2(Bucket=name)
    with refused("404", 404):
        s3.head_bucket(Bucket=name)
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(Bucket=name)
    with refused("NoSuchBucket", 404):
        s3.put_object(Bucket=name, Key="k", Body=b"x")


def test_create_twice(s3, bucket):
    # In us-east-1 the owner may make it again; nothing changes.
    s3.create_bucket(Bucket=bucket)


def test_delete_needs_an_empty_bucket(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("wrong", ["ab", "Upper-Case", "under_score", "a..b", "192.168.1.1", "-dash"])
def test_wrong_names(client, wrong):
    with refused("InvalidBucketName", 400):
        client("s3").create_bucket(Bucket=wrong)


def test_tagging(s3, bucket):
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)
    tags = [{"Key": "team", "Value": "ml ops"}, {"Key": "ä", "Value": "a+b=c@d:e/f"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    told = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert sorted(told, key=lambda tag: tag["Key"]) == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_tagging_twice_the_same_key(s3, bucket):
    same = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    with refused("InvalidTag", 400):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": same})


def test_versioning(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_versioning_without_a_status(s3, bucket):
    with refused("IllegalVersioningConfigurationException", 400):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={})


def test_expected_owner(s3, bucket, account):
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    with refused("AccessDenied", 403):
        s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="999999999999")
