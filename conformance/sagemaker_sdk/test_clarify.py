"""Clarify's jobs through the SageMaker Python SDK, against numbers worked out here."""

import csv
import io
import json
import uuid

import pytest
from lending import (
    CENTRE,
    COLUMNS,
    FEATURES,
    THRESHOLD,
    WEIGHTS,
    attributions,
    conditional_disparity,
    csv_of,
    features_of,
    post_training,
    pre_training,
    predicted,
    score_of,
)
from pages import keep_page

pytest.importorskip("sagemaker")

from sagemaker.clarify import (  # noqa: E402
    BiasConfig,
    DataConfig,
    ModelConfig,
    ModelPredictedLabelConfig,
    PDPConfig,
    SageMakerClarifyProcessor,
    SHAPConfig,
)
from sagemaker.s3 import S3Downloader, S3Uploader  # noqa: E402

GRID = 5


class Clarify:
    """Runs one analysis each in a folder of its own, and reads what it left there."""

    def __init__(self, machine, root, ended):
        self.processor = SageMakerClarifyProcessor(**machine)
        self.session = machine["sagemaker_session"]
        self.root, self.ended = root, ended

    def data(self, source, **more):
        self.output = f"{self.root}/clarify/{uuid.uuid4().hex[:8]}"
        arguments = {"label": "approved", "headers": COLUMNS, "dataset_type": "text/csv", **more}
        return DataConfig(s3_data_input_path=source, s3_output_path=self.output, **arguments)

    def run(self, kind, **arguments):
        getattr(self.processor, f"run_{kind}")(wait=False, logs=False, **arguments)
        told = self.ended(self.processor.latest_job)
        assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")
        keep_page(f"clarify-{kind}-{self.output[-8:]}", self.text("report.html"))
        return json.loads(self.text("analysis.json"))

    def text(self, name):
        return S3Downloader.read_file(f"{self.output}/{name}", sagemaker_session=self.session)

    def files(self):
        uris = S3Downloader.list(self.output, sagemaker_session=self.session)
        return {uri.removeprefix(f"{self.output}/") for uri in uris}

    def upload(self, text, name):
        uri = f"{self.root}/clarify-data/{uuid.uuid4().hex[:8]}/{name}"
        return S3Uploader.upload_string_as_file_body(text, uri, sagemaker_session=self.session)


@pytest.fixture
def clarify(machine, root, ended):
    return Clarify(machine, root, ended)


def of_group(**more):
    arguments = {"facet_name": "group", "facet_values_or_threshold": [1], **more}
    return BiasConfig(label_values_or_threshold=[1], **arguments)


def asking(model, kind="text/csv", **more):
    arguments = {"content_type": kind, "accept_type": kind, **more}
    return ModelConfig(
        model_name=model, instance_count=1, instance_type="ml.m5.large", **arguments
    )


def values_of(facets, name, value):
    """Measures of one facet value."""
    [found] = [one for one in facets[name] if one["value_or_threshold"] == value]
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


def same(told, expected):
    for name, value in expected.items():
        assert told[name] == pytest.approx(value, abs=1e-9), name


def triples_of(rows, guess=predicted):
    return [(row["group"] == 1, row["approved"], guess(row)) for row in rows]


def test_pre_training_bias(clarify, lending):
    analysis = clarify.run(
        "pre_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(group_name="region"),
    )
    assert analysis["version"] == "1.0" and "post_training_bias_metrics" not in analysis
    told = values_of(analysis["pre_training_bias_metrics"]["facets"], "group", "1")
    rows = lending.before
    same(told, pre_training([triple[:2] for triple in triples_of(rows)]))
    by_region = [(row["region"], row["group"] == 1, row["approved"]) for row in rows]
    same(told, {"CDDL": conditional_disparity(by_region)})
    assert {"analysis.json", "report.html"} <= clarify.files()
    assert clarify.text("report.html").lstrip().lower().startswith("<!doctype html>")


def test_the_log_is_shown_while_it_runs(clarify, lending, capsys):
    """As the SDK does unless told otherwise: it waits, and prints what the job prints."""
    clarify.processor.run_pre_training_bias(
        data_config=clarify.data(lending.dataset), data_bias_config=of_group()
    )
    assert clarify.processor.latest_job.describe()["ProcessingJobStatus"] == "Completed"
    shown = capsys.readouterr().out.splitlines()
    assert any(f"Read {len(lending.before)} rows" in line for line in shown), shown
    assert sum(line.startswith("Completed: ") for line in shown) == 1, shown


def test_chosen_methods(clarify, lending):
    analysis = clarify.run(
        "pre_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(),
        methods=["CI", "DPL"],
    )
    told = values_of(analysis["pre_training_bias_metrics"]["facets"], "group", "1")
    assert set(told) == {"CI", "DPL"}


