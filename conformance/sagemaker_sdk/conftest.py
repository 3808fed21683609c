"""What the SDK's monitors share: a session, a model that lends money, and its traffic with labels."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from types import SimpleNamespace

import boto3
import pytest
from lending import LendingHandler, csv_of, features_of, people
from listeners import listening
from pages import keep_page
from waiting import until

sagemaker = pytest.importorskip("sagemaker")

from sagemaker.deserializers import CSVDeserializer  # noqa: E402
from sagemaker.model import Model  # noqa: E402
from sagemaker.model_monitor import CronExpressionGenerator, DataCaptureConfig  # noqa: E402
from sagemaker.predictor import Predictor  # noqa: E402
from sagemaker.s3 import S3Downloader, S3Uploader  # noqa: E402
from sagemaker.serializers import CSVSerializer  # noqa: E402

BASELINE_ROWS = 400
ROWS = 160
CALLERS = 4
ENDED = ("Completed", "Failed", "Stopped")


@pytest.fixture(scope="session")
def sdk():
    """A session of the SDK with a bucket of its own: it would ask the real STS to name one."""
    config = {
        "SchemaVersion": "1.0",
        "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
    }
    bucket = f"sagemaker-{uuid.uuid4().hex[:12]}"
    return sagemaker.Session(
        boto_session=boto3.Session(), default_bucket=bucket, sagemaker_config=config
    )


@pytest.fixture(scope="session")
def root(sdk):
    """The URI of a folder for everything."""
    return f"s3://{sdk.default_bucket()}"


@pytest.fixture(scope="session")
def role(sdk, role_of):
    return role_of(sdk.default_bucket())


@pytest.fixture(scope="session")
def machine(sdk, role):
    """The arguments that every monitor and processor takes."""
    return {
        "role": role,
        "instance_count": 1,
        "instance_type": "ml.m5.xlarge",
        "sagemaker_session": sdk,
    }


@pytest.fixture(scope="session")
def lending_server():
    with listening(LendingHandler) as server:
        yield server


@pytest.fixture(scope="session")
def lending(sdk, role, root, lending_server):
    """An endpoint with capture, people as they were, and traffic of people who drifted, with labels.

    The labels arrive as users send them: by the id that was given with each request.
    """
    name = f"lending-{uuid.uuid4().hex[:8]}"
    model = Model(
        name=name,
        image_uri=lending_server.url,
        role=role,
        sagemaker_session=sdk,
        predictor_cls=Predictor,
    )
    predictor = model.deploy(
        initial_instance_count=1,
        instance_type="ml.m5.large",
        endpoint_name=name,
        data_capture_config=DataCaptureConfig(
            enable_capture=True, sampling_percentage=100, destination_s3_uri=f"{root}/capture"
        ),
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
        # Else the SDK looks after half a minute for the first time.
        wait=False,
    )
    client = sdk.sagemaker_client
    until(
        lambda: client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService",
        what="the endpoint",
    )
    before, after = list(people(BASELINE_ROWS, 1)), list(people(ROWS, 2, drifted=True))
    ids = [f"{name}-{at}" for at in range(ROWS)]
    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(lambda *call: ask(predictor, *call), after, ids))
    folder = f"{root}/capture/{name}"

    def lines():
        files = S3Downloader.list(folder, sagemaker_session=sdk)
        texts = [S3Downloader.read_file(uri, sagemaker_session=sdk) for uri in files]
        return sum(len(text.splitlines()) for text in texts)

    until(lambda: lines() >= ROWS, what="the captured traffic")
    labels = [label_record(*pair) for pair in zip(ids, (person["approved"] for person in after))]
    hour = datetime.now(timezone.utc).strftime("%Y/%m/%d/%H")
    S3Uploader.upload_string_as_file_body(
        "\n".join(labels), f"{root}/labels/{hour}/labels.jsonl", sagemaker_session=sdk
    )
    S3Uploader.upload_string_as_file_body(
        csv_of(before), f"{root}/people/data.csv", sagemaker_session=sdk
    )
    yield SimpleNamespace(
        endpoint=name,
        model=name,
        before=before,
        after=after,
        labels=f"{root}/labels",
        dataset=f"{root}/people/data.csv",
    )
    predictor.delete_model()
    predictor.delete_endpoint(delete_endpoint_config=True)


def ask(predictor, person, inference_id):
    return predictor.predict(features_of(person), inference_id=inference_id)


def label_record(inference_id, label):
    return json.dumps(
        {
            "groundTruthData": {"data": str(label), "encoding": "CSV"},
            "eventMetadata": {"eventId": inference_id},
            "eventVersion": "0",
        }
    )


@pytest.fixture(scope="session")
def now():
    """The arguments of a schedule that runs once, over the last hour."""
    return {
        "schedule_cron_expression": CronExpressionGenerator.now(),
        "data_analysis_start_time": "-PT1H",
        "data_analysis_end_time": "-PT0H",
    }


@pytest.fixture(scope="session")
def ended():
    """Waits for a job, or for a schedule's first execution, and returns its description or itself."""

    def wait(job):
        def done():
            told = job.describe()
            return told if told["ProcessingJobStatus"] in ENDED else None

        return until(done, 60, what="the end of the job")

    return wait


@pytest.fixture(scope="session")
def first_execution(sdk):
    """The one execution of a monitor's schedule, when it has ended; its page is kept."""

    def wait(monitor):
        def done():
            told = sdk.list_monitoring_executions(monitor.monitoring_schedule_name)
            summaries = told["MonitoringExecutionSummaries"]
            if not summaries or summaries[0]["MonitoringExecutionStatus"] in ("Pending", "InProgress"):
                return None
            return summaries[0]

        summary = until(done, 90, what="the end of the execution")
        assert summary["MonitoringExecutionStatus"] != "Failed", summary.get("FailureReason")
        execution = monitor.list_executions()[-1]
        uri = f"{execution.output.destination}/report.html"
        page = S3Downloader.read_file(uri, sagemaker_session=sdk)
        keep_page(summary["MonitoringType"], page)
        return summary, execution

    return wait
