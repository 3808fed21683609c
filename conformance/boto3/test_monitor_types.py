"""Definitions of the monitors that need labels or the model itself, and records passed through scripts."""


import pytest
from botocore.exceptions import ClientError
from buckets import new_bucket
from hosting import capture_to, captured, hosting
from monitoring import ANALYZER, execution_of, json_at, rows_of, schedule_config
from refusals import refused
from waiting import until

CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
ROWS = 40
WORDS = {
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
    "ModelExplainability": "model-explainability-job-definition",
}
SNAKES = {
    "ModelQuality": "model_quality",
    "ModelBias": "model_bias",
    "ModelExplainability": "model_explainability",
}


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture(scope="module")
def bucket(s3):
    return new_bucket(s3)


@pytest.fixture(scope="module")
def role(role_of, bucket):
    return role_of(bucket)


@pytest.fixture
def schedule(sagemaker, name):
    """A name for a schedule, deleted afterwards if the test made it."""
    yield name
    try:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFound", error


class Definitions:
    """The four operations of one kind, whose members and names carry its name."""

    def __init__(self, sagemaker, kind):
        self.sagemaker, self.kind = sagemaker, kind

    def _call(self, verb, plural="", **request):
        return getattr(self.sagemaker, f"{verb}_{SNAKES[self.kind]}_job_definition{plural}")(**request)

    def create(self, request):
        return self._call("create", **request)

    def describe(self, name):
        return self._call("describe", JobDefinitionName=name)

    def list(self, **filters):
        return self._call("list", "s", **filters)

    def delete(self, name):
        return self._call("delete", JobDefinitionName=name)

    def request(self, name, role, endpoint="watched", **more):
        """A complete request; `app`, `input` and `members` change or, being None, take away."""
        app = {"ImageUri": CLARIFY, "ConfigUri": "s3://bucket/analysis_config.json"}
        if self.kind == "ModelQuality":
            app = {"ImageUri": ANALYZER, "ProblemType": "Regression"}
        endpoint_input = {
            "EndpointName": endpoint,
            "LocalPath": "/opt/ml/processing/input/endpoint",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "InferenceAttribute": "0",
        }
        source = {"EndpointInput": endpoint_input}
        if self.kind != "ModelExplainability":
            source["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/labels"}
        output = {
            "S3Uri": "s3://bucket/reports",
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        }
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        return {
            "JobDefinitionName": name,
            f"{self.kind}AppSpecification": changed(app, more.get("app")),
            f"{self.kind}JobInput": changed(source, more.get("input")),
            f"{self.kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
            "JobResources": {"ClusterConfig": cluster},
            "RoleArn": role,
            **more.get("members", {}),
        }


def changed(members, changes):
    merged = {**members, **(changes or {})}
    return {key: value for key, value in merged.items() if value is not None}


@pytest.fixture(params=list(WORDS))
def definitions(request, sagemaker):
    return Definitions(sagemaker, request.param)


@pytest.fixture
def quality(sagemaker):
    return Definitions(sagemaker, "ModelQuality")


def test_life_of_a_definition(definitions, sagemaker, name, role, account, region):
    endpoint = f"{name}-endpoint"
    tags = [{"Key": "team", "Value": "risk"}]
    request = definitions.request(name, role, endpoint, members={"Tags": tags})
    made = definitions.create(request)
    arn = f"arn:aws:sagemaker:{region}:{account}:{WORDS[definitions.kind]}/{name}"
    assert made["JobDefinitionArn"] == arn
    with refused("ResourceInUse", 400):
        definitions.create(request)
    told = definitions.describe(name)
    assert told["JobDefinitionArn"] == arn and told["CreationTime"]
    for member in (key for key in request if key != "Tags"):
        assert told[member] == request[member], member
    assert "Tags" not in told
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    [summary] = definitions.list(EndpointName=endpoint)["JobDefinitionSummaries"]
    assert summary["MonitoringJobDefinitionName"] == name
    assert summary["MonitoringJobDefinitionArn"] == arn
    assert summary["EndpointName"] == endpoint
    assert definitions.list(EndpointName=f"{endpoint}-other")["JobDefinitionSummaries"] == []
    definitions.delete(name)
    with refused("ResourceNotFound", 400):
        definitions.describe(name)
    with refused("ResourceNotFound", 400):
        definitions.delete(name)


