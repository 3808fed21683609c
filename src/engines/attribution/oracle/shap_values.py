# Makes shap.case.json: values of the shap package's KernelExplainer for functions that the test
# writes again in TypeScript. Python 3.11, shap==0.51.0, numpy==2.4.6.
#   python shap_values.py > shap.case.json
import json
import warnings

import numpy as np
import shap

warnings.filterwarnings("ignore")
WEIGHTS = [0.7, -1.3, 0.4, 2.1, -0.6, 0.9, -0.2, 1.7, -1.1, 0.3, 0.8, -0.5]


def linear(x):
    total = 1 + sum(WEIGHTS[j] * x[j] for j in range(len(x)))
    return [total, -total / 2]


def logistic(x):
    total = sum(WEIGHTS[j] * x[j] for j in range(len(x))) / 2 + x[0] * x[1]
    p = 1 / (1 + np.exp(-total))
    return [1 - p, p]


def polynomial(x):
    return [x[0] * x[1] + x[2] * x[2] - 3 * x[3] * x[4] * x[0] + sum(x[5:])]


def tree(x):
    if x[0] <= 0:
        return [0.2 if x[1] <= 0.5 else (0.9 if x[3] <= 0 else 0.4)]
    if x[2] <= -0.3:
        return [0.1 if x[4] <= 0.2 else 0.75]
    return [0.6]


# Columns 0 and 1 are categories, here their numbers and in the test texts.
def mixed(x):
    bonus = [0.5, -0.25, 1.5][int(x[0])]
    scale = [1.0, 3.0][int(x[1])]
    return [bonus + scale * x[2] - x[3] * bonus]


MODELS = {"linear": linear, "logistic": logistic, "polynomial": polynomial, "tree": tree, "mixed": mixed}


def data(rng, model, rows, features):
    x = np.round(rng.normal(size=(rows, features)), 3)
    if model == "mixed":
        x[:, 0] = rng.integers(0, 3, rows)
        x[:, 1] = rng.integers(0, 2, rows)
    return x


def explain(model, background, rows, nsamples, link):
    f = lambda m: np.array([MODELS[model](x) for x in m])
    explainer = shap.KernelExplainer(f, background, link=link)
    values = explainer.shap_values(rows, nsamples=nsamples, l1_reg=0, silent=True)
    values = np.array(values)
    if values.ndim == 2:
        values = values[:, :, None]
    return np.atleast_1d(explainer.expected_value).tolist(), values.tolist()


def case(name, model, *, features, background, rows, seed, link="identity", nsamples="auto", fixed=()):
    rng = np.random.default_rng(seed)
    b = data(rng, model, background, features)
    x = data(rng, model, rows, features)
    for column in fixed:
        b[:, column] = 0.25
        x[:, column] = 0.25
    if background == 1:
        x[0, : features // 2] = b[0, : features // 2]
    expected, values = explain(model, b, x, nsamples, link)
    return dict(name=name, model=model, link=link, background=b.tolist(), rows=x.tolist(),
                expected=expected, values=values)


print(json.dumps({"weights": WEIGHTS, "cases": [
    case("linear, two labels", "linear", features=6, background=8, rows=4, seed=1),
    case("logistic, two labels", "logistic", features=7, background=10, rows=3, seed=2),
    case("logistic as log-odds", "logistic", features=7, background=10, rows=3, seed=3, link="logit"),
    case("polynomial", "polynomial", features=9, background=5, rows=3, seed=4),
    case("ten features", "polynomial", features=10, background=3, rows=2, seed=5),
    case("tree", "tree", features=5, background=40, rows=5, seed=6),
    case("numbers and categories", "mixed", features=4, background=12, rows=6, seed=7),
    case("one background row", "mixed", features=4, background=1, rows=4, seed=8),
    case("columns that do not vary", "tree", features=5, background=10, rows=4, seed=9, fixed=(1, 2, 4)),
    case("one column varies", "linear", features=3, background=4, rows=2, seed=10, fixed=(0, 2)),
    case("one feature", "linear", features=1, background=4, rows=2, seed=11),
    case("two features", "linear", features=2, background=4, rows=2, seed=12),
    case("many features, enumerated", "logistic", features=12, background=4, rows=2, seed=13, nsamples=2**12 - 2),
]}))
