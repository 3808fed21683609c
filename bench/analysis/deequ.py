"""Deequ's analyzers over one file on local Spark, for bench/baseline.mjs.

    python deequ.py parquet|csv PATH

Every column gets what suggest-baseline computes of it: completeness, how many are distinct, the
kinds of its cells, and of numbers mean, sum, extremes, deviation and the KLL sketch, all in one run.
Prints one line of JSON: seconds and metrics of each of two rounds. Starting Spark and opening the
file are not counted.
"""

import json
import os
import sys
import time

os.environ["SPARK_VERSION"] = "3.5"
import pydeequ  # noqa: E402
from pydeequ.analyzers import (  # noqa: E402
    AnalysisRunner,
    ApproxCountDistinct,
    Completeness,
    DataType,
    KLLParameters,
    KLLSketch,
    Maximum,
    Mean,
    Minimum,
    Size,
    StandardDeviation,
    Sum,
)
from pyspark.sql import SparkSession  # noqa: E402

kind, path = sys.argv[1:3]
# As what it is compared with: analyses yield to other work.
os.nice(10)
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.driver.memory", "3g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.jars.packages", pydeequ.deequ_maven_coord)
    .config("spark.jars.excludes", pydeequ.f2j_maven_coord)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
# The types are told, as a Parquet file tells them: Spark would read a CSV twice to find them.
names = [f"f{i}" for i in range(20)]
texts = {f"f{i}" for i in range(15, 20)}
schema = ", ".join(f"{name} {'string' if name in texts else 'double'}" for name in names)
frame = (
    spark.read.parquet(path)
    if kind == "parquet"
    else spark.read.schema(schema).option("header", "true").csv(path)
)
rounds = []
for _ in range(2):
    started = time.time()
    run = AnalysisRunner(spark).onData(frame).addAnalyzer(Size())
    for name in names:
        run = run.addAnalyzer(Completeness(name)).addAnalyzer(ApproxCountDistinct(name))
        run = run.addAnalyzer(DataType(name))
        if name in texts:
            continue
        for analyzer in (Mean, Sum, Minimum, Maximum, StandardDeviation):
            run = run.addAnalyzer(analyzer(name))
        run = run.addAnalyzer(KLLSketch(name, KLLParameters(spark, 2048, 0.64, 10)))
    result = run.run()
    # Size is among the metrics.
    metrics = result.metricMap()
    seconds = time.time() - started
    rounds.append({"seconds": seconds, "metrics": metrics.size()})
    if seconds > 120:
        break
print(json.dumps({"rounds": rounds}))
spark.stop()
