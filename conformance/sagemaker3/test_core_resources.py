"""Resource classes of sagemaker-core: create, get, wait, update, list and delete, as its users do."""

import json

import pytest
from botocore.exceptions import ClientError
from monitoring import ANALYZER, baseline_csv

pytest.importorskip("sagemaker.core")

from sagemaker.core.resources import (  # noqa: E402
    DataQualityJobDefinition,
    Endpoint,
    EndpointConfig,
    Model,
    MonitoringExecution,
    MonitoringSchedule,
    ProcessingJob,
    TransformJob,
)
from sagemaker.core.shapes import (  # noqa: E402
    AppSpecification,
    CaptureOption,
    ContainerDefinition,
    DataCaptureConfig,
    DataQualityAppSpecification,
    DataQualityJobInput,
    DesiredWeightAndCapacity,
    EndpointInput,
    MonitoringClusterConfig,
    MonitoringJobDefinition,
    MonitoringOutput,
    MonitoringOutputConfig,
    MonitoringResources,
    MonitoringS3Output,
    MonitoringScheduleConfig,
    ProcessingClusterConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingOutputConfig,
    ProcessingResources,
    ProcessingS3Input,
    ProcessingS3Output,
    ProcessingStoppingCondition,
    ProductionVariant,
    ScheduleConfig,
    Tag,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)

POLL_SECONDS = 1
WAIT_SECONDS = 60
INPUT = "/opt/ml/processing/input/baseline"
OUTPUT = "/opt/ml/processing/output"


@pytest.fixture(scope="module")
def model(own_role, model_server):
    made = Model.create(
        model_name="core-model",
        primary_container=ContainerDefinition(image=model_server.url, environment={"LEVEL": "3"}),
        execution_role_arn=own_role,
        tags=[Tag(key="team", value="core")],
    )
    yield made
    made.delete()


def variant(weight=1.0):
    return ProductionVariant(
        variant_name="AllTraffic",
        model_name="core-model",
        initial_instance_count=1,
        instance_type="ml.m5.large",
        initial_variant_weight=weight,
    )


@pytest.fixture(scope="module")
def config(model, own_bucket):
    made = EndpointConfig.create(
        endpoint_config_name="core-config",
        production_variants=[variant()],
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            initial_sampling_percentage=100,
            destination_s3_uri=f"s3://{own_bucket}/capture",
            capture_options=[CaptureOption(capture_mode="Input"), CaptureOption(capture_mode="Output")],
        ),
    )
    yield made
    made.delete()


