"""Keys that clients bring with each request: over TLS alone, kept nowhere."""

import base64
import hashlib
import os
import re
import subprocess

import boto3
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from buckets import new_bucket
from refusals import refused
from servers import Server, command_line

MIB = 1024 * 1024
WORDS = b"the words of a patient"
DENIED = ("AccessDenied", 403)
MISSING = ("InvalidRequest", 400, "correct parameters must be provided")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run(command_line("certs", "--folder", str(folder)), check=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def authority(certificates):
    return str(certificates / "ca.pem")


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates):
    pair = {"certificate": certificates / "server.pem", "key": certificates / "server.key"}
    flags = [word for name, path in pair.items() for word in (f"--tls-{name}", str(path))]
    made = Server(tmp_path_factory.mktemp("tls") / "data", "--log-level", "warn", *flags).start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def s3(server, authority):
    told = server.environment()
    assert told["AWS_ENDPOINT_URL"] == server.url and server.url.startswith("https:")
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        verify=authority,
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4"),
    )


@pytest.fixture(scope="module")
def bucket(s3):
    return new_bucket(s3)


def brought(key):
    """The SDK adds the key's digest by itself."""
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def of_source(key):
    return {f"CopySource{name}": value for name, value in brought(key).items()}


KEY, OTHER = b"\x01" * 32, b"\x02" * 32
DIGEST = base64.b64encode(hashlib.md5(KEY).digest()).decode()


def assert_told(answer):
    assert answer["SSECustomerAlgorithm"] == "AES256" and answer["SSECustomerKeyMD5"] == DIGEST
    assert "ServerSideEncryption" not in answer and "SSEKMSKeyId" not in answer


def test_there_and_back(s3, bucket):
    at = {"Bucket": bucket, "Key": "k"}
    body = os.urandom(300_000)
    put = s3.put_object(**at, Body=body, **brought(KEY))
    assert_told(put)
    assert re.match(r'^"[0-9a-f]{32}"$', put["ETag"])
    assert put["ETag"] != f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(**at, **brought(KEY))
    assert_told(got)
    assert got["Body"].read() == body and got["ETag"] == put["ETag"]
    assert_told(s3.head_object(**at, **brought(KEY)))
    piece = s3.get_object(**at, Range="bytes=65530-65545", **brought(KEY))
    assert piece["Body"].read() == body[65530:65546]
    # It is listed and deleted without its key.
    assert "k" in [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    s3.delete_object(**at)


def test_without_the_right_key(s3, bucket):
    at = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**at, Body=WORDS, **brought(KEY))
    with refused(*MISSING):
        s3.get_object(**at)
    with refused("400", 400):
        s3.head_object(**at)
    with refused(*DENIED, "correct secret key"):
        s3.get_object(**at, **brought(OTHER))
    with refused("403", 403):
        s3.head_object(**at, **brought(OTHER))
    s3.put_object(Bucket=bucket, Key="plain", Body=WORDS)
    with refused("InvalidRequest", 400, "not applicable"):
        s3.get_object(Bucket=bucket, Key="plain", **brought(KEY))


def test_wrong_keys(s3, bucket):
    at = {"Bucket": bucket, "Key": "k", "Body": WORDS}
    wrong_digest = {
        "SSECustomerKey": base64.b64encode(KEY).decode(),
        "SSECustomerKeyMD5": base64.b64encode(bytes(16)).decode(),
    }
    for wrong, code, says in (
        (brought(b"short"), "InvalidArgument", "invalid for the specified algorithm"),
        ({**brought(KEY), **wrong_digest}, "InvalidArgument", "MD5"),
        ({**brought(KEY), "SSECustomerAlgorithm": "AES128"}, "InvalidEncryptionAlgorithmError", None),
        ({"SSECustomerAlgorithm": "AES256"}, "InvalidArgument", "secret key"),
        ({"SSECustomerKey": KEY}, "InvalidArgument", "algorithm"),
        ({**brought(KEY), "ServerSideEncryption": "aws:kms"}, "InvalidArgument", "incompatible"),
    ):
        with refused(code, 400, says) as caught:
            s3.put_object(**at, **wrong)
        assert base64.b64encode(KEY).decode() not in str(caught.value.response)


def test_not_in_clear(client):
    """By the server of the other tests, which speaks no TLS."""
    s3 = client("s3")
    plain = new_bucket(s3)
    at = {"Bucket": plain, "Key": "k"}
    for use in (
        lambda: s3.put_object(**at, Body=WORDS, **brought(KEY)),
        lambda: s3.create_multipart_upload(**at, **brought(KEY)),
        lambda: s3.copy_object(**at, CopySource=at, **of_source(KEY)),
    ):
        with refused("InvalidRequest", 400, "must be made over a secure connection"):
            use()
    s3.delete_bucket(Bucket=plain)


