"""What suites share: clients, and keys and people that go when a test ends."""

import pytest
from iam import People
from kms import Keys


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


@pytest.fixture(scope="module")
def kms(client):
    return client("kms")


@pytest.fixture
def keys(kms):
    made = Keys(kms)
    yield made
    made.clear()


@pytest.fixture
def people(iam):
    made = People(iam)
    yield made
    made.clear()
