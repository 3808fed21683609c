"""Writes measures.case.json: distances and probabilities by scipy, to compare ours with. Run once:
python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install numpy==2.4.6 scipy==1.17.1
/tmp/oracle/bin/python measures.py
"""
import json
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

rng = np.random.default_rng(11)


def shares(counts):
    return (np.asarray(counts) / np.sum(counts)).tolist()


def distributions():
    pairs = [([0.1, 0.2, 0.3, 0.4], [0.25] * 4)]
    pairs += [(shares(rng.integers(1, 90, k)), shares(rng.integers(1, 90, k))) for k in (2, 7, 40)]
    for p, q in pairs:
        a, b = np.array(p), np.array(q)
        yield {"p": p, "q": q, "psi": float(np.sum((b - a) * np.log(b / a))),
               "kl": float(stats.entropy(a, b)), "js": float(jensenshannon(a, b, base=2)),
               "hellinger": float(np.sqrt(np.sum((np.sqrt(a) - np.sqrt(b)) ** 2) / 2)),
               "tv": float(np.abs(a - b).sum() / 2), "lInfinity": float(np.abs(a - b).max())}


def samples():
    cases = [(list(range(1, 11)), list(range(3, 13))), ([1.0, 3.0], [2.0]), ([5, 5, 5], [5, 5])]
    for n, m, shift in ((5, 8, 0.4), (20, 20, 0.0), (18, 12, 1.0), (40, 25, 0.8), (60, 90, 0.0),
                        (150, 100, 0.3), (400, 300, 0.15)):
        x, y = rng.normal(size=n).round(3), rng.normal(shift, 1.2, size=m).round(3)
        cases.append((x.tolist(), y.tolist()))
        cases.append((x.round(0).tolist(), y.round(0).tolist()))
    for x, y in cases:
        exact = stats.ks_2samp(x, y, method="exact")
        cvm = stats.cramervonmises_2samp(x, y) if min(len(x), len(y)) > 1 else None
        yield {"x": x, "y": y, "ks": float(exact.statistic), "exact": float(exact.pvalue),
               "asymptotic": float(stats.ks_2samp(x, y, method="asymp").pvalue),
               "wasserstein": float(stats.wasserstein_distance(x, y)),
               "energy": float(stats.energy_distance(x, y)),
               "cvm": cvm and float(cvm.statistic), "cvmP": cvm and float(cvm.pvalue)}


def tails():
    for n in (1, 2, 9, 50, 140, 141, 1000, 20000, 100001, 500000):
        for z in (0.2, 0.5, 0.8, 1.0, 1.36, 1.6, 2.1, 2.9, 3.9):
            d = z / np.sqrt(n)
            if d < 1:
                yield {"n": n, "d": d, "p": float(stats.kstwo.sf(d, n))}


def tables():
    for a, b in (([10, 20, 30], [20, 20, 20]), ([5, 0, 3, 2], [1, 0, 4, 9]), ([90, 10], [70, 30]),
                 (rng.integers(0, 50, 30).tolist(), rng.integers(0, 80, 30).tolist())):
        kept = [(x, y) for x, y in zip(a, b) if x + y > 0]
        found = stats.chi2_contingency(np.array(kept).T, correction=False)
        v = stats.contingency.association(np.array(kept).T, method="cramer", correction=False)
        yield {"a": a, "b": b, "statistic": float(found.statistic), "pValue": float(found.pvalue),
               "degreesOfFreedom": int(found.dof), "cramersV": float(v)}


path = Path(__file__).with_name("measures.case.json")
data = {"distributions": list(distributions()), "samples": list(samples()),
        "tails": list(tails()), "tables": list(tables())}
path.write_text(json.dumps(data, separators=(",", ":")) + "\n")
