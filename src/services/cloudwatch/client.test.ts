/** The service behind its real client, over HTTP: data in, statistics out, an alarm that fires. */
import { createServer, type Server } from 'node:http';
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { minuteMs } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { cloudwatch, cloudwatchPermissions } from './index.ts';
import { scope, setup, topic } from './setup.fixture.ts';

const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
const { parts, clock, loop, sent, ctx } = setup(nowMs);
const signal = new AbortController().signal;
let server: Server;
let client: CloudWatchClient;

beforeAll(async () => {
  const listener = makeListener({
    services: [
      mount('cloudwatch', { operations: cloudwatch, permissions: cloudwatchPermissions }, parts),
    ],
    authorize: async () => new Map(),
    findSecret: async () => ({ secretAccessKey: 'secret', caller: ctx.caller }),
    // Requests are signed by the machine's clock.
    clock: { nowMs: () => Date.now() },
    random: seededRandom(1),
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  client = new CloudWatchClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: scope.region,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

const metric = { Namespace: 'shop', MetricName: 'latency' };
const Dimensions = [{ Name: 'Endpoint', Value: 'fraud' }];
const range = { StartTime: new Date(nowMs), EndTime: new Date(nowMs + 5 * minuteMs) };

test('data, statistics, alarm, notification, history', async () => {
  await client.send(
    new PutMetricAlarmCommand({
      ...metric,
      Dimensions,
      AlarmName: 'slow',
      ExtendedStatistic: 'p90',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 100,
      ComparisonOperator: 'GreaterThanThreshold',
      AlarmActions: [topic],
    }),
  );
  const Values = Array.from({ length: 100 }, (_, i) => i * 3 + 0.125);
  const datum = { MetricName: 'latency', Dimensions, Values, Unit: 'Milliseconds' as const };
  // Enough data for the client to compress its request.
  const MetricData = Array.from({ length: 20 }, () => datum);
  await client.send(new PutMetricDataCommand({ Namespace: 'shop', MetricData }));

  const listed = await client.send(new ListMetricsCommand({ Namespace: 'shop' }));
  expect(listed.Metrics).toEqual([{ ...metric, Dimensions }]);
  const statistics = await client.send(
    new GetMetricStatisticsCommand({
      ...metric,
      ...range,
      Dimensions,
      Period: 300,
      Statistics: ['Sum', 'SampleCount'],
    }),
  );
  expect(statistics).toMatchObject({
    Label: 'latency',
    Datapoints: [
      {
        Timestamp: new Date(nowMs),
        SampleCount: 2000,
        Unit: 'Milliseconds',
        Sum: Values.reduce((a, b) => a + b) * 20,
      },
    ],
  });
  const MetricStat = { Metric: { ...metric, Dimensions }, Period: 60, Stat: 'Maximum' };
  const read = await client.send(
    new GetMetricDataCommand({ ...range, MetricDataQueries: [{ Id: 'm1', MetricStat }] }),
  );
  expect(read.MetricDataResults).toMatchObject([
    { Id: 'm1', Label: 'latency', Values: [297.125], StatusCode: 'Complete' },
  ]);

  clock.moveTo(nowMs + minuteMs + 2000);
  await loop.tick(clock.nowMs(), { signal });
  const { MetricAlarms: [alarm] = [] } = await client.send(new DescribeAlarmsCommand({}));
  expect(alarm).toMatchObject({ AlarmName: 'slow', StateValue: 'ALARM', Threshold: 100 });
  expect(alarm?.StateTransitionedTimestamp).toEqual(new Date(nowMs + minuteMs + 2000));
  expect(JSON.parse(sent[0]?.message ?? '').NewStateValue).toBe('ALARM');

  await client.send(new DeleteAlarmsCommand({ AlarmNames: ['slow'] }));
  const { AlarmHistoryItems: items } = await client.send(
    new DescribeAlarmHistoryCommand({ AlarmName: 'slow', ScanBy: 'TimestampAscending' }),
  );
  expect(items?.map(({ HistoryItemType }) => HistoryItemType)).toEqual([
    'ConfigurationUpdate',
    'StateUpdate',
    'Action',
    'ConfigurationUpdate',
  ]);
});

test.each<[string, () => Promise<unknown>, object]>([
  [
    'a value that cannot be',
    () =>
      client.send(
        new PutMetricDataCommand({
          Namespace: 'shop',
          MetricData: [{ MetricName: 'm', Value: Number.NaN }],
        }),
      ),
    {
      name: 'InvalidParameterValueException',
      $metadata: { httpStatusCode: 400 },
      message: 'The value NaN for parameter MetricData.member.1.Value is invalid.',
    },
  ],
  [
    'an alarm that is not there',
    () =>
      client.send(
        new SetAlarmStateCommand({ AlarmName: 'none', StateValue: 'OK', StateReason: 'x' }),
      ),
    { name: 'ResourceNotFound', $metadata: { httpStatusCode: 404 } },
  ],
  [
    'metric math',
    () =>
      client.send(
        new GetMetricDataCommand({
          ...range,
          MetricDataQueries: [{ Id: 'e', Expression: 'm1 / 2' }],
        }),
      ),
    { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } },
  ],
  [
    'a composite alarm',
    () => client.send(new PutCompositeAlarmCommand({ AlarmName: 'c', AlarmRule: 'TRUE' })),
    { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } },
  ],
])('%s is refused as the client expects', async (_, call, expected) => {
  await expect(call()).rejects.toMatchObject(expected);
});
