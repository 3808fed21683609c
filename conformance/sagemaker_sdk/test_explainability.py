"""Feature attributions through the SageMaker Python SDK: a baseline, and traffic of another order."""

import re
import uuid

import pytest
from lending import CENTRE, COLUMNS, FEATURES, THRESHOLD, attributions, order_score

pytest.importorskip("sagemaker")

from sagemaker.clarify import DataConfig, ModelConfig, SHAPConfig  # noqa: E402
from sagemaker.model_monitor import (  # noqa: E402
    CronExpressionGenerator,
    ModelExplainabilityMonitor,
)

CHECK = "feature_attribution_drift_check"


@pytest.fixture(scope="module")
def monitor(machine, root, lending, ended):
    made = ModelExplainabilityMonitor(**machine, max_runtime_in_seconds=1800)
    made.suggest_baseline(
        data_config=DataConfig(
            s3_data_input_path=lending.dataset,
            s3_output_path=f"{root}/shap-baseline",
            label="approved",
            headers=COLUMNS,
            dataset_type="text/csv",
        ),
        explainability_config=SHAPConfig(
            baseline=[[CENTRE[name] for name in FEATURES]],
            num_samples=100,
            agg_method="mean_abs",
            save_local_shap_values=False,
        ),
        model_config=ModelConfig(
            model_name=lending.model,
            instance_count=1,
            instance_type="ml.m5.large",
            content_type="text/csv",
            accept_type="text/csv",
        ),
        model_scores=1,
    )
    told = ended(made.latest_baselining_job)
    assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")
    return made


@pytest.fixture
def schedule(monitor):
    yield f"shap-{uuid.uuid4().hex[:8]}"
    if monitor.monitoring_schedule_name:
        monitor.delete_monitoring_schedule()


def values_of(analysis):
    """Of the one output, named as the original names those without a name."""
    told = analysis["explanations"]["kernel_shap"]["label0"]
    assert told["expected_value"] == pytest.approx(THRESHOLD, abs=1e-9)
    return told["global_shap_values"]


def test_baseline(monitor, lending):
    told = values_of(monitor.suggested_constraints().body_dict)
    expected = attributions(lending.before, CENTRE)
    assert set(told) == set(FEATURES)
    for name, value in expected.items():
        assert told[name] == pytest.approx(value, abs=1e-9), name


def test_one_run(monitor, lending, root, schedule, now, first_execution):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=lending.endpoint,
        output_s3_uri=f"{root}/shap-reports",
        **now,
    )
    summary, execution = first_execution(monitor)
    assert summary["MonitoringExecutionStatus"] == "CompletedWithViolations", summary
    assert summary["MonitoringType"] == "ModelExplainability"
    assert execution.job_name.startswith("model-explainability-monitoring-")
    before, after = (attributions(rows, CENTRE) for rows in (lending.before, lending.after))
    score = order_score(before, after)
    assert score < 0.9
    [violation] = execution.constraint_violations().body_dict["violations"]
    assert violation["label"] == "label0" and violation["metric_name"] == "shap"
    assert violation["constraint_check_type"] == CHECK
    [told] = re.findall(r"^Feature attribution drift (\S+) exceeds threshold 0.9$", violation["description"])
    assert float(told) == pytest.approx(score, abs=1e-6)


def test_life_of_a_schedule(monitor, lending, root, schedule, sdk):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=lending.endpoint,
        output_s3_uri=f"{root}/shap-reports",
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.daily(hour=2),
    )
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Scheduled"
    attached = ModelExplainabilityMonitor.attach(schedule, sagemaker_session=sdk)
    assert attached.job_definition_name == monitor.job_definition_name
    client = sdk.sagemaker_client
    made = client.describe_model_explainability_job_definition(
        JobDefinitionName=monitor.job_definition_name
    )
    assert made["ModelExplainabilityJobInput"]["EndpointInput"]["InferenceAttribute"] == "1"
    resource = made["ModelExplainabilityBaselineConfig"]["ConstraintsResource"]["S3Uri"]
    assert resource == monitor.suggested_constraints().file_s3_uri