@pytest.fixture(scope="module")
def endpoint(config):
    made = Endpoint.create(endpoint_name="core-endpoint", endpoint_config_name="core-config")
    made.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    yield made
    made.delete()
    made.wait_for_delete(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    with pytest.raises(ClientError) as caught:
        Endpoint.get("core-endpoint")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "Could not find endpoint" in caught.value.response["Error"]["Message"]


def test_a_model_is_what_it_was_created_as(model, own_role, model_server):
    got = Model.get("core-model")
    assert got.model_arn == model.model_arn
    assert got.model_arn.endswith(":model/core-model")
    assert got.execution_role_arn == own_role
    assert got.primary_container.image == model_server.url
    assert got.primary_container.environment == {"LEVEL": "3"}
    assert got.creation_time.tzinfo is not None
    assert "core-model" in [one.model_name for one in Model.get_all(name_contains="core-")]


def test_an_endpoint_answers_and_is_listed(endpoint):
    assert endpoint.endpoint_status == "InService"
    assert endpoint.data_capture_config.current_sampling_percentage == 100
    assert endpoint.production_variants[0].current_instance_count == 1
    answer = endpoint.invoke(body="1,2\n", content_type="text/csv", accept="text/csv")
    assert float(answer.body.read().decode().strip()) == 3
    assert answer.invoked_production_variant == "AllTraffic"
    listed = Endpoint.get_all(name_contains="core-endpoint", status_equals="InService")
    assert [one.endpoint_name for one in listed] == ["core-endpoint"]


def test_an_endpoint_is_updated_in_place(endpoint, model):
    other = EndpointConfig.create(endpoint_config_name="core-other", production_variants=[variant(2.0)])
    try:
        endpoint.endpoint_config_name = "core-other"
        endpoint.update()
        endpoint.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
        assert endpoint.endpoint_config_name == "core-other"
        assert endpoint.production_variants[0].current_weight == 2
        endpoint.endpoint_config_name = "core-config"
        endpoint.update()
        endpoint.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    finally:
        other.delete()


def test_weights_are_updated(endpoint):
    endpoint.update_weights_and_capacities(
        desired_weights_and_capacities=[
            DesiredWeightAndCapacity(variant_name="AllTraffic", desired_weight=0.5)
        ]
    )
    endpoint.wait_for_status("InService", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    assert endpoint.refresh().production_variants[0].current_weight == 0.5


def test_what_is_missing_is_said(model):
    for ask in (
        lambda: Endpoint.get("core-none"),
        lambda: EndpointConfig.get("core-none"),
        lambda: Model.get("core-none"),
        lambda: ProcessingJob.get("core-none"),
        lambda: TransformJob.get("core-none"),
    ):
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    for ask in (
        lambda: MonitoringSchedule.get("core-none"),
        lambda: DataQualityJobDefinition.get("core-none"),
    ):
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_second_of_the_same_name_is_refused(config):
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        EndpointConfig.create(endpoint_config_name="core-config", production_variants=[variant()])


@pytest.fixture(scope="module")
def baseline(own_role, own_bucket, s3):
    s3.put_object(Bucket=own_bucket, Key="train/data.csv", Body=baseline_csv().encode())
    job = ProcessingJob.create(
        processing_job_name="core-baseline",
        role_arn=own_role,
        app_specification=AppSpecification(image_uri=ANALYZER),
        processing_resources=ProcessingResources(
            cluster_config=ProcessingClusterConfig(
                instance_count=1, instance_type="ml.m5.xlarge", volume_size_in_gb=20
            )
        ),
        environment={
            "dataset_format": json.dumps({"csv": {"header": True}}),
            "dataset_source": INPUT,
            "output_path": OUTPUT,
            "publish_cloudwatch_metrics": "Disabled",
        },
        processing_inputs=[
            ProcessingInput(
                input_name="baseline",
                s3_input=ProcessingS3Input(
                    s3_uri=f"s3://{own_bucket}/train",
                    local_path=INPUT,
                    s3_data_type="S3Prefix",
                    s3_input_mode="File",
                ),
            )
        ],
        processing_output_config=ProcessingOutputConfig(
            outputs=[
                ProcessingOutput(
                    output_name="monitoring_output",
                    s3_output=ProcessingS3Output(
                        s3_uri=f"s3://{own_bucket}/baseline",
                        local_path=OUTPUT,
                        s3_upload_mode="EndOfJob",
                    ),
                )
            ]
        ),
        stopping_condition=ProcessingStoppingCondition(max_runtime_in_seconds=600),
    )
    job.wait(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    return job


def test_a_processing_job_runs_to_its_end(baseline, s3, own_bucket):
    assert baseline.processing_job_status == "Completed"
    assert baseline.exit_message.startswith("Completed")
    assert baseline.processing_end_time >= baseline.processing_start_time
    names = [one.processing_job_name for one in ProcessingJob.get_all(name_contains="core-base")]
    assert names == ["core-baseline"]
    told = s3.get_object(Bucket=own_bucket, Key="baseline/statistics.json")["Body"].read()
    assert {one["name"] for one in json.loads(told)["features"]} == {"total", "a", "b"}


def test_a_transform_job_runs_to_its_end(model, own_bucket, s3):
    s3.put_object(Bucket=own_bucket, Key="rows/one.csv", Body=b"1,2\n3,4\n")
    job = TransformJob.create(
        transform_job_name="core-transform",
        model_name="core-model",
        transform_input=TransformInput(
            data_source=TransformDataSource(
                s3_data_source=TransformS3DataSource(
                    s3_data_type="S3Prefix", s3_uri=f"s3://{own_bucket}/rows"
                )
            ),
            content_type="text/csv",
            split_type="Line",
        ),
        transform_output=TransformOutput(
            s3_output_path=f"s3://{own_bucket}/sums", assemble_with="Line", accept="text/csv"
        ),
        transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    )
    job.wait(poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    assert job.refresh().transform_job_status == "Completed"
    body = s3.get_object(Bucket=own_bucket, Key="sums/one.csv.out")["Body"].read().decode()
    assert [float(line) for line in body.split()] == [3, 7]


def monitoring_output(bucket):
    return MonitoringOutputConfig(
        monitoring_outputs=[
            MonitoringOutput(
                s3_output=MonitoringS3Output(
                    s3_uri=f"s3://{bucket}/reports", local_path=OUTPUT, s3_upload_mode="EndOfJob"
                )
            )
        ]
    )


def machines():
    return MonitoringResources(
        cluster_config=MonitoringClusterConfig(
            instance_count=1, instance_type="ml.m5.xlarge", volume_size_in_gb=20
        )
    )


def test_a_definition_of_data_quality_is_kept(endpoint, own_role, own_bucket):
    made = DataQualityJobDefinition.create(
        job_definition_name="core-definition",
        data_quality_app_specification=DataQualityAppSpecification(image_uri=ANALYZER),
        data_quality_job_input=DataQualityJobInput(
            endpoint_input=EndpointInput(
                endpoint_name="core-endpoint", local_path="/opt/ml/processing/input/endpoint"
            )
        ),
        data_quality_job_output_config=monitoring_output(own_bucket),
        job_resources=machines(),
        role_arn=own_role,
    )
    got = DataQualityJobDefinition.get("core-definition")
    assert got.job_definition_arn.endswith(":data-quality-job-definition/core-definition")
    assert got.data_quality_job_input.endpoint_input.endpoint_name == "core-endpoint"
    listed = DataQualityJobDefinition.get_all(name_contains="core-")
    assert [one.job_definition_name for one in listed] == ["core-definition"]
    made.delete()
    with pytest.raises(ClientError):
        DataQualityJobDefinition.get("core-definition")


def schedule_config(role, bucket, expression):
    return MonitoringScheduleConfig(
        schedule_config=ScheduleConfig(schedule_expression=expression),
        monitoring_job_definition=MonitoringJobDefinition(
            monitoring_inputs=[
                {
                    "endpoint_input": EndpointInput(
                        endpoint_name="core-endpoint", local_path="/opt/ml/processing/input/endpoint"
                    )
                }
            ],
            monitoring_output_config=monitoring_output(bucket),
            monitoring_resources=machines(),
            monitoring_app_specification={"image_uri": ANALYZER},
            role_arn=role,
        ),
    )


def test_a_schedule_starts_stops_and_ends(endpoint, own_role, own_bucket):
    made = MonitoringSchedule.create(
        monitoring_schedule_name="core-hourly",
        monitoring_schedule_config=schedule_config(own_role, own_bucket, "cron(0 * ? * * *)"),
    )
    made.wait_for_status("Scheduled", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    assert made.endpoint_name == "core-endpoint"
    made.stop()
    made.wait_for_status("Stopped", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    made.start()
    made.wait_for_status("Scheduled", poll=POLL_SECONDS, timeout=WAIT_SECONDS)
    daily = schedule_config(own_role, own_bucket, "cron(0 3 ? * * *)")
    made.update(monitoring_schedule_config=daily)
    told = MonitoringSchedule.get("core-hourly").monitoring_schedule_config
    assert told.schedule_config.schedule_expression == "cron(0 3 ? * * *)"
    listed = MonitoringSchedule.get_all(endpoint_name="core-endpoint")
    assert [one.monitoring_schedule_name for one in listed] == ["core-hourly"]
    assert list(MonitoringExecution.get_all(monitoring_schedule_name="core-hourly")) == []
    made.delete()
    with pytest.raises(ClientError):
        MonitoringSchedule.get("core-hourly")
