/** Alarms from data to notification, on a virtual clock. */
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { reconfigure } from '../../engines/alarms/changes.ts';
import {
  type AlarmConfig,
  type AlarmRow,
  alarmKey,
  alarms,
  history,
  outbox,
} from '../../engines/alarms/rows.ts';
import { type Event, makeEventBus } from '../../engines/events/bus.ts';
import { makeIdentitySpace } from '../../engines/identity/space.ts';
import { single } from '../../engines/series/recorder.ts';
import { makeSeries } from '../../engines/series/series.ts';
import type { TopicPublisher } from '../../engines/topics/publisher.ts';
import type { Topic, Topics } from '../../engines/topics/topics.ts';
import { formatArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import { dayMs, hourMs, minuteMs, VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { makeAlarmLoop } from './alarm-loop.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const startMs = Date.UTC(2026, 0, 5, 10);
const topic = formatArn(scope, 'sns', 'ops');
const signal = new AbortController().signal;
const base: AlarmConfig = {
  name: 'slow',
  actionsEnabled: true,
  okActions: [],
  alarmActions: [topic],
  insufficientDataActions: [],
  namespace: 'shop',
  metric: 'latency',
  dimensions: [],
  statistic: 'Average',
  periodSeconds: 60,
  evaluationPeriods: 1,
  threshold: 10,
  comparison: 'GreaterThanThreshold',
};

const ops: Topic = {
  address: { ...scope, name: 'ops' },
  id: 'ops',
  fifo: false,
  attributes: {},
  tags: {},
  createdAtMs: startMs,
};

/** Makes alarms as the façade does. */
function putting(store: MetadataStore, clock: VirtualClock) {
  return async (config: Partial<AlarmConfig> = {}) => {
    const { statistic, ...rest } = { ...base, ...config };
    const full = rest.extendedStatistic === undefined ? { statistic, ...rest } : rest;
    const atMs = clock.nowMs();
    const alarm: AlarmRow = {
      scope,
      arn: formatArn(scope, 'cloudwatch', `alarm:${full.name}`),
      config: full as AlarmConfig,
      configuredAtMs: atMs,
      tags: {},
      state: {
        value: 'INSUFFICIENT_DATA',
        reason: 'Unchecked: Initial alarm creation',
        updatedAtMs: atMs,
        transitionedAtMs: atMs,
      },
    };
    await store.write((tx) => reconfigure(tx, { operation: 'create', alarm }, atMs));
  };
}

function setup(publish?: TopicPublisher['publish'], attributes: Topic['attributes'] = {}) {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(startMs);
  const series = makeSeries({ store, clock });
  const events = makeEventBus({ clock, random: seededRandom(1), log: silentLogger });
  const heard: Event[] = [];
  events.subscribe(async (event) => void heard.push(event));
  const sent: { topicArn: string; subject: string | undefined; message: string }[] = [];
  const topics: Pick<Topics, 'find'> & TopicPublisher = {
    find: async (at) => (at.name === 'ops' ? { ...ops, attributes } : undefined),
    publish:
      publish ??
      (async (topicArn, { subject, message }) => {
        sent.push({ topicArn, subject, message });
        return ok({ messageId: '1' });
      }),
  };
  const access = makeAccess({
    space: makeIdentitySpace(store),
    clock,
    log: silentLogger,
    partition: 'aws',
  });
  const loop = makeAlarmLoop({ store, series, topics, access, events, clock, log: silentLogger });
  const put = putting(store, clock);
  const record = (value: number, unit = 'None', resolutionSeconds: 1 | 60 = 60) =>
    series.record(scope, [
      {
        namespace: 'shop',
        metric: 'latency',
        dimensions: [],
        timestampMs: clock.nowMs(),
        sample: single(value),
        unit,
        resolutionSeconds,
      },
    ]);
  /** Lets the loop run at every instant it asks for, up to and including `untilMs`. */
  const runTo = async (untilMs: number) => {
    for (;;) {
      const dueMs = await loop.tick(clock.nowMs(), { signal });
      if (dueMs > untilMs) break;
      clock.moveTo(dueMs);
    }
    clock.moveTo(untilMs);
    await loop.tick(untilMs, { signal });
  };
  const state = async (name = 'slow') =>
    defined(await store.get(alarms, alarmKey(scope, name)), 'alarm').state;
  const told = async () => {
    const rows = await store.list(history, { limit: 100 });
    return rows.map(({ row }) => row.summary);
  };
  return { store, clock, series, access, loop, put, record, runTo, state, told, heard, sent };
}

test('data over the threshold is told to the topic, the history and the bus', async () => {
  const { put, record, runTo, state, told, heard, sent, store } = setup();
  await put();
  await record(21.5);
  await runTo(startMs + minuteMs + 2000);
  expect(await state()).toMatchObject({
    value: 'ALARM',
    reason:
      'Threshold Crossed: 1 datapoint [21.5 (05/01/26 10:00:00)] was greater than the ' +
      'threshold (10.0).',
    transitionedAtMs: startMs + minuteMs + 2000,
  });
  expect(await told()).toEqual([
    'Alarm "slow" created',
    'Alarm updated from INSUFFICIENT_DATA to ALARM',
    `Successfully executed action ${topic}`,
  ]);
  expect(heard.map((event) => event['detail-type'])).toEqual([
    'CloudWatch Alarm Configuration Change',
    'CloudWatch Alarm State Change',
  ]);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ topicArn: topic, subject: 'ALARM: "slow" in EU (Ireland)' });
  expect(JSON.parse(sent[0]?.message ?? '')).toMatchObject({
    AlarmName: 'slow',
    NewStateValue: 'ALARM',
    OldStateValue: 'INSUFFICIENT_DATA',
    StateChangeTime: '2026-01-05T10:01:02.000+0000',
  });
  expect(await store.list(outbox, { limit: 1 })).toEqual([]);
});

