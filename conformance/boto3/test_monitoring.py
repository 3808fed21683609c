"""Monitoring: from captured traffic to violations, metrics and alerts."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from buckets import new_bucket
from hosting import capture_to, captured, hosting
from monitoring import ANALYZER, baseline_csv, baseline_job, execution_of, json_at, rows_of, schedule_config
from refusals import refused
from waiting import until

ROWS = 120


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
def world(client, s3, bucket, role, model_server):
    """A bucket with a baseline, and an endpoint with captured traffic that has drifted."""
    import uuid

    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    s3.put_object(Bucket=bucket, Key="data/train.csv", Body=baseline_csv(500))
    job = f"c-{uuid.uuid4().hex[:12]}"
    sagemaker.create_processing_job(
        **baseline_job(job, role, f"s3://{bucket}/data", f"s3://{bucket}/baseline")
    )
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=job, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    with hosting(sagemaker, role) as host:
        steady = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap"))
        drifted = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap"))
        silent = host.serve(model_server.url, capture=capture_to(f"s3://{bucket}/cap"))
        for endpoint, shift in ((steady, 0.0), (drifted, 20.0)):
            for row in rows_of(ROWS, seed=2, shift=shift):
                runtime.invoke_endpoint(
                    EndpointName=endpoint, ContentType="text/csv", Body=",".join(row[1:])
                )
        for endpoint in (steady, drifted):
            until(
                lambda e=endpoint: len(captured(s3, bucket, f"cap/{e}/")) == ROWS,
                what="the captured traffic",
            )
        yield {"bucket": bucket, "steady": steady, "drifted": drifted, "silent": silent, "job": job}


@pytest.fixture
def schedule(sagemaker, name):
    """A name for a schedule, deleted afterwards if the test made it."""
    yield name
    try:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFound", error


def start(sagemaker, schedule, config):
    return sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=schedule, MonitoringScheduleConfig=config
    )


def test_steady_traffic(sagemaker, s3, schedule, role, world, account, region):
    bucket = world["bucket"]
    config = schedule_config(world["steady"], role, bucket)
    made = start(sagemaker, schedule, config)
    arn = f"arn:aws:sagemaker:{region}:{account}:monitoring-schedule/{schedule}"
    assert made["MonitoringScheduleArn"] == arn
    told = execution_of(sagemaker, schedule)
    assert told["MonitoringExecutionStatus"] == "Completed", told
    assert told["EndpointName"] == world["steady"] and told["MonitoringType"] == "DataQuality"
    job = sagemaker.describe_processing_job(ProcessingJobName=told["ProcessingJobArn"].split("/")[-1])
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "Completed: Job completed successfully with no violations."
    assert job["MonitoringScheduleArn"] == arn
    output = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    hour = told["ScheduledTime"].strftime("%Y/%m/%d/%H")
    assert output == f"s3://{bucket}/reports/{world['steady']}/{schedule}/{hour}"
    folder = output.removeprefix(f"s3://{bucket}/")
    statistics = json_at(s3, bucket, f"{folder}/statistics.json")
    assert statistics["dataset"]["item_count"] == ROWS
    # The prediction stands first, as in the training file.
    assert [feature["name"] for feature in statistics["features"]] == ["total", "a", "b"] or [
        feature["name"] for feature in statistics["features"]
    ] == ["_c0", "_c1", "_c2"]
    assert json_at(s3, bucket, f"{folder}/constraints.json")["features"]
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)
    assert described["LastMonitoringExecutionSummary"]["MonitoringExecutionStatus"] == "Completed"
    assert described["EndpointName"] == world["steady"]
    assert described["MonitoringScheduleConfig"]["MonitoringJobDefinition"]["RoleArn"] == role


def test_drifted_traffic(sagemaker, s3, schedule, role, world):
    bucket = world["bucket"]
    start(sagemaker, schedule, schedule_config(world["drifted"], role, bucket))
    told = execution_of(sagemaker, schedule)
    assert told["MonitoringExecutionStatus"] == "CompletedWithViolations", told
    job = sagemaker.describe_processing_job(ProcessingJobName=told["ProcessingJobArn"].split("/")[-1])
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"].startswith("CompletedWithViolations: Job completed successfully with 2 ")
    folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].split("/", 3)[3]
    violations = json_at(s3, bucket, f"{folder}/constraint_violations.json")["violations"]
    assert {v["constraint_check_type"] for v in violations} == {"baseline_drift_check"}
    assert len(violations) == 2 and all("exceeds threshold: 0.1" in v["description"] for v in violations)
    alerts = sagemaker.list_monitoring_alerts(MonitoringScheduleName=schedule)
    [alert] = alerts["MonitoringAlertSummaries"]
    assert alert["AlertStatus"] == "InAlert"
    history = sagemaker.list_monitoring_alert_history(MonitoringScheduleName=schedule)
    assert [entry["AlertStatus"] for entry in history["MonitoringAlertHistory"]] == ["InAlert"]
    updated = sagemaker.update_monitoring_alert(
        MonitoringScheduleName=schedule,
        MonitoringAlertName=alert["MonitoringAlertName"],
        DatapointsToAlert=2,
        EvaluationPeriod=3,
    )
    assert updated["MonitoringAlertName"] == alert["MonitoringAlertName"]
    [alert] = sagemaker.list_monitoring_alerts(MonitoringScheduleName=schedule)["MonitoringAlertSummaries"]
    assert (alert["DatapointsToAlert"], alert["EvaluationPeriod"]) == (2, 3)


def test_silent_endpoint(sagemaker, schedule, role, world):
    start(sagemaker, schedule, schedule_config(world["silent"], role, world["bucket"]))
    told = execution_of(sagemaker, schedule)
    assert told["MonitoringExecutionStatus"] == "Failed"
    assert "no data" in told["FailureReason"].lower()


def test_without_a_baseline(sagemaker, s3, schedule, role, world):
    config = schedule_config(world["steady"], role, world["bucket"], baseline=False)
    start(sagemaker, schedule, config)
    assert execution_of(sagemaker, schedule)["MonitoringExecutionStatus"] == "Completed"


def test_missing_baseline(sagemaker, schedule, role, world):
    config = schedule_config(world["steady"], role, world["bucket"])
    absent = {"S3Uri": f"s3://{world['bucket']}/absent/constraints.json"}
    config["MonitoringJobDefinition"]["BaselineConfig"]["ConstraintsResource"] = absent
    start(sagemaker, schedule, config)
    told = execution_of(sagemaker, schedule)
    assert told["MonitoringExecutionStatus"] == "Failed" and "absent" in told["FailureReason"]


def test_job_definition(sagemaker, schedule, role, world, account, region):
    definition = f"{schedule}-definition"
    inline = schedule_config(world["steady"], role, world["bucket"])["MonitoringJobDefinition"]
    request = {
        "JobDefinitionName": definition,
        "DataQualityAppSpecification": {"ImageUri": ANALYZER},
        "DataQualityBaselineConfig": inline["BaselineConfig"],
        "DataQualityJobInput": inline["MonitoringInputs"][0],
        "DataQualityJobOutputConfig": inline["MonitoringOutputConfig"],
        "JobResources": inline["MonitoringResources"],
        "RoleArn": role,
    }
    made = sagemaker.create_data_quality_job_definition(**request)
    assert made["JobDefinitionArn"].endswith(f":data-quality-job-definition/{definition}")
    with refused("ResourceInUse", 400):
        sagemaker.create_data_quality_job_definition(**request)
    told = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)
    assert told["DataQualityJobInput"] == request["DataQualityJobInput"]
    assert told["CreationTime"]
    listed = sagemaker.list_data_quality_job_definitions(EndpointName=world["steady"])
    assert definition in [entry["MonitoringJobDefinitionName"] for entry in listed["JobDefinitionSummaries"]]
    config = {
        "ScheduleConfig": {
            "ScheduleExpression": "NOW",
            "DataAnalysisStartTime": "-PT1H",
            "DataAnalysisEndTime": "-PT0H",
        },
        "MonitoringJobDefinitionName": definition,
        "MonitoringType": "DataQuality",
    }
    start(sagemaker, schedule, config)
    told = execution_of(sagemaker, schedule)
    assert told["MonitoringExecutionStatus"] == "Completed", told
    assert told["MonitoringJobDefinitionName"] == definition
    by_definition = sagemaker.list_monitoring_executions(MonitoringJobDefinitionName=definition)
    assert len(by_definition["MonitoringExecutionSummaries"]) == 1
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)
    sagemaker.delete_data_quality_job_definition(JobDefinitionName=definition)
    with refused("ResourceNotFound", 400):
        sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)


def test_life_of_a_schedule(sagemaker, schedule, role, world):
    hourly = "cron(0 * ? * * *)"
    start(sagemaker, schedule, schedule_config(world["steady"], role, world["bucket"], hourly))
    until(
        lambda: describe(sagemaker, schedule)["MonitoringScheduleStatus"] == "Scheduled",
        what="the schedule",
    )
    with refused("ResourceInUse", 400):
        start(sagemaker, schedule, schedule_config(world["steady"], role, world["bucket"], hourly))
    listed = sagemaker.list_monitoring_schedules(EndpointName=world["steady"], NameContains=schedule)
    [summary] = listed["MonitoringScheduleSummaries"]
    assert summary["MonitoringScheduleStatus"] == "Scheduled"
    arn = summary["MonitoringScheduleArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["k"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName=schedule)
    assert describe(sagemaker, schedule)["MonitoringScheduleStatus"] == "Stopped"
    sagemaker.start_monitoring_schedule(MonitoringScheduleName=schedule)
    assert describe(sagemaker, schedule)["MonitoringScheduleStatus"] == "Scheduled"
    daily = schedule_config(world["drifted"], role, world["bucket"], "cron(0 3 ? * * *)")
    sagemaker.update_monitoring_schedule(
        MonitoringScheduleName=schedule, MonitoringScheduleConfig=daily
    )
    told = describe(sagemaker, schedule)
    assert told["EndpointName"] == world["drifted"]
    expression = told["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"]
    assert expression == "cron(0 3 ? * * *)"
    # An endpoint that is watched cannot go.
    with refused("ValidationException", 400):
        sagemaker.delete_endpoint(EndpointName=world["drifted"])
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)
    with refused("ResourceNotFound", 400):
        describe(sagemaker, schedule)


def describe(sagemaker, schedule):
    return sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)


@pytest.mark.parametrize(
    "expression", ["cron(*/5 * ? * * *)", "rate(1 hour)", "cron(0 25 ? * * *)", "hourly"]
)
def test_wrong_expressions(sagemaker, schedule, role, world, expression):
    with refused("ValidationException", 400):
        start(sagemaker, schedule, schedule_config(world["steady"], role, world["bucket"], expression))


def test_refusals(sagemaker, schedule, role, world):
    config = schedule_config(world["steady"], role, world["bucket"])
    del config["ScheduleConfig"]["DataAnalysisStartTime"]
    with refused("ValidationException", 400):
        start(sagemaker, schedule, config)
    config = schedule_config(world["steady"], role, world["bucket"])
    config["ScheduleConfig"]["DataAnalysisStartTime"] = "-PT25H"
    with refused("ValidationException", 400):
        start(sagemaker, schedule, config)
    config = schedule_config(world["steady"], role, world["bucket"], dataset_format="{}")
    with refused("ValidationException", 400, "dataset_format"):
        start(sagemaker, schedule, config)
    with refused("ResourceNotFound", 400):
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)
    with refused("ResourceNotFound", 400):
        sagemaker.list_monitoring_alerts(MonitoringScheduleName=schedule)


def test_executions_page(sagemaker, world):
    seen = []
    token = {}
    while True:
        told = sagemaker.list_monitoring_executions(EndpointName=world["steady"], MaxResults=1, **token)
        assert len(told["MonitoringExecutionSummaries"]) <= 1
        seen += told["MonitoringExecutionSummaries"]
        if "NextToken" not in told:
            break
        token = {"NextToken": told["NextToken"]}
    assert len(seen) >= 3
    times = [execution["CreationTime"] for execution in seen]
    assert times == sorted(times, reverse=True)
    after = sagemaker.list_monitoring_executions(
        EndpointName=world["steady"],
        ScheduledTimeAfter=datetime.now(timezone.utc) + timedelta(hours=1),
    )
    assert after["MonitoringExecutionSummaries"] == []