def test_pages_of_definitions(definitions, name, role):
    endpoint = f"{name}-endpoint"
    names = [f"{name}-{letter}" for letter in "bca"]
    for one in names:
        definitions.create(definitions.request(one, role, endpoint))
    seen, token = [], {}
    while True:
        told = definitions.list(
            EndpointName=endpoint, SortBy="Name", SortOrder="Ascending", MaxResults=2, **token
        )
        assert len(told["JobDefinitionSummaries"]) <= 2
        seen += [entry["MonitoringJobDefinitionName"] for entry in told["JobDefinitionSummaries"]]
        if "NextToken" not in told:
            break
        token = {"NextToken": told["NextToken"]}
    assert seen == sorted(names)
    by_name = definitions.list(EndpointName=endpoint, NameContains=f"{name}-c")
    assert len(by_name["JobDefinitionSummaries"]) == 1
    for one in names:
        definitions.delete(one)


def test_kinds_are_apart(sagemaker, name, role, account, region):
    """A name may be taken once in each kind, and none is found as another."""
    kinds = [Definitions(sagemaker, kind) for kind in WORDS]
    for one in kinds[:2]:
        one.create(one.request(name, role))
    with refused("ResourceNotFound", 400):
        kinds[2].describe(name)
    with refused("ResourceNotFound", 400):
        sagemaker.describe_data_quality_job_definition(JobDefinitionName=name)
    for one in kinds[:2]:
        one.delete(name)


def test_a_schedule_holds_its_definition(definitions, sagemaker, schedule, role):
    definition = f"{schedule}-definition"
    definitions.create(definitions.request(definition, role))
    config = {
        "ScheduleConfig": HOURLY,
        "MonitoringJobDefinitionName": definition,
        "MonitoringType": definitions.kind,
    }
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=schedule, MonitoringScheduleConfig=config
    )
    told = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)
    assert told["MonitoringType"] == definitions.kind
    assert told["MonitoringScheduleConfig"] == config
    by_kind = sagemaker.list_monitoring_schedules(
        MonitoringTypeEquals=definitions.kind, NameContains=schedule
    )
    assert len(by_kind["MonitoringScheduleSummaries"]) == 1
    with refused("ValidationException", 400, schedule):
        definitions.delete(definition)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)
    definitions.delete(definition)


def test_a_definition_that_is_not_there(definitions, sagemaker, schedule):
    with refused("ResourceNotFound", 400):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=schedule,
            MonitoringScheduleConfig={
                "ScheduleConfig": HOURLY,
                "MonitoringJobDefinitionName": "no-such-definition",
                "MonitoringType": definitions.kind,
            },
        )


def test_inline_definitions_are_of_data_quality(definitions, sagemaker, schedule, role):
    config = schedule_config("watched", role, "bucket", "cron(0 * ? * * *)", baseline=False)
    with refused("ValidationException", 400, "MonitoringJobDefinitionName"):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=schedule,
            MonitoringScheduleConfig={**config, "MonitoringType": definitions.kind},
        )


def test_a_missing_problem_type(quality, name, role):
    with refused("ValidationException", 400, "problemType"):
        quality.create(quality.request(name, role, app={"ProblemType": None}))


def test_an_unknown_problem_type(quality, name, role):
    with refused("ValidationException", 400, "problemType"):
        quality.create(quality.request(name, role, app={"ProblemType": "Ranking"}))


@pytest.mark.parametrize("input_change", [{"EndpointInput": None}, {"BatchTransformInput": "both"}])
def test_one_source_of_data(definitions, name, role, input_change):
    if input_change.get("BatchTransformInput"):
        batch = {
            "DataCapturedDestinationS3Uri": "s3://bucket/batches",
            "DatasetFormat": {"Csv": {"Header": False}},
            "LocalPath": "/opt/ml/processing/input/batch",
        }
        input_change = {"BatchTransformInput": batch}
    with refused("ValidationException", 400):
        definitions.create(definitions.request(name, role, input=input_change))


def test_batches(definitions, name, role):
    batch = {
        "DataCapturedDestinationS3Uri": "s3://bucket/batches",
        "DatasetFormat": {"Json": {"Line": True}},
        "LocalPath": "/opt/ml/processing/input/batch",
    }
    change = {"EndpointInput": None, "BatchTransformInput": batch}
    definitions.create(definitions.request(name, role, input=change))
    told = definitions.describe(name)[f"{definitions.kind}JobInput"]
    assert told["BatchTransformInput"] == batch and "EndpointInput" not in told
    definitions.delete(name)


@pytest.mark.parametrize(
    "offsets", [{"StartTimeOffset": "P1", "EndTimeOffset": "-PT0H"}, {"StartTimeOffset": "-P8X"}]
)
def test_wrong_offsets(quality, name, role, offsets):
    endpoint_input = quality.request(name, role)["ModelQualityJobInput"]["EndpointInput"]
    with refused("ValidationException", 400, "Offset"):
        quality.create(
            quality.request(name, role, input={"EndpointInput": {**endpoint_input, **offsets}})
        )


