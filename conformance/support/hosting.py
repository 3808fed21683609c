"""Makes models and endpoints, and takes them away again. Every name starts with the test's own."""

import io
import tarfile
import uuid
from contextlib import contextmanager

from botocore.exceptions import ClientError

WAITER = {"Delay": 1, "MaxAttempts": 60}


def archive_of(**files):
    """A .tar.gz of texts or bytes by file name; `__` in a name stands for a dot."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, body in files.items():
            data = body.encode() if isinstance(body, str) else body
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def variant(model, name="AllTraffic", **more):
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
        **more,
    }


class Hosting:
    def __init__(self, sagemaker, role):
        self.sagemaker = sagemaker
        self.role = role
        self.models, self.configs, self.endpoints = [], [], []

    def name(self):
        return f"c-{uuid.uuid4().hex[:12]}"

    def model(self, image, **container):
        name = self.name()
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            PrimaryContainer={"Image": image, **container},
        )
        self.models.append(name)
        return name

    def config(self, *variants, **more):
        name = self.name()
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants), **more
        )
        self.configs.append(name)
        return name

    def endpoint(self, config, wait=True):
        name = self.name()
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.endpoints.append(name)
        if wait:
            self.in_service(name)
        return name

    def in_service(self, name):
        waiter = self.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=name, WaiterConfig=WAITER)

    def serve(self, image, capture=None, **container):
        """An endpoint of one variant, in service."""
        more = {} if capture is None else {"DataCaptureConfig": capture}
        return self.endpoint(self.config(variant(self.model(image, **container)), **more))

    def delete_endpoint(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        waiter = self.sagemaker.get_waiter("endpoint_deleted")
        waiter.wait(EndpointName=name, WaiterConfig=WAITER)
        if name in self.endpoints:
            self.endpoints.remove(name)

    def clear(self):
        for name in list(self.endpoints):
            try:
                self.delete_endpoint(name)
            except ClientError as error:
                # A test may have deleted it itself; anything else is worth knowing.
                if "Could not find" not in str(error):
                    raise
        for name in self.configs:
            self.sagemaker.delete_endpoint_config(EndpointConfigName=name)
        for name in self.models:
            self.sagemaker.delete_model(ModelName=name)


@contextmanager
def hosting(sagemaker, role):
    made = Hosting(sagemaker, role)
    try:
        yield made
    finally:
        made.clear()


def capture_to(uri, percent=100, **types):
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": uri,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
            **types,
        },
    }


def captured(s3, bucket, prefix):
    """Every captured record below a prefix as (key, parsed line), in order of keys."""
    import json

    records = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            records += [(entry["Key"], json.loads(line)) for line in body.splitlines()]
    return records
