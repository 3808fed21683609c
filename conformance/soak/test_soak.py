"""A server under mixed traffic for a while: nothing grows, nothing is missed, nothing is told twice.

A minute; half an hour with `CONFORMANCE_LONG=1`, or as many seconds as `SOAK_SECONDS` says."""

import json
import os
import statistics
import time
from datetime import datetime, timedelta, timezone

import pytest
from clients import Clients
from hosting import Hosting, capture_to, captured
from inside import INSPECTED, Inspector, descriptors, rss_bytes, threads
from monitoring import baseline_csv, baseline_job, execution_of, rows_of, schedule_config
from queues import open_to_topics
from servers import Server
from traffic import Alarms, Monitors, Traffic, Worker
from waiting import until

LONG = os.environ.get("CONFORMANCE_LONG") == "1"
SECONDS = int(os.environ.get("SOAK_SECONDS", "1800" if LONG else "60"))
# What a server grows by until its caches are full and its code is compiled.
WARM_UP_SECONDS = min(300, SECONDS / 4)
SAMPLES = 60
PHASE_SECONDS = 25
MIB = 2**20

# The heap is measured after a collection and hardly differs; what the system counts differs more.
HEAP_RATIO, HEAP_MORE = (1.1, 4 * MIB) if SECONDS >= 900 else (1.25, 8 * MIB)
RSS_RATIO, RSS_MORE = (1.15, 24 * MIB) if SECONDS >= 900 else (1.3, 48 * MIB)
# A monitor or a connection more or less at the instant of looking.
DESCRIPTORS_MORE = 12

pytestmark = pytest.mark.timeout(300 + 2 * SECONDS)


@pytest.fixture
def server(tmp_path):
    flags = ("--capture-flush-seconds", "5", "--log-level", "warn")
    made = Server(tmp_path / "data", *flags, variables=INSPECTED).start()
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


def test_nothing_grows_and_nothing_is_missed(server, model_server):
    # A connection that is idle for long may be closed just when it is used again.
    clients = Clients(server, attempts=2)
    clients.s3.create_bucket(Bucket="soak")
    role = clients.role_of("soak")
    baseline(clients, role)
    # Not cleared away afterwards: the data folder goes as a whole.
    host = Hosting(clients.sagemaker, role)
    endpoint = host.serve(model_server.url, capture=capture_to("s3://soak/cap"))
    for row in rows_of(50, seed=2, shift=20.0):
        clients.runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Body=",".join(row[1:])
        )
    traffic = Traffic(clients, endpoint, role, "soak")
    alarms, monitors = Alarms(clients, PHASE_SECONDS), Monitors(clients, endpoint, role, "soak")
    add_recurring(traffic, alarms, monitors)
    hourly(clients, endpoint, role)
    began = datetime.now(timezone.utc)
    traffic.start()
    samples = sampled(server, traffic, model_server)
    failures = traffic.end()
    assert failures == {}, server.lines[-20:]
    check_monitors(clients, monitors)
    check_hourly(clients, began)
    check_alarms(alarms)
    check_captured(clients, endpoint, traffic)
    done = {worker.name: worker.done for worker in traffic.workers}
    print(f"{SECONDS} s: {json.dumps(done)}, {len(alarms.told)} notices of alarms")
    check_flat(samples)


def baseline(clients, role):
    clients.s3.put_object(Bucket="soak", Key="data/train.csv", Body=baseline_csv(300))
    clients.sagemaker.create_processing_job(
        **baseline_job("base", role, "s3://soak/data", "s3://soak/baseline")
    )
    waiter = clients.sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName="base", WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def add_recurring(traffic, alarms, monitors):
    clients = traffic.clients
    topic = clients.sns.create_topic(Name="soak")["TopicArn"]
    queue = clients.sqs.create_queue(QueueName="soak-alarms")["QueueUrl"]
    endpoint = open_to_topics(clients.sqs, queue, topic)
    clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    clients.cloudwatch.put_metric_alarm(
        **{"AlarmName": "soak", "Namespace": "alarming", "MetricName": "distance"},
        **{"Statistic": "Maximum", "Period": 10, "EvaluationPeriods": 1, "Threshold": 0.5},
        **{"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore"},
        AlarmActions=[topic],
        OKActions=[topic],
    )
    more = [
        ("alarms", alarms.publish, 0.5),
        ("notices", lambda _: alarms.receive(queue), 0.5),
        ("monitors", monitors.run, 1 / 20),
    ]
    traffic.workers += [Worker(name, do, rate, traffic.stop) for name, do, rate in more]