def test_wrong_places(definitions, name, role):
    member, say = ("ConfigUri", "configUri")
    if definitions.kind == "ModelQuality":
        member, say = ("RecordPreprocessorSourceUri", "recordPreprocessorSourceUri")
    with refused("ValidationException", 400, say):
        definitions.create(definitions.request(name, role, app={member: "https://example.com/x"}))


PYTHON = '''
def preprocess_handler(inference_record, logger):
    a, b = (float(cell) for cell in inference_record.endpoint_input.data.split(","))
    if a > 1000:
        return []
    logger.info("a record")
    return {"a": a, "product": a * b, "answer": inference_record.event_data.endpointOutput.data}
'''
JAVASCRIPT = '''
export function preprocess_handler(record) {
  const [a, b] = record.endpoint_input.data.split(',').map(Number);
  if (a > 1000) return [];
  return { a, product: a * b, answer: record.endpoint_output.data };
}
'''
BROKEN = '''
def preprocess_handler(inference_record):
    return {"x": inference_record.no_such_member}
'''


@pytest.fixture(scope="module")
def traffic(client, s3, bucket, role, model_server):
    """A bucket, an endpoint, and the two numbers of each captured record."""
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    with hosting(sagemaker, role) as host:
        endpoint = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap"))
        rows = [row[1:] for row in rows_of(ROWS, seed=5)]
        for row in [*rows, ["5000", "1"]]:
            runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=",".join(row))
        until(
            lambda: len(captured(s3, bucket, f"cap/{endpoint}/")) == ROWS + 1,
            what="the captured traffic",
        )
        yield bucket, endpoint, [tuple(map(float, row)) for row in rows]


def run_with(sagemaker, schedule, config):
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=schedule, MonitoringScheduleConfig=config
    )
    return execution_of(sagemaker, schedule)


def with_script(s3, traffic, role, file, text, member="RecordPreprocessorSourceUri"):
    bucket, endpoint, _ = traffic
    s3.put_object(Bucket=bucket, Key=f"scripts/{file}", Body=text)
    config = schedule_config(endpoint, role, bucket, baseline=False)
    app = config["MonitoringJobDefinition"]["MonitoringAppSpecification"]
    app[member] = f"s3://{bucket}/scripts/{file}"
    return config


def files_of(sagemaker, told):
    job = sagemaker.describe_processing_job(ProcessingJobName=told["ProcessingJobArn"].split("/")[-1])
    return job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].split("/", 3)[3]


@pytest.mark.parametrize("file,text", [("rows.py", PYTHON), ("rows.mjs", JAVASCRIPT)])
def test_a_preprocessor(sagemaker, s3, schedule, role, traffic, file, text):
    """Columns are what the script returns, and what it returns nothing for is left out."""
    bucket, _, rows = traffic
    told = run_with(sagemaker, schedule, with_script(s3, traffic, role, file, text))
    assert told["MonitoringExecutionStatus"] == "Completed", told.get("FailureReason")
    statistics = json_at(s3, bucket, f"{files_of(sagemaker, told)}/statistics.json")
    assert statistics["dataset"]["item_count"] == ROWS
    columns = {feature["name"]: feature for feature in statistics["features"]}
    assert set(columns) == {"a", "product", "answer"}
    sums = {
        "a": sum(a for a, _ in rows),
        "product": sum(a * b for a, b in rows),
        "answer": sum(a + b for a, b in rows),
    }
    for column, expected in sums.items():
        assert columns[column]["numerical_statistics"]["sum"] == pytest.approx(expected), column


def test_a_preprocessor_that_fails(sagemaker, s3, schedule, role, traffic):
    """The run fails, and says which record and why."""
    told = run_with(sagemaker, schedule, with_script(s3, traffic, role, "broken.py", BROKEN))
    assert told["MonitoringExecutionStatus"] == "Failed", told
    reason = told["FailureReason"]
    assert "preprocessor" in reason and "no_such_member" in reason, reason


POSTPROCESSOR = '''
import json, os

def postprocess_handler():
    with open(os.path.join(os.environ["output_path"], "statistics.json")) as file:
        count = json.load(file)["dataset"]["item_count"]
    with open(os.path.join(os.environ["output_path"], "count.json"), "w") as file:
        json.dump({"count": count}, file)
'''


def test_a_postprocessor(sagemaker, s3, schedule, role, traffic):
    """It finds what the analysis made, and what it adds is stored beside it."""
    member = "PostAnalyticsProcessorSourceUri"
    config = with_script(s3, traffic, role, "after.py", POSTPROCESSOR, member)
    told = run_with(sagemaker, schedule, config)
    assert told["MonitoringExecutionStatus"] == "Completed", told.get("FailureReason")
    made = json_at(s3, traffic[0], f"{files_of(sagemaker, told)}/count.json")
    assert made == {"count": ROWS + 1}
