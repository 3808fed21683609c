# Makes clusters.case.json: the least cost found by scikit-learn's KMeans and kmodes' KPrototypes on
# standardised columns. Python 3.11, scikit-learn==1.9.1, kmodes==0.12.2, numpy==2.4.6.
#   python clusters.py > clusters.case.json
import json

import numpy as np
from kmodes.kprototypes import KPrototypes
from sklearn.cluster import KMeans

rng = np.random.default_rng(1)
centres = np.array([[0, 0, 10], [6, 1, 40], [-2, 8, 25]])
numbers = np.round(np.concatenate([rng.normal(c, [1, 1, 4], size=(30, 3)) for c in centres]), 3)
words = np.array(["red", "green", "blue"])
group = np.repeat([0, 1, 2], 30)
first = words[np.where(rng.random(90) < 0.85, group, rng.integers(0, 3, 90))]
second = np.where(rng.random(90) < 0.5, "yes", "no")
z = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
mixed = np.empty((90, 5), dtype=object)
mixed[:, :3] = z
mixed[:, 3] = first
mixed[:, 4] = second


def prototypes(k):
    model = KPrototypes(n_clusters=k, init="Cao", gamma=0.5, n_init=30, random_state=0)
    return float(model.fit(mixed, categorical=[3, 4]).cost_)


print(json.dumps({
    "numbers": numbers.tolist(),
    "categories": [[str(a), str(b)] for a, b in zip(first, second)],
    "kmeans": [float(KMeans(k, n_init=50, random_state=0).fit(z).inertia_) for k in range(1, 7)],
    "kprototypes": [prototypes(k) for k in range(1, 5)],
}))
