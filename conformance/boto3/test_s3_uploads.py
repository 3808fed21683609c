"""Multipart uploads, by hand and by the transfer manager."""

import hashlib
import os

import pytest
from boto3.s3.transfer import TransferConfig
from refusals import refused

MIB = 1024 * 1024


def test_transfer_manager(s3, bucket, tmp_path):
    path = tmp_path / "big"
    path.write_bytes(os.urandom(12 * MIB + 123))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(path), bucket, "big", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ContentLength"] == 12 * MIB + 123
    assert head["ETag"].endswith('-3"') and head["Metadata"] == {"a": "b"}
    back = tmp_path / "back"
    s3.download_file(bucket, "big", str(back), Config=config)
    assert back.read_bytes() == path.read_bytes()
    part = s3.get_object(Bucket=bucket, Key="big", PartNumber=3)
    assert part["ContentLength"] == 2 * MIB + 123 and part["PartsCount"] == 3
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copied", Config=config)
    copied = s3.get_object(Bucket=bucket, Key="copied")["Body"].read()
    assert hashlib.sha256(copied).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_by_hand(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ContentType="text/csv")["UploadId"]
    at = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    first = s3.upload_part(**at, PartNumber=1, Body=b"a" * 5 * MIB)["ETag"]
    second = s3.upload_part(**at, PartNumber=7, Body=b"b")["ETag"]
    listed = s3.list_parts(**at)
    assert [(p["PartNumber"], p["Size"]) for p in listed["Parts"]] == [(1, 5 * MIB), (7, 1)]
    pages = s3.get_paginator("list_parts").paginate(**at, PaginationConfig={"PageSize": 1})
    assert [p["PartNumber"] for page in pages for p in page["Parts"]] == [1, 7]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="k")
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 7, "ETag": second}]
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    digests = bytes.fromhex(first.strip('"')) + bytes.fromhex(second.strip('"'))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    assert done["Bucket"] == bucket and done["Key"] == "k" and done["Location"]
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ContentType"] == "text/csv" and got["Body"].read() == b"a" * 5 * MIB + b"b"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_copy_of_a_part(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    at = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    copied = s3.upload_part_copy(
        **at, PartNumber=1, CopySource={"Bucket": bucket, "Key": "source"}, CopySourceRange="bytes=2-5"
    )
    parts = [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"


def test_abort(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    at = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    s3.upload_part(**at, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**at)
    with refused("NoSuchUpload", 404):
        s3.list_parts(**at)
    with refused("NoSuchUpload", 404):
        s3.upload_part(**at, PartNumber=2, Body=b"x")


def test_refusals(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    at = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    one = s3.upload_part(**at, PartNumber=1, Body=b"x")["ETag"]
    two = s3.upload_part(**at, PartNumber=2, Body=b"y")["ETag"]

    def complete(*parts):
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": listed})

    with refused("EntityTooSmall", 400):
        complete((1, one), (2, two))
    with refused("InvalidPartOrder", 400):
        complete((2, two), (1, one))
    with refused("InvalidPart", 400):
        complete((1, two))
    with refused("InvalidPart", 400):
        complete((3, one))
    with refused("MalformedXML", 400):
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": []})
    with refused("InvalidArgument", 400):
        s3.upload_part(**at, PartNumber=10_001, Body=b"x")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_of_parts(s3, bucket, algorithm):
    made = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm)
    at = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    member = f"Checksum{algorithm}"
    parts = []
    for number, body in ((1, b"a" * 5 * MIB), (2, b"b")):
        told = s3.upload_part(**at, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": told["ETag"], member: told[member]})
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    assert done["ChecksumType"] == "COMPOSITE" and done[member].endswith("-2")
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectParts"]
    )
    assert attributes["Checksum"][member] == done[member].removesuffix("-2") or (
        attributes["Checksum"][member] == done[member]
    )
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2
