"""Bias through the SageMaker Python SDK: a baseline by Clarify, traffic with labels, what got worse."""

import uuid

import pytest
from lending import COLUMNS, label_of, post_training, pre_training, predicted, score_of

pytest.importorskip("sagemaker")

from sagemaker.clarify import (  # noqa: E402
    BiasConfig,
    DataConfig,
    ModelConfig,
    ModelPredictedLabelConfig,
)
from sagemaker.model_monitor import (  # noqa: E402
    CronExpressionGenerator,
    EndpointInput,
    ModelBiasMonitor,
)


@pytest.fixture(scope="module")
def monitor(machine, root, lending, ended):
    """A monitor with the baseline of what the model says of people as they were."""
    made = ModelBiasMonitor(**machine, max_runtime_in_seconds=1800)
    made.suggest_baseline(
        data_config=DataConfig(
            s3_data_input_path=lending.dataset,
            s3_output_path=f"{root}/bias-baseline",
            label="approved",
            headers=COLUMNS,
            dataset_type="text/csv",
        ),
        bias_config=BiasConfig(
            label_values_or_threshold=[1], facet_name="group", facet_values_or_threshold=[1]
        ),
        model_config=ModelConfig(
            model_name=lending.model,
            instance_count=1,
            instance_type="ml.m5.large",
            content_type="text/csv",
            accept_type="text/csv",
        ),
        model_predicted_label_config=ModelPredictedLabelConfig(
            probability=1, probability_threshold=0.5
        ),
    )
    told = ended(made.latest_baselining_job)
    assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")
    return made


@pytest.fixture
def schedule(monitor):
    yield f"bias-{uuid.uuid4().hex[:8]}"
    if monitor.monitoring_schedule_name:
        monitor.delete_monitoring_schedule()


def expected(rows):
    triples = [(person["group"] == 1, person["approved"], predicted(person)) for person in rows]
    return {**pre_training([triple[:2] for triple in triples]), **post_training(triples)}


def told_of(analysis):
    """Values by measure of the one group."""
    values = {}
    for stage in ("pre_training_bias_metrics", "post_training_bias_metrics"):
        assert analysis[stage]["label"] == "approved"
        assert analysis[stage]["label_value_or_threshold"] == "1"
        [group] = analysis[stage]["facets"]["group"]
        assert group["value_or_threshold"] == "1"
        names = [metric["name"] for metric in group["metrics"]]
        assert names == sorted(names)
        for metric in group["metrics"]:
            assert f"({metric['name']})" in metric["description"]
            values[metric["name"]] = metric["value"]
    return values


def test_baseline(monitor, lending):
    analysis = monitor.suggested_constraints().body_dict
    told = told_of(analysis)
    for name, value in expected(lending.before).items():
        assert told[name] == pytest.approx(value, abs=1e-9), name


def test_one_run(monitor, lending, root, schedule, now, first_execution, sdk):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=EndpointInput(
            endpoint_name=lending.endpoint, destination="/opt/ml/processing/input/endpoint"
        ),
        ground_truth_input=lending.labels,
        output_s3_uri=f"{root}/bias-reports",
        **now,
    )
    client = sdk.sagemaker_client
    made = client.describe_model_bias_job_definition(JobDefinitionName=monitor.job_definition_name)
    # The SDK takes them over from the baseline.
    taken = made["ModelBiasJobInput"]["EndpointInput"]
    assert taken["ProbabilityAttribute"] == "1" and taken["ProbabilityThresholdAttribute"] == 0.5
    baseline = made["ModelBiasBaselineConfig"]["BaseliningJobName"]
    assert baseline == monitor.latest_baselining_job_name
    summary, execution = first_execution(monitor)
    assert summary["MonitoringExecutionStatus"] == "CompletedWithViolations", summary
    assert summary["MonitoringType"] == "ModelBias"
    assert execution.job_name.startswith("model-bias-monitoring-")
    before, after = expected(lending.before), expected(lending.after)
    violations = execution.constraint_violations().body_dict["violations"]
    told = {violation["metric_name"]: violation for violation in violations}
    for name, value in after.items():
        # Farther from nothing than the baseline is worse.
        assert (name in told) == (abs(value) > abs(before[name])), (name, before[name], value)
    for violation in told.values():
        assert violation["facet"] == "group" and violation["facet_value"] == "1"
        assert violation["constraint_check_type"] == "bias_drift_check"
        assert "doesn't meet the baseline constraint requirement" in violation["description"]
    with pytest.raises(NotImplementedError):
        execution.statistics()
    analysis = json_of(sdk, f"{execution.output.destination}/analysis.json")
    for name, value in told_of(analysis).items():
        if name in after:
            assert value == pytest.approx(after[name], abs=1e-9), name


def json_of(sdk, uri):
    import json

    from sagemaker.s3 import S3Downloader

    return json.loads(S3Downloader.read_file(uri, sagemaker_session=sdk))


def test_life_of_a_schedule(monitor, lending, root, schedule, sdk):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=lending.endpoint,
        ground_truth_input=lending.labels,
        output_s3_uri=f"{root}/bias-reports",
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
    )
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Scheduled"
    attached = ModelBiasMonitor.attach(schedule, sagemaker_session=sdk)
    assert attached.job_definition_name == monitor.job_definition_name
    monitor.stop_monitoring_schedule()
    monitor.start_monitoring_schedule()
    first = monitor.job_definition_name
    monitor.update_monitoring_schedule(ground_truth_input=f"{root}/other-labels")
    assert monitor.job_definition_name != first
    made = sdk.sagemaker_client.describe_model_bias_job_definition(
        JobDefinitionName=monitor.job_definition_name
    )
    assert made["ModelBiasJobInput"]["GroundTruthS3Input"]["S3Uri"] == f"{root}/other-labels"
    sdk.sagemaker_client.delete_model_bias_job_definition(JobDefinitionName=first)


def test_people_were_scored_as_here(lending):
    """What is compared above means nothing if everyone were treated alike."""
    assert {label_of(score_of(person)) for person in lending.after} == {0, 1}
    assert expected(lending.after)["DPPL"] > 0.05
