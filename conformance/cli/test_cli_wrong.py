"""The first case of every operation in `support/wrong/`, by the AWS command line: the code it complains with.

What is refused in other places of each operation is tested with boto3; here it is that the command line
understands the refusals of each service.
"""

import base64
import json
from functools import cache
from unittest.mock import patch

import boto3
import pytest
from botocore import xform_name
from botocore.loaders import create_loader
from commands import aws_here
from wrong_cases import SERVICES, Names, clear, prepare, table

REFUSED = 255
# Commands that the command line has under another name, or hides behind one of its own.
NAMES = {"cloudwatch": "cloudwatch", "s3": "s3api"}
# Bodies come from files or lie in streams, which the JSON of an input has no place for.
UNSAYABLE = {
    ("sagemaker-runtime", "InvokeEndpoint"),
    ("sagemaker-runtime", "InvokeEndpointWithResponseStream"),
    # The command line asks for the file of the picture before anything else.
    ("iam", "CreateVirtualMFADevice"),
    ("s3", "PutObject"),
    ("s3", "UploadPart"),
    ("s3", "GetObject"),
}
# Half the time of a command goes into reading the models of the services: they are read once.
read_once = cache(create_loader)


def first_cases(service):
    seen = {}
    for case in table(service)["cases"]:
        if (service, case[0]) not in UNSAYABLE:
            seen.setdefault(case[0], case)
    return seen.values()


def as_text(value):
    return base64.b64encode(value).decode()


@pytest.fixture
def lax(tmp_path):
    """The environment of a command line that sends what it is given."""
    config = tmp_path / "config"
    config.write_text("[default]\nparameter_validation = false\ncli_binary_format = base64\n")
    return {"AWS_CONFIG_FILE": str(config)}


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "sagemaker-runtime"])
def test_the_first_of_each(service, account, region, lax, url):
    names = Names(account, region)
    prepare(service, names, boto3.client)
    wrong = []
    with patch("botocore.session.create_loader", read_once):
        for operation, what, arguments, codes, *_ in first_cases(service):
            given = json.dumps(names.fill(arguments), default=as_text)
            words = (NAMES.get(service, service), xform_name(operation, "-"))
            end = ("--endpoint-url", url, "--no-paginate")
            told = aws_here(*words, "--cli-input-json", given, *end, status=REFUSED, env=lax)
            codes = [codes] if isinstance(codes, str) else codes
            if not any(f"({code})" in told for code in codes):
                wrong.append((operation, what, codes, told))
    clear(service, names, boto3.client)
    assert wrong == []
