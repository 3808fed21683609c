"""What the suites of managed keys share: a client, keys and people that go when a test ends."""

import pytest
from iam import People
from kms import Keys


@pytest.fixture(scope="module")
def kms(client):
    return client("kms")


@pytest.fixture
def keys(kms):
    made = Keys(kms)
    yield made
    made.clear()


@pytest.fixture
def people(client):
    made = People(client("iam"))
    yield made
    made.clear()
