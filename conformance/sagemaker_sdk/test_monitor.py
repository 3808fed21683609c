"""The SageMaker Python SDK 2.x, unchanged: deploy with capture, baseline, watch, read what was found."""

import csv
import io
import json
import uuid

import boto3
import pytest
from monitoring import baseline_csv, rows_of
from waiting import until

sagemaker = pytest.importorskip("sagemaker")

from sagemaker.deserializers import CSVDeserializer  # noqa: E402
from sagemaker.model import Model  # noqa: E402
from sagemaker.model_monitor import (  # noqa: E402
    CronExpressionGenerator,
    DataCaptureConfig,
    DefaultModelMonitor,
)
from sagemaker.model_monitor.dataset_format import DatasetFormat  # noqa: E402
from sagemaker.predictor import Predictor  # noqa: E402
from sagemaker.s3 import S3Downloader, S3Uploader  # noqa: E402
from sagemaker.serializers import CSVSerializer  # noqa: E402

ROWS = 80


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The endpoint comes from AWS_ENDPOINT_URL. The SDK asks the real STS for the account only to name
    a default bucket, so that is named here."""
    bucket = f"sagemaker-{uuid.uuid4().hex[:12]}"
    config = {
        "SchemaVersion": "1.0",
        "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
    }
    return sagemaker.Session(
        boto_session=boto3.Session(), default_bucket=bucket, sagemaker_config=config
    )


@pytest.fixture(scope="module")
def role(session, role_of):
    return role_of(session.default_bucket())


@pytest.fixture(scope="module")
def predictor(session, role, model_server):
    # Unnamed, the model would be called after its image, and a URL makes no name.
    model = Model(
        name=f"sdk-{uuid.uuid4().hex[:8]}",
        image_uri=model_server.url,
        role=role,
        sagemaker_session=session,
        predictor_cls=Predictor,
    )
    capture = DataCaptureConfig(
        enable_capture=True,
        sampling_percentage=100,
        destination_s3_uri=f"s3://{session.default_bucket()}/capture",
    )
    made = model.deploy(
        initial_instance_count=1,
        instance_type="ml.m5.large",
        endpoint_name=f"sdk-{uuid.uuid4().hex[:8]}",
        data_capture_config=capture,
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
    )
    yield made
    made.delete_model()
    made.delete_endpoint(delete_endpoint_config=True)


@pytest.fixture(scope="module")
def monitor(session, role, predictor, tmp_path_factory):
    """A monitor with a baseline from the training file, and traffic that has drifted."""
    made = DefaultModelMonitor(
        role=role,
        instance_count=1,
        instance_type="ml.m5.xlarge",
        volume_size_in_gb=20,
        max_runtime_in_seconds=1800,
        sagemaker_session=session,
    )
    path = tmp_path_factory.mktemp("baseline") / "train.csv"
    path.write_text(baseline_csv(500))
    made.suggest_baseline(
        baseline_dataset=str(path),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"s3://{session.default_bucket()}/baseline",
    )
    for row in rows_of(ROWS, seed=3, shift=15.0):
        told = predictor.predict([float(row[1]), float(row[2])])
        assert float(told[0][0]) == pytest.approx(float(row[0]))
    folder = f"s3://{session.default_bucket()}/capture/{predictor.endpoint_name}"

    def lines():
        files = S3Downloader.list(folder, sagemaker_session=session)
        texts = [S3Downloader.read_file(uri, sagemaker_session=session) for uri in files]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    until(lambda: len(lines()) >= ROWS, what="the captured traffic")
    return made


def test_predicts(predictor):
    # Fractions, because a whole number is another type than the baseline's.
    assert predictor.predict([[8.5, 2.25], [9.5, 4.25]]) == [["10.75"], ["13.75"]]


def test_baseline(monitor):
    statistics = monitor.baseline_statistics().body_dict
    assert statistics["dataset"]["item_count"] == 500
    constraints = monitor.suggested_constraints().body_dict
    assert [feature["name"] for feature in constraints["features"]] == ["total", "a", "b"]
    rows = list(csv.reader(io.StringIO(baseline_csv(500))))[1:]
    total = sum(float(row[0]) for row in rows)
    assert statistics["features"][0]["numerical_statistics"]["sum"] == pytest.approx(total)
    job = monitor.latest_baselining_job.describe()
    assert job["ExitMessage"].startswith("Completed:")


def test_log_of_a_job(monitor, session, capsys):
    session.logs_for_processing_job(monitor.latest_baselining_job.job_name)
    assert "Completed: Job completed successfully with no violations." in capsys.readouterr().out


def test_hourly_schedule(monitor, predictor, session):
    name = f"sdk-hourly-{uuid.uuid4().hex[:8]}"
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=predictor.endpoint_name,
        output_s3_uri=f"s3://{session.default_bucket()}/reports",
        statistics=monitor.baseline_statistics(),
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        enable_cloudwatch_metrics=True,
    )
    told = monitor.describe_schedule()
    assert told["MonitoringScheduleStatus"] == "Scheduled"
    assert told["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 * ? * * *)"
    assert monitor.list_executions() == []
    monitor.stop_monitoring_schedule()
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Stopped"
    monitor.start_monitoring_schedule()
    monitor.update_monitoring_schedule(schedule_cron_expression=CronExpressionGenerator.daily(hour=5))
    told = monitor.describe_schedule()
    assert told["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 5 ? * * *)"
    attached = DefaultModelMonitor.attach(monitor_schedule_name=name, sagemaker_session=session)
    assert attached.describe_schedule()["EndpointName"] == predictor.endpoint_name
    monitor.delete_monitoring_schedule()
    left = session.list_monitoring_schedules(endpoint_name=predictor.endpoint_name)
    assert name not in [s["MonitoringScheduleName"] for s in left["MonitoringScheduleSummaries"]]


def test_violations_of_one_run(monitor, predictor, session):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=f"sdk-now-{uuid.uuid4().hex[:8]}",
        endpoint_input=predictor.endpoint_name,
        output_s3_uri=f"s3://{session.default_bucket()}/reports",
        statistics=monitor.baseline_statistics(),
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
        enable_cloudwatch_metrics=True,
    )

    def last():
        executions = monitor.list_executions()
        ended = ("Completed", "Failed", "Stopped")
        if executions and executions[-1].describe()["ProcessingJobStatus"] in ended:
            return executions[-1]
        return None

    execution = until(last, 60, what="the execution")
    assert execution.describe()["ExitMessage"].startswith("CompletedWithViolations:")
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert {v["constraint_check_type"] for v in violations} == {"baseline_drift_check"}
    statistics = monitor.latest_monitoring_statistics().body_dict
    assert statistics["dataset"]["item_count"] >= ROWS
    assert execution.constraint_violations().body_dict["violations"] == violations
    alerts = monitor.list_monitoring_alerts()[0]
    assert [alert.alert_status for alert in alerts] == ["InAlert"]
    monitor.delete_monitoring_schedule()


def test_uploader_and_downloader(session):
    folder = f"s3://{session.default_bucket()}/texts"
    S3Uploader.upload_string_as_file_body("hello", f"{folder}/a.txt", sagemaker_session=session)
    assert S3Downloader.list(folder, sagemaker_session=session) == [f"{folder}/a.txt"]
    assert S3Downloader.read_file(f"{folder}/a.txt", sagemaker_session=session) == "hello"
