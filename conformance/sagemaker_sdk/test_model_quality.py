"""Model quality through the SageMaker Python SDK: a baseline, labels that come later, what got worse."""

import uuid

import pytest
from lending import area_under_roc, csv_of, performance, predicted, score_of
from waiting import until

pytest.importorskip("sagemaker")

from sagemaker.model_monitor import (  # noqa: E402
    CronExpressionGenerator,
    EndpointInput,
    ModelQualityMonitor,
)
from sagemaker.model_monitor.dataset_format import DatasetFormat  # noqa: E402

HIGHER_IS_WORSE = {"false_positive_rate", "false_negative_rate"}
KIND = "BinaryClassification"
LOCAL = "/opt/ml/processing/input_data"


@pytest.fixture(scope="module")
def monitor(machine, root, lending, tmp_path_factory):
    """A monitor with the baseline of what the model said of people as they were."""
    made = ModelQualityMonitor(**machine, volume_size_in_gb=20, max_runtime_in_seconds=1800)
    rows = [
        {"prediction": predicted(person), "probability": score_of(person), "label": person["approved"]}
        for person in lending.before
    ]
    path = tmp_path_factory.mktemp("quality") / "validation.csv"
    path.write_text(csv_of(rows, ["probability", "prediction", "label"], header=True))
    made.suggest_baseline(
        baseline_dataset=str(path),
        dataset_format=DatasetFormat.csv(header=True),
        problem_type=KIND,
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
        output_s3_uri=f"{root}/quality-baseline",
        wait=True,
        logs=False,
    )
    return made


@pytest.fixture
def endpoint_input(lending):
    return EndpointInput(
        endpoint_name=lending.endpoint,
        destination=LOCAL,
        inference_attribute="0",
        probability_attribute="1",
        probability_threshold_attribute=0.5,
    )


@pytest.fixture
def schedule(monitor):
    """Deletes what the test scheduled, and its definition."""
    yield f"quality-{uuid.uuid4().hex[:8]}"
    if monitor.monitoring_schedule_name:
        monitor.delete_monitoring_schedule()


def pairs_of(rows):
    return [(person["approved"], predicted(person)) for person in rows]


def test_baseline(monitor, lending):
    statistics = monitor.baseline_statistics().body_dict
    assert statistics["dataset"]["item_count"] == len(lending.before)
    metrics = statistics["binary_classification_metrics"]
    expected = performance(pairs_of(lending.before))
    for name, value in expected.items():
        assert metrics[name]["value"] == pytest.approx(value, abs=1e-12), name
        # Of 400 rows a deviation can be told.
        assert isinstance(metrics[name]["standard_deviation"], (int, float)), name
    scores = [(person["approved"], score_of(person)) for person in lending.before]
    assert metrics["auc"]["value"] == pytest.approx(area_under_roc(scores), abs=1e-12)
    matrix = metrics["confusion_matrix"]
    for actual in (0, 1):
        for guess in (0, 1):
            count = pairs_of(lending.before).count((actual, guess))
            assert matrix[str(actual)][str(guess)] == count
    roc = metrics["receiver_operating_characteristic_curve"]
    for name in ("false_positive_rates", "true_positive_rates"):
        assert roc[name][0] == 0 and roc[name][-1] == 1
        assert roc[name] == sorted(roc[name])
    constraints = monitor.suggested_constraints().body_dict["binary_classification_constraints"]
    for name, value in expected.items():
        operator = "GreaterThanThreshold" if name in HIGHER_IS_WORSE else "LessThanThreshold"
        assert constraints[name]["comparison_operator"] == operator, name
        assert constraints[name]["threshold"] == metrics[name]["value"], name
        assert constraints[name]["threshold"] == pytest.approx(value, abs=1e-12), name


def baseline_of(problem_type, rows, machine, root, ended, tmp_path):
    """Statistics and constraints of a file with the columns prediction and label."""
    made = ModelQualityMonitor(**machine)
    path = tmp_path / "validation.csv"
    path.write_text(csv_of(rows, ["label", "prediction"], header=True))
    made.suggest_baseline(
        baseline_dataset=str(path),
        dataset_format=DatasetFormat.csv(header=True),
        problem_type=problem_type,
        inference_attribute="prediction",
        ground_truth_attribute="label",
        output_s3_uri=f"{root}/{problem_type}",
    )
    told = ended(made.latest_baselining_job)
    assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")
    return made.baseline_statistics().body_dict, made.suggested_constraints().body_dict


def test_a_regression(machine, root, lending, ended, tmp_path):
    rows = [
        {"label": person["income"] / 10, "prediction": 10 * score_of(person)}
        for person in lending.before
    ]
    statistics, constraints = baseline_of("Regression", rows, machine, root, ended, tmp_path)
    errors = [row["prediction"] - row["label"] for row in rows]
    mse = sum(error**2 for error in errors) / len(errors)
    mean = sum(row["prediction"] for row in rows) / len(rows)
    around = sum((row["prediction"] - mean) ** 2 for row in rows) / len(rows)
    expected = {
        "mae": sum(map(abs, errors)) / len(errors),
        "mse": mse,
        "rmse": mse**0.5,
        # As the original has it: around the mean of the predictions, not of the labels.
        "r2": 1 - mse / around,
    }
    for name, value in expected.items():
        told = statistics["regression_metrics"][name]["value"]
        assert told == pytest.approx(value, rel=1e-9), name
        limit = constraints["regression_constraints"][name]
        assert limit["threshold"] == told, name
        above = "LessThanThreshold" if name == "r2" else "GreaterThanThreshold"
        assert limit["comparison_operator"] == above, name


