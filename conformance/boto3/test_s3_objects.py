"""Objects: bytes, names, headers, checksums, conditions, versions, listings."""

import base64
import hashlib
import zlib
from datetime import datetime, timezone

import pytest
from refusals import refused

AWKWARD_KEYS = [
    "plain",
    "a/b/c",
    "a//b",
    "/leading",
    "trailing/",
    "..",
    "a/../b",
    "./here",
    "with space",
    "plus+sign",
    "per%2Fcent",
    "100%",
    "question?mark&x=1",
    "hash#tag",
    "ünï/çødé",
    "emoji-🚀",
    "quote'\"<>&;",
    "k" * 1024,
]


@pytest.mark.parametrize("key", AWKWARD_KEYS, ids=[k[:20] for k in AWKWARD_KEYS])
def test_awkward_keys(s3, bucket, key):
    body = key.encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(body)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body
    s3.delete_object(Bucket=bucket, Key=key)
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key=key)


def test_key_too_long(s3, bucket):
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="k" * 1025, Body=b"x")


def test_put_and_get(s3, bucket):
    body = b"hello\x00world" * 1000
    put = s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=body,
        ContentType="text/csv",
        ContentEncoding="gzip",
        ContentLanguage="de",
        ContentDisposition='attachment; filename="x"',
        CacheControl="max-age=60",
        Expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        Metadata={"first": "one", "second": "two words"},
        StorageClass="STANDARD_IA",
        Tagging="a=1&b=two%20words",
    )
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body
    assert got["ETag"] == put["ETag"]
    assert got["ContentType"] == "text/csv"
    assert got["ContentEncoding"] == "gzip"
    assert got["ContentLanguage"] == "de"
    assert got["ContentDisposition"] == 'attachment; filename="x"'
    assert got["CacheControl"] == "max-age=60"
    assert got["Expires"] == datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert got["Metadata"] == {"first": "one", "second": "two words"}
    assert got["StorageClass"] == "STANDARD_IA"
    assert got["TagCount"] == 2
    assert got["AcceptRanges"] == "bytes"
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ContentLength"] == len(body)
    assert head["LastModified"] == got["LastModified"]


def test_overrides_of_the_answer(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/plain", ResponseCacheControl="no-store")
    assert got["ContentType"] == "text/plain" and got["CacheControl"] == "no-store"


def test_empty_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    got = s3.get_object(Bucket=bucket, Key="empty")
    assert got["Body"].read() == b"" and got["ContentLength"] == 0
    assert got["ContentType"] == "binary/octet-stream"


def test_object_exists_waiters(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="k")


def test_missing_object(s3, bucket):
    with refused("NoSuchKey", 404, "does not exist"):
        s3.get_object(Bucket=bucket, Key="absent")
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="absent")
    # Deleting what is not there is no error.
    s3.delete_object(Bucket=bucket, Key="absent")


@pytest.mark.parametrize(
    "asked,told,span",
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_ranges(s3, bucket, asked, told, span):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == told and got["ContentRange"] == span


def test_range_past_the_end(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-20")


def test_conditions_of_reading(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)
    with refused("PreconditionFailed", 412):
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    with refused("304", 304):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    with refused("304", 304):
        s3.head_object(Bucket=bucket, Key="k", IfModifiedSince=datetime(2100, 1, 1))
    with refused("PreconditionFailed", 412):
        s3.get_object(Bucket=bucket, Key="k", IfUnmodifiedSince=datetime(2000, 1, 1))


def test_conditions_of_writing(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"4", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"


def test_md5_is_checked(s3, bucket):
    right = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentMD5=right)
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"y", ContentMD5=right)


CHECKSUMS = {
    "CRC32": base64.b64encode(zlib.crc32(b"123456789").to_bytes(4, "big")).decode(),
    "CRC32C": base64.b64encode(bytes.fromhex("e3069283")).decode(),
    "CRC64NVME": base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode(),
    "SHA1": base64.b64encode(hashlib.sha1(b"123456789").digest()).decode(),
    "SHA256": base64.b64encode(hashlib.sha256(b"123456789").digest()).decode(),
}


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_checksum_given(s3, bucket, algorithm):
    member = f"Checksum{algorithm}"
    value = CHECKSUMS[algorithm]
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{member: value})
    assert put[member] == value
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[member] == value
    assert got["ChecksumType"] == "FULL_OBJECT"
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ETag", "ObjectSize", "StorageClass"]
    )
    assert attributes["Checksum"][member] == value
    assert attributes["ObjectSize"] == 9 and attributes["ETag"] == put["ETag"].strip('"')
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"987654321", **{member: value})


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksum_computed_by_the_client(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"] == CHECKSUMS[algorithm]


def test_copy(s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/csv", Metadata={"a": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "k"}
    copied = s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
    same = s3.head_object(Bucket=bucket, Key="same")
    assert same["ContentType"] == "text/csv" and same["Metadata"] == {"a": "1"}
    assert s3.get_object_tagging(Bucket=bucket, Key="same")["TagSet"] == [{"Key": "t", "Value": "1"}]
    s3.copy_object(
        Bucket=bucket,
        Key="other",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
        ContentType="text/plain",
        TaggingDirective="REPLACE",
        Tagging="u=2",
    )
    other = s3.head_object(Bucket=bucket, Key="other")
    assert other["ContentType"] == "text/plain" and other["Metadata"] == {"b": "2"}
    assert s3.get_object_tagging(Bucket=bucket, Key="other")["TagSet"] == [{"Key": "u", "Value": "2"}]


def test_copy_refusals(s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "absent"})
    with refused("NoSuchBucket", 404):
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": name, "Key": "k"})
    with refused("PreconditionFailed", 412):
        s3.copy_object(
            Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "k"}, CopySourceIfMatch='"z"'
        )
    with refused("InvalidRequest", 400):
        s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "k"})


