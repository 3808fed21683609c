"""Every operation of every service through botocore: what arrives is what was sent, what botocore
parses is what was answered.

Usage: python conformance/wire_botocore.py [--cbor] [--seed N] [SERVICE,...]
Needs Node, a built tree (npm run build) and botocore. Exits 1 when anything differs.
"""

import argparse
import base64
import datetime
import json
import pathlib
import random
import subprocess
import sys
import urllib.request

import botocore
import botocore.model
import botocore.session
from botocore.config import Config

SERVICES = (
    "sagemaker sagemaker-runtime s3 cloudwatch logs events sns sqs iam sts kms secretsmanager cloudtrail"
).split()
FULL_DEPTH = 4
# On the wire these cannot be told from their successors; or they go to a host of their own.
SKIPPED = {
    "GetBucketLifecycle",
    "PutBucketLifecycle",
    "GetBucketNotification",
    "PutBucketNotification",
    "WriteGetObjectResponse",
    "ListDirectoryBuckets",
}
# Unions that some versions of botocore take for structures.
UNIONS = {"TrialComponentParameterValue", "AnalyticsFilter", "MetricsFilter"}
# Members that clients fill in, compute or check themselves.
S3_INPUT = ("Checksum", "MD5", "ContentLength", "SSECustomer", "Expires", "MpuObjectSize")
S3_OWN = ("ContentMD5", "ContentLength", "ExpiresString")
UTC = datetime.timezone.utc


def skips_input(service, name):
    if service == "s3":
        return any(part in name for part in S3_INPUT)
    return service == "events" and name == "EndpointId"