def test_post_training_bias(clarify, lending, lending_server):
    asked = len(lending_server.requests)
    analysis = clarify.run(
        "post_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(),
        model_config=asking(lending.model),
        model_predicted_label_config=ModelPredictedLabelConfig(label=0),
    )
    assert "pre_training_bias_metrics" not in analysis
    told = values_of(analysis["post_training_bias_metrics"]["facets"], "group", "1")
    same(told, post_training(triples_of(lending.before)))
    assert "FT" in told
    # The model was asked, and never for what it was to guess.
    bodies = [body for _, body in lending_server.requests[asked:]]
    lines = [line for body in bodies for line in body.splitlines()]
    assert len(lines) >= len(lending.before)
    assert {len(line.split(",")) for line in lines} == {len(FEATURES)}


@pytest.mark.parametrize("kind", ["application/jsonlines", "application/json"])
def test_post_training_bias_in_json(clarify, lending, kind):
    rows = [{"features": features_of(row), "label": row["approved"]} for row in lending.before]
    if kind == "application/json":
        dataset = clarify.upload(json.dumps({"instances": rows}), "data.json")
        paths = {"features": "instances[*].features", "label": "instances[*].label"}
        templates = {
            "content_template": '{"instances":$records}',
            "record_template": '{"features":$features}',
        }
        answer = "predictions[*].score"
    else:
        dataset = clarify.upload("\n".join(map(json.dumps, rows)), "data.jsonl")
        paths = {"features": "features", "label": "label"}
        templates = {"content_template": '{"features":$features}'}
        answer = "score"
    analysis = clarify.run(
        "post_training_bias",
        data_config=clarify.data(
            dataset, dataset_type=kind, headers=[*FEATURES, "approved"], **paths
        ),
        data_bias_config=of_group(),
        model_config=asking(lending.model, kind, **templates),
        model_predicted_label_config=ModelPredictedLabelConfig(
            probability=answer, probability_threshold=0.5
        ),
    )
    told = values_of(analysis["post_training_bias_metrics"]["facets"], "group", "1")
    same(told, post_training(triples_of(lending.before)))


def test_bias_of_two_facets(clarify, lending):
    """Without values, each value of a facet stands against the others."""
    analysis = clarify.run(
        "bias",
        data_config=clarify.data(lending.dataset),
        bias_config=BiasConfig(label_values_or_threshold=[1], facet_name=["group", "region"]),
        model_config=asking(lending.model),
        model_predicted_label_config=ModelPredictedLabelConfig(
            probability=1, probability_threshold=0.5
        ),
    )
    for facet, values in (("group", (0, 1)), ("region", (0, 1, 2))):
        for value in values:
            triples = [
                (row[facet] == value, row["approved"], predicted(row)) for row in lending.before
            ]
            before = analysis["pre_training_bias_metrics"]["facets"]
            after = analysis["post_training_bias_metrics"]["facets"]
            same(values_of(before, facet, str(value)), pre_training([t[:2] for t in triples]))
            same(values_of(after, facet, str(value)), post_training(triples))


def test_predictions_in_the_dataset(clarify, lending):
    """A column of predictions takes the place of a model."""
    rows = [{**row, "said": 1 - predicted(row) if at % 7 == 0 else predicted(row)}
            for at, row in enumerate(lending.before)]
    columns = [*COLUMNS, "said"]
    analysis = clarify.run(
        "bias",
        data_config=clarify.data(
            clarify.upload(csv_of(rows, columns), "data.csv"),
            headers=columns,
            predicted_label="said",
        ),
        bias_config=of_group(),
        model_config=None,
    )
    told = values_of(analysis["post_training_bias_metrics"]["facets"], "group", "1")
    same(told, post_training(triples_of(rows, guess=lambda row: row["said"])))


def test_a_threshold_for_the_facet(clarify, lending):
    """One number is a threshold where a column is continuous: those above it."""
    analysis = clarify.run(
        "pre_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(facet_name="debt", facet_values_or_threshold=[22.5]),
    )
    facets = analysis["pre_training_bias_metrics"]["facets"]
    [found] = facets["debt"]
    most = max(row["debt"] for row in lending.before)
    assert found["value_or_threshold"] == f"(22.5, {most}]"
    pairs = [(row["debt"] > 22.5, row["approved"]) for row in lending.before]
    same({metric["name"]: metric["value"] for metric in found["metrics"]}, pre_training(pairs))


def test_attributions_and_dependence(clarify, lending):
    rows = lending.before
    analysis = clarify.run(
        "explainability",
        data_config=clarify.data(lending.dataset),
        model_config=asking(lending.model),
        model_scores=1,
        explainability_config=[
            SHAPConfig(
                baseline=[[CENTRE[name] for name in FEATURES]],
                num_samples=100,
                agg_method="mean_abs",
                save_local_shap_values=True,
            ),
            PDPConfig(features=["income", "region"], grid_resolution=GRID),
        ],
    )
    told = analysis["explanations"]["kernel_shap"]["label0"]
    same(told["global_shap_values"], attributions(rows, CENTRE))
    assert told["expected_value"] == pytest.approx(THRESHOLD, abs=1e-9)
    check_local(clarify, rows)
    plots = {plot["feature_name"]: plot for plot in analysis["explanations"]["pdp"]}
    assert set(plots) == {"income", "region"}
    check_dependence(plots["income"], rows)
    assert plots["income"]["data_type"] == "numerical"
    assert len(plots["income"]["feature_values"]) == GRID


