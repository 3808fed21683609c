"""Makes cases.json: answers of models and what scikit-learn says of them.
Python 3.11, scikit-learn==1.5.2, numpy==2.1.3:  python make.py > cases.json"""
import json
import numpy as np
from sklearn import metrics as m

rng = np.random.default_rng(7)


def binary(n, prevalence, spread, digits):
    actual = (rng.random(n) < prevalence).astype(int)
    scores = np.clip(0.5 + (actual - 0.5) * spread + rng.normal(0, 0.25, n), 0, 1).round(digits)
    predicted = (scores > 0.5).astype(int)
    precisions, recalls, _ = m.precision_recall_curve(actual, scores)
    # Spark starts at recall 0 with the precision of the highest score; scikit-learn with 1.
    precisions[-1] = precisions[-2]
    expected = {
        "auc": m.roc_auc_score(actual, scores),
        "au_prc": m.auc(recalls, precisions),
        "accuracy": m.accuracy_score(actual, predicted),
        "precision": m.precision_score(actual, predicted, zero_division=0),
        "recall": m.recall_score(actual, predicted),
        "true_negative_rate": m.recall_score(actual, predicted, pos_label=0),
        "accuracy_best_constant_classifier": m.accuracy_score(actual, np.ones(n)),
        "precision_best_constant_classifier": m.precision_score(actual, np.ones(n)),
        "f0_5_best_constant_classifier": m.fbeta_score(actual, np.ones(n), beta=0.5),
    }
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        expected[name] = m.fbeta_score(actual, predicted, beta=beta, zero_division=0)
    return {"problem": "binary", "actual": actual.tolist(), "scores": scores.tolist(),
            "expected": expected}


def multiclass(n, names, right):
    actual = rng.choice(len(names), n, p=np.arange(1, len(names) + 1) / sum(range(len(names) + 1)))
    noise = rng.integers(0, len(names) - 1, n)  # the last class is never predicted by chance
    predicted = np.where(rng.random(n) < right, actual, noise)
    weighted = {"average": "weighted", "zero_division": 0}
    expected = {
        "accuracy": m.accuracy_score(actual, predicted),
        "weighted_recall": m.recall_score(actual, predicted, **weighted),
        "weighted_precision": m.precision_score(actual, predicted, **weighted),
    }
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        expected["weighted_" + name] = m.fbeta_score(actual, predicted, beta=beta, **weighted)
    if "1" in names:
        ones = np.full(n, names.index("1"))
        tail = "_best_constant_classifier"
        expected["weighted_precision" + tail] = m.precision_score(actual, ones, **weighted)
        expected["weighted_f2" + tail] = m.fbeta_score(actual, ones, beta=2, **weighted)
    return {"problem": "multiclass", "actual": [names[i] for i in actual],
            "predicted": [names[i] for i in predicted], "expected": expected}


def regression(n, scale):
    actual = (rng.normal(3, 2, n) * scale).round(4)
    predicted = (actual + rng.normal(0.2, 1, n) * scale).round(4)
    return {"problem": "regression", "actual": actual.tolist(), "predicted": predicted.tolist(),
            "expected": {"mae": m.mean_absolute_error(actual, predicted),
                         "mse": m.mean_squared_error(actual, predicted),
                         "rmse": m.root_mean_squared_error(actual, predicted),
                         "r2": m.r2_score(predicted, actual),
                         "r2_standard": m.r2_score(actual, predicted)}}


print(json.dumps([binary(150, 0.3, 0.4, 2), binary(1200, 0.07, 0.2, 6), binary(40, 0.5, 0.0, 1),
                  multiclass(300, ["0", "1", "2"], 0.7), multiclass(90, ["a", "b", "c", "d"], 0.0),
                  regression(100, 1.0), regression(500, 1e4)], separators=(",", ":")))
