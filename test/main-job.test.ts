/**
 * The main job over loopback HTTP with Amazon's own clients, on a virtual clock: captured traffic
 * becomes a verdict, a file of violations, metrics, an alert, an alarm and a message; and a server
 * that stops in the middle goes on where it was.
 */
import { GetMetricStatisticsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateMonitoringScheduleCommand,
  CreateProcessingJobCommand,
  DescribeMonitoringScheduleCommand,
  DescribeProcessingJobCommand,
  ListMonitoringAlertHistoryCommand,
  ListMonitoringAlertsCommand,
} from '@aws-sdk/client-sagemaker';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, test, vi } from 'vitest';
import {
  baselineJob,
  bucket,
  Cleanup,
  type Clients,
  clientsOf,
  deploy,
  hourMs,
  invoke,
  jsonAt,
  keysUnder,
  policy,
  type Running,
  rows,
  runsOf,
  started,
  startMs,
  statusOf,
  sumOf,
  until,
  watching,
} from './server.fixture.ts';

// A whole server runs here: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const firstRunMs = startMs + hourMs / 2;

async function withServer(folder: string, virtualStartMs = startMs) {
  const server = cleanup.add(await started(folder, { virtualStartMs }), (s) => s.stop());
  const clients = cleanup.add(clientsOf(server), (c) => c.close());
  return { server, clients };
}

/** An endpoint that captures, a baseline of its traffic, and an hourly schedule. */
async function prepare(server: Running, clients: Clients): Promise<void> {
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await deploy(clients, 'sums', await cleanup.model());
  const lines = rows(2_000).map((row) => `${sumOf(row)},${row}`);
  const Body = ['total,a,b,c', ...lines].join('\n');
  await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'train.csv', Body }));
  const job = baselineJob('sums-baseline', `s3://${bucket}/train.csv`);
  await clients.sagemaker.send(new CreateProcessingJobCommand(job));
  await server.settle();
  const input = { ProcessingJobName: 'sums-baseline' };
  const ended = await clients.sagemaker.send(new DescribeProcessingJobCommand(input));
  expect(ended.ExitMessage).toBe('Completed: Job completed successfully with no violations.');
  const MonitoringScheduleName = 'sums-hourly';
  const MonitoringScheduleConfig = watching('sums');
  await clients.sagemaker.send(
    new CreateMonitoringScheduleCommand({ MonitoringScheduleName, MonitoringScheduleConfig }),
  );
}

async function send(clients: Clients, count: number, scale = 1): Promise<void> {
  const all = rows(count, scale);
  for (let at = 0; at < all.length; at += 100) {
    await invoke(clients, 'sums', all.slice(at, at + 100).join('\n'));
  }
}

const metric = {
  Namespace: 'aws/sagemaker/Endpoints/data-metrics',
  MetricName: 'feature_baseline_drift_b',
  Dimensions: [
    { Name: 'Endpoint', Value: 'sums' },
    { Name: 'MonitoringSchedule', Value: 'sums-hourly' },
  ],
};

/** Answers the URL of the queue that the alarm on the drift of `b` ends in. */
async function alarm({ sns, sqs, cloudwatch }: Clients): Promise<string | undefined> {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'drift' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'drift' }));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  const Endpoint = (await sqs.send(asked)).Attributes?.['QueueArn'];
  const Policy = policy({
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Endpoint,
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      ...metric,
      AlarmName: 'drift-b',
      AlarmActions: [TopicArn ?? ''],
      Statistic: 'Maximum',
      Period: 3_600,
      EvaluationPeriods: 1,
      Threshold: 0.1,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
    }),
  );
  return QueueUrl;
}

