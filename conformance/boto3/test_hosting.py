"""Models, endpoint configurations and endpoints: the control plane."""


import pytest
from botocore.exceptions import WaiterError
from hosting import capture_to, hosting, variant
from refusals import refused
from waiting import until


@pytest.fixture(scope="module")
def sagemaker(client):
    return client("sagemaker")


@pytest.fixture
def host(sagemaker, role):
    with hosting(sagemaker, role) as made:
        yield made


def test_life_of_a_model(sagemaker, name, role, account, region):
    made = sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=role,
        PrimaryContainer={
            "Image": "http://127.0.0.1:1/",
            "Environment": {"A": "1"},
            "ModelDataUrl": "s3://bucket/model.tar.gz",
        },
        Tags=[{"Key": "k", "Value": "v"}],
    )
    arn = made["ModelArn"]
    assert arn == f"arn:aws:sagemaker:{region}:{account}:model/{name}"
    told = sagemaker.describe_model(ModelName=name)
    assert told["PrimaryContainer"]["Image"] == "http://127.0.0.1:1/"
    assert told["PrimaryContainer"]["Environment"] == {"A": "1"}
    assert told["ExecutionRoleArn"] == role and told["ModelArn"] == arn
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    added = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    assert {"Key": "l", "Value": "w"} in added["Tags"]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["k"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "l", "Value": "w"}]
    with refused("ValidationException", 400, "Cannot create already existing model"):
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "http://127.0.0.1:1/"}
        )
    sagemaker.delete_model(ModelName=name)
    with refused("ValidationException", 400, "Could not find model"):
        sagemaker.describe_model(ModelName=name)
    with refused("ValidationException", 400, "Could not find model"):
        sagemaker.delete_model(ModelName=name)


def test_listing_models(sagemaker, host):
    made = [host.model("http://127.0.0.1:1/") for _ in range(3)]
    pages = sagemaker.get_paginator("list_models").paginate(
        NameContains="c-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    assert sorted(made) == [n for n in names if n in made]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "wrong", ["-dash", "under_score", "x" * 64], ids=["leading dash", "underscore", "too long"]
)
def test_wrong_names(sagemaker, role, wrong):
    with refused("ValidationException", 400, "modelName"):
        sagemaker.create_model(
            ModelName=wrong, ExecutionRoleArn=role, PrimaryContainer={"Image": "http://127.0.0.1:1/"}
        )


def test_what_a_model_cannot_be(sagemaker, role, name):
    with refused("ValidationException", 400):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role)
    with refused("NotImplemented", 501):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": "i", "Mode": "MultiModel", "ModelDataUrl": "s3://b/k"},
        )


def test_life_of_a_config(sagemaker, host, name, account, region):
    model = host.model("http://127.0.0.1:1/")
    made = sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant(model)],
        DataCaptureConfig=capture_to("s3://bucket/capture", 30),
    )
    assert made["EndpointConfigArn"] == f"arn:aws:sagemaker:{region}:{account}:endpoint-config/{name}"
    told = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert told["ProductionVariants"][0]["ModelName"] == model
    assert told["DataCaptureConfig"]["InitialSamplingPercentage"] == 30
    listed = sagemaker.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    assert [entry["EndpointConfigName"] for entry in listed] == [name]
    with refused("ValidationException", 400, "already existing"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(model)])
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    with refused("ValidationException", 400, "Could not find"):
        sagemaker.describe_endpoint_config(EndpointConfigName=name)


def test_config_refusals(sagemaker, host, name):
    model = host.model("http://127.0.0.1:1/")
    with refused("ValidationException", 400, "Could not find model"):
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant("absent-" + name)]
        )
    with refused("ValidationException", 400):
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant(model), variant(model)]
        )
    with refused("NotImplemented", 501):
        serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {"VariantName": "v", "ModelName": model, "ServerlessConfig": serverless}
            ],
        )


