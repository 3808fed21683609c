"""Writes distances.case.json: distances by scipy, to compare ours with. Run once:
python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install scipy && /tmp/oracle/bin/python distances.py
"""
import json
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

rng = np.random.default_rng(7)


def shares(counts):
    return (np.asarray(counts) / np.sum(counts)).tolist()


def distributions():
    pairs = [([0.1, 0.2, 0.3, 0.4], [0.25] * 4), ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])]
    for size in (2, 5, 20):
        pairs.append((shares(rng.integers(1, 90, size)), shares(rng.integers(1, 90, size))))
    for p, q in pairs:
        a, b = np.array(p), np.array(q)
        psi = float(np.sum((b - a) * np.log(b / a))) if (a > 0).all() and (b > 0).all() else None
        yield {"p": p, "q": q, "psi": psi, "jensenShannon": float(jensenshannon(a, b, base=2)),
               "largest": float(np.max(np.abs(a - b)))}


def samples():
    cases = [(list(range(1, 11)), list(range(3, 13)))]
    for n, m, shift in ((50, 80, 0.0), (200, 100, 0.5), (300, 300, 2.0)):
        cases.append((rng.normal(size=n).round(2).tolist(), rng.normal(shift, size=m).round(2).tolist()))
    for x, y in cases:
        yield {"x": x, "y": y, "ks": float(stats.ks_2samp(x, y).statistic)}


def chi_squares():
    for observed, expected in (([20, 30, 50], [50, 30, 20]), ([101, 99], [300, 290]),
                               ([40, 35, 25, 60], [400, 380, 240, 580])):
        scaled = np.array(expected) * np.sum(observed) / np.sum(expected)
        result = stats.chisquare(observed, scaled)
        yield {"observed": observed, "expected": expected,
               "statistic": float(result.statistic), "pValue": float(result.pvalue)}


def gammas():
    for df in (1, 2, 5, 30, 119):
        for x in (0.001, 0.5, 1.0, 5.3333333, 40.0, 200.0):
            yield {"a": df / 2, "x": x / 2, "q": float(stats.chi2.sf(x, df))}


path = Path(__file__).with_name("distances.case.json")
data = {"distributions": list(distributions()), "samples": list(samples()),
        "chiSquares": list(chi_squares()), "gammas": list(gammas())}
path.write_text(json.dumps(data, indent=1) + "\n")
