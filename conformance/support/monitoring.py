"""What a monitoring test needs: the analyzer's image, a baseline job, traffic, a waiting."""

import io
import json
import random

from waiting import until

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ENDED = ("Completed", "CompletedWithViolations", "Failed", "Stopped")
RUN_SECONDS = 60


def rows_of(count, seed, shift=0.0):
    """Rows of total, a, b and kind, as texts; `total` is a + b, as the model server answers."""
    chance = random.Random(seed)
    for _ in range(count):
        a, b = round(chance.gauss(10 + shift, 2), 4), round(chance.uniform(0, 5), 4)
        yield [repr(a + b), repr(a), repr(b)]


def baseline_csv(count=500, seed=1):
    text = io.StringIO()
    text.write("total,a,b\n")
    for row in rows_of(count, seed):
        text.write(",".join(row) + "\n")
    return text.getvalue()


def baseline_job(name, role, data_uri, output_uri, **environment):
    """The request that the SageMaker SDK makes for `suggest_baseline`."""
    return {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {"ImageUri": ANALYZER},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        "Environment": {
            "dataset_format": json.dumps({"csv": {"header": True, "output_columns_position": "START"}}),
            "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
            "output_path": "/opt/ml/processing/output",
            "publish_cloudwatch_metrics": "Disabled",
            **environment,
        },
        "ProcessingInputs": [
            {
                "InputName": "baseline_dataset_input",
                "S3Input": {
                    "S3Uri": data_uri,
                    "LocalPath": "/opt/ml/processing/input/baseline_dataset_input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3CompressionType": "None",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {
                        "S3Uri": output_uri,
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def schedule_config(endpoint, role, bucket, expression="NOW", baseline=True, **environment):
    """An inline data-quality definition; NOW looks at the last hour."""
    schedule = {"ScheduleExpression": expression}
    if expression == "NOW":
        schedule |= {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    definition = {
        "MonitoringInputs": [
            {
                "EndpointInput": {
                    "EndpointName": endpoint,
                    "LocalPath": "/opt/ml/processing/input/endpoint",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "FullyReplicated",
                }
            }
        ],
        "MonitoringOutputConfig": {
            "MonitoringOutputs": [
                {
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/reports",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    }
                }
            ]
        },
        "MonitoringResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        "MonitoringAppSpecification": {"ImageUri": ANALYZER},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "RoleArn": role,
    }
    if environment:
        definition["Environment"] = environment
    if baseline:
        definition["BaselineConfig"] = {
            "ConstraintsResource": {"S3Uri": f"s3://{bucket}/baseline/constraints.json"},
            "StatisticsResource": {"S3Uri": f"s3://{bucket}/baseline/statistics.json"},
        }
    return {"ScheduleConfig": schedule, "MonitoringJobDefinition": definition}


def json_at(s3, bucket, key):
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def execution_of(sagemaker, schedule, seconds=RUN_SECONDS):
    """The schedule's latest execution, when it has ended."""

    def ended():
        told = sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule)
        latest = told["MonitoringExecutionSummaries"][:1]
        return latest[0] if latest and latest[0]["MonitoringExecutionStatus"] in ENDED else None

    return until(ended, seconds, what="the end of the execution")