test('an alarm that stays in its state is silent, and recovers', async () => {
  const { put, record, runTo, state, sent, told } = setup();
  await put({ okActions: [topic] });
  await record(20);
  await runTo(startMs + minuteMs);
  await record(30);
  await runTo(startMs + 2 * minuteMs);
  await record(1);
  await runTo(startMs + 3 * minuteMs + 2000);
  expect((await state()).value).toBe('OK');
  expect(sent.map(({ subject }) => subject?.split(':')[0])).toEqual(['ALARM', 'OK']);
  expect(await told()).toHaveLength(5);
});

test('missing data keeps an alarm until nothing is left in its range', async () => {
  const { put, record, runTo, state } = setup();
  await put();
  await record(20);
  await runTo(startMs + 3 * minuteMs + 2000);
  expect((await state()).value).toBe('ALARM');
  await runTo(startMs + 4 * minuteMs + 2000);
  expect(await state()).toMatchObject({
    value: 'INSUFFICIENT_DATA',
    reason: 'Insufficient Data: 1 datapoint was unknown.',
  });
});

test('no alarm, no work; the next is due when the first is made', async () => {
  const { clock, loop, put } = setup();
  expect(await loop.tick(clock.nowMs(), { signal })).toBe(Number.POSITIVE_INFINITY);
  await put();
  expect(await loop.tick(clock.nowMs() + 5000, { signal })).toBe(startMs + minuteMs + 2000);
  await put({ name: 'fast', periodSeconds: 10 });
  expect(await loop.tick(clock.nowMs() + 6000, { signal })).toBe(startMs + 12_000);
});

test('short periods are judged every ten seconds', async () => {
  const { put, record, runTo, state } = setup();
  await put({ periodSeconds: 10 });
  await record(50, 'None', 1);
  await runTo(startMs + 12_000);
  expect((await state()).value).toBe('ALARM');
});

test('windows over a day are judged by the hour', async () => {
  const { clock, put, record, runTo, state } = setup();
  await put({ periodSeconds: 86_400, evaluationPeriods: 2, datapointsToAlarm: 1 });
  clock.moveTo(startMs + 10 * minuteMs);
  await record(50);
  await runTo(startMs + 59 * minuteMs);
  expect((await state()).value).toBe('INSUFFICIENT_DATA');
  await runTo(startMs + hourMs + 2000);
  expect((await state()).value).toBe('ALARM');
});

test('a window longer than a minute slides by the minute', async () => {
  const { clock, put, record, runTo, state } = setup();
  await put({ periodSeconds: 300 });
  clock.moveTo(startMs + 7 * minuteMs);
  await record(50);
  await runTo(startMs + 8 * minuteMs + 2000);
  expect((await state()).reason).toContain('[50.0 (05/01/26 10:03:00)]');
});

test('after a long jump alarms are judged as of now, once', async () => {
  const { clock, put, record, loop, told } = setup();
  await put({ treatMissingData: 'notBreaching' });
  await record(50);
  clock.moveTo(startMs + 13 * dayMs);
  await loop.tick(clock.nowMs(), { signal });
  expect(await told()).toEqual([
    'Alarm "slow" created',
    'Alarm updated from INSUFFICIENT_DATA to OK',
  ]);
});

test('history ends after two weeks', async () => {
  const { clock, put, loop, told } = setup();
  await put();
  clock.moveTo(startMs + 14 * dayMs + hourMs);
  await loop.tick(clock.nowMs(), { signal });
  expect(await told()).toEqual([]);
});

test('without actions enabled the state changes in silence', async () => {
  const { put, record, runTo, state, sent, heard } = setup();
  await put({ actionsEnabled: false });
  await record(50);
  await runTo(startMs + minuteMs + 2000);
  expect((await state()).value).toBe('ALARM');
  expect(sent).toEqual([]);
  expect(heard).toHaveLength(2);
});

