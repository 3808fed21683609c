"""MLflow's deployment client for SageMaker: create, predict, update, delete, and batches by transform jobs.

The endpoints run MLflow's own scoring server, from the archive that MLflow uploads.
"""

import json
import shutil
import sys
import uuid
from pathlib import Path

import boto3
import pytest

mlflow = pytest.importorskip("mlflow")

from mlflow.deployments import get_deploy_client  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import Model  # noqa: E402
from mlflow.sagemaker import deploy_transform_job  # noqa: E402

ONNX = Path(__file__).resolve().parents[1] / "models" / "sum.onnx"
PROCESS = "modelkeep/process"
DEPLOY_SECONDS = 120
SERVE = (
    "import os, uvicorn; uvicorn.run('mlflow.pyfunc.scoring_server.app:app', host='127.0.0.1', "
    "port=int(os.environ['SAGEMAKER_BIND_TO_PORT']), log_level='warning')"
)
CODE = """
import mlflow

class Scaled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [float(total) * {factor} for total in model_input.sum(axis=1)]

mlflow.models.set_model(Scaled())
"""


def saved(folder, factor):
    """The path of a model that multiplies each row's sum."""
    folder.mkdir()
    code = folder / "scaled.py"
    code.write_text(CODE.format(factor=factor))
    path = folder / "model"
    # The requirements are named, or MLflow would start a process to find them out.
    mlflow.pyfunc.save_model(path=str(path), python_model=str(code), pip_requirements=["mlflow"])
    return str(path)


@pytest.fixture(scope="module")
def target(region):
    return f"sagemaker:/{region}"


@pytest.fixture(scope="module")
def settings(own_role, own_bucket):
    return {
        "execution_role_arn": own_role,
        "bucket": own_bucket,
        "image_url": PROCESS,
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "timeout_seconds": DEPLOY_SECONDS,
        "env": {
            "MODELKEEP_COMMAND": json.dumps([sys.executable, "-c", SERVE]),
            "__pyfunc_model_path__": "/opt/ml/model",
            # Its import of git would look for the program.
            "GIT_PYTHON_REFRESH": "quiet",
        },
        "tags": {"team": "risk"},
    }


@pytest.fixture(scope="module")
def sagemaker_client():
    return boto3.client("sagemaker")


def models_of(sagemaker_client, name):
    told = sagemaker_client.list_models(NameContains=f"{name}-model-")["Models"]
    return [one["ModelName"] for one in told]


def test_a_deployment_from_its_creation_to_its_end(
    target, settings, sagemaker_client, s3, own_bucket, tmp_path
):
    client = get_deploy_client(target)
    name = f"mlflow-{uuid.uuid4().hex[:8]}"
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{own_bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    doubled = saved(tmp_path / "doubled", 2)
    made = client.create_deployment(
        name, doubled, config={**settings, "data_capture_config": capture}
    )
    assert made == {"name": name, "flavor": "python_function"}

    rows = [[1.0, 2.0], [3.0, 4.0]]
    assert client.predict(name, rows)["predictions"] == [6.0, 14.0]

    told = client.get_deployment(name)
    assert told["EndpointStatus"] == "InService"
    assert told["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert name in [one["EndpointName"] for one in client.list_deployments()]
    tags = sagemaker_client.list_tags(ResourceArn=told["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "risk"} in tags
    assert {"Key": "app_name", "Value": name} in tags
    with pytest.raises(MlflowException, match="already exists"):
        client.create_deployment(name, doubled, config=settings)

    [old] = models_of(sagemaker_client, name)
    tripled = saved(tmp_path / "tripled", 3)
    client.update_deployment(name, tripled, config={**settings, "mode": "replace"})
    assert client.predict(name, rows)["predictions"] == [9.0, 21.0]
    [new] = models_of(sagemaker_client, name)
    assert new != old

    client.delete_deployment(name, config={"timeout_seconds": DEPLOY_SECONDS})
    assert models_of(sagemaker_client, name) == []
    left = s3.list_objects_v2(Bucket=own_bucket, Prefix=f"{name}-model-")
    assert left["KeyCount"] == 0
    with pytest.raises(MlflowException, match="Could not find"):
        client.get_deployment(name)


def test_a_model_that_does_not_start_is_told(target, settings, sagemaker_client, tmp_path):
    client = get_deploy_client(target)
    name = f"mlflow-{uuid.uuid4().hex[:8]}"
    config = {**settings, "env": {"MODELKEEP_COMMAND": json.dumps([sys.executable, "-c", "exit(3)"])}}
    with pytest.raises(MlflowException, match="failed with the following error message"):
        client.create_deployment(name, saved(tmp_path / "broken", 1), config=config)
    assert client.get_deployment(name)["EndpointStatus"] == "Failed"
    client.delete_deployment(name, config={"timeout_seconds": DEPLOY_SECONDS})
    assert models_of(sagemaker_client, name) == []


def test_a_role_is_assumed_for_the_calls(target, client):
    iam = client("iam")
    name = f"mlflow-{uuid.uuid4().hex[:8]}"
    me = client("sts").get_caller_identity()["Arn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": me}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sagemaker:ListEndpoints", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="list", PolicyDocument=json.dumps(rights))
    deployments = get_deploy_client(f"{target}/{role['Arn']}")
    try:
        assert isinstance(deployments.list_deployments(), list)
        with pytest.raises(MlflowException, match="not authorized to perform: sagemaker:DescribeEndpoint"):
            deployments.get_deployment("none")
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="list")
        iam.delete_role(RoleName=name)


def test_a_batch_is_transformed(own_role, own_bucket, s3, region, sagemaker_client, tmp_path):
    name = f"mlflow-{uuid.uuid4().hex[:8]}"
    s3.put_object(Bucket=own_bucket, Key="batch/rows.csv", Body=b"1,2,3\n0,0,0\n")
    model = Model()
    model.add_flavor("python_function", loader_module="mlflow.onnx", data="model.onnx")
    model.save(str(tmp_path / "MLmodel"))
    shutil.copy(ONNX, tmp_path / "model.onnx")
    deploy_transform_job(
        name,
        model_uri=str(tmp_path),
        s3_input_data_type="S3Prefix",
        s3_input_uri=f"s3://{own_bucket}/batch/",
        content_type="text/csv",
        s3_output_path=f"s3://{own_bucket}/scores",
        split_type="Line",
        assemble_with="Line",
        accept="text/csv",
        execution_role_arn=own_role,
        bucket=own_bucket,
        image_url="modelkeep/onnx",
        region_name=region,
        instance_type="ml.m5.large",
        timeout_seconds=DEPLOY_SECONDS,
        archive=True,
    )
    told = sagemaker_client.describe_transform_job(TransformJobName=name)
    assert told["TransformJobStatus"] == "Completed"
    body = s3.get_object(Bucket=own_bucket, Key="scores/rows.csv.out")["Body"].read().decode()
    assert [float(line) for line in body.split()] == [14.5, 0.5]
    sagemaker_client.delete_model(ModelName=told["ModelName"])
