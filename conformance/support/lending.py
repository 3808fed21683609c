"""A tiny lending model behind HTTP, people to ask it about, and measures of it in plain arithmetic.

The model is linear, so that every attribution is known: a weight times a distance from the baseline.
"""

import json
import math
import random

from listeners import ModelHandler

FEATURES = ["group", "income", "debt", "region"]
COLUMNS = ["approved", *FEATURES]
CENTRE = {"group": 0.0, "income": 50.0, "debt": 20.0, "region": 0.0}
WEIGHTS = {"group": -0.06, "income": 0.006, "debt": -0.008, "region": 0.0}
THRESHOLD = 0.5


def score_of(person):
    return THRESHOLD + sum(WEIGHTS[name] * (person[name] - CENTRE[name]) for name in FEATURES)


def label_of(score):
    return 1 if score > THRESHOLD else 0


def people(count, seed, drifted=False):
    """Dictionaries by column. Those who drifted differ in debts now, and group 1 is treated worse."""
    chance = random.Random(seed)
    for _ in range(count):
        person = {
            "group": 1 if chance.random() < 0.4 else 0,
            "income": round(chance.gauss(50, 3 if drifted else 15), 3),
            "debt": round(chance.gauss(30 if drifted else 20, 15 if drifted else 5), 3),
            "region": chance.randrange(3),
        }
        wrong = chance.gauss(0, 0.05) - (0.1 * person["group"] if drifted else 0)
        yield {"approved": label_of(score_of(person) + wrong), **person}


def csv_of(rows, columns=COLUMNS, header=False):
    lines = [",".join(columns)] if header else []
    return "\n".join(lines + [",".join(str(row[name]) for name in columns) for row in rows]) + "\n"


def features_of(person):
    return [person[name] for name in FEATURES]


def predicted(person):
    return label_of(score_of(person))


class LendingHandler(ModelHandler):
    """Answers label and score of each row, in CSV, JSON Lines or JSON as it is asked."""

    def do_POST(self):
        body = self.body().decode()
        kind = self.headers.get("content-type", "")
        self.server.requests.append((dict(self.headers.items()), body))
        if "jsonlines" in kind:
            told = "\n".join(
                json.dumps(told_of(json.loads(line)["features"])) for line in body.strip().splitlines()
            )
        elif "json" in kind:
            rows = json.loads(body)["instances"]
            told = json.dumps({"predictions": [told_of(row["features"]) for row in rows]})
        else:
            rows = [[float(cell) for cell in line.split(",")] for line in body.strip().splitlines()]
            told = "\n".join("{label},{score!r}".format(**told_of(row)) for row in rows)
        self.answer(200, told.encode(), [("Content-Type", kind)])


def told_of(cells):
    score = score_of(dict(zip(FEATURES, cells, strict=True)))
    return {"label": label_of(score), "score": score}


def ratio(above, below):
    """As the original divides: 0/0 is 0, and anything else by 0 is infinite."""
    if below == 0:
        return 0.0 if above == 0 else math.copysign(math.inf, above)
    return above / below


def pre_training(pairs):
    """Measures over (is disadvantaged, label) of each row."""
    share, size = {}, {}
    for side in (False, True):
        labels = [label for is_d, label in pairs if is_d == side]
        size[side], share[side] = len(labels), sum(labels) / len(labels)
    a, d = share[False], share[True]
    of_a, of_d = (1 - a, a), (1 - d, d)
    middle = [(x + y) / 2 for x, y in zip(of_a, of_d)]

    def divergence(p, q):
        return sum(x * math.log(x / y) for x, y in zip(p, q) if x > 0 and y > 0)

    return {
        "CI": (size[False] - size[True]) / len(pairs),
        "DPL": a - d,
        "KL": divergence(of_a, of_d),
        "JS": (divergence(of_a, middle) + divergence(of_d, middle)) / 2,
        "LP": math.hypot(of_a[0] - of_d[0], of_a[1] - of_d[1]),
        "TVD": abs(a - d),
        "KS": abs(a - d),
    }