describe('actions that fail are recorded, and the others still run', () => {
  const failing: Record<string, TopicPublisher['publish']> = {
    refused: async (arn) => refuse(`Resource: ${arn} not found`),
    thrown: () => Promise.reject(new Error('no such table')),
  };

  test.each(Object.entries(failing))('%s', async (_, publish) => {
    const { put, record, runTo, told, state } = setup(publish);
    const lambda = formatArn(scope, 'lambda', 'function:f');
    await put({ alarmActions: [topic, lambda] });
    await record(50);
    await runTo(startMs + minuteMs + 2000);
    expect((await state()).value).toBe('ALARM');
    const [first, second] = (await told()).slice(2);
    expect(first).toContain(`Failed to execute action ${topic}. Received error: "`);
    expect(second).toContain(`Failed to execute action ${lambda}`);
  });
});

describe('a topic decides which alarms it lets in', () => {
  const policy = (Condition: object, Principal: object = service) => ({
    Policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal, Action: 'sns:Publish', Resource: topic, Condition },
    }),
  });
  const service = { Service: 'cloudwatch.amazonaws.com' };
  const alarm = (name: string, account = scope.account) =>
    formatArn({ ...scope, account }, 'cloudwatch', `alarm:${name}`);

  test.each<[string, Record<string, string>, boolean]>([
    ['this alarm', policy({ ArnEquals: { 'aws:SourceArn': alarm('slow') } }), true],
    ['alarms of the account', policy({ ArnLike: { 'aws:SourceArn': alarm('*') } }), true],
    ['its account', policy({ StringEquals: { 'aws:SourceAccount': scope.account } }), true],
    ['another alarm', policy({ ArnEquals: { 'aws:SourceArn': alarm('fast') } }), false],
    [
      'the same alarm of another account',
      policy({ ArnEquals: { 'aws:SourceArn': alarm('slow', '999999999999') } }),
      false,
    ],
    ['another service', policy({}, { Service: 's3.amazonaws.com' }), false],
    ['users of the account', policy({}, { AWS: scope.account }), false],
  ])('it lets in %s', async (_, attributes, isIn) => {
    const { put, record, runTo, told, sent, state } = setup(undefined, attributes);
    await put();
    await record(50);
    await runTo(startMs + minuteMs + 2000);
    expect((await state()).value).toBe('ALARM');
    expect(sent).toHaveLength(isIn ? 1 : 0);
    const why =
      `CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: ${topic} ` +
      'because no resource-based policy allows the SNS:Publish action';
    expect((await told()).at(-1)).toBe(
      isIn
        ? `Successfully executed action ${topic}`
        : `Failed to execute action ${topic}. Received error: "${why}"`.slice(0, 255),
    );
  });
});

test('a percentile is judged on the values, a unit on its own stream', async () => {
  const { put, record, runTo, state } = setup();
  await put({ name: 'p50', extendedStatistic: 'p50', unit: 'Seconds' });
  await put({ name: 'p10', extendedStatistic: 'p10', unit: 'Seconds' });
  await put({ name: 'none', unit: 'Bytes', treatMissingData: 'breaching' });
  for (const value of [1, 20, 30]) await record(value, 'Seconds');
  for (const value of [1, 1, 1, 1]) await record(value, 'Count');
  await runTo(startMs + minuteMs + 2000);
  expect((await state('p50')).reason).toContain('1 datapoint [20.0 (05/01/26 10:00:00)] was gr');
  expect((await state('p10')).value).toBe('OK');
  expect((await state('none')).reason).toBe(
    'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was ' +
      'treated as [Breaching].',
  );
});

test('a new alarm waits for the next period, however much data there is', async () => {
  const { clock, put, record, loop, state } = setup();
  await record(50);
  clock.moveTo(startMs + 90_000);
  await put();
  await loop.tick(clock.nowMs(), { signal });
  expect((await state()).value).toBe('INSUFFICIENT_DATA');
  clock.moveTo(startMs + 2 * minuteMs + 2000);
  await loop.tick(clock.nowMs(), { signal });
  expect((await state()).value).toBe('ALARM');
});

test('what a crash left unsent is sent by the next tick', async () => {
  const { store, clock, series, access, put, record, runTo, sent } = setup();
  let publishing = false;
  const topics: Pick<Topics, 'find'> & TopicPublisher = {
    find: async () => undefined,
    publish: () => {
      publishing = true;
      return new Promise(() => {});
    },
  };
  const events = makeEventBus({ clock, random: seededRandom(2), log: silentLogger });
  const dying = makeAlarmLoop({
    ...{ store, series, topics, access, events, clock, log: silentLogger },
  });
  await put();
  await record(50);
  clock.moveTo(startMs + minuteMs + 2000);
  void dying.tick(clock.nowMs(), { signal });
  while (!publishing) await new Promise((resolve) => setImmediate(resolve));
  await runTo(clock.nowMs() + 1);
  expect(sent).toHaveLength(1);
});
