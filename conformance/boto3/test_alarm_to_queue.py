"""The whole way: a metric crosses a line, the alarm goes off, the topic tells, the queue has it."""

import json
import time

from queues import open_to_topics
from waiting import until

WAIT_SECONDS = 60


def test_high_resolution_alarm_reaches_a_queue(client, name, account):
    cloudwatch, sns, sqs = client("cloudwatch"), client("sns"), client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=open_to_topics(sqs, queue, topic))
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription="drift",
        Namespace=name,
        MetricName="distance",
        Dimensions=[{"Name": "Endpoint", "Value": "e"}],
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
        OKActions=[topic],
        TreatMissingData="ignore",
    )

    def publish(value):
        cloudwatch.put_metric_data(
            Namespace=name,
            MetricData=[
                {
                    "MetricName": "distance",
                    "Dimensions": [{"Name": "Endpoint", "Value": "e"}],
                    "Value": value,
                    "StorageResolution": 1,
                }
            ],
        )

    def told_of(state, value):
        """Publishes until the queue has a notice of the state."""
        last = 0.0
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if time.monotonic() - last > 2:
                publish(value)
                last = time.monotonic()
            got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
            for message in got:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                notice = json.loads(body["Message"])
                if notice["NewStateValue"] == state:
                    return body, notice
        raise AssertionError(f"no notice of {state} in {WAIT_SECONDS} s")

    body, notice = told_of("ALARM", 0.9)
    assert body["Subject"].startswith(f'ALARM: "{name}"')
    assert notice["AlarmName"] == name and notice["AWSAccountId"] == account
    assert notice["NewStateReason"].startswith("Threshold Crossed: 1 datapoint [0.9 (")
    assert notice["Trigger"]["MetricName"] == "distance" and notice["Trigger"]["Period"] == 10
    assert notice["Trigger"]["Dimensions"] == [{"value": "e", "name": "Endpoint"}]
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    history = until(
        lambda: cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")[
            "AlarmHistoryItems"
        ],
        what="the action in the history",
    )
    assert history[0]["HistorySummary"].startswith("Successfully executed action")
    body, notice = told_of("OK", 0.1)
    assert notice["OldStateValue"] == "ALARM"
    cloudwatch.delete_alarms(AlarmNames=[name])
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)
