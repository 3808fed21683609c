"""A data plane in processes of its own: found by the environment, and as strict as the server."""

import boto3
import pytest
from botocore.config import Config
from buckets import new_bucket
from hosting import capture_to, captured, hosting, variant
from iam import People, allow, document
from refusals import refused
from roles import RoleManager
from servers import Server
from waiting import until

FLAGS = ("--data-plane-processes", "2", "--data-plane-port", "0", "--capture-flush-seconds", "1")
# So many that each process has some.
CLIENTS = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("plane") / "data"
    made = Server(data, *FLAGS, "--log-level", "warn").start()
    yield made
    assert made.stop() == 0


@pytest.fixture
def client(server, monkeypatch):
    """Clients that know no more than what `modelkeep env` prints."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)

    def make(service, key=None):
        credentials = (
            {}
            if key is None
            else {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"],
            }
        )
        config = Config(retries={"total_max_attempts": 1})
        return boto3.Session(**credentials).client(service, config=config)

    return make


@pytest.fixture
def bucket(client):
    return new_bucket(client("s3"))


@pytest.fixture
def host(server, client, bucket):
    role = RoleManager(server.url, boto3.Session()).role_of(bucket)
    with hosting(client("sagemaker"), role) as made:
        yield made


def invoke(runtime, endpoint, body=b"1,2"):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)
    return answer["Body"].read()


def test_invocations_are_served_and_captured(server, client, host, bucket, model_server):
    runtimes = [client("sagemaker-runtime") for _ in range(CLIENTS)]
    at = runtimes[0].meta.endpoint_url
    assert at != server.url and at.startswith("http://127.0.0.1:")
    endpoint = host.serve(model_server.url, capture_to(f"s3://{bucket}/capture"))
    for number, runtime in enumerate(runtimes):
        assert invoke(runtime, endpoint, f"{number},1".encode()) == f"{number + 1}.0".encode()
    # The same is served, and captured, at the server's own port.
    own = boto3.Session().client("sagemaker-runtime", endpoint_url=server.url)
    assert invoke(own, endpoint, b"9,1") == b"10.0"

    def all_of_them():
        found = captured(client("s3"), bucket, f"capture/{endpoint}/")
        inputs = [record["captureData"]["endpointInput"]["data"] for _, record in found]
        return sorted(inputs) if len(inputs) >= CLIENTS + 1 else None

    assert until(all_of_them) == sorted([f"{n},1" for n in range(CLIENTS)] + ["9,1"])
    stream = runtimes[0].invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"stream")
    parts = [event["PayloadPart"]["Bytes"] for event in stream["Body"]]
    assert b"".join(parts) == b"one two three"


def test_rights_end_with_the_answer_that_ends_them(client, host, model_server):
    endpoint = host.serve(model_server.url)
    people = People(client("iam"))
    user = people.user()
    runtimes = [client("sagemaker-runtime", people.key(user)) for _ in range(2)]

    def each_refused():
        for runtime in runtimes * CLIENTS:
            with refused("AccessDeniedException", 403, "sagemaker:InvokeEndpoint"):
                invoke(runtime, endpoint)

    each_refused()
    for _ in range(3):
        rights = document(allow("sagemaker:InvokeEndpoint"))
        client("iam").put_user_policy(UserName=user, PolicyName="own", PolicyDocument=rights)
        for runtime in runtimes * CLIENTS:
            assert invoke(runtime, endpoint) == b"3.0"
        client("iam").delete_user_policy(UserName=user, PolicyName="own")
        each_refused()
    people.clear()


def test_changes_of_endpoints_are_seen_at_once(client, host, model_server):
    runtimes = [client("sagemaker-runtime") for _ in range(CLIENTS)]
    endpoint = host.serve(model_server.url)
    for runtime in runtimes:
        assert invoke(runtime, endpoint) == b"3.0"
    config = host.config(variant(host.model(model_server.url), name="Other"))
    client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    host.in_service(endpoint)
    for runtime in runtimes:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1")
        assert answer["InvokedProductionVariant"] == "Other"
    host.delete_endpoint(endpoint)
    for runtime in runtimes:
        with refused("ValidationError", 400, f"Endpoint {endpoint} of account"):
            invoke(runtime, endpoint)


def test_other_services_are_not_there(server, client):
    told = server.environment()["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"]
    there = boto3.Session().client("sagemaker", endpoint_url=told)
    with refused("UnknownOperationException", 404, f"everything else is at {server.url}"):
        there.list_endpoints()
