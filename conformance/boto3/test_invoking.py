"""The data plane: invoking endpoints of each kind, streams, capture, shadows, metrics."""

import base64
import json
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from buckets import new_bucket
from hosting import archive_of, capture_to, captured, hosting, variant
from refusals import refused
from waiting import until

MODELS = Path(__file__).resolve().parents[1] / "models"

SERVE = '''
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

factor = float(open(os.path.join(os.environ["SM_MODEL_DIR"], "factor.txt")).read())

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def do_POST(self):
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        told = str(factor * sum(float(x) for x in text.split(","))).encode()
        self.send_response(200); self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(told))); self.end_headers(); self.wfile.write(told)

HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
'''


@pytest.fixture(scope="module")
def runtime(client):
    return client("sagemaker-runtime")


@pytest.fixture(scope="module")
def bucket(s3):
    return new_bucket(s3)


@pytest.fixture(scope="module")
def role(role_of, bucket):
    return role_of(bucket)


@pytest.fixture(scope="module")
def host(client, role):
    with hosting(client("sagemaker"), role) as made:
        yield made


@pytest.fixture(scope="module")
def endpoint(host, model_server):
    return host.serve(model_server.url)


def test_csv(runtime, endpoint):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1,2\n3,4")
    assert answer["Body"].read() == b"3.0\n7.0"
    assert answer["ContentType"] == "text/csv; charset=utf-8"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_json(runtime, endpoint):
    body = json.dumps({"instances": [[1, 2], [3, 4]]})
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
    assert json.load(answer["Body"]) == {"predictions": [3, 7]}


def test_headers(runtime, endpoint, model_server):
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint,
        ContentType="text/csv",
        Accept="text/csv",
        CustomAttributes="trace=abc",
        InferenceId="id-1",
        Body=b"1",
    )
    assert answer["CustomAttributes"] == "seen trace=abc"
    headers, _ = model_server.requests[-1]
    lower = {name.lower(): value for name, value in headers.items()}
    assert lower["accept"] == "text/csv"
    assert lower["x-amzn-sagemaker-inference-id"] == "id-1"
    # The model has no business with the caller's credentials.
    assert "authorization" not in lower and "x-amz-date" not in lower


def test_model_errors(runtime, endpoint):
    with refused("ModelError", 424, 'Received client error (400) from primary with message "no numbers"') as caught:
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"bad")
    assert caught.value.response["OriginalStatusCode"] == 400
    assert caught.value.response["OriginalMessage"] == "no numbers"
    with refused("ModelError", 424, "Received server error (500)"):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"boom")


def test_refusals(runtime, endpoint, name):
    with refused("ValidationError", 400, f"Endpoint {name} of account"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"1")
    with refused("ValidationError", 400, "Variant other of endpoint"):
        runtime.invoke_endpoint(EndpointName=endpoint, TargetVariant="other", Body=b"1")
    with refused("ValidationError", 413, "exceeded"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1" * 6_291_457)


def test_wrong_signature(endpoint):
    import boto3

    stranger = boto3.client(
        "sagemaker-runtime", aws_access_key_id="AKIAUNKNOWNUNKNOWN00", aws_secret_access_key="x"
    )
    with refused("UnrecognizedClientException", 403):
        stranger.invoke_endpoint(EndpointName=endpoint, Body=b"1")


def test_not_in_service(runtime, host, client):
    name = host.endpoint(host.config(variant(host.model("no/such"))), wait=False)
    sagemaker = client("sagemaker")
    until(
        lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Failed",
        what="the failure",
    )
    with refused("ValidationError", 400):
        runtime.invoke_endpoint(EndpointName=name, Body=b"1")


def test_stream(runtime, endpoint):
    answer = runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, ContentType="text/plain", Body=b"stream"
    )
    assert answer["ContentType"] == "text/plain"
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert b"".join(parts) == b"one two three"


def test_target_variant(runtime, host, model_server):
    model = host.model(model_server.url)
    name = host.endpoint(host.config(variant(model, "A"), variant(model, "B", InitialVariantWeight=0)))
    answer = runtime.invoke_endpoint(EndpointName=name, TargetVariant="B", ContentType="text/csv", Body=b"1")
    assert answer["InvokedProductionVariant"] == "B"


def test_process(runtime, host, s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="model.tar.gz", Body=archive_of(serve__py=SERVE, factor__txt="10")
    )
    name = host.serve(
        "modelkeep/process",
        ModelDataUrl=f"s3://{bucket}/model.tar.gz",
        Environment={"MODELKEEP_COMMAND": json.dumps([sys.executable, "serve.py"])},
    )
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    assert answer["Body"].read() == b"30.0"
    host.delete_endpoint(name)


