"""Labels that meet captured requests of several rows, in CSV and in JSON, or meet none."""

import json
import math
from datetime import datetime, timezone

import pytest
from buckets import new_bucket
from hosting import capture_to, captured, hosting
from lending import (
    FEATURES,
    LendingHandler,
    features_of,
    people,
    performance,
    post_training,
    predicted,
)
from listeners import listening
from monitoring import ANALYZER, execution_of, json_at
from refusals import refused
from waiting import until

CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
ROWS = 48
PER_REQUEST = 3
PROBLEM = "BinaryClassification"


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture(scope="module")
def bucket(s3):
    return new_bucket(s3)


@pytest.fixture(scope="module")
def role(role_of, bucket):
    return role_of(bucket)


@pytest.fixture(scope="module")
def world(client, s3, bucket, role):
    """Two endpoints of one model, asked in CSV and in JSON for several rows at a time."""
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    rows = list(people(ROWS, 3, drifted=True))
    groups = [rows[at : at + PER_REQUEST] for at in range(0, ROWS, PER_REQUEST)]
    with listening(LendingHandler) as server, hosting(sagemaker, role) as host:
        endpoints = {
            kind: host.serve(server.url, capture=capture_to(f"s3://{bucket}/cap"))
            for kind in ("csv", "json")
        }
        for at, group in enumerate(groups):
            for kind, endpoint in endpoints.items():
                runtime.invoke_endpoint(
                    EndpointName=endpoint, InferenceId=f"{kind}-{at}", **request_of(group, kind)
                )
        for endpoint in endpoints.values():
            until(
                lambda e=endpoint: len(captured(s3, bucket, f"cap/{e}/")) == len(groups),
                what="the captured traffic",
            )
        yield {"bucket": bucket, "rows": rows, "groups": groups, **endpoints}


def request_of(group, kind):
    if kind == "csv":
        body = "\n".join(",".join(map(str, features_of(row))) for row in group)
        return {"ContentType": "text/csv", "Body": body}
    document = {"instances": [{"features": features_of(row)} for row in group]}
    return {"ContentType": "application/json", "Body": json.dumps(document)}


def label_of(request_id, group, kind):
    """In CSV a label a line, in JSON a list."""
    labels = [row["approved"] for row in group]
    data = json.dumps(labels) if kind == "json" else "\n".join(map(str, labels))
    return {
        "groundTruthData": {"data": data, "encoding": kind.upper()},
        "eventMetadata": {"eventId": request_id},
        "eventVersion": "0",
    }


def put_labels(s3, world, folder, records):
    hour = datetime.now(timezone.utc).strftime("%Y/%m/%d/%H")
    text = "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records)
    s3.put_object(Bucket=world["bucket"], Key=f"{folder}/{hour}/labels.jsonl", Body=text)


@pytest.fixture
def monitor(sagemaker, s3, role, world, name):
    """Runs a monitor once over an endpoint, with the labels below a folder."""
    made = []

    def run(kind, folder, monitor_type="ModelQuality", app=None, **attributes):
        bucket = world["bucket"]
        output = {
            "S3Uri": f"s3://{bucket}/reports",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        }
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        definition = {
            "JobDefinitionName": name,
            f"{monitor_type}AppSpecification": app or {"ImageUri": ANALYZER, "ProblemType": PROBLEM},
            f"{monitor_type}JobInput": {
                "EndpointInput": {
                    "EndpointName": world[kind],
                    "LocalPath": "/opt/ml/processing/input/endpoint",
                    **attributes,
                },
                "GroundTruthS3Input": {"S3Uri": f"s3://{bucket}/{folder}"},
            },
            f"{monitor_type}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
            "JobResources": {"ClusterConfig": cluster},
            "RoleArn": role,
        }
        if monitor_type == "ModelBias":
            sagemaker.create_model_bias_job_definition(**definition)
        else:
            sagemaker.create_model_quality_job_definition(**definition)
        made.append((name, monitor_type))
        window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=name,
            MonitoringScheduleConfig={
                "ScheduleConfig": {"ScheduleExpression": "NOW", **window},
                "MonitoringJobDefinitionName": name,
                "MonitoringType": monitor_type,
            },
        )
        return execution_of(sagemaker, name)

    yield run
    for one, monitor_type in made:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=one)
        if monitor_type == "ModelBias":
            sagemaker.delete_model_bias_job_definition(JobDefinitionName=one)
        else:
            sagemaker.delete_model_quality_job_definition(JobDefinitionName=one)


def file_of(sagemaker, s3, world, told, name):
    assert told["MonitoringExecutionStatus"] == "Completed", told.get("FailureReason")
    job = sagemaker.describe_processing_job(ProcessingJobName=told["ProcessingJobArn"].split("/")[-1])
    output = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    return json_at(s3, world["bucket"], f"{output.split('/', 3)[3]}/{name}")


def same(statistics, rows):
    assert statistics["dataset"]["item_count"] == len(rows)
    metrics = statistics["binary_classification_metrics"]
    expected = performance([(row["approved"], predicted(row)) for row in rows])
    for name, value in expected.items():
        assert metrics[name]["value"] == pytest.approx(value, abs=1e-12), name
        # Of fewer than 200 rows no deviation is told.
        assert metrics[name]["standard_deviation"] == "NaN", name


