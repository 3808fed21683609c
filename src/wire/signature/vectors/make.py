"""Signs requests with botocore and writes them to botocore.case.json, for verify.test.ts.

Run with botocore 1.43 or newer: python3 make.py > botocore.case.json
"""
import datetime
import json
import sys
import time
from unittest import mock

import botocore
import botocore.session
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
PLAIN = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SESSION = Credentials("ASIAIOSFODNN7EXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY", "to/k+en==")


def case(name, method, url, headers, body=""):
    lower = {k.lower(): str(v) for k, v in headers.items()}
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    lower.setdefault("host", host)
    return {"name": name, "method": method, "url": "/" + path, "headers": lower, "body": body}


def header(name, signer, method, url, headers=None, body=""):
    request = AWSRequest(method=method, url=url, headers=headers or {}, data=body)
    signer.add_auth(request)
    prepared = request.prepare()
    return case(name, method, prepared.url, prepared.headers, body)


def v4(service, credentials=PLAIN):
    kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    return kind(credentials, service, "eu-central-1")


def headers():
    yield header("json", v4("sagemaker"), "POST", "http://127.0.0.1:4566/", {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}, "{}")
    yield header("query", v4("sts"), "POST", "http://localhost:4566/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, "Action=GetCallerIdentity&Version=2011-06-15")
    yield header("session token", v4("sns", SESSION), "POST", "http://localhost:4566/", {}, "Action=ListTopics&Version=2010-03-31")
    for path in ["/a%20b/c", "/a//b/./c/../d", "/%2F/%25/%2B/~_-.", "/%C3%A9/%F0%9F%98%80", "/end/", "//", "/a/..", "/!$&'()*+,;=:@"]:
        # botocore's clients hand S3's signer paths that are already encoded, never the last one
        for service in ["sagemaker", "s3"] if "!" not in path else ["sagemaker"]:
            yield header(f"{service} path {path}", v4(service), "GET", f"http://localhost:4566{path}", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"} if service == "s3" else {})
    for query in ["a=2&a=1&A=3", "b&a", "x=%20%2B%2F%3D&y=", "k%C3%A9y=%E2%82%AC", "X-Amz-x=1&list-type=2&prefix=a%2Fb", "a-b=1&a=2&a.b=3&a_b=4"]:
        yield header(f"query {query}", v4("s3"), "GET", f"http://localhost:4566/b?{query}")
    yield header("awkward headers", v4("s3"), "PUT", "http://localhost:4566/b/k", {"X-Amz-Meta-A": "  one   two  ", "X-Amz-Meta-B": "a,b;c=d", "Content-Type": "text/plain; charset=\"utf-8\"", "Cache-Control": "no-cache"}, "hello")


def presigned():
    session = botocore.session.get_session()
    for version in ["s3v4", "s3"]:
        for style in ["path", "virtual"]:
            for credentials in [PLAIN, SESSION]:
                client = session.create_client(
                    "s3", region_name="us-east-1", endpoint_url="http://s3.localhost:4566",
                    aws_access_key_id=credentials.access_key, aws_secret_access_key=credentials.secret_key,
                    aws_session_token=credentials.token,
                    config=Config(signature_version=version, s3={"addressing_style": style}))
                token = " session" if credentials.token else ""
                yield from urls(client, f"{version} {style}{token}", style)


def urls(client, prefix, style):
    for key in ["key", "a b/c+d%/é", "x//../y"]:
        target = {"Bucket": "my-bucket", "Key": key}
        for operation, method, extra, headers in [
            ("get_object", "GET", {}, {}),
            ("get_object", "GET", {"VersionId": "v1", "ResponseContentType": "a/b; c=d", "ResponseContentDisposition": "attachment; filename=\"a b\""}, {}),
            ("put_object", "PUT", {}, {}),
            ("put_object", "PUT", {"ContentType": "text/x", "Metadata": {"a": "b"}}, {"content-type": "text/x", "x-amz-meta-a": "b"}),
            ("upload_part", "PUT", {"UploadId": "u+1", "PartNumber": 2}, {}),
        ]:
            url = client.generate_presigned_url(operation, Params={**target, **extra}, ExpiresIn=600)
            made = case(f"{prefix} {operation} {key} {' '.join(extra)}", method, url, headers)
            made["hostBucket"] = "my-bucket" if style == "virtual" else None
            yield made


def frozen(*args, **kwargs):
    return NOW if kwargs.get("remove_tzinfo") is False else NOW.replace(tzinfo=None)


with mock.patch.object(auth, "get_current_datetime", frozen), mock.patch.object(time, "time", NOW.timestamp):
    cases = [*headers(), *presigned()]
json.dump({"botocore": botocore.__version__, "nowMs": int(NOW.timestamp() * 1000), "cases": cases}, sys.stdout, indent=1)