def test_onnx(runtime, host, s3, bucket):
    archive = archive_of(model__onnx=(MODELS / "sum.onnx").read_bytes())
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive)
    name = host.serve("modelkeep/onnx", ModelDataUrl=f"s3://{bucket}/model.tar.gz")

    def invoke(kind, body):
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType=kind, Body=body)
        return answer["Body"].read().decode()

    told = invoke("text/csv", "1,2,3\n0,0,0")
    assert [float(line) for line in told.split()] == [14.5, 0.5]
    told = json.loads(invoke("application/json", json.dumps({"instances": [[1, 1, 1]]})))
    assert told == {"predictions": [{"score": 6.5}]}
    with refused("ModelError", 424, "row 1"):
        invoke("text/csv", "1,2,x")
    host.delete_endpoint(name)


def test_capture(runtime, host, s3, bucket, model_server):
    name = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap"))
    began = datetime.now(timezone.utc).replace(microsecond=0)
    runtime.invoke_endpoint(
        EndpointName=name,
        ContentType="text/csv",
        Body=b"1,2",
        InferenceId="id-1",
        CustomAttributes="trace=1",
    )
    runtime.invoke_endpoint(
        EndpointName=name, ContentType="application/json", Body=json.dumps({"instances": [[1, 2]]})
    )
    runtime.invoke_endpoint(EndpointName=name, ContentType="text/x-own", Body=b"3,4")
    until(lambda: len(captured(s3, bucket, f"cap/{name}/")) >= 3, what="three captured records")
    records = captured(s3, bucket, f"cap/{name}/")
    assert len(records) == 3
    key, first = records[0]
    hour = first["eventMetadata"]["inferenceTime"][:13].replace("-", "/").replace("T", "/")
    assert key.startswith(f"cap/{name}/AllTraffic/{hour}/") and key.endswith(".jsonl")
    assert first["eventVersion"] == "0"
    assert first["eventMetadata"]["inferenceId"] == "id-1"
    assert first["eventMetadata"]["customAttributes"] == ["trace=1"]
    told = datetime.fromisoformat(first["eventMetadata"]["inferenceTime"])
    assert began <= told <= began + timedelta(seconds=60)
    assert first["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    assert first["captureData"]["endpointOutput"] == {
        "observedContentType": "text/csv; charset=utf-8",
        "mode": "OUTPUT",
        "data": "3.0",
        "encoding": "CSV",
    }
    by_type = {r["captureData"]["endpointInput"]["observedContentType"]: r for _, r in records}
    assert by_type["application/json"]["captureData"]["endpointInput"]["encoding"] == "JSON"
    own = by_type["text/x-own"]["captureData"]["endpointInput"]
    assert own["encoding"] == "BASE64" and base64.b64decode(own["data"]) == b"3,4"
    assert len({r["eventMetadata"]["eventId"] for _, r in records}) == 3


def test_capture_of_nothing(runtime, host, s3, bucket, model_server):
    name = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap", 0))
    for _ in range(5):
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1")
    time.sleep(3)
    assert captured(s3, bucket, f"cap/{name}/") == []


def test_shadow(runtime, host, s3, bucket, model_server):
    model = host.model(model_server.url)
    config = host.config(
        variant(model, "Main"),
        ShadowProductionVariants=[variant(model, "Shade")],
        DataCaptureConfig=capture_to(f"s3://{bucket}/cap"),
    )
    name = host.endpoint(config)
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    assert answer["InvokedProductionVariant"] == "Main"
    until(lambda: len(captured(s3, bucket, f"cap/{name}/")) >= 2, what="both records")
    by_variant = {key.split("/")[2]: r for key, r in captured(s3, bucket, f"cap/{name}/")}
    assert by_variant["Shade"]["eventMetadata"]["invocationSource"] == "ShadowExperiment"
    assert "invocationSource" not in by_variant["Main"]["eventMetadata"]


def test_metrics(runtime, client, host, model_server):
    name = host.serve(model_server.url)
    for body in (b"1", b"2", b"bad"):
        try:
            runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body)
        except runtime.exceptions.ModelError:
            assert body == b"bad"
    cloudwatch = client("cloudwatch")
    now = datetime.now(timezone.utc)

    def total(metric, statistic="Sum"):
        told = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[
                {"Name": "EndpointName", "Value": name},
                {"Name": "VariantName", "Value": "AllTraffic"},
            ],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=60,
            Statistics=[statistic],
        )
        return sum(point[statistic] for point in told["Datapoints"])

    until(lambda: total("Invocations") == 3, what="three invocations counted")
    assert total("Invocation4XXErrors") == 1 and total("Invocation5XXErrors") == 0
    assert total("ModelLatency", "SampleCount") == 3 and total("ModelLatency", "Maximum") > 0
    assert total("OverheadLatency", "SampleCount") == 3
