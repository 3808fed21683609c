"""One peer on two Parquet files: reads them, computes its drift, prints one line of JSON.
python drift-peers.py evidently|nannyml|whylogs BASELINE CURRENT

What each computes is said at the head of drift.mjs. Seconds are those of reading and computing.
"""
import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, before, after = sys.argv[1:4]
import pandas as pd

if peer == "evidently":
    from evidently import Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset
elif peer == "nannyml":
    import nannyml
else:
    import whylogs
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores
imported = time.perf_counter()
a, b = pd.read_parquet(before), pd.read_parquet(after)
if peer == "evidently":
    report = Report([DataDriftPreset()])
    found = report.run(reference_data=Dataset.from_pandas(a), current_data=Dataset.from_pandas(b))
    found.dict()
elif peer == "nannyml":
    texts = [c for c in a.columns if a[c].dtype.kind not in "if"]
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=list(a.columns), treat_as_categorical=texts, chunk_number=1,
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger"],
        categorical_methods=["jensen_shannon", "chi2", "l_infinity", "hellinger"])
    calculator.fit(a)
    calculator.calculate(b).filter(period="analysis").to_df()
else:
    one, two = whylogs.log(a).view(), whylogs.log(b).view()
    calculate_drift_scores(target_view=two, reference_view=one, with_thresholds=True)
worked = time.perf_counter() - imported
usage = resource.getrusage(resource.RUSAGE_SELF)


def peak_kib():
    """Of this program alone: ru_maxrss may be that of the process it was started from."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return usage.ru_maxrss


print(json.dumps({"seconds": worked, "cpuSeconds": usage.ru_utime + usage.ru_stime,
                  "peakKib": peak_kib()}))
