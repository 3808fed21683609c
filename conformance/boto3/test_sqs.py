"""The queue service over its JSON protocol."""

import hashlib
import json
import time
import uuid

import pytest
from refusals import refused
from waiting import until


@pytest.fixture(scope="module")
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def fifo(sqs, name):
    attributes = {"FifoQueue": "true"}
    url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def receive(sqs, queue, **more):
    told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, **more)
    return told.get("Messages", [])


def test_life_of_a_queue(sqs, name, account, region):
    made = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"}, tags={"a": "1"})
    url = made["QueueUrl"]
    assert url.endswith(f"/{account}/{name}")
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    # The same again is the same queue; other attributes are refused.
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"] == url
    with refused("QueueAlreadyExists", 400):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "8"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["QueueArn"] == f"arn:aws:sqs:{region}:{account}:{name}"
    assert told["VisibilityTimeout"] == "7" and told["DelaySeconds"] == "0"
    assert told["MessageRetentionPeriod"] == "345600" and told["ApproximateNumberOfMessages"] == "0"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "9"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert told["Attributes"] == {"VisibilityTimeout": "9"}
    sqs.delete_queue(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue", 400):
        sqs.get_queue_url(QueueName=name)


def test_listing(sqs, name):
    urls = [sqs.create_queue(QueueName=f"{name}-{i}")["QueueUrl"] for i in range(3)]
    assert sorted(sqs.list_queues(QueueNamePrefix=name)["QueueUrls"]) == urls
    pages = list(
        sqs.get_paginator("list_queues").paginate(
            QueueNamePrefix=name, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["QueueUrls"]) for page in pages] == [2, 1]
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def test_tags(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={"a": "1", "b": "2"})
    sqs.untag_queue(QueueUrl=queue, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"b": "2"}


def test_send_receive_delete(sqs, queue):
    body = "hello <&> ü 🚀"
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody=body,
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "x"},
            "number": {"DataType": "Number", "StringValue": "1.5"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    got = receive(sqs, queue, MessageAttributeNames=["All"], AttributeNames=["All"])
    assert [m["Body"] for m in got] == [body]
    message = got[0]
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_visibility(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [first] = receive(sqs, queue, VisibilityTimeout=600)
    assert sqs.receive_message(QueueUrl=queue).get("Messages", []) == []
    sqs.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    [second] = receive(sqs, queue, AttributeNames=["ApproximateReceiveCount"])
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"


def test_delay(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=2)
    assert sqs.receive_message(QueueUrl=queue).get("Messages", []) == []
    assert [m["Body"] for m in receive_long(sqs, queue)] == ["late"]


def receive_long(sqs, queue):
    return sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages", [])


def test_long_poll_is_woken(sqs, client, queue):
    import threading

    threading.Timer(1, lambda: client("sqs").send_message(QueueUrl=queue, MessageBody="woken")).start()
    began = time.monotonic()
    assert [m["Body"] for m in receive_long(sqs, queue)] == ["woken"]
    assert time.monotonic() - began < 8


def test_batches(sqs, queue):
    entries = [{"Id": str(i), "MessageBody": f"m{i}"} for i in range(10)]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert len(sent["Successful"]) == 10 and "Failed" not in sent
    got = {}

    def all_of_them():
        for message in receive(sqs, queue):
            got[message["Body"]] = message["ReceiptHandle"]
        return len(got) == 10

    until(all_of_them, what="ten messages")
    handles = list(got.values())
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[{"Id": "a", "ReceiptHandle": handles[0], "VisibilityTimeout": 60}],
    )
    assert [e["Id"] for e in changed["Successful"]] == ["a"]
    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": str(i), "ReceiptHandle": h} for i, h in enumerate(handles)],
    )
    assert len(deleted["Successful"]) == 10


def test_batch_refusals(sqs, queue):
    with refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400):
        sqs.send_message_batch(
            QueueUrl=queue,
            Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}],
        )
    with refused("AWS.SimpleQueueService.EmptyBatchRequest", 400):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])
    with refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400):
        many = [{"Id": str(i), "MessageBody": "x"} for i in range(11)]
        sqs.send_message_batch(QueueUrl=queue, Entries=many)


def test_purge(sqs, queue):
    for i in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=str(i))
    sqs.purge_queue(QueueUrl=queue)
    assert receive(sqs, queue) == []


def test_dead_letters(sqs, queue, name):
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"}
    )
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")

    def arrived():
        sqs.receive_message(QueueUrl=queue)
        return receive(sqs, dead, AttributeNames=["All"])

    [message] = until(arrived, what="the dead letter")
    assert message["Body"] == "poison"
    assert message["Attributes"]["DeadLetterQueueSourceArn"].endswith(f":{name}")
    sqs.delete_queue(QueueUrl=dead)


def test_fifo(sqs, fifo):
    def send(group, body, token):
        return sqs.send_message(
            QueueUrl=fifo, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=token
        )

    first = send("g", "1", "a")
    again = send("g", "1", "a")
    assert again["MessageId"] == first["MessageId"]
    assert again["SequenceNumber"] == first["SequenceNumber"]
    send("g", "2", "b")
    send("h", "3", "c")
    got = receive(sqs, fifo, AttributeNames=["All"])
    assert sorted(m["Body"] for m in got) == ["1", "2", "3"]
    assert [m["Body"] for m in got if m["Attributes"]["MessageGroupId"] == "g"] == ["1", "2"]
    # While one message of a group is in flight, none of that group is given out.
    send("g", "4", "d")
    assert receive(sqs, fifo) == []


def test_fifo_refusals(sqs, fifo, name):
    with refused("MissingParameter", 400):
        sqs.send_message(QueueUrl=fifo, MessageBody="x")
    with refused("InvalidParameterValue", 400):
        sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    with refused("InvalidParameterValue", 400):
        sqs.create_queue(QueueName=f"{name}-x", Attributes={"FifoQueue": "true"})


def test_refusals(sqs, queue, name, url, account):
    gone = f"{url}/{account}/{name}-absent"
    with refused("AWS.SimpleQueueService.NonExistentQueue", 400):
        sqs.send_message(QueueUrl=gone, MessageBody="x")
    with refused("InvalidMessageContents", 400):
        sqs.send_message(QueueUrl=queue, MessageBody="\x0b")
    with refused("InvalidParameterValue", 400):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_577)
    with refused("ReceiptHandleIsInvalid", 404):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="not a handle")
    with refused("InvalidParameterValue", 400):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11)
    with refused("InvalidAttributeName", 400):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"NoSuchAttribute": "1"})
    with refused("InvalidAttributeValue", 400):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "43201"})
    with refused("InvalidParameterValue", 400):
        sqs.create_queue(QueueName="no spaces " + uuid.uuid4().hex[:8])
