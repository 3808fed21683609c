"""Evidently's default verdicts on pairs of CSV files, one line of JSON for each line of standard
input: {"reference": PATH, "windows": PATH}, where the column `window` numbers the windows.
Answers a list with the number of columns that drifted in each window.
"""
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

for line in sys.stdin:
    job = json.loads(line)
    reference = pd.read_csv(job["reference"])
    windows = pd.read_csv(job["windows"])
    texts = [c for c in reference.columns if reference[c].dtype == object]
    numbers = [c for c in reference.columns if c not in texts]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    whole = Dataset.from_pandas(reference, data_definition=definition)
    counts = []
    for _, window in windows.groupby("window"):
        current = Dataset.from_pandas(window.drop(columns="window"), data_definition=definition)
        found = Report([DataDriftPreset()]).run(reference_data=whole, current_data=current).dict()
        drifted = [m for m in found["metrics"] if m["metric_name"].startswith("DriftedColumns")]
        counts.append(int(drifted[0]["value"]["count"]))
    print(json.dumps(counts), flush=True)
