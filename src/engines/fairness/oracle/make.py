"""Draws random tables and writes what smclarify says of them: cases-1.json and cases-2.json.

Python 3.11; smclarify==0.5 numpy==1.26.4 pandas==1.5.3 scikit-learn==1.9.1 scipy==1.17.1
Run here: python make.py

Rows without a label, a prediction or a facet are dropped before smclarify sees them, and columns
keep the type that smclarify infers from all their rows. A threshold equal to a column's largest
value, which selects nothing there, is given to it as a category. The flip test of a case where
scikit-learn scans and finds ties is left out ("tie"): its choice there is not defined.
"""
import json
import logging
import random
import warnings

import numpy as np
import pandas as pd
from smclarify.bias.metrics import common
from smclarify.bias.report import (
    FacetColumn, LabelColumn, StageType, bias_report, label_value_or_threshold,
)

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
CASES = 240
rng = random.Random(20240607)


def flags(n, p):
    return [1 if rng.random() < p else 0 for _ in range(n)]


def draw_label(n):
    kind = rng.choice(["flag", "flag", "flag", "text", "multi", "float", "int", "constant"])
    p = rng.choice([0.05, 0.3, 0.5, 0.9])
    if kind == "flag":
        return flags(n, p), [rng.choice([1, 1, 1, 0, "1"])]
    if kind == "text":
        return [["no", "yes"][v] for v in flags(n, p)], ["yes"]
    if kind == "multi":
        return [rng.randrange(4) for _ in range(n)], rng.choice([[1, 3], [2], [0, 1], [0, 7], ["1", "3"]])
    if kind == "float":
        return [round(rng.random() * 10, 2) for _ in range(n)], [rng.choice([5, 2.5, 9.5, 20])]
    if kind == "int":
        return [rng.randrange(1000) for _ in range(n)], [rng.choice([500, 100, 950])]
    return [1] * n, [1]


def draw_facet(n):
    kind = rng.choice(["flag", "flag", "text", "texts", "one-vs-rest", "ints", "float", "int", "constant"])
    if kind == "flag":
        return flags(n, rng.choice([0.02, 0.3, 0.6])), [rng.choice([0, 1])]
    if kind == "text":
        return [rng.choice("abc") for _ in range(n)], [rng.choice("abcz")]
    if kind == "texts":
        return [rng.choice("abcde") for _ in range(n)], ["a", "d"]
    if kind == "one-vs-rest":
        return [rng.choice(["red", "green", "blue"]) for _ in range(n)], None
    if kind == "ints":
        return [rng.randrange(3) for _ in range(n)], rng.choice([None, [2], [0, 1]])
    if kind == "float":
        return [round(rng.gauss(40, 15), 1) for _ in range(n)], [rng.choice([40, 25.5, 70])]
    if kind == "int":
        return [rng.randrange(18, 90) for _ in range(n)], [rng.choice([30, 40, "60"])]
    return ["only"] * n, rng.choice([None, ["only"]])


def draw_predictions(labels):
    kind = rng.choice(["near", "near", "near", "near", "noise", "same", "perfect"])
    values = sorted(set(labels))
    if kind == "perfect":
        return list(labels)
    if kind == "same":
        return [rng.choice(values)] * len(labels)
    wrong = 0.2 if kind == "near" else 0.7
    return [rng.choice(values) if rng.random() < wrong else v for v in labels]


def draw_group(n):
    kind = rng.choice(["none", "text", "text", "ints", "many"])
    if kind == "none":
        return None
    if kind == "text":
        return [rng.choice(["north", "south", "east"]) for _ in range(n)]
    if kind == "ints":
        return [rng.randrange(12) for _ in range(n)]
    return [round(rng.random(), 2) for _ in range(n)]


def draw_features(n):
    spread = rng.choice([2, 5, 30])
    columns = {"f1": [rng.randrange(spread) for _ in range(n)]}
    if rng.random() < 0.7:
        columns["f2"] = [round(rng.random(), 1) for _ in range(n)]
    if rng.random() < 0.3:
        columns["f3"] = flags(n, 0.5)
    return columns


def with_gaps(values):
    return [None if rng.random() < 0.05 else v for v in values]


def typed(values, keep, wanted):
    """The kept rows as smclarify would type the whole column; None where that cannot be done."""
    present = pd.Series([v for v in values if v is not None])
    kind = common.series_datatype(present, list(wanted) if wanted else None)
    if kind == common.DataType.CONTINUOUS and wanted and float(wanted[0]) == present.max():
        kind = common.DataType.CATEGORICAL
    column = pd.Series([v for v, kept in zip(values, keep) if kept])
    if kind == common.DataType.CATEGORICAL:
        return column.astype("category")
    return column if common.series_datatype(column, wanted) == kind else None