def test_several_classes(machine, root, lending, ended, tmp_path):
    rows = [
        {"label": f"class {person['region']}", "prediction": f"class {(person['region'] + late) % 3}"}
        for person in lending.before
        for late in [1 if person["debt"] > 22 and person["region"] < 2 else 0]
    ]
    statistics, constraints = baseline_of(
        "MulticlassClassification", rows, machine, root, ended, tmp_path
    )
    metrics = statistics["multiclass_classification_metrics"]
    names = sorted({row["label"] for row in rows})
    pairs = [(row["label"], row["prediction"]) for row in rows]
    for actual in names:
        for guess in names:
            count = pairs.count((actual, guess))
            assert metrics["confusion_matrix"][actual].get(guess, 0) == count
    weighted = {"weighted_recall": 0.0, "weighted_precision": 0.0, "weighted_f1": 0.0}
    for name in names:
        alone = performance([(int(label == name), int(guess == name)) for label, guess in pairs])
        share = sum(label == name for label, _ in pairs) / len(pairs)
        for metric in weighted:
            weighted[metric] += share * alone[metric.removeprefix("weighted_")]
    accuracy = sum(label == guess for label, guess in pairs) / len(pairs)
    for name, value in {"accuracy": accuracy, **weighted}.items():
        assert metrics[name]["value"] == pytest.approx(value, abs=1e-12), name
        limit = constraints["multiclass_classification_constraints"][name]
        assert limit == {"threshold": metrics[name]["value"], "comparison_operator": "LessThanThreshold"}


def test_one_run(monitor, lending, root, schedule, endpoint_input, now, first_execution):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=endpoint_input,
        ground_truth_input=lending.labels,
        problem_type=KIND,
        output_s3_uri=f"{root}/quality-reports",
        constraints=monitor.suggested_constraints(),
        **now,
    )
    summary, execution = first_execution(monitor)
    assert summary["MonitoringExecutionStatus"] == "CompletedWithViolations", summary
    assert summary["MonitoringType"] == "ModelQuality"
    statistics = execution.statistics().body_dict
    assert statistics["dataset"]["item_count"] == len(lending.after)
    metrics = statistics["binary_classification_metrics"]
    expected = performance(pairs_of(lending.after))
    for name, value in expected.items():
        assert metrics[name]["value"] == pytest.approx(value, abs=1e-12), name
    before = performance(pairs_of(lending.before))
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    told = {violation["metric_name"]: violation for violation in violations}
    for name, value in expected.items():
        above = name in HIGHER_IS_WORSE
        assert (name in told) == (value > before[name] if above else value < before[name]), name
        if name in told:
            kind = "GreaterThanThreshold" if above else "LessThanThreshold"
            assert told[name]["constraint_check_type"] == kind
    assert "precision" in told
    job = execution.describe()
    assert job["ExitMessage"].startswith(
        f"CompletedWithViolations: Job completed successfully with {len(violations)} "
    )
    assert job["Environment"]["problem_type"] == KIND
    assert job["Environment"]["analysis_type"] == "MODEL_QUALITY"
    assert execution.job_name.startswith("model-quality-monitoring-")
    alerts = monitor.list_monitoring_alerts()[0]
    assert [alert.alert_status for alert in alerts] == ["InAlert"]


def test_labels_that_are_not_there(monitor, lending, root, schedule, endpoint_input, now, sdk):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=endpoint_input,
        ground_truth_input=f"{root}/no-labels",
        problem_type=KIND,
        output_s3_uri=f"{root}/quality-reports",
        constraints=monitor.suggested_constraints(),
        **now,
    )

    def failed():
        told = sdk.list_monitoring_executions(schedule)["MonitoringExecutionSummaries"]
        return told[0] if told and told[0]["MonitoringExecutionStatus"] == "Failed" else None

    assert "labels" in until(failed, 60, what="the failure")["FailureReason"]


def test_life_of_a_schedule(monitor, lending, root, schedule, endpoint_input, sdk):
    monitor.create_monitoring_schedule(
        monitor_schedule_name=schedule,
        endpoint_input=endpoint_input,
        ground_truth_input=lending.labels,
        problem_type=KIND,
        output_s3_uri=f"{root}/quality-reports",
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=CronExpressionGenerator.hourly(),
    )
    told = monitor.describe_schedule()
    assert told["MonitoringScheduleStatus"] == "Scheduled"
    assert told["MonitoringType"] == "ModelQuality"
    attached = ModelQualityMonitor.attach(schedule, sagemaker_session=sdk)
    assert attached.job_definition_name == monitor.job_definition_name
    first = monitor.job_definition_name
    monitor.update_monitoring_schedule(schedule_cron_expression=CronExpressionGenerator.daily(hour=4))
    assert monitor.job_definition_name == first
    # Definitions are immutable: the SDK makes another one and names it in the schedule.
    monitor.update_monitoring_schedule(max_runtime_in_seconds=900)
    config = monitor.describe_schedule()["MonitoringScheduleConfig"]
    assert config["MonitoringJobDefinitionName"] == monitor.job_definition_name != first
    client = sdk.sagemaker_client
    made = client.describe_model_quality_job_definition(JobDefinitionName=monitor.job_definition_name)
    assert made["StoppingCondition"]["MaxRuntimeInSeconds"] == 900
    assert made["ModelQualityAppSpecification"]["ProblemType"] == KIND
    assert made["ModelQualityJobInput"]["EndpointInput"]["ProbabilityThresholdAttribute"] == 0.5
    listed = client.list_model_quality_job_definitions(EndpointName=lending.endpoint)
    names = [entry["MonitoringJobDefinitionName"] for entry in listed["JobDefinitionSummaries"]]
    assert {first, monitor.job_definition_name} <= set(names)
    client.delete_model_quality_job_definition(JobDefinitionName=first)
    monitor.delete_monitoring_schedule()
    assert monitor.job_definition_name is None
