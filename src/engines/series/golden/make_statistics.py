"""Writes statistics.json: percentiles by numpy (linear interpolation) and trimmed means by scipy.

Run: pip install numpy scipy; python make_statistics.py > statistics.json
"""
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20240611)
samples = {
    "one to hundred": np.arange(1, 101).astype(float),
    "one to ten": np.arange(1, 11).astype(float),
    "single": np.array([7.25]),
    "pair": np.array([1.0, 2.0]),
    "ties": np.array([5.0] * 9 + [1.0, 9.0]),
    "lognormal": np.round(rng.lognormal(3, 1, 137), 6),
    "counts": rng.poisson(4, 500).astype(float),
    "uniform": np.round(rng.uniform(0, 1, 149), 9),
}
shares = [0, 0.1, 1, 5, 25, 50, 75, 90, 95, 99, 99.9, 100]
cases = []
for name, values in samples.items():
    lo, hi = (float(q) for q in np.percentile(values, [10, 90], method="linear"))
    cases.append(
        {
            "name": name,
            "values": values.tolist(),
            "percentiles": {
                f"p{share}": float(np.percentile(values, share, method="linear")) for share in shares
            },
            "TM(10%:90%)": float(stats.trim_mean(values, 0.1)),
            "IQM": float(stats.trim_mean(values, 0.25)),
            "WM(10%:90%)": float(np.clip(values, lo, hi).mean()),
        }
    )
print(json.dumps({"numpy": np.__version__, "cases": cases}))