test('drift in captured traffic becomes violations, metrics, an alert and a message', async () => {
  const { server, clients } = await withServer(await cleanup.folder());
  const { sagemaker, cloudwatch, sqs } = clients;
  await prepare(server, clients);
  const QueueUrl = await alarm(clients);

  await send(clients, 1_000);
  await server.advanceTo(firstRunMs);
  await send(clients, 1_000, 5);
  // The last records of the hour are captured right before its end: they are looked at too.
  await server.advanceTo(firstRunMs + hourMs - 1_000);
  await invoke(clients, 'sums', 'x,0.5000,2.5000');
  await server.advanceTo(firstRunMs + hourMs + 600_000);

  const runs = await runsOf(clients, 'sums-hourly');
  expect(runs.map((run) => [run.MonitoringExecutionStatus, run.FailureReason])).toEqual([
    ['Completed', undefined],
    ['CompletedWithViolations', undefined],
  ]);
  expect(runs.map(({ ScheduledTime }) => ScheduledTime?.getTime())).toEqual([
    firstRunMs,
    firstRunMs + hourMs,
  ]);
  const report = 'reports/sums/sums-hourly/2027/03/01/11/';
  expect(await keysUnder(clients, report)).toEqual(
    expect.arrayContaining([`${report}constraint_violations.json`, `${report}statistics.json`]),
  );
  const { violations } = await jsonAt(clients, `${report}constraint_violations.json`);
  expect(violations).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        feature_name: 'a',
        constraint_check_type: 'data_type_check',
        description: expect.stringContaining(`Only ${(1_000 / 1_001) * 100}% of data is`),
      }),
    ]),
  );
  const name = runs[1]?.ProcessingJobArn?.split('/')[1];
  const job = await sagemaker.send(new DescribeProcessingJobCommand({ ProcessingJobName: name }));
  expect(job.ExitMessage).toMatch(/^CompletedWithViolations: Job completed successfully with \d+/);
  expect(job.MonitoringScheduleArn).toMatch(/:monitoring-schedule\/sums-hourly$/);

  const alertsOf = { MonitoringScheduleName: 'sums-hourly' };
  const alerts = await sagemaker.send(new ListMonitoringAlertsCommand(alertsOf));
  expect(alerts.MonitoringAlertSummaries).toMatchObject([{ AlertStatus: 'InAlert' }]);
  const history = await sagemaker.send(new ListMonitoringAlertHistoryCommand(alertsOf));
  expect(history.MonitoringAlertHistory).toMatchObject([{ AlertStatus: 'InAlert' }]);

  const { Datapoints = [] } = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      ...metric,
      MetricName: 'feature_completeness_c',
      StartTime: new Date(startMs),
      EndTime: new Date(firstRunMs + 2 * hourMs),
      Period: 3_600,
      Statistics: ['SampleCount', 'Maximum'],
    }),
  );
  expect(Datapoints.map(({ SampleCount, Maximum }) => [SampleCount, Maximum])).toEqual([
    [1, 1],
    [1, 1],
  ]);
  await server.advanceTo(firstRunMs + hourMs + 900_000);
  const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  const told = received.Messages?.map(({ Body }) => JSON.parse(JSON.parse(Body ?? '').Message));
  expect(told).toMatchObject([{ AlarmName: 'drift-b', NewStateValue: 'ALARM' }]);
});

test('a restart loses nothing, and the windows missed meanwhile are caught up in order', async () => {
  const folder = await cleanup.folder();
  const first = await withServer(folder);
  await prepare(first.server, first.clients);
  await send(first.clients, 200);
  await first.server.advanceTo(firstRunMs + 60_000);
  await send(first.clients, 300);
  await first.server.stop();

  const laterMs = firstRunMs + 3 * hourMs + 60_000;
  const { server, clients } = await withServer(folder, laterMs);
  expect(server.administrator).toMatchObject(first.server.administrator);
  expect(await statusOf(clients, 'sums')).toBe('InService');
  await until(async () => (await invoke(clients, 'sums', '1,2,3')) === '6.000');
  await server.settle();
  await server.advanceTo(laterMs + 60_000);

  const runs = await runsOf(clients, 'sums-hourly');
  expect(runs.map(({ ScheduledTime }) => ScheduledTime?.getTime())).toEqual(
    [0, 1, 2, 3].map((hours) => firstRunMs + hours * hourMs),
  );
  expect(runs.map(({ MonitoringExecutionStatus: status }) => status)).toEqual([
    'Completed',
    'Completed',
    'Failed',
    'Failed',
  ]);
  expect(runs[2]?.ProcessingJobArn).toMatch(/:processing-job\/model-monitoring-202703011200-/);
  expect(runs[2]?.FailureReason).toBe(
    'Job inputs had no data: looked under s3://main-job/capture/sums/<variant>/yyyy/mm/dd/hh/ for ' +
      'captured records from 2027-03-01T11:00:00.000Z until 2027-03-01T12:00:00.000Z, ' +
      'and found no object',
  );
  const statistics = await jsonAt(
    clients,
    'reports/sums/sums-hourly/2027/03/01/11/statistics.json',
  );
  expect(statistics['dataset']).toMatchObject({ item_count: 300 });
  const told = await clients.sagemaker.send(
    new DescribeMonitoringScheduleCommand({ MonitoringScheduleName: 'sums-hourly' }),
  );
  expect(told).toMatchObject({
    MonitoringScheduleStatus: 'Scheduled',
    LastMonitoringExecutionSummary: { ScheduledTime: runs[3]?.ScheduledTime },
  });
});
