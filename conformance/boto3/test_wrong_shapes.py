"""Inputs that break the rules of the clients' own models, in each place in turn, for every operation.

What is missing, of the wrong kind, too long, too short, too many, out of range, no word of the list, against
the pattern: refused before anything else is looked at, in the words of the service.
"""

import json
from functools import cache
from itertools import chain

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from wrong_cases import SERVICES, operations
from wrong_shapes import Sparing, of_other_kind, out_of_rules, right, without_required

# Of services that check values themselves the cases in `support/wrong/` are told apart one by one.
OWN_RULES = {"s3", "sqs", "sagemaker-runtime"}
MISSING = {"cloudwatch": "MissingParameter", "sqs": "MissingParameter"}
INVALID = {
    "cloudwatch": "ValidationError",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "sns": "ValidationError",
    "sts": "ValidationError",
}
# Given by the service after the rules of the shape; there is nothing of a shape to break in them.
LATER = {
    ("kms", "CreateGrant", "GranteePrincipal"),
    ("kms", "ListRetirableGrants", "RetiringPrincipal"),
}
BODIES = (b"{", b"[]", b"null", b'"x"', b"\xff\xfe")


@cache
def unchecked(service):
    """A client that sends what it is given."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return boto3.client(service, config=config)


def shape_of(service, operation):
    return unchecked(service).meta.service_model.operation_model(operation).input_shape


def speaks(service, protocol):
    return unchecked(service).meta.service_model.resolved_protocol == protocol


def answer_to(service, operation, arguments):
    """Code, status and message of the refusal."""
    try:
        getattr(unchecked(service), xform_name(operation))(**arguments)
    except ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return response["Error"]["Code"], status, response["Error"].get("Message", "")
    return "none", 200, ""


def replacing(service, body):
    """While it is entered, what the service is sent is this body."""

    class Replacing:
        def __enter__(self):
            unchecked(service).meta.events.register(f"before-call.{service}", self.put)

        def __exit__(self, *_):
            unchecked(service).meta.events.unregister(f"before-call.{service}", self.put)

        def put(self, params, **_):
            params["body"] = body

    return Replacing()


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in OWN_RULES])
def test_values_against_the_rules(service):
    wrong, sparing = [], Sparing(6)
    for operation in operations(service):
        shape = shape_of(service, operation)
        for member, arguments in out_of_rules(shape) if shape else ():
            if not sparing.lets(shape.members[member].name):
                continue
            code, status, message = answer_to(service, operation, arguments)
            says = f"at '{member[0].lower()}{member[1:]}"
            if (code, status) != (INVALID.get(service, "ValidationException"), 400) or (
                says.lower() not in message.lower() or "failed to satisfy constraint" not in message
            ):
                wrong.append((operation, member, code, status, message))
    assert wrong == []
    assert sparing.seen


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in ("s3", "sagemaker-runtime")])
def test_what_is_required_and_missing(service):
    wrong = []
    for operation in operations(service):
        shape = shape_of(service, operation)
        for member, arguments in without_required(shape) if shape else ():
            if (service, operation, member) in LATER:
                continue
            code, status, message = answer_to(service, operation, arguments)
            usual = INVALID.get(service, "ValidationException")
            # SQS calls lists as the query protocol did.
            says = "must contain the parameter" if service == "sqs" else member.lower()
            if (code, status) != (MISSING.get(service, usual), 400) or says not in message.lower():
                wrong.append((operation, member, code, status, message))
    assert wrong == []


@pytest.mark.parametrize("service", [name for name in SERVICES if speaks(name, "json")])
def test_json_of_another_kind(service):
    wrong, sparing = [], Sparing()
    for operation in operations(service):
        shape = shape_of(service, operation)
        usual = right(shape) if shape else {}
        bodies = [
            json.dumps({**usual, name: of_other_kind(member)}, default=lambda _: "eA==").encode()
            for name, member in (shape.members.items() if shape else ())
            if sparing.lets(member.name)
        ]
        for body in chain(bodies, BODIES if operation == operations(service)[0] else ()):
            with replacing(service, body):
                code, status, _ = answer_to(service, operation, {})
            if (code, status) != ("SerializationException", 400):
                wrong.append((operation, body, code, status))
    assert wrong == []


@pytest.mark.parametrize("service", [name for name in SERVICES if speaks(name, "query")])
def test_forms_with_words_for_numbers(service):
    kinds = ("integer", "long", "boolean", "timestamp", "float", "double")
    wrong, sparing = [], Sparing()
    for operation in operations(service):
        shape = shape_of(service, operation)
        for name, member in shape.members.items() if shape else ():
            if member.type_name not in kinds or not sparing.lets(name):
                continue
            body = {"Action": operation, "Version": shape_version(service), name: "w-none"}
            with replacing(service, body):
                code, status, message = answer_to(service, operation, right(shape))
            if (code, status) != ("MalformedInput", 400) or name not in message:
                wrong.append((operation, name, code, status, message))
    assert wrong == []


def shape_version(service):
    return unchecked(service).meta.service_model.api_version


def test_a_query_parameter_of_another_kind():
    for operation, name in (("list_objects_v2", "MaxKeys"), ("list_parts", "PartNumberMarker")):
        arguments = {"Bucket": "w-none-bucket", name: "none"}
        if operation == "list_parts":
            arguments |= {"Key": "k", "UploadId": "u"}
        with pytest.raises(ClientError) as caught:
            getattr(unchecked("s3"), operation)(**arguments)
        assert caught.value.response["Error"]["Code"] == "InvalidArgument"
