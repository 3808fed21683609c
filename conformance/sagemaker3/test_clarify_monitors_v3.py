"""The monitors of sagemaker 3.x for quality, bias and attributions: a schedule from creation to its end.

What the numbers must be is checked with the second generation of the SDK, in sagemaker_sdk/. The third
cannot suggest baselines of bias and attributions: 3.27 starts the job and then trips over its own class
(`'ProcessingJob' object has no attribute 'sagemaker_session'`), so they are scheduled by configuration.
"""

import uuid

import pytest
from botocore.exceptions import ClientError
from lending import CENTRE, FEATURES, LendingHandler, csv_of, people, predicted, score_of
from listeners import listening

pytest.importorskip("sagemaker.core")

from sagemaker.core.clarify import BiasConfig, ModelConfig, SHAPConfig  # noqa: E402
from sagemaker.core.model_monitor import (  # noqa: E402
    BiasAnalysisConfig,
    CronExpressionGenerator,
    DatasetFormat,
    EndpointInput,
    ExplainabilityAnalysisConfig,
    ModelBiasMonitor,
    ModelExplainabilityMonitor,
    ModelQualityMonitor,
)
from sagemaker.core.resources import Endpoint, EndpointConfig, Model  # noqa: E402
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant  # noqa: E402
from waiting import until  # noqa: E402

ROWS = 300
POLL_SECONDS = 1
WAIT_SECONDS = 60
LOCAL = "/opt/ml/processing/input/endpoint"
KIND = "BinaryClassification"


@pytest.fixture(scope="module")
def lending(own_role):
    """The name of a model and its endpoint."""
    name = f"lending-{uuid.uuid4().hex[:8]}"
    with listening(LendingHandler) as server:
        container = ContainerDefinition(image=server.url)
        model = Model.create(
            model_name=name, primary_container=container, execution_role_arn=own_role
        )
        variant = ProductionVariant(
            variant_name="AllTraffic",
            model_name=name,
            initial_instance_count=1,
            instance_type="ml.m5.large",
        )
        config = EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
        endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
        endpoint.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
        yield name
        endpoint.delete()
        endpoint.wait_for_delete(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
        config.delete()
        model.delete()


@pytest.fixture(scope="module")
def before():
    return list(people(ROWS, 1))


@pytest.fixture(scope="module")
def machine(session, own_role):
    return {
        "role": own_role,
        "instance_count": 1,
        "instance_type": "ml.m5.xlarge",
        "max_runtime_in_seconds": 1800,
        "sagemaker_session": session,
    }


def completed(monitor):
    job = monitor.latest_baselining_job

    def done():
        told = job.describe()
        return told if told["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    told = until(done, WAIT_SECONDS, what="the end of the baseline")
    assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")


def scheduled(monitor, kind, **arguments):
    """Creates an hourly schedule, reads it as it was created, and deletes it with its definition."""
    name = f"v3-{uuid.uuid4().hex[:8]}"
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        **arguments,
    )
    told = monitor.describe_schedule()
    assert told["MonitoringScheduleStatus"] == "Scheduled"
    assert told["MonitoringType"] == kind
    config = told["MonitoringScheduleConfig"]
    assert config["MonitoringType"] == kind
    assert config["MonitoringJobDefinitionName"] == monitor.job_definition_name
    attached = type(monitor).attach(name, sagemaker_session=monitor.sagemaker_session)
    assert attached.job_definition_name == monitor.job_definition_name
    monitor.delete_monitoring_schedule()
    with pytest.raises(ClientError) as caught:
        attached.describe_schedule()
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_quality(machine, lending, own_bucket, before, tmp_path):
    monitor = ModelQualityMonitor(**machine)
    rows = [
        {"prediction": predicted(one), "probability": score_of(one), "label": one["approved"]}
        for one in before
    ]
    path = tmp_path / "validation.csv"
    path.write_text(csv_of(rows, ["probability", "prediction", "label"], header=True))
    monitor.suggest_baseline(
        baseline_dataset=str(path),
        dataset_format=DatasetFormat.csv(header=True),
        problem_type=KIND,
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
        output_s3_uri=f"s3://{own_bucket}/quality",
    )
    completed(monitor)
    told = monitor.baseline_statistics().body_dict["binary_classification_metrics"]
    right = sum(one["prediction"] == one["label"] for one in rows) / ROWS
    assert told["accuracy"]["value"] == pytest.approx(right, abs=1e-12)
    scheduled(
        monitor,
        "ModelQuality",
        endpoint_input=EndpointInput(
            endpoint_name=lending, destination=LOCAL, inference_attribute="0"
        ),
        ground_truth_input=f"s3://{own_bucket}/labels",
        problem_type=KIND,
        constraints=monitor.suggested_constraints(),
        output_s3_uri=f"s3://{own_bucket}/quality-reports",
    )


def test_bias(machine, lending, own_bucket):
    group = BiasConfig(
        label_values_or_threshold=[1], facet_name="group", facet_values_or_threshold=[1]
    )
    scheduled(
        ModelBiasMonitor(**machine),
        "ModelBias",
        analysis_config=BiasAnalysisConfig(group, headers=FEATURES, label="approved"),
        endpoint_input=EndpointInput(
            endpoint_name=lending, destination=LOCAL, inference_attribute="0"
        ),
        ground_truth_input=f"s3://{own_bucket}/labels",
        output_s3_uri=f"s3://{own_bucket}/bias-reports",
    )


def test_attributions(machine, lending, own_bucket):
    shap = SHAPConfig(
        baseline=[[CENTRE[name] for name in FEATURES]],
        num_samples=50,
        agg_method="mean_abs",
        save_local_shap_values=False,
    )
    model = ModelConfig(
        model_name=lending,
        instance_count=1,
        instance_type="ml.m5.large",
        content_type="text/csv",
        accept_type="text/csv",
    )
    scheduled(
        ModelExplainabilityMonitor(**machine),
        "ModelExplainability",
        analysis_config=ExplainabilityAnalysisConfig(shap, model, headers=FEATURES),
        endpoint_input=lending,
        output_s3_uri=f"s3://{own_bucket}/shap-reports",
    )
