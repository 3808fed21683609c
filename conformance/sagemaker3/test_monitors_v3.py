"""The monitors of sagemaker 3.x over an endpoint made by its ModelBuilder: capture, baseline, schedule, read."""

import random
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hosting import archive_of
from waiting import until

pytest.importorskip("sagemaker.core")

from sagemaker.core.model_monitor import (  # noqa: E402
    CronExpressionGenerator,
    DataCaptureConfig,
    DatasetFormat,
    DefaultModelMonitor,
)
from sagemaker.core.resources import EndpointConfig, Model  # noqa: E402
from sagemaker.core.s3 import S3Downloader  # noqa: E402
from sagemaker.serve import ModelBuilder  # noqa: E402

ONNX = Path(__file__).resolve().parents[1] / "models" / "sum.onnx"
ROWS = 60
TRAINED = 500
POLL_SECONDS = 1
WAIT_SECONDS = 60
ENDED = ("Completed", "CompletedWithViolations", "Failed", "Stopped")


def rows_of(count, seed, shift=0.0):
    """Rows of a, b and c; `a` moves by `shift`."""
    chance = random.Random(seed)
    return [
        [round(chance.gauss(10 + shift, 2), 3), round(chance.uniform(0, 5), 3), round(chance.random(), 3)]
        for _ in range(count)
    ]


def score_of(a, b, c):
    return a + 2 * b + 3 * c + 0.5


@pytest.fixture(scope="module")
def endpoint(session, own_role, own_bucket, s3):
    name = f"v3-{uuid.uuid4().hex[:8]}"
    archive = archive_of(model__onnx=ONNX.read_bytes())
    s3.put_object(Bucket=own_bucket, Key="model/model.tar.gz", Body=archive)
    builder = ModelBuilder(
        image_uri="modelkeep/onnx",
        model_path=f"s3://{own_bucket}/model/model.tar.gz",
        role_arn=own_role,
        sagemaker_session=session,
        instance_type="ml.m5.large",
    )
    builder.build(model_name=name)
    made = builder.deploy(
        endpoint_name=name,
        instance_type="ml.m5.large",
        initial_instance_count=1,
        # Else the SDK looks after half a minute for the first time.
        wait=False,
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            sampling_percentage=100,
            destination_s3_uri=f"s3://{own_bucket}/capture",
        ),
    )
    made.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    yield made
    config = EndpointConfig.get(made.refresh().endpoint_config_name)
    made.delete()
    made.wait_for_delete(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    config.delete()
    Model.get(name).delete()


@pytest.fixture(scope="module")
def traffic(session, own_bucket, endpoint):
    """Rows that have moved by fifteen since training, each answered and captured."""
    for row in rows_of(ROWS, seed=3, shift=15.0):
        body = ",".join(map(str, row))
        answer = endpoint.invoke(body=body, content_type="text/csv", accept="text/csv")
        assert float(answer.body.read()) == pytest.approx(score_of(*row), rel=1e-4)
    folder = f"s3://{own_bucket}/capture/{endpoint.endpoint_name}"

    def lines():
        files = S3Downloader.list(folder, sagemaker_session=session)
        texts = [S3Downloader.read_file(uri, sagemaker_session=session) for uri in files]
        return sum(len(text.splitlines()) for text in texts)

    until(lambda: lines() >= ROWS, what="the captured traffic")


@pytest.fixture(scope="module")
def monitor(session, own_role, own_bucket, tmp_path_factory):
    made = DefaultModelMonitor(
        role=own_role,
        instance_count=1,
        instance_type="ml.m5.xlarge",
        volume_size_in_gb=20,
        max_runtime_in_seconds=1800,
        sagemaker_session=session,
    )
    path = tmp_path_factory.mktemp("baseline") / "train.csv"
    lines = (",".join(map(str, [score_of(*row), *row])) for row in rows_of(TRAINED, seed=1))
    path.write_text("\n".join(["score,a,b,c", *lines]) + "\n")
    job = made.suggest_baseline(
        baseline_dataset=str(path),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"s3://{own_bucket}/baseline",
        wait=False,
        logs=False,
    )
    job.wait(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    return made


def test_a_baseline_is_suggested(monitor):
    told = monitor.baseline_statistics().body_dict
    assert [one["name"] for one in told["features"]] == ["score", "a", "b", "c"]
    assert told["dataset"]["item_count"] == TRAINED
    suggested = monitor.suggested_constraints().body_dict
    assert {one["inferred_type"] for one in suggested["features"]} == {"Fractional"}


def test_a_schedule_that_runs_now_finds_the_drift(monitor, traffic, endpoint, own_bucket, session):
    name = f"v3-now-{uuid.uuid4().hex[:8]}"
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=endpoint.endpoint_name,
        output_s3_uri=f"s3://{own_bucket}/reports",
        statistics=monitor.baseline_statistics(),
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
    )
    client = session.sagemaker_client

    def ended():
        told = client.list_monitoring_executions(MonitoringScheduleName=name)
        latest = told["MonitoringExecutionSummaries"][:1]
        return latest[0] if latest and latest[0]["MonitoringExecutionStatus"] in ENDED else None

    summary = until(ended, WAIT_SECONDS, what="the end of the execution")
    assert summary["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert monitor.describe_schedule()["EndpointName"] == endpoint.endpoint_name
    execution = monitor.list_executions()[-1]
    found = execution.constraint_violations().body_dict["violations"]
    checks = {(one["feature_name"], one["constraint_check_type"]) for one in found}
    assert ("a", "baseline_drift_check") in checks
    assert execution.statistics().body_dict["dataset"]["item_count"] == ROWS
    assert monitor.latest_monitoring_statistics() is not None
    attached = DefaultModelMonitor.attach(name, sagemaker_session=session)
    assert attached.job_definition_name == monitor.job_definition_name
    definition = monitor.job_definition_name
    monitor.delete_monitoring_schedule()
    with pytest.raises(ClientError):
        client.describe_data_quality_job_definition(JobDefinitionName=definition)


def test_a_schedule_is_stopped_started_and_changed(monitor, endpoint, own_bucket):
    name = f"v3-hourly-{uuid.uuid4().hex[:8]}"
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=endpoint.endpoint_name,
        output_s3_uri=f"s3://{own_bucket}/reports",
        statistics=monitor.baseline_statistics(),
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
    )
    status = lambda: monitor.describe_schedule()["MonitoringScheduleStatus"]  # noqa: E731
    assert status() == "Scheduled"
    monitor.stop_monitoring_schedule()
    assert status() == "Stopped"
    monitor.start_monitoring_schedule()
    assert status() == "Scheduled"
    monitor.update_monitoring_schedule(schedule_cron_expression=CronExpressionGenerator.daily())
    told = monitor.describe_schedule()["MonitoringScheduleConfig"]["ScheduleConfig"]
    assert told["ScheduleExpression"] == CronExpressionGenerator.daily()
    assert monitor.list_executions() == []
    monitor.delete_monitoring_schedule()
