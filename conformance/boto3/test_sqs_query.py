"""The queue service over the query protocol, as older clients and plain HTTP speak it."""

import hashlib

import pytest
from protocols import client_over
from refusals import refused


@pytest.fixture(scope="module")
def sqs():
    return client_over("query", "sqs")


@pytest.fixture
def queue(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def test_answers_are_xml(sqs, queue):
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    assert "xml" in told["ResponseMetadata"]["HTTPHeaders"]["content-type"]
    assert told["Attributes"]["VisibilityTimeout"] == "30"


def test_messages(sqs, queue):
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody="a <b> & c\r\n",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}},
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5(b"a <b> & c\r\n").hexdigest()
    [got] = sqs.receive_message(
        QueueUrl=queue, WaitTimeSeconds=1, MessageAttributeNames=["All"], AttributeNames=["All"]
    )["Messages"]
    assert got["Body"] == "a <b> & c\r\n"
    assert got["MessageAttributes"]["n"]["StringValue"] == "1"
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])


def test_batch(sqs, queue):
    sent = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 1}],
    )
    assert [entry["Id"] for entry in sent["Successful"]] == ["a", "b"]


def test_list_and_tags(sqs, queue, name):
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [queue]
    sqs.tag_queue(QueueUrl=queue, Tags={"k": "v"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"k": "v"}


def test_errors(sqs, name):
    with refused("AWS.SimpleQueueService.NonExistentQueue", 400):
        sqs.get_queue_url(QueueName=name)