def test_in_parts(s3, bucket, tmp_path):
    path, back = tmp_path / "big", tmp_path / "back"
    path.write_bytes(body := os.urandom(11 * MIB + 17))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(path), bucket, "big", Config=config, ExtraArgs=brought(KEY))
    s3.download_file(bucket, "big", str(back), Config=config, ExtraArgs=brought(KEY))
    assert back.read_bytes() == body
    with refused(*MISSING):
        s3.get_object(Bucket=bucket, Key="big", Range="bytes=0-1")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="m", **brought(KEY))
    assert_told(begun)
    at = {"Bucket": bucket, "Key": "m", "UploadId": begun["UploadId"]}
    for wrong, says in (({}, "must include"), (brought(OTHER), "did not match")):
        with refused("InvalidRequest", 400, says):
            s3.upload_part(**at, PartNumber=1, Body=WORDS, **wrong)
    part = s3.upload_part(**at, PartNumber=1, Body=WORDS, **brought(KEY))
    assert_told(part)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**at, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="m", **brought(KEY))["Body"].read() == WORDS
    plain = s3.create_multipart_upload(Bucket=bucket, Key="n")
    at = {"Bucket": bucket, "Key": "n", "UploadId": plain["UploadId"]}
    with refused("InvalidRequest", 400, "did not request encryption"):
        s3.upload_part(**at, PartNumber=1, Body=WORDS, **brought(KEY))


def test_copies(s3, bucket):
    source = {"Bucket": bucket, "Key": "source"}
    s3.put_object(**source, Body=WORDS, **brought(KEY))
    to = {"Bucket": bucket, "Key": "copy", "CopySource": source}
    with refused("InvalidRequest", 400):
        s3.copy_object(**to)
    with refused(*DENIED):
        s3.copy_object(**to, **of_source(OTHER))
    plain = s3.copy_object(**to, **of_source(KEY))
    assert plain["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == WORDS
    # The key is changed in the copying.
    s3.copy_object(**to, **of_source(KEY), **brought(OTHER))
    got = s3.get_object(Bucket=bucket, Key="copy", **brought(OTHER))
    assert got["Body"].read() == WORDS
    begun = s3.create_multipart_upload(Bucket=bucket, Key="m", **brought(OTHER))
    at = {"Bucket": bucket, "Key": "m", "UploadId": begun["UploadId"]}
    s3.upload_part_copy(
        **at, PartNumber=1, CopySource=source, **of_source(KEY), **brought(OTHER)
    )
    s3.abort_multipart_upload(**at)


def test_presigned(s3, bucket, authority):
    at = {"Bucket": bucket, "Key": "signed"}
    headers = {
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-server-side-encryption-customer-key": base64.b64encode(KEY).decode(),
        "x-amz-server-side-encryption-customer-key-MD5": DIGEST,
    }
    signed = s3.generate_presigned_url("put_object", Params={**at, **brought(KEY)})
    assert base64.b64encode(KEY).decode() not in signed
    answer = requests.put(signed, data=WORDS, headers=headers, verify=authority, timeout=10)
    assert answer.status_code == 200, answer.text
    signed = s3.generate_presigned_url("get_object", Params={**at, **brought(KEY)})
    answer = requests.get(signed, headers=headers, verify=authority, timeout=10)
    assert (answer.status_code, answer.content) == (200, WORDS)


def test_buckets_that_want_none(s3):
    bucket = new_bucket(s3)
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    [got] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert got["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    with refused(*DENIED, "blocked"):
        s3.put_object(Bucket=bucket, Key="k", Body=WORDS, **brought(KEY))
    with refused(*DENIED, "blocked"):
        s3.create_multipart_upload(Bucket=bucket, Key="k", **brought(KEY))
    s3.put_object(Bucket=bucket, Key="k", Body=WORDS)


def test_clients_that_do_not_know_the_authority(server):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url, timeout=10)


def test_kept_nowhere(s3, bucket, server):
    """Neither the key nor the words are in any file of the server's, in any form."""
    key, words = os.urandom(32), os.urandom(24).hex().encode()
    s3.put_object(Bucket=bucket, Key="kept", Body=words * 100, **brought(key))
    s3.get_object(Bucket=bucket, Key="kept", **brought(key))
    sought = (words, key, key.hex().encode(), base64.b64encode(key))
    files = [
        os.path.join(folder, name) for folder, _, names in os.walk(server.data) for name in names
    ]
    assert files
    for path in files:
        with open(path, "rb") as file:
            content = file.read()
        assert not [one for one in sought if one in content], path
    assert base64.b64encode(key).decode() not in "".join(server.lines)