def post_training(triples):
    """Measures over (is disadvantaged, label, predicted label) of each row."""
    a, d = (side_of([t[1:] for t in triples if t[0] == side]) for side in (False, True))

    def difference(first, second, part):
        return first[part] - second[part]

    benefits = [guess - label + 1 for _, label, guess in triples]
    mean = sum(benefits) / len(benefits)
    return {
        "DPPL": difference(a, d, "predicted"),
        "DI": ratio(d["predicted"], a["predicted"]),
        "DCA": difference(a, d, "acceptance"),
        "DCR": difference(d, a, "rejection"),
        "DAR": difference(a, d, "precision"),
        "DRR": difference(d, a, "negative"),
        "RD": difference(a, d, "recall"),
        "SD": difference(d, a, "specificity"),
        "AD": difference(a, d, "accuracy"),
        "TE": difference(d, a, "treatment"),
        "GE": sum((b / mean) ** 2 - 1 for b in benefits) / (2 * len(benefits)),
    }


def side_of(pairs):
    counts = {(label, guess): 0 for label in (0, 1) for guess in (0, 1)}
    for pair in pairs:
        counts[pair] += 1
    tn, fp, fn, tp = (counts[key] for key in ((0, 0), (0, 1), (1, 0), (1, 1)))
    return {
        "predicted": ratio(tp + fp, len(pairs)),
        "acceptance": ratio(tp + fn, tp + fp),
        "rejection": ratio(tn + fp, tn + fn),
        "precision": ratio(tp, tp + fp),
        "negative": ratio(tn, tn + fn),
        "recall": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp),
        "accuracy": ratio(tp + tn, len(pairs)),
        "treatment": ratio(fn, fp),
    }


def conditional_disparity(triples):
    """Over (group, is disadvantaged, label) of each row."""
    total = 0.0
    for group in {triple[0] for triple in triples}:
        inside = [triple[1:] for triple in triples if triple[0] == group]
        rejected = [is_d for is_d, label in inside if label == 0]
        accepted = [is_d for is_d, label in inside if label == 1]
        disparity = ratio(sum(rejected), len(rejected)) - ratio(sum(accepted), len(accepted))
        total += len(inside) * disparity
    return total / len(triples)


def performance(pairs):
    """Of a binary classifier, over (label, predicted label) of each row."""
    counts = {(label, guess): 0 for label in (0, 1) for guess in (0, 1)}
    for pair in pairs:
        counts[pair] += 1
    tn, fp, fn, tp = (counts[key] for key in ((0, 0), (0, 1), (1, 0), (1, 1)))
    precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)

    def harmonic(beta):
        return ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)

    return {
        "recall": recall,
        "precision": precision,
        "accuracy": ratio(tp + tn, len(pairs)),
        "true_positive_rate": recall,
        "true_negative_rate": ratio(tn, tn + fp),
        "false_positive_rate": ratio(fp, tn + fp),
        "false_negative_rate": ratio(fn, tp + fn),
        "f0_5": harmonic(0.5),
        "f1": harmonic(1),
        "f2": harmonic(2),
    }


def area_under_roc(pairs):
    """Over (label, score): the share of pairs of a 1 and a 0 that the scores order rightly."""
    good = [score for label, score in pairs if label == 1]
    bad = [score for label, score in pairs if label == 0]
    wins = sum((x > y) + (x == y) / 2 for x in good for y in bad)
    return wins / (len(good) * len(bad))


def attributions(rows, baseline):
    """Mean magnitudes of the exact attributions against one baseline row, by feature."""
    return {
        name: sum(abs(WEIGHTS[name] * (row[name] - baseline[name])) for row in rows) / len(rows)
        for name in FEATURES
    }


def order_score(before, after):
    """The discounted gain of the order after, by the values before, against that of the order before."""

    def gain(order):
        return sum(before[name] / math.log2(at + 2) for at, name in enumerate(order))

    def descending(values):
        return sorted(values, key=lambda name: -values[name])

    return gain(descending(after)) / gain(descending(before))