class Values:
    """Random values for botocore's shapes, valid as far as botocore checks them."""

    def __init__(self, service, rng):
        self.service = service
        self.rng = rng

    def make(self, shape, depth=0, where="body"):
        location = shape.serialization.get("location")
        if location in ("header", "headers"):
            where = "header"
        elif location == "uri":
            where = "label"
        kind = shape.type_name
        least = shape.metadata.get("min") or 0
        if kind == "structure":
            return self.structure(shape, depth, where)
        if kind == "list":
            count = min(max(1 if depth > FULL_DEPTH else 2, least), 20)
            return [self.make(shape.member, depth + 1, where) for _ in range(count)]
        if kind == "map":
            keys = list(getattr(shape.key, "enum", []) or ["key1", "key2"])[:2]
            return {key: self.make(shape.value, depth + 1, where) for key in keys}
        if kind == "blob":
            return bytes([self.rng.randrange(256), 0, 255]) * max(1, least)
        if kind == "timestamp":
            return datetime.datetime.fromtimestamp(1_700_000_000 + self.rng.randrange(10**6), UTC)
        if kind == "boolean":
            return True
        if kind in ("integer", "long"):
            return max(1 + self.rng.randrange(90), least)
        if kind in ("float", "double"):
            return max(1 + self.rng.randrange(90), least) + 0.5
        return self.text(shape, where, least)

    def structure(self, shape, depth, where):
        if getattr(shape, "is_document_type", False):
            return {"a": 1, "b": ["x", True]}
        members = shape.members
        if getattr(shape, "is_tagged_union", False) or shape.name in UNIONS:
            names = [n for n in members if members[n].type_name != "structure"] or list(members)
            return {names[0]: self.make(members[names[0]], depth + 1, where)}
        made = {}
        for name, member in members.items():
            nested = member.type_name in ("structure", "list", "map")
            if depth == 0 and skips_input(self.service, name):
                continue
            if depth >= FULL_DEPTH and nested and name not in shape.required_members:
                continue
            if depth <= FULL_DEPTH + 6:
                made[name] = self.make(member, depth + 1, where)
        return made

    def text(self, shape, where, least):
        if getattr(shape, "enum", None):
            return shape.enum[0]
        if shape.serialization.get("jsonvalue"):
            return '{"j":1}'
        text = f"s{self.rng.randrange(10**6)}"
        if where == "body":
            text += "<&>\"'\u00e9\u2603 x"
        return text * (1 + least // len(text))


def normal(value, service):
    """Values that JSON can carry, without empty ones and without what the client adds."""
    if isinstance(value, datetime.datetime):
        return {"$d": round(value.timestamp() * 1000)}
    if isinstance(value, (bytes, bytearray)):
        return {"$b": base64.b64encode(value).decode()}
    if hasattr(value, "read"):
        return normal(value.read(), service)
    if isinstance(value, dict):
        items = ((k, normal(v, service)) for k, v in value.items() if not is_own(k, service))
        return {k: v for k, v in items if v not in ({}, None)}
    if isinstance(value, (list, tuple)):
        items = [normal(item, service) for item in value]
        return {} if all(item == {} for item in items) else items
    return value


def is_own(name, service):
    if name == "ResponseMetadata":
        return True
    if service == "sqs":
        # Shares its name with AttributeNames in the query protocol.
        return name == "MessageSystemAttributeNames"
    return service == "s3" and (name.startswith("Checksum") or name in S3_OWN)


def known(value, shape):
    """Without what this botocore's model does not have."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        if getattr(shape, "is_document_type", False):
            return value
        return {k: known(v, shape.members[k]) for k, v in value.items() if k in shape.members}
    if shape.type_name == "list" and isinstance(value, list):
        return [known(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {k: known(v, shape.value) for k, v in value.items()}
    return value


def difference(sent, came, at=""):
    if isinstance(sent, dict) and isinstance(came, dict):
        for key in sorted(set(sent) | set(came)):
            found = difference(sent.get(key), came.get(key), f"{at}.{key}")
            if found:
                return found
        return ""
    if isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        for i, (a, b) in enumerate(zip(sent, came)):
            found = difference(a, b, f"{at}[{i}]")
            if found:
                return found
        return ""
    numbers = (int, float)
    if isinstance(sent, numbers) != isinstance(came, numbers) and str(sent) == str(came):
        return ""  # text to some clients, a number to others
    return "" if sent == came else f"{at}: sent {json.dumps(sent)[:120]} came {json.dumps(came)[:120]}"


class Suite:
    def __init__(self, server, seed):
        self.server = server
        self.rng = random.Random(seed)
        self.session = botocore.session.get_session()
        self.problems = []

    def last(self):
        with urllib.request.urlopen(self.server["control"]) as response:
            return json.loads(response.read())

    def service(self, service):
        client = self.session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.server["url"],
            aws_access_key_id="AKIDECHO",
            aws_secret_access_key="echo",
            config=Config(
                inject_host_prefix=False,
                retries={"max_attempts": 0},
                s3={"addressing_style": "path"},
            ),
        )
        model = client.meta.service_model
        count = 0
        for method, name in sorted(client.meta.method_to_api_mapping.items()):
            operation = model.operation_model(name)
            streams = operation.has_event_stream_output or operation.has_event_stream_input
            if streams or name in SKIPPED:
                continue
            count += 1
            self.call(client, method, operation)
        protocol = getattr(model, "resolved_protocol", model.protocol)
        print(f"{service:20} {protocol:20} {count} operations", flush=True)
        return count

    def call(self, client, method, operation):
        service = client.meta.service_model.service_name
        title = f"{service}.{operation.name}"
        values = Values(service, self.rng)
        sent = values.make(operation.input_shape) if operation.input_shape else {}
        if service == "s3" and "Bucket" in sent:
            sent["Bucket"] = "bucket1"
        if service == "s3" and "CopySource" in sent:
            sent["CopySource"] = "bucket/key"
        if service == "sqs" and "QueueUrl" in sent:
            sent["QueueUrl"] = f"{self.server['url']}/123456789012/q"
        want = normal(sent, service)
        try:
            got = getattr(client, method)(**sent)
        except Exception as error:  # any failure is a finding
            self.last()
            self.problems.append(f"{title}: {error!r}"[:400])
            return
        last = self.last()
        if last.get("operation") != title:
            self.problems.append(f"{title}: reached {last.get('operation')}")
            return
        found = difference(want, normal(last["input"], service))
        if found:
            self.problems.append(f"{title} input{found}")
        answer = normal(known(last["output"], operation.output_shape), service)
        found = difference(answer, normal(got, service))
        if found:
            self.problems.append(f"{title} output{found}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("services", nargs="?", default=",".join(SERVICES))
    parser.add_argument("--cbor", action="store_true", help="prefer rpc-v2-cbor where a service has it")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.cbor:
        first = ("smithy-rpc-v2-cbor",)
        others = tuple(botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS)
        botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = first + others
    echo = pathlib.Path(__file__).with_name("wire-echo.mjs")
    command = ["node", str(echo), str(options.seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            suite = Suite(json.loads(process.stdout.readline()), options.seed)
            count = sum(suite.service(service) for service in options.services.split(","))
        finally:
            process.terminate()
    print(f"botocore {botocore.__version__}: {count} operations, {len(suite.problems)} problems")
    print("\n".join(suite.problems[:100]))
    sys.exit(1 if suite.problems else 0)


if __name__ == "__main__":
    main()