def hourly(clients, endpoint, role):
    config = schedule_config(endpoint, role, "soak", expression="cron(0 * ? * * *)")
    clients.sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="hourly", MonitoringScheduleConfig=config
    )


def sampled(server, traffic, model_server):
    """Heap, memory, descriptors and threads, again and again until the time is over."""
    pid, inspector = server.process.pid, Inspector(server.lines)
    end = time.monotonic() + SECONDS
    warm = time.monotonic() + WARM_UP_SECONDS
    samples = []
    try:
        while time.monotonic() < end:
            time.sleep((SECONDS - WARM_UP_SECONDS) / SAMPLES)
            # What it was asked is of no use here, and would fill this process.
            model_server.requests.clear()
            assert all(worker.failure is None for worker in traffic.workers), [
                (worker.name, worker.failure) for worker in traffic.workers if worker.failure
            ]
            if time.monotonic() < warm:
                continue
            samples.append(
                {
                    "heap": inspector.heap_bytes(),
                    "rss": rss_bytes(pid),
                    # Logs of programs are kept open for their next line, 128 at most.
                    "descriptors": descriptors(pid, besides=f"{server.data}/logs"),
                    "threads": threads(pid),
                }
            )
    finally:
        inspector.close()
    return samples


def check_flat(samples):
    third = len(samples) // 3
    assert third >= 5, "too few samples"
    medians = {
        kind: [
            statistics.median(sample[kind] for sample in part)
            for part in (samples[:third], samples[-third:])
        ]
        for kind in samples[0]
    }
    for kind, (first, last) in medians.items():
        shown = (f"{v / MIB:.1f} MiB" if kind in ("heap", "rss") else f"{v:g}" for v in (first, last))
        print(f"{kind}: first and last third, medians: {', '.join(shown)}")
    bounds = {
        "heap": lambda first: first * HEAP_RATIO + HEAP_MORE,
        "rss": lambda first: first * RSS_RATIO + RSS_MORE,
        "descriptors": lambda first: first + DESCRIPTORS_MORE,
        "threads": lambda first: first + 2,
    }
    grown = {kind: v for kind, v in medians.items() if v[1] > bounds[kind](v[0])}
    assert grown == {}


def check_monitors(clients, monitors):
    until(monitors.settle, 90, what="the end of every execution")
    assert set(monitors.ended) == {"CompletedWithViolations"}, monitors.ended


def check_hourly(clients, began):
    """One execution for each full hour that passed, and none besides."""
    hour = began.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if datetime.now(timezone.utc) < hour:
        told = clients.sagemaker.list_monitoring_executions(MonitoringScheduleName="hourly")
        assert told["MonitoringExecutionSummaries"] == []
    else:
        execution_of(clients.sagemaker, "hourly", 25 * 60)
        told = clients.sagemaker.list_monitoring_executions(MonitoringScheduleName="hourly")
        times = [e["ScheduledTime"] for e in told["MonitoringExecutionSummaries"]]
        assert times == [hour]
    clients.sagemaker.delete_monitoring_schedule(MonitoringScheduleName="hourly")


def check_alarms(alarms):
    """Of each phase that was long enough one notice, in order, and no notice twice."""
    ids = [message for message, _ in alarms.told]
    assert len(ids) == len(set(ids)), "a notice came twice"
    notices = sorted((notice for _, notice in alarms.told), key=lambda n: n["StateChangeTime"])
    states = [notice["NewStateValue"] for notice in notices]
    # The last phase may have been too short for its notice to come.
    assert states in (alarms.phases, alarms.phases[:-1]), (states, alarms.phases)


def check_captured(clients, endpoint, traffic):
    def records():
        found = captured(clients.s3, "soak", f"cap/{endpoint}/")
        return [r["eventMetadata"].get("inferenceId") for _, r in found]

    until(lambda: traffic.invoked <= set(records()), 60, every=2, what="every captured record")
    found = [token for token in records() if token]
    assert len(found) == len(set(found)), "a record was written twice"
