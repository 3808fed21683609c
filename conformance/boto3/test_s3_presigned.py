"""Presigned URLs, used by a plain HTTP client that knows nothing of AWS."""

import time

import pytest
import requests
from botocore.config import Config

SIGNERS = {
    # What boto3 does unasked in us-east-1 is signature version 2.
    "default": Config(),
    "s3v4": Config(signature_version="s3v4"),
    "s3v4-path": Config(signature_version="s3v4", s3={"addressing_style": "path"}),
}


@pytest.fixture(params=SIGNERS)
def signer(request):
    import boto3

    return boto3.client("s3", config=SIGNERS[request.param])


def test_get(signer, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b+c/ü", Body=b"content")
    at = {"Bucket": bucket, "Key": "a b+c/ü"}
    answer = requests.get(signer.generate_presigned_url("get_object", Params=at), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"content")
    named = {**at, "ResponseContentType": "text/x-own"}
    answer = requests.get(signer.generate_presigned_url("get_object", Params=named), timeout=10)
    assert answer.headers["content-type"] == "text/x-own"


def test_put(signer, s3, bucket):
    signed = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    answer = requests.put(signed, data=b"sent", timeout=10)
    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"sent"


def test_delete_and_head(signer, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    at = {"Bucket": bucket, "Key": "k"}
    assert requests.head(signer.generate_presigned_url("head_object", Params=at), timeout=10).status_code == 200
    assert requests.delete(signer.generate_presigned_url("delete_object", Params=at), timeout=10).status_code == 204
    assert requests.get(signer.generate_presigned_url("get_object", Params=at), timeout=10).status_code == 404


def test_changed(signer, bucket):
    signed = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    answer = requests.get(signed.replace("/k?", "/other?"), timeout=10)
    assert answer.status_code == 403 and "SignatureDoesNotMatch" in answer.text


def test_expired(signer, bucket):
    signed = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=1)
    time.sleep(2.1)
    answer = requests.get(signed, timeout=10)
    assert answer.status_code == 403 and "AccessDenied" in answer.text and "expired" in answer.text


def test_unsigned(url, bucket):
    answer = requests.get(f"{url}/{bucket}/k", timeout=10)
    assert answer.status_code == 403 and "AccessDenied" in answer.text
