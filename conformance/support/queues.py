"""Queues that a topic may send to: nothing gets into a queue that its policy does not let in."""

import json


def open_to_topics(sqs, url, topic):
    """Lets one topic send to the queue. Returns the queue's ARN."""
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = told["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy_of(arn, topic)})
    return arn


def policy_of(queue, topic):
    """The policy, as the console writes it for a subscription."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
