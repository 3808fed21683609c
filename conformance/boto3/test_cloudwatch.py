"""Metrics and alarms, over each of the three protocols that clients speak."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from protocols import client_over
from refusals import refused


@pytest.fixture(scope="module", params=["json", "query", "smithy-rpc-v2-cbor"])
def cloudwatch(request):
    return client_over(request.param, "cloudwatch")


def minute(ago=0):
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    return now - timedelta(minutes=ago)


def put(cloudwatch, namespace, *data):
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=list(data))


def test_statistics(cloudwatch, name):
    at = minute(10)
    dimensions = [{"Name": "Endpoint", "Value": "e <&> x"}]
    put(
        cloudwatch,
        name,
        {"MetricName": "m", "Dimensions": dimensions, "Timestamp": at, "Value": 1.5, "Unit": "Seconds"},
        {"MetricName": "m", "Dimensions": dimensions, "Timestamp": at, "Values": [2, 4], "Counts": [1, 3], "Unit": "Seconds"},
        {
            "MetricName": "m",
            "Dimensions": dimensions,
            "Timestamp": at + timedelta(minutes=1),
            "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4},
            "Unit": "Seconds",
        },
    )
    told = cloudwatch.get_metric_statistics(
        Namespace=name,
        MetricName="m",
        Dimensions=dimensions,
        StartTime=at,
        EndTime=at + timedelta(minutes=2),
        Period=60,
        Statistics=["Average", "Sum", "SampleCount", "Minimum", "Maximum"],
    )
    assert told["Label"] == "m"
    first, second = sorted(told["Datapoints"], key=lambda point: point["Timestamp"])
    assert first["Timestamp"] == at and first["Unit"] == "Seconds"
    assert (first["SampleCount"], first["Sum"]) == (5, 15.5)
    assert (first["Minimum"], first["Maximum"]) == (1.5, 4) and first["Average"] == pytest.approx(3.1)
    assert (second["SampleCount"], second["Sum"], second["Average"]) == (4, 10, 2.5)


def test_percentiles(cloudwatch, name):
    at = minute(5)
    values = [float(i) for i in range(1, 101)]
    put(cloudwatch, name, {"MetricName": "m", "Timestamp": at, "Values": values})
    told = cloudwatch.get_metric_statistics(
        Namespace=name,
        MetricName="m",
        StartTime=at,
        EndTime=at + timedelta(minutes=1),
        Period=60,
        ExtendedStatistics=["p50", "p99"],
    )
    [point] = told["Datapoints"]
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(50, abs=1)
    assert point["ExtendedStatistics"]["p99"] == pytest.approx(99, abs=1)


def query(name, metric="m", stat="Sum", period=60, **more):
    metric_stat = {"Metric": {"Namespace": name, "MetricName": metric}, "Period": period, "Stat": stat}
    return {"Id": "q", "MetricStat": metric_stat, **more}


def test_metric_data(cloudwatch, name):
    at = minute(10)
    for i in range(4):
        put(cloudwatch, name, {"MetricName": "m", "Timestamp": at + timedelta(minutes=i), "Value": i})
    span = {"StartTime": at, "EndTime": at + timedelta(minutes=4)}
    told = cloudwatch.get_metric_data(MetricDataQueries=[query(name, Label="mine")], **span)
    [result] = told["MetricDataResults"]
    assert result["Id"] == "q" and result["Label"] == "mine" and result["StatusCode"] == "Complete"
    assert result["Values"] == [3, 2, 1, 0]
    assert result["Timestamps"] == [at + timedelta(minutes=i) for i in (3, 2, 1, 0)]
    told = cloudwatch.get_metric_data(
        MetricDataQueries=[query(name, period=120)], ScanBy="TimestampAscending", **span
    )
    assert sum(told["MetricDataResults"][0]["Values"]) == 6
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query(name)],
        ScanBy="TimestampAscending",
        MaxDatapoints=3,
        **span,
    )
    assert [v for page in pages for r in page["MetricDataResults"] for v in r["Values"]] == [0, 1, 2, 3]


def test_missing_metric_is_empty(cloudwatch, name):
    told = cloudwatch.get_metric_data(
        MetricDataQueries=[query(name)], StartTime=minute(5), EndTime=minute()
    )
    assert told["MetricDataResults"][0]["Values"] == []


def test_list_metrics(cloudwatch, name):
    for i in range(3):
        put(cloudwatch, name, {"MetricName": f"m{i}", "Dimensions": [{"Name": "a", "Value": str(i)}], "Value": 1})
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=name)
    listed = [metric for page in pages for metric in page["Metrics"]]
    assert sorted(metric["MetricName"] for metric in listed) == ["m0", "m1", "m2"]
    told = cloudwatch.list_metrics(Namespace=name, Dimensions=[{"Name": "a", "Value": "1"}])
    assert [metric["MetricName"] for metric in told["Metrics"]] == ["m1"]
    assert cloudwatch.list_metrics(Namespace=name, MetricName="none")["Metrics"] == []


def test_large_body_is_compressed(cloudwatch, name):
    data = [
        {"MetricName": "a metric with a long name", "Dimensions": [{"Name": "n", "Value": str(i)}], "Value": i}
        for i in range(500)
    ]
    put(cloudwatch, name, *data)
    listed = [m for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=name) for m in page["Metrics"]]
    assert len(listed) == 500


def test_metric_refusals(cloudwatch, name):
    with refused("InvalidParameterCombination", 400, "mutually exclusive"):
        put(cloudwatch, name, {"MetricName": "m", "Value": 1, "Values": [1]})
    with refused("InvalidParameterValue", 400, "must be of the same size"):
        put(cloudwatch, name, {"MetricName": "m", "Values": [1, 2], "Counts": [1]})
    with refused("InvalidParameterValue", 400):
        put(cloudwatch, name, {"MetricName": "m", "Value": 1, "Timestamp": minute() - timedelta(days=15)})
    with refused("InvalidParameterValue", 400, "ASCII"):
        put(cloudwatch, name, {"MetricName": "m", "Value": 1, "Dimensions": [{"Name": "a", "Value": "ü"}]})
    span = {"StartTime": minute(5), "EndTime": minute(), "Period": 60}
    at = {"Namespace": name, "MetricName": "m", "Statistics": ["Sum"]}
    with refused("InvalidParameterValue", 400, "must be less than the parameter EndTime"):
        cloudwatch.get_metric_statistics(**at, **{**span, "StartTime": minute(), "EndTime": minute(5)})
    with refused("InvalidParameterCombination", 400, "1440"):
        cloudwatch.get_metric_statistics(**at, **{**span, "StartTime": minute(60 * 48)})
    with refused("ValidationError", 400):
        cloudwatch.get_metric_data(MetricDataQueries=[query(name), query(name)], StartTime=minute(5), EndTime=minute())


def alarm(name, **more):
    return {
        "AlarmName": name,
        "Namespace": name,
        "MetricName": "m",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


def test_life_of_an_alarm(cloudwatch, name, account, region):
    action = f"arn:aws:sns:{region}:{account}:{name}"
    cloudwatch.put_metric_alarm(
        **alarm(
            name,
            AlarmDescription="<desc> & ü",
            AlarmActions=[action],
            Dimensions=[{"Name": "a", "Value": "b"}],
            TreatMissingData="notBreaching",
            DatapointsToAlarm=1,
            Tags=[{"Key": "k", "Value": "v"}],
        )
    )
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=[name])
    [told] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert told["AlarmArn"] == f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    assert told["AlarmDescription"] == "<desc> & ü" and told["AlarmActions"] == [action]
    assert told["ActionsEnabled"] is True and told["Threshold"] == 1
    assert told["StateValue"] in ("INSUFFICIENT_DATA", "OK")
    tags = cloudwatch.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    cloudwatch.tag_resource(ResourceARN=told["AlarmArn"], Tags=[{"Key": "l", "Value": "w"}])
    cloudwatch.untag_resource(ResourceARN=told["AlarmArn"], TagKeys=["k"])
    tags = cloudwatch.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"]
    assert tags == [{"Key": "l", "Value": "w"}]
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    for_metric = cloudwatch.describe_alarms_for_metric(
        Namespace=name, MetricName="m", Dimensions=[{"Name": "a", "Value": "b"}]
    )
    assert [a["AlarmName"] for a in for_metric["MetricAlarms"]] == [name]
    cloudwatch.put_metric_alarm(**alarm(name, Threshold=2))
    [told] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert told["Threshold"] == 2 and told["AlarmActions"] == []
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_listing_alarms(cloudwatch, name):
    names = [f"{name}-{i}" for i in range(3)]
    for each in names:
        cloudwatch.put_metric_alarm(**alarm(each))
    pages = list(
        cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=name, PaginationConfig={"PageSize": 2}
        )
    )
    assert [a["AlarmName"] for page in pages for a in page["MetricAlarms"]] == names
    assert len(pages) == 2
    cloudwatch.set_alarm_state(AlarmName=names[0], StateValue="ALARM", StateReason="by hand")
    told = cloudwatch.describe_alarms(AlarmNamePrefix=name, StateValue="ALARM")["MetricAlarms"]
    assert [a["AlarmName"] for a in told] == names[:1]
    cloudwatch.delete_alarms(AlarmNames=names)


def test_set_alarm_state_and_history(cloudwatch, name):
    cloudwatch.put_metric_alarm(**alarm(name))
    cloudwatch.set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="by hand", StateReasonData='{"a": 1}'
    )
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(AlarmName=name)
    history = [item for page in pages for item in page["AlarmHistoryItems"]]
    kinds = [item["HistoryItemType"] for item in history]
    assert kinds.count("ConfigurationUpdate") == 1 and "StateUpdate" in kinds
    changes = [item for item in history if item["HistoryItemType"] == "StateUpdate"]
    assert any(item["HistorySummary"].endswith("to ALARM") for item in changes)
    data = json.loads(next(i for i in changes if i["HistorySummary"].endswith("to ALARM"))["HistoryData"])
    assert data["newState"]["stateReason"] == "by hand"
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_alarm_refusals(cloudwatch, name):
    with refused("ResourceNotFound", 404):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="x")
    with refused("ValidationError", 400):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="PERHAPS", StateReason="x")
    with refused("ValidationError", 400):
        cloudwatch.put_metric_alarm(**alarm(name, Period=7))
    with refused("ValidationError", 400):
        cloudwatch.put_metric_alarm(**alarm(name, ComparisonOperator="Above"))
    with refused("ResourceNotFound", 404):
        cloudwatch.delete_alarms(AlarmNames=[name, f"{name}-2"])