def test_life_of_an_endpoint(sagemaker, host, model_server, account, region):
    config = host.config(variant(host.model(model_server.url)))
    name = host.endpoint(config, wait=False)
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] in ("Creating", "InService")
    host.in_service(name)
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointArn"] == f"arn:aws:sagemaker:{region}:{account}:endpoint/{name}"
    assert told["EndpointConfigName"] == config
    [running] = told["ProductionVariants"]
    assert running["VariantName"] == "AllTraffic" and running["CurrentWeight"] == 1
    assert running["CurrentInstanceCount"] == running["DesiredInstanceCount"] == 1
    assert model_server.pings > 0
    listed = sagemaker.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
    assert [entry["EndpointName"] for entry in listed] == [name]
    with refused("ValidationException", 400, "Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    host.delete_endpoint(name)
    with refused("ValidationException", 400, "Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName=name)


def test_endpoint_refusals(sagemaker, host, name):
    with refused("ValidationException", 400, "Could not find"):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="absent-" + name)
    with refused("ValidationException", 400, "Could not find endpoint"):
        sagemaker.delete_endpoint(EndpointName=name)
    with refused("ValidationException", 400, "Could not find endpoint"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="absent-" + name)


def test_an_unknown_image_fails_with_a_reason(sagemaker, host):
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/their/own:1"
    name = host.endpoint(host.config(variant(host.model(image))), wait=False)
    with pytest.raises(WaiterError):
        host.in_service(name)
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointStatus"] == "Failed" and image in told["FailureReason"]
    assert "images" in told["FailureReason"]


def test_a_missing_archive_fails_with_a_reason(sagemaker, host, bucket):
    config = host.config(
        variant(host.model("modelkeep/process", ModelDataUrl=f"s3://{bucket}/absent.tar.gz", Environment={"MODELKEEP_COMMAND": "true"}))
    )
    name = host.endpoint(config, wait=False)
    with pytest.raises(WaiterError):
        host.in_service(name)
    assert "absent.tar.gz" in sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]


def test_link_local_addresses_are_never_reached(sagemaker, host):
    name = host.endpoint(host.config(variant(host.model("http://169.254.169.254/"))), wait=False)
    with pytest.raises(WaiterError):
        host.in_service(name)
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Failed"


def test_update(sagemaker, client, host, model_server, bucket):
    first = host.config(variant(host.model(model_server.url)))
    second = host.config(
        variant(host.model(model_server.url), name="Next"),
        DataCaptureConfig=capture_to(f"s3://{bucket}/capture"),
    )
    name = host.endpoint(first)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    host.in_service(name)
    told = sagemaker.describe_endpoint(EndpointName=name)
    assert told["EndpointConfigName"] == second
    assert [v["VariantName"] for v in told["ProductionVariants"]] == ["Next"]
    assert told["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/capture",
        "KmsKeyId": "",
    }
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=b"1,2"
    )
    assert answer["InvokedProductionVariant"] == "Next"


def test_a_failed_update_rolls_back(sagemaker, client, host, model_server):
    first = host.config(variant(host.model(model_server.url)))
    broken = host.config(variant(host.model("no/such:image")))
    name = host.endpoint(first)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)

    def settled():
        told = sagemaker.describe_endpoint(EndpointName=name)
        return told if told["EndpointStatus"] not in ("Updating", "RollingBack") else None

    told = until(settled, 60, what="the roll-back")
    assert told["EndpointStatus"] == "InService" and "no/such" in told["FailureReason"]
    assert told["EndpointConfigName"] == first
    runtime = client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    assert answer["Body"].read() == b"3.0"


def test_weights(sagemaker, client, host, model_server):
    model = host.model(model_server.url)
    name = host.endpoint(host.config(variant(model, "A"), variant(model, "B", InitialVariantWeight=0)))
    runtime = client("sagemaker-runtime")

    def chosen():
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1")
        return answer["InvokedProductionVariant"]

    assert {chosen() for _ in range(20)} == {"A"}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 0},
            {"VariantName": "B", "DesiredWeight": 3},
        ],
    )
    host.in_service(name)
    assert {chosen() for _ in range(20)} == {"B"}
    weights = {
        v["VariantName"]: v["CurrentWeight"]
        for v in sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    }
    assert weights == {"A": 0, "B": 3}
    with refused("ValidationException", 400):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "C", "DesiredWeight": 1}]
        )


def test_deleting_a_model_leaves_its_endpoint(sagemaker, client, host, model_server):
    model = host.model(model_server.url)
    config = host.config(variant(model))
    name = host.endpoint(config)
    sagemaker.delete_model(ModelName=model)
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    host.models.remove(model)
    host.configs.remove(config)
    runtime = client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    assert answer["Body"].read() == b"3.0"


def test_capture_refusals(host, name, sagemaker):
    model = host.model("http://127.0.0.1:1/")
    for broken in (
        {**capture_to("s3://bucket/x"), "InitialSamplingPercentage": 101},
        {**capture_to("not a uri")},
    ):
        with refused("ValidationException", 400, "dataCaptureConfig"):
            sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[variant(model)], DataCaptureConfig=broken
            )