@pytest.mark.parametrize(
    "kind,attributes",
    [
        ("csv", {"InferenceAttribute": "0"}),
        ("csv", {"ProbabilityAttribute": "1", "ProbabilityThresholdAttribute": 0.5}),
        ("json", {"InferenceAttribute": "predictions[*].label"}),
        ("json", {"ProbabilityAttribute": "predictions[*].score"}),
    ],
)
def test_several_rows_a_request(sagemaker, s3, world, monitor, name, kind, attributes):
    groups = world["groups"]
    put_labels(s3, world, name, [label_of(f"{kind}-{at}", g, kind) for at, g in enumerate(groups)])
    told = monitor(kind, name, **attributes)
    same(file_of(sagemaker, s3, world, told, "statistics.json"), world["rows"])


@pytest.mark.parametrize(
    "kind,attributes",
    [
        ("csv", {"InferenceAttribute": "0"}),
        ("csv", {"ProbabilityAttribute": "1", "ProbabilityThresholdAttribute": 0.5}),
        (
            "json",
            {
                "FeaturesAttribute": "instances[*].features",
                "InferenceAttribute": "predictions[*].label",
            },
        ),
    ],
)
def test_bias_of_several_rows_a_request(sagemaker, s3, world, monitor, name, kind, attributes):
    """Without a baseline nothing is violated; the measures are those of the rows."""
    groups = world["groups"]
    put_labels(s3, world, name, [label_of(f"{kind}-{at}", g, kind) for at, g in enumerate(groups)])
    config = {
        "headers": [*FEATURES, "approved"],
        "label": "approved",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "group", "value_or_threshold": [1]}],
        "methods": {"post_training_bias": {"methods": "all"}},
    }
    key = f"configs/{name}/analysis_config.json"
    s3.put_object(Bucket=world["bucket"], Key=key, Body=json.dumps(config))
    app = {"ImageUri": CLARIFY, "ConfigUri": f"s3://{world['bucket']}/{key}"}
    told = monitor(kind, name, "ModelBias", app, **attributes)
    analysis = file_of(sagemaker, s3, world, told, "analysis.json")
    [found] = analysis["post_training_bias_metrics"]["facets"]["group"]
    metrics = {metric["name"]: metric["value"] for metric in found["metrics"]}
    triples = [(row["group"] == 1, row["approved"], predicted(row)) for row in world["rows"]]
    for measure, value in post_training(triples).items():
        expected = pytest.approx(value, abs=1e-9) if math.isfinite(value) else "Infinity"
        assert metrics[measure] == expected, measure


def test_labels_of_some(sagemaker, s3, world, monitor, name):
    """Requests without a label, labels without a request and lines that are none are left out."""
    groups = world["groups"]
    known = groups[:10]
    records = [label_of(f"csv-{at}", group, "csv") for at, group in enumerate(known)]
    strange = [label_of("nobody", groups[0], "csv"), "{this is no record", ""]
    put_labels(s3, world, name, [*records, *strange])
    told = monitor("csv", name, InferenceAttribute="0")
    same(file_of(sagemaker, s3, world, told, "statistics.json"), [row for group in known for row in group])
    merged = merged_of(s3, world["bucket"], told, world["csv"])
    ids = {record["eventMetadata"]["inferenceId"] for record in merged}
    assert ids == {f"csv-{at}" for at in range(len(known))}
    assert all(record["captureData"]["endpointInput"]["data"] for record in merged)


def merged_of(s3, bucket, told, endpoint):
    """What the merge of one run made, which its name has a part of."""
    part = told["ProcessingJobArn"].rsplit("-", 1)[1]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"reports/merge/{endpoint}/")["Contents"]
    keys = [entry["Key"] for entry in listed if entry["Key"].endswith(".jsonl")]
    keys = [key for key in keys if part in key.replace("-", "")]
    texts = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_too_few_labels_for_a_request(s3, world, monitor, name):
    """Which row a label is of could only be guessed."""
    groups = world["groups"]
    records = [label_of(f"csv-{at}", group, "csv") for at, group in enumerate(groups)]
    records[4] = label_of("csv-4", groups[4][:2], "csv")
    put_labels(s3, world, name, records)
    told = monitor("csv", name, InferenceAttribute="0")
    assert told["MonitoringExecutionStatus"] == "Failed", told
    reason = told["FailureReason"]
    assert "csv-4" in reason and "groundTruthData has 2" in reason, reason


def test_labels_of_others(s3, world, monitor, name):
    put_labels(s3, world, name, [label_of(f"other-{at}", g, "csv") for at, g in enumerate(world["groups"])])
    told = monitor("csv", name, InferenceAttribute="0")
    assert told["MonitoringExecutionStatus"] == "Failed", told
    # Both sides are named, since what differs is most often how the ids are written.
    assert "csv-" in told["FailureReason"] and "other-" in told["FailureReason"], told


def test_nothing_says_where_the_answer_is(sagemaker, s3, world, monitor, name):
    groups = world["groups"]
    put_labels(s3, world, name, [label_of(f"json-{at}", g, "json") for at, g in enumerate(groups)])
    told = monitor("json", name, InferenceAttribute="predictions[*].colour")
    assert told["MonitoringExecutionStatus"] == "Failed", told
    assert "colour" in told["FailureReason"] or "inference" in told["FailureReason"], told


def test_a_wrong_offset(monitor):
    with refused("ValidationException", 400):
        monitor("csv", "labels", StartTimeOffset="yesterday")
