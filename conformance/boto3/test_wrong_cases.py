"""Every operation that is built, asked wrongly: missing and taken names, states, limits, documents.

The cases are in `support/wrong/`; what only the shape of an input can have wrong is in test_wrong_shapes.py.
"""

from functools import cache

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from wrong_cases import SERVICES, Names, call, clear, misses, operations, prepare, table

# Nothing but the name of the host tells it from ListBuckets, which is what it is answered as.
BY_HOST_ALONE = ("ListDirectoryBuckets",)


@cache
def unchecked(service):
    """A client that sends what it is given."""
    once = {"total_max_attempts": 1}
    config = Config(parameter_validation=False, retries=once, inject_host_prefix=False)
    return boto3.client(service, config=config)


def told(error):
    response = error.response
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    return code, response["ResponseMetadata"]["HTTPStatusCode"], message


def in_its_path(service, operation):
    """No more of an input than its URL needs: what is not built is refused whatever it is sent."""
    shape = unchecked(service).meta.service_model.operation_model(operation).input_shape
    members = shape.members.items() if shape else ()
    return {
        name: "w-none"
        for name, kind in members
        if kind.serialization.get("location") == "uri" or name in shape.required_members and is_telling(kind)
    }


def is_telling(kind):
    # Of two operations whose path is one, the parameter that is needed tells which is meant.
    at = kind.serialization
    return at.get("location") in ("querystring", "header") or at.get("hostLabel")


@pytest.fixture(params=SERVICES)
def prepared(request, account, region):
    names = Names(account, region)
    prepare(request.param, names, unchecked)
    yield request.param, names
    clear(request.param, names, unchecked)


def test_each_is_refused_as_amazon_does(prepared):
    service, names = prepared
    wrong = []
    for case in table(service)["cases"]:
        try:
            answer = call(unchecked(service), case[0], names.fill(case[2]))
        except ClientError as error:
            wrong.append(misses(case, *told(error)))
        else:
            wrong.append(f"{case[0]} ({case[1]}): answered {answer}")
    assert [one for one in wrong if one] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_has_every_operation_that_is_built(service):
    built = []
    for operation in unchecked(service).meta.service_model.operation_names:
        if operation in (*operations(service), *BY_HOST_ALONE):
            continue
        try:
            call(unchecked(service), operation, in_its_path(service, operation))
        except ClientError as error:
            if told(error)[1] == 501:
                continue
        built.append(operation)
    assert built == []


def test_what_is_part_of_a_bucket_is_never_taken_for_the_bucket(names_of_run):
    """A request that lacks the id of a configuration neither makes nor deletes the bucket it is in."""
    s3, bucket = unchecked("s3"), names_of_run.of("bucket")
    for made in (False, True):
        for verb in ("put", "delete"):
            for part in ("analytics", "inventory", "metrics", "intelligent_tiering"):
                with pytest.raises(ClientError) as caught:
                    getattr(s3, f"{verb}_bucket_{part}_configuration")(Bucket=bucket)
                assert told(caught.value)[1] in (400, 405, 501)
        if not made:
            s3.create_bucket(Bucket=bucket)
    s3.head_bucket(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


@pytest.fixture
def names_of_run(account, region):
    return Names(account, region)
