"""Topics: life, publishing, delivery into queues and to web hooks, signatures."""

import base64
import json

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from queues import open_to_topics
from refusals import refused
from waiting import until


@pytest.fixture(scope="module")
def sns(client):
    return client("sns")


@pytest.fixture(scope="module")
def sqs(client):
    return client("sqs")


@pytest.fixture
def topic(sns, name):
    arn = sns.create_topic(Name=name)["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture
def queue(sqs, name, topic):
    """A queue that the test's topic may send to."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    yield url, open_to_topics(sqs, url, topic)
    sqs.delete_queue(QueueUrl=url)


def drain(sqs, queue, count, seconds=15):
    """Waits for `count` messages and deletes them."""
    got = []

    def enough():
        told = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        )
        for message in told.get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            got.append(message)
        return len(got) >= count

    until(enough, seconds, what=f"{count} messages")
    return got


def test_life_of_a_topic(sns, name, account, region):
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "News"}, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert arn == f"arn:aws:sns:{region}:{account}:{name}"
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["DisplayName"] == "News" and attributes["Owner"] == account
    assert attributes["SubscriptionsConfirmed"] == "0" and attributes["TopicArn"] == arn
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["http"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Olds")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "Olds"
    listed = [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    assert arn in listed
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    sns.delete_topic(TopicArn=arn)
    with refused("NotFound", 404):
        sns.get_topic_attributes(TopicArn=arn)
    # Deleting once more is no error.
    sns.delete_topic(TopicArn=arn)


def test_refusals(sns, topic, name):
    with refused("InvalidParameter", 400):
        sns.create_topic(Name="no spaces")
    with refused("NotFound", 404):
        sns.publish(TopicArn=topic + "-absent", Message="x")
    with refused("InvalidParameter", 400):
        sns.publish(TopicArn="not an arn", Message="x")
    with refused("InvalidParameter", 400, "Message too long"):
        sns.publish(TopicArn=topic, Message="x" * 262_145)
    with refused("InvalidParameter", 400, "Message Structure - No default entry in JSON message body"):
        sns.publish(TopicArn=topic, Message="{}", MessageStructure="json")
    with refused("InvalidParameter", 400, "Message Structure - JSON message body failed to parse"):
        sns.publish(TopicArn=topic, Message="{", MessageStructure="json")
    with refused("InvalidParameter", 400):
        sns.publish(TopicArn=topic, Message="")
    with refused("InvalidParameter", 400):
        sns.publish(TopicArn=topic, Message="x", Subject="line\nbreak")
    with refused("InvalidParameter", 400):
        sns.subscribe(TopicArn=topic, Protocol="pigeon", Endpoint="x")
    with refused("InvalidParameter", 400):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="NoSuch", AttributeValue="x")
    with refused("NotFound", 404):
        sns.get_subscription_attributes(SubscriptionArn=f"{topic}:00000000-0000-0000-0000-000000000000")
    # As recorded: a well-formed unknown subscription is no error.
    sns.unsubscribe(SubscriptionArn=f"{topic}:00000000-0000-0000-0000-000000000000")


def test_delivery_into_a_queue(sns, sqs, topic, queue):
    url, arn = queue
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    assert subscribed.startswith(f"{topic}:")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == subscribed
    published = sns.publish(
        TopicArn=topic,
        Message="héllo",
        Subject="greeting",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "test"}},
    )
    [message] = drain(sqs, url, 1)
    body = json.loads(message["Body"])
    assert body["Type"] == "Notification" and body["MessageId"] == published["MessageId"]
    assert body["Message"] == "héllo" and body["Subject"] == "greeting" and body["TopicArn"] == topic
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}
    assert_signed(body)


def test_raw_delivery(sns, sqs, topic, queue):
    url, arn = queue
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    sns.publish(
        TopicArn=topic,
        Message="raw <&>",
        MessageAttributes={"kind": {"DataType": "Number", "StringValue": "7"}},
    )
    [message] = drain(sqs, url, 1)
    assert message["Body"] == "raw <&>"
    assert message["MessageAttributes"]["kind"] == {"DataType": "Number", "StringValue": "7"}


def test_message_structure(sns, sqs, topic, queue):
    url, arn = queue
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    sns.publish(
        TopicArn=topic,
        Message=json.dumps({"default": "for all", "sqs": "for queues"}),
        MessageStructure="json",
    )
    [message] = drain(sqs, url, 1)
    assert message["Body"] == "for queues"


def test_filter_policy(sns, sqs, topic, queue):
    url, arn = queue
    policy = {"kind": ["drift", {"prefix": "qual"}], "size": [{"numeric": [">", 3]}]}
    subscribed = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)},
    )["SubscriptionArn"]

    def publish(body, kind, size):
        sns.publish(
            TopicArn=topic,
            Message=body,
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": kind},
                "size": {"DataType": "Number", "StringValue": str(size)},
            },
        )

    publish("no 1", "drift", 3)
    publish("yes 1", "drift", 4)
    publish("no 2", "other", 9)
    publish("yes 2", "quality", 3.5)
    assert sorted(m["Body"] for m in drain(sqs, url, 2)) == ["yes 1", "yes 2"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscribed, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    sns.set_subscription_attributes(
        SubscriptionArn=subscribed,
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"detail": {"status": ["bad"]}}),
    )
    sns.publish(TopicArn=topic, Message=json.dumps({"detail": {"status": "good"}}))
    sns.publish(TopicArn=topic, Message=json.dumps({"detail": {"status": "bad"}}))
    sns.publish(TopicArn=topic, Message="no JSON at all")
    [message] = drain(sqs, url, 1)
    assert json.loads(message["Body"]) == {"detail": {"status": "bad"}}
    with refused("InvalidParameter", 400, "FilterPolicy"):
        sns.set_subscription_attributes(
            SubscriptionArn=subscribed, AttributeName="FilterPolicy", AttributeValue="{"
        )


def test_publish_batch(sns, sqs, topic, queue):
    url, arn = queue
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    entries = [{"Id": str(i), "Message": f"m{i}"} for i in range(10)]
    told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len(told["Successful"]) == 10 and told["Failed"] == []
    assert sorted(m["Body"] for m in drain(sqs, url, 10)) == sorted(f"m{i}" for i in range(10))
    with refused("BatchEntryIdsNotDistinct", 400):
        same = [{"Id": "a", "Message": "1"}, {"Id": "a", "Message": "2"}]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=same)
    with refused("TooManyEntriesInBatchRequest", 400):
        many = [{"Id": str(i), "Message": "x"} for i in range(11)]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=many)


def test_subscriptions(sns, topic, queue):
    _, arn = queue
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == subscribed and listed["Endpoint"] == arn
    pages = sns.get_paginator("list_subscriptions").paginate()
    assert subscribed in [s["SubscriptionArn"] for page in pages for s in page["Subscriptions"]]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscribed)["Attributes"]
    assert attributes["PendingConfirmation"] == "false" and attributes["RawMessageDelivery"] == "false"
    with refused("InvalidParameter", 400, "Must be true or false"):
        sns.set_subscription_attributes(
            SubscriptionArn=subscribed, AttributeName="RawMessageDelivery", AttributeValue="maybe"
        )
    sns.unsubscribe(SubscriptionArn=subscribed)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_fifo_topic(sns, sqs, name):
    topic = sns.create_topic(
        Name=f"{name}.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    )["TopicArn"]
    url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = open_to_topics(sqs, url, topic)
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    for body in ["1", "2", "2", "3"]:
        sns.publish(TopicArn=topic, Message=body, MessageGroupId="g")
    assert [m["Body"] for m in drain(sqs, url, 3)] == ["1", "2", "3"]
    with refused("InvalidParameter", 400):
        sns.publish(TopicArn=topic, Message="no group")
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=url)


SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}
SIGNED["UnsubscribeConfirmation"] = SIGNED["SubscriptionConfirmation"]


def assert_signed(body):
    """As AWS documents it: the named members in order, against the certificate the message names."""
    members = [m for m in SIGNED[body["Type"]] if m in body]
    text = "".join(f"{member}\n{body[member]}\n" for member in members).encode()
    answer = requests.get(body["SigningCertURL"], timeout=10)
    assert answer.status_code == 200
    key = x509.load_pem_x509_certificate(answer.content).public_key()
    digest = {"1": SHA1, "2": SHA256}[body["SignatureVersion"]]()
    # Raises InvalidSignature when it does not hold.
    key.verify(base64.b64decode(body["Signature"]), text, padding.PKCS1v15(), digest)


@pytest.mark.parametrize("version", ["1", "2"])
def test_webhook(sns, topic, webhook, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=webhook.url + "/hook")
    assert pending["SubscriptionArn"] == "pending confirmation"
    [(headers, text)] = until(lambda: list(webhook.requests), what="the confirmation request")
    body = json.loads(text)
    assert headers["x-amz-sns-message-type"] == body["Type"] == "SubscriptionConfirmation"
    assert headers["x-amz-sns-topic-arn"] == body["TopicArn"] == topic
    assert body["SignatureVersion"] == version
    assert_signed(body)
    # Nothing is delivered before it is confirmed.
    sns.publish(TopicArn=topic, Message="too early")
    answer = requests.get(body["SubscribeURL"], timeout=10)
    assert answer.status_code == 200 and "<SubscriptionArn>" in answer.text
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "0")
    sns.publish(TopicArn=topic, Message="line 1\nline 2", Subject="s")
    until(lambda: len(webhook.requests) >= 2, what="the notification")
    headers, text = webhook.requests[1]
    body = json.loads(text)
    assert headers["x-amz-sns-message-type"] == body["Type"] == "Notification"
    assert headers["x-amz-sns-subscription-arn"].startswith(f"{topic}:")
    assert body["Message"] == "line 1\nline 2"
    assert_signed(body)
    assert requests.get(body["UnsubscribeURL"], timeout=10).status_code == 200
    until(lambda: len(webhook.requests) >= 3, what="the word of the removal")
    assert json.loads(webhook.requests[2][1])["Type"] == "UnsubscribeConfirmation"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_confirmation_by_call(sns, topic, webhook):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=webhook.url)
    [(_, text)] = until(lambda: list(webhook.requests), what="the confirmation request")
    token = json.loads(text)["Token"]
    with refused("InvalidParameter", 400):
        sns.confirm_subscription(TopicArn=topic, Token="wrong")
    arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")


def test_webhook_is_tried_again(sns, topic, webhook):
    policy = {"healthyRetryPolicy": {"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 1}}
    sns.subscribe(
        TopicArn=topic,
        Protocol="http",
        Endpoint=webhook.url,
        Attributes={"DeliveryPolicy": json.dumps(policy), "RawMessageDelivery": "true"},
    )
    [(_, text)] = until(lambda: list(webhook.requests), what="the confirmation request")
    requests.get(json.loads(text)["SubscribeURL"], timeout=10)
    webhook.statuses[:] = [500, 503]
    sns.publish(TopicArn=topic, Message="again")
    until(lambda: len(webhook.requests) >= 4, what="three tries")
    tries = webhook.requests[1:]
    assert [body for _, body in tries] == [b"again"] * 3
    assert tries[0][0]["x-amz-sns-rawdelivery"] == "true"


def test_dead_letters_of_a_subscription(sns, sqs, topic, queue, webhook):
    url, arn = queue
    sns.subscribe(
        TopicArn=topic,
        Protocol="http",
        Endpoint=webhook.url,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})},
    )
    [(_, text)] = until(lambda: list(webhook.requests), what="the confirmation request")
    requests.get(json.loads(text)["SubscribeURL"], timeout=10)
    # A client error is final, so the message goes to the queue at once.
    webhook.statuses[:] = [404]
    sns.publish(TopicArn=topic, Message="unwanted")
    [message] = drain(sqs, url, 1)
    assert json.loads(message["Body"])["Message"] == "unwanted"