def test_delete_many(s3, bucket):
    for i in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{i} <&>", Body=b"x")
    asked = [{"Key": f"k{i} <&>"} for i in range(4)] + [{"Key": "absent"}]
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": asked})
    assert sorted(entry["Key"] for entry in told["Deleted"]) == sorted(entry["Key"] for entry in asked)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k4 <&>"}], "Quiet": True})
    assert "Deleted" not in quiet


def test_object_tagging(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    many = [{"Key": str(i), "Value": "x"} for i in range(11)]
    with refused("BadRequest", 400):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": many})
    with refused("NoSuchKey", 404):
        s3.get_object_tagging(Bucket=bucket, Key="absent")


def put_all(s3, bucket, keys):
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")


def test_listing_with_prefix_and_delimiter(s3, bucket):
    put_all(s3, bucket, ["a/1", "a/2", "b/1", "c", "d"])
    listed = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in listed["CommonPrefixes"]] == ["a/", "b/"]
    assert [o["Key"] for o in listed["Contents"]] == ["c", "d"]
    assert listed["KeyCount"] == 4 and listed["IsTruncated"] is False
    inner = s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a/")
    assert [o["Key"] for o in inner["Contents"]] == ["a/1", "a/2"] and "CommonPrefixes" not in inner
    later = s3.list_objects_v2(Bucket=bucket, StartAfter="b/1")
    assert [o["Key"] for o in later["Contents"]] == ["c", "d"]
    entry = listed["Contents"][0]
    assert entry["Size"] == 1 and entry["ETag"] and entry["StorageClass"] == "STANDARD"


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_listing_pages(s3, bucket, operation):
    keys = sorted(f"p/{i:02}" for i in range(7)) + ["q/1", "q/2", "r"]
    put_all(s3, bucket, keys)
    pages = s3.get_paginator(operation).paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 3}
    )
    assert [o["Key"] for page in pages for o in page["Contents"]] == keys
    pages = s3.get_paginator(operation).paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    seen = []
    for page in pages:
        seen += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        seen += [o["Key"] for o in page.get("Contents", [])]
    assert seen == ["p/", "q/", "r"]


def test_listing_is_in_order_of_utf8(s3, bucket):
    keys = ["Z", "a", "é", "￿", "🚀"]
    put_all(s3, bucket, reversed(keys))
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == keys


def test_listing_refuses_a_wrong_token(s3, bucket):
    with refused("InvalidArgument", 400):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="no token of ours")


def test_versions(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("MethodNotAllowed", 405):
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"
    listed = s3.list_object_versions(Bucket=bucket)
    assert [v["VersionId"] for v in listed["Versions"]] == [second, first, "null"]
    assert [m["VersionId"] for m in listed["DeleteMarkers"]] == [marker["VersionId"]]
    assert listed["DeleteMarkers"][0]["IsLatest"] is True
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=bucket, Key="k", VersionId="A" * 32)


def test_versions_page(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = [(k, s3.put_object(Bucket=bucket, Key=k, Body=b"x")["VersionId"]) for k in "aabbb"]
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    seen = [(v["Key"], v["VersionId"]) for page in pages for v in page.get("Versions", [])]
    assert sorted(seen) == sorted(made) and len(seen) == 5


def test_what_is_not_built_is_refused(s3, bucket):
    with refused("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    with refused("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="DEEP_ARCHIVE")


def test_streamed_body_with_trailer(client, bucket, tmp_path):
    # A file without a known checksum is sent in aws-chunked form where the client chooses to.
    path = tmp_path / "big"
    path.write_bytes(b"0123456789abcdef" * 70_000)
    s3 = client("s3")
    with path.open("rb") as content:
        s3.put_object(Bucket=bucket, Key="big", Body=content)
    got = s3.get_object(Bucket=bucket, Key="big")["Body"].read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(path.read_bytes()).digest()