def scans_with_ties(frame, d):
    points = np.array(frame)[~d]
    k = 5 if len(points) > 9 else 1
    if points.shape[1] <= 15 and k < len(points) // 2:
        return False
    for query in np.array(frame)[d]:
        distances = np.sort(((points - query) ** 2).sum(1))
        if len(distances) > k and distances[k] - distances[k - 1] < 1e-9:
            return True
    return False


def value_of(metric, tie):
    if metric["name"] == "FT" and tie:
        return "tie"
    return metric["value"]


def stage_of(kind, case, columns, keep):
    facet = typed(columns["facet"], keep, case["facetValues"])
    label = typed(columns["label"], keep, case["labelValues"])
    if facet is None or label is None:
        return None
    frame = pd.DataFrame({
        name: pd.Series([v for v, kept in zip(values, keep) if kept])
        for name, values in columns.items() if name not in ("facet", "label", "predicted")
    })
    features = frame
    frame = frame.assign(facet=facet, label=label)
    predicted = None
    if kind == StageType.POST_TRAINING:
        predicted = pd.Series([v for v, kept in zip(columns["predicted"], keep) if kept])
        predicted = predicted.astype("category") if label.dtype.name == "category" else predicted
        frame = frame.assign(predicted=predicted)
    try:
        report = bias_report(
            frame, FacetColumn("facet", list(case["facetValues"]) if case["facetValues"] else None),
            LabelColumn("label", label, list(case["labelValues"])), kind,
            LabelColumn("predicted", predicted) if predicted is not None else None,
            group_variable=frame["group"] if "group" in frame else None,
        )
    except ValueError as error:
        # A predicted column that it types unlike the label is no case to compare.
        return {"error": str(error)} if "No Label values" in str(error) else None
    numeric = len(features.columns) == len(features.select_dtypes("number").columns)
    results = []
    for one in report:
        chosen = facet.astype(str) == one["value_or_threshold"]
        tie = predicted is not None and numeric and (
            scans_with_ties(features, chosen.to_numpy()) if not case["facetValues"]
            else any_tie(features, facet, case["facetValues"]))
        results.append([one["value_or_threshold"], {m["name"]: value_of(m, tie) for m in one["metrics"]}])
    return {"facets": results}


def any_tie(features, facet, values):
    if facet.dtype.name == "category":
        chosen = facet.astype(str).isin([str(v) for v in values])
    else:
        chosen = facet > float(values[0])
    return bool(chosen.any()) and bool((~chosen).any()) and scans_with_ties(features, chosen.to_numpy())


def draw_case():
    n = int(5 + 395 * rng.random() ** 3)
    label, label_values = draw_label(n)
    facet, facet_values = draw_facet(n)
    columns = {"label": label, "facet": facet, "predicted": draw_predictions(label)}
    group = draw_group(n)
    if group is not None:
        columns["group"] = group
    columns.update(draw_features(n))
    if rng.random() < 0.2:
        for name in ("label", "facet", "predicted"):
            columns[name] = with_gaps(columns[name])
    case = {"labelValues": label_values, "facetValues": facet_values, "columns": columns}
    if rng.random() < 0.1 and group is not None and isinstance(group[0], float):
        columns["group"] = with_gaps(group)
    keep = [all(columns[c][i] is not None for c in ("label", "facet")) for i in range(n)]
    keep_post = [kept and columns["predicted"][i] is not None for i, kept in enumerate(keep)]
    if not any(keep_post):
        return None
    pre = stage_of(StageType.PRE_TRAINING, case, columns, keep)
    post = stage_of(StageType.POST_TRAINING, case, columns, keep_post)
    if pre is None or post is None or "error" in pre:
        return None
    label_column = typed(columns["label"], keep, label_values)
    case["labelText"] = label_value_or_threshold(label_column, list(label_values))
    return {**case, "pre": pre["facets"], "post": post.get("facets")}


cases = []
while len(cases) < CASES:
    drawn = draw_case()
    if drawn:
        cases.append(drawn)
half = CASES // 2
for number, part in ((1, cases[:half]), (2, cases[half:])):
    with open(f"cases-{number}.json", "w") as out:
        json.dump(part, out, separators=(",", ":"))
        out.write("\n")