def check_local(clarify, rows):
    """Each row's attributions against one baseline row: a weight times a distance."""
    lines = csv.DictReader(io.StringIO(clarify.text("explanations_shap/out.csv")))
    told = list(lines)
    assert len(told) == len(rows)
    assert set(lines.fieldnames) >= {f"{name}_label0" for name in FEATURES}
    for line, row in zip(told, rows):
        for name in FEATURES:
            value = WEIGHTS[name] * (row[name] - CENTRE[name])
            assert float(line[f"{name}_label0"]) == pytest.approx(value, abs=1e-9)


def check_dependence(plot, rows):
    """The mean answer when everyone has the value: a line, for this model."""
    name = plot["feature_name"]
    [predictions] = plot["model_predictions"]
    assert len(predictions) == len(plot["feature_values"])
    for value, prediction in zip(plot["feature_values"], predictions):
        mean = sum(score_of({**row, name: float(value)}) for row in rows) / len(rows)
        assert prediction == pytest.approx(mean, abs=1e-9)
    if plot.get("data_distribution"):
        assert sum(plot["data_distribution"]) == pytest.approx(1)


def test_dependence_alone(clarify, lending):
    analysis = clarify.run(
        "explainability",
        data_config=clarify.data(lending.dataset),
        model_config=asking(lending.model),
        model_scores=1,
        explainability_config=PDPConfig(features=["debt"], grid_resolution=GRID),
    )
    assert "kernel_shap" not in analysis["explanations"]
    [plot] = analysis["explanations"]["pdp"]
    check_dependence(plot, lending.before)


def test_a_baseline_of_several_rows(clarify, lending):
    """Of a linear model, several baseline rows, here of a file, are as good as their mean."""
    rows, chosen = lending.before, lending.before[:7]
    baseline = clarify.upload(csv_of(chosen, FEATURES), "baseline.csv")
    analysis = clarify.run(
        "explainability",
        data_config=clarify.data(lending.dataset),
        model_config=asking(lending.model),
        model_scores=ModelPredictedLabelConfig(probability=1),
        explainability_config=SHAPConfig(
            baseline=baseline, num_samples=100, agg_method="mean_sq"
        ),
    )
    told = analysis["explanations"]["kernel_shap"]["label0"]
    mean = {name: sum(row[name] for row in chosen) / len(chosen) for name in FEATURES}
    for name in FEATURES:
        value = sum((WEIGHTS[name] * (row[name] - mean[name])) ** 2 for row in rows) / len(rows)
        assert told["global_shap_values"][name] == pytest.approx(value, abs=1e-9), name
    expected = sum(map(score_of, chosen)) / len(chosen)
    assert told["expected_value"] == pytest.approx(expected, abs=1e-9)


def test_bias_and_explainability(clarify, lending):
    analysis = clarify.run(
        "bias_and_explainability",
        data_config=clarify.data(lending.dataset),
        bias_config=of_group(),
        model_config=asking(lending.model),
        model_predicted_label_config=ModelPredictedLabelConfig(
            probability=1, probability_threshold=0.5
        ),
        # Without a baseline it is made of clusters of the data.
        explainability_config=SHAPConfig(num_samples=100, num_clusters=2, seed=7),
    )
    told = values_of(analysis["post_training_bias_metrics"]["facets"], "group", "1")
    same(told, post_training(triples_of(lending.before)))
    values = analysis["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert values["region"] == pytest.approx(0, abs=1e-9)
    assert max(values, key=values.get) == "income"


def failure_of(clarify, kind, **arguments):
    getattr(clarify.processor, f"run_{kind}")(wait=False, logs=False, **arguments)
    told = clarify.ended(clarify.processor.latest_job)
    assert told["ProcessingJobStatus"] == "Failed", told
    return told["FailureReason"]


def test_a_model_that_is_not_there(clarify, lending):
    reason = failure_of(
        clarify,
        "post_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(),
        model_config=asking("no-such-model"),
    )
    assert "no-such-model" in reason


def test_a_facet_that_is_not_there(clarify, lending):
    reason = failure_of(
        clarify,
        "pre_training_bias",
        data_config=clarify.data(lending.dataset),
        data_bias_config=of_group(facet_name="colour"),
    )
    assert "colour" in reason


def test_a_model_that_refuses_rows(clarify, lending):
    """The reason says what the model said."""
    rows = [{**row, "income": "n/a" if at == 11 else row["income"]}
            for at, row in enumerate(lending.before)]
    reason = failure_of(
        clarify,
        "post_training_bias",
        data_config=clarify.data(clarify.upload(csv_of(rows), "data.csv")),
        data_bias_config=of_group(),
        model_config=asking(lending.model),
        model_predicted_label_config=ModelPredictedLabelConfig(label=0),
    )
    assert "12" in reason or "11" in reason, reason
