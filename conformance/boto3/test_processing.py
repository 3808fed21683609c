"""Processing jobs: the built-in baseline analysis, and programs of one's own."""

import json
import sys
import time

import pytest
from monitoring import baseline_csv, baseline_job, json_at
from refusals import refused
from waiting import until

WAITER = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


def run(sagemaker, request):
    """Runs a job to its end and returns its description."""
    name = request["ProcessingJobName"]
    sagemaker.create_processing_job(**request)

    def ended():
        told = sagemaker.describe_processing_job(ProcessingJobName=name)
        return told if told["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return until(ended, 60, what="the end of the job")


def program(name, role, command, bucket, **more):
    return {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {"ImageUri": "modelkeep/process", "ContainerEntrypoint": command},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": f"s3://{bucket}/in",
                    "LocalPath": "/opt/ml/processing/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/out",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        **more,
    }


def test_baseline(sagemaker, s3, bucket, name, role, account, region):
    text = baseline_csv(500)
    s3.put_object(Bucket=bucket, Key="data/train.csv", Body=text)
    request = baseline_job(name, role, f"s3://{bucket}/data", f"s3://{bucket}/baseline")
    request["Tags"] = [{"Key": "k", "Value": "v"}]
    sagemaker.create_processing_job(**request)
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig=WAITER)
    told = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert told["ProcessingJobStatus"] == "Completed", told
    assert told["ProcessingJobArn"] == f"arn:aws:sagemaker:{region}:{account}:processing-job/{name}"
    assert told["ExitMessage"] == "Completed: Job completed successfully with no violations."
    assert told["ProcessingEndTime"] >= told["ProcessingStartTime"]
    assert told["ProcessingInputs"] == request["ProcessingInputs"]
    assert sagemaker.list_tags(ResourceArn=told["ProcessingJobArn"])["Tags"] == request["Tags"]
    listed = sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    assert [job["ProcessingJobStatus"] for job in listed] == ["Completed"]
    check_statistics(json_at(s3, bucket, "baseline/statistics.json"), text)
    constraints = json_at(s3, bucket, "baseline/constraints.json")
    by_name = {feature["name"]: feature for feature in constraints["features"]}
    assert by_name["b"] == {
        "name": "b",
        "inferred_type": "Fractional",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    }
    config = constraints["monitoring_config"]
    assert config["distribution_constraints"]["comparison_method"] == "Robust"
    assert config["datatype_check_threshold"] == 1.0


def check_statistics(statistics, text):
    """Against numpy: population deviation, ten equal buckets, everything present."""
    import io

    import numpy

    table = numpy.genfromtxt(io.StringIO(text), delimiter=",", names=True)
    assert statistics["dataset"]["item_count"] == len(table)
    assert [feature["name"] for feature in statistics["features"]] == ["total", "a", "b"]
    for feature in statistics["features"]:
        column = table[feature["name"]]
        told = feature["numerical_statistics"]
        assert feature["inferred_type"] == "Fractional"
        assert told["common"] == {"num_present": len(column), "num_missing": 0}
        assert told["mean"] == pytest.approx(column.mean(), rel=1e-12)
        assert told["sum"] == pytest.approx(column.sum(), rel=1e-12)
        assert told["std_dev"] == pytest.approx(column.std(), rel=1e-9)
        assert (told["min"], told["max"]) == (column.min(), column.max())
        buckets = told["distribution"]["kll"]["buckets"]
        edges = numpy.linspace(column.min(), column.max(), 11)
        assert [bucket["count"] for bucket in buckets] == list(numpy.histogram(column, edges)[0])


PROGRAM = """
import os, sys
root = os.environ["MODELKEEP_ML_ROOT"] + "/processing"
text = "".join(open(f"{root}/in/{name}").read() for name in ("a.txt", "deep/b.txt"))
os.makedirs(f"{root}/out/x", exist_ok=True)
with open(f"{root}/out/x/told.txt", "w") as told:
    told.write(text + os.environ["GREETING"] + sys.argv[1])
"""


def test_own_program(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    s3.put_object(Bucket=bucket, Key="in/deep/b.txt", Body=b"two")
    s3.put_object(Bucket=bucket, Key="in/run.py", Body=PROGRAM)
    # Where a container would see /opt/ml, the program is shown the folder that stands for it.
    command = [sys.executable, "/opt/ml/processing/in/run.py"]
    request = program(name, role, command, bucket, Environment={"GREETING": " hi "})
    request["AppSpecification"]["ContainerArguments"] = ["argument"]
    told = run(sagemaker, request)
    assert told["ProcessingJobStatus"] == "Completed", told
    got = s3.get_object(Bucket=bucket, Key="out/x/told.txt")["Body"].read()
    assert got == b"onetwo hi argument"


def test_program_that_fails(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    command = [sys.executable, "-c", "import sys; print('why it broke', file=sys.stderr); sys.exit(3)"]
    told = run(sagemaker, program(name, role, command, bucket))
    assert told["ProcessingJobStatus"] == "Failed"
    assert "3" in told["FailureReason"]


def test_missing_input(sagemaker, bucket, name, role):
    told = run(sagemaker, program(name, role, ["true"], bucket))
    assert told["ProcessingJobStatus"] == "Failed"
    assert f"s3://{bucket}/in" in told["FailureReason"]


def test_unknown_image(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    request = program(name, role, ["true"], bucket)
    request["AppSpecification"]["ImageUri"] = "their/own:1"
    told = run(sagemaker, request)
    assert told["ProcessingJobStatus"] == "Failed" and "their/own" in told["FailureReason"]


def test_stop(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    sagemaker.create_processing_job(**program(name, role, ["sleep", "600"], bucket))
    until(
        lambda: "ProcessingStartTime" in sagemaker.describe_processing_job(ProcessingJobName=name),
        what="the start",
    )
    sagemaker.stop_processing_job(ProcessingJobName=name)
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig=WAITER)
    told = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert told["ProcessingJobStatus"] == "Stopped"
    with refused("ValidationException", 400):
        sagemaker.stop_processing_job(ProcessingJobName=name)


def test_out_of_time(sagemaker, s3, bucket, name, role):
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    limit = {"MaxRuntimeInSeconds": 1}
    began = time.monotonic()
    told = run(sagemaker, program(name, role, ["sleep", "600"], bucket, StoppingCondition=limit))
    assert told["ProcessingJobStatus"] in ("Failed", "Stopped") and time.monotonic() - began < 45
    assert "MaxRuntime" in told.get("FailureReason", "") + told.get("ExitMessage", "")


def test_refusals(sagemaker, s3, bucket, name, role):
    with refused("ValidationException", 400, "Could not find requested job"):
        sagemaker.describe_processing_job(ProcessingJobName=name)
    s3.put_object(Bucket=bucket, Key="in/a.txt", Body=b"one")
    request = program(name, role, ["true"], bucket)
    run(sagemaker, request)
    with refused("ResourceInUse", 400, "already exists"):
        sagemaker.create_processing_job(**request)
    escaping = json.loads(json.dumps(request))
    escaping["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/../../etc"
    with refused("ValidationException", 400, "localPath"):
        sagemaker.create_processing_job(**{**escaping, "ProcessingJobName": name + "-x"})
