/** Alarms through the API: made, read, set, silenced, tagged, deleted, remembered. */
import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { outbox } from '../../engines/alarms/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { dayMs, minuteMs } from '../../kernel/clock.ts';
import {
  deleteAlarms,
  disableAlarmActions,
  enableAlarmActions,
  putMetricAlarm,
  setAlarmState,
} from './alarm.ts';
import { describeAlarmHistory } from './alarm-history.ts';
import { describeAlarms, describeAlarmsForMetric } from './alarm-queries.ts';
import { listTagsForResource, tagResource, untagResource } from './alarm-tags.ts';
import { putMetricData } from './metric-data.ts';
import { refusal, scope, setup, startMs, topic } from './setup.fixture.ts';

const base: PutMetricAlarmInput = {
  AlarmName: 'slow',
  Namespace: 'shop',
  MetricName: 'latency',
  Statistic: 'Average',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 10,
  ComparisonOperator: 'GreaterThanThreshold',
};
const signal = new AbortController().signal;

test('a minimal alarm has what was given, empty lists and its first state', async () => {
  const { ctx, woken } = setup();
  await putMetricAlarm(base, ctx);
  expect(woken).toEqual(['alarms']);
  expect(await describeAlarms({}, ctx)).toEqual({
    MetricAlarms: [
      {
        ...base,
        AlarmArn: formatArn(scope, 'cloudwatch', 'alarm:slow'),
        AlarmConfigurationUpdatedTimestamp: new Date(startMs),
        ActionsEnabled: true,
        OKActions: [],
        AlarmActions: [],
        InsufficientDataActions: [],
        StateValue: 'INSUFFICIENT_DATA',
        StateReason: 'Unchecked: Initial alarm creation',
        StateUpdatedTimestamp: new Date(startMs),
        StateTransitionedTimestamp: new Date(startMs),
        Dimensions: [],
      },
    ],
    CompositeAlarms: [],
    LogAlarms: [],
  });
});

test('data through the API raises it; an update keeps the state', async () => {
  const { ctx, clock, loop, sent } = setup();
  await putMetricAlarm({ ...base, AlarmActions: [topic], OKActions: [topic] }, ctx);
  await putMetricData(
    { Namespace: 'shop', MetricData: [{ MetricName: 'latency', Value: 20 }] },
    ctx,
  );
  clock.moveTo(startMs + minuteMs + 2000);
  await loop.tick(clock.nowMs(), { signal });
  expect(sent).toHaveLength(1);
  await putMetricAlarm({ ...base, Threshold: 30 }, ctx);
  const { MetricAlarms: [alarm] = [] } = await describeAlarms({ StateValue: 'ALARM' }, ctx);
  expect(alarm).toMatchObject({ Threshold: 30, AlarmActions: [], StateValue: 'ALARM' });
  expect(JSON.parse(alarm?.StateReasonData ?? '')).toMatchObject({ recentDatapoints: [20] });
});

describe('what is refused', () => {
  const validation = 'ValidationException';
  test.each<[Partial<PutMetricAlarmInput>, string, string | RegExp]>([
    [{ Period: 45 }, validation, 'Period must be 10, 20, 30 or a multiple of 60'],
    [{ Period: undefined }, validation, 'Period must not be null'],
    [{ MetricName: undefined }, validation, 'MetricName must not be null'],
    [{ Namespace: undefined }, validation, 'Namespace must not be null'],
    [{ Threshold: undefined }, validation, 'Threshold must not be null'],
    [{ Threshold: Number.NaN }, 'InvalidParameterValueException', /Threshold is invalid/],
    [{ EvaluationPeriods: 1441 }, validation, /more than a day .* <= 86400\)/],
    [{ Period: 86_400, EvaluationPeriods: 8 }, validation, /more than a week .* <= 604800\)/],
    [{ DatapointsToAlarm: 2 }, validation, /DatapointsToAlarm/],
    [{ ExtendedStatistic: 'p90' }, validation, /Exactly one of Statistic/],
    [{ Statistic: undefined }, validation, /Exactly one of Statistic/],
    [
      { Statistic: undefined, ExtendedStatistic: '90' },
      'InvalidParameterValueException',
      'The value 90 for parameter ExtendedStatistic is not supported.',
    ],
    [
      { EvaluateLowSampleCountPercentile: 'unknown' },
      'InvalidParameterValueException',
      'Option unknown is not supported. Supported options for parameter ' +
        'EvaluateLowSampleCountPercentile are evaluate and ignore.',
    ],
    [
      { EvaluateLowSampleCountPercentile: 'ignore' },
      'InvalidParameterCombinationException',
      /can only be used with ExtendedStatistic/,
    ],
    [
      { TreatMissingData: 'x' },
      validation,
      'The value x is not supported for TreatMissingData parameter. Supported values are ' +
        '[breaching, notBreaching, ignore, missing].',
    ],
    [{ AlarmActions: ['topic'] }, validation, 'Invalid arn syntax: topic'],
    [{ AlarmName: 'a\u0000' }, 'InvalidParameterValueException', /AlarmName .* control/],
    [{ Metrics: [{ Id: 'e', Expression: 'a+b' }] }, 'NotImplemented', /metric math/],
    [
      { ComparisonOperator: 'GreaterThanUpperThreshold' },
      'NotImplemented',
      /GreaterThanUpperThreshold/,
    ],
    [{ ThresholdMetricId: 'ad1' }, 'NotImplemented', /ThresholdMetricId/],
  ])('%o', async (more, code, message) => {
    const { ctx } = setup();
    const refused = await refusal(putMetricAlarm({ ...base, ...more }, ctx));
    expect(refused.code).toBe(code);
    if (typeof message === 'string') expect(refused.message).toBe(message);
    else expect(refused.message).toMatch(message);
    expect((await describeAlarms({}, ctx)).MetricAlarms).toEqual([]);
  });
});

test('SetAlarmState acts once, and the next evaluation restores', async () => {
  const { ctx, clock, loop, sent } = setup();
  await putMetricAlarm({ ...base, AlarmActions: [topic], TreatMissingData: 'notBreaching' }, ctx);
  const set = { AlarmName: 'slow', StateValue: 'ALARM' as const, StateReason: 'drill' };
  await setAlarmState({ ...set, StateReasonData: '{"why":1}' }, ctx);
  await setAlarmState({ ...set, StateReason: 'still' }, ctx);
  await loop.tick(clock.nowMs(), { signal });
  expect(sent).toHaveLength(1);
  expect((await describeAlarms({}, ctx)).MetricAlarms?.[0]?.StateReason).toBe('still');
  clock.moveTo(startMs + minuteMs + 2000);
  await loop.tick(clock.nowMs(), { signal });
  expect((await describeAlarms({}, ctx)).MetricAlarms?.[0]?.StateValue).toBe('OK');
  const { AlarmHistoryItems: items = [] } = await describeAlarmHistory(
    { HistoryItemType: 'StateUpdate', ScanBy: 'TimestampAscending' },
    ctx,
  );
  expect(items.map(({ HistorySummary }) => HistorySummary)).toEqual([
    'Alarm updated from INSUFFICIENT_DATA to ALARM',
    'Alarm updated from ALARM to OK',
  ]);
  expect(JSON.parse(items[0]?.HistoryData ?? '').newState).toEqual({
    stateValue: 'ALARM',
    stateReason: 'drill',
    stateReasonData: { why: 1 },
  });
  const unknown = setAlarmState({ ...set, AlarmName: 'none' }, ctx);
  expect((await refusal(unknown)).code).toBe('ResourceNotFound');
  const odd = setAlarmState({ ...set, StateReasonData: '{' }, ctx);
  expect((await refusal(odd)).code).toBe('InvalidFormatFault');
});

describe('reading', () => {
  async function three() {
    const all = setup();
    const dimensions = [
      { Name: 'a', Value: '1' },
      { Name: 'b', Value: '2' },
    ];
    await putMetricAlarm({ ...base, AlarmName: 'x1', Dimensions: dimensions }, all.ctx);
    await putMetricAlarm({ ...base, AlarmName: 'x2', AlarmActions: [topic] }, all.ctx);
    await putMetricAlarm({ ...base, AlarmName: 'y', Period: 300, Unit: 'Seconds' }, all.ctx);
    const names = async (input: Parameters<typeof describeAlarms>[0]) =>
      (await describeAlarms(input, all.ctx)).MetricAlarms?.map(({ AlarmName }) => AlarmName);
    return { ...all, names, dimensions };
  }

  test('by prefix, name, state, action and type', async () => {
    const { names } = await three();
    expect(await names({ AlarmNamePrefix: 'x' })).toEqual(['x1', 'x2']);
    expect(await names({ AlarmNames: ['y', 'none', 'x1'] })).toEqual(['x1', 'y']);
    expect(await names({ ActionPrefix: topic.slice(0, 12) })).toEqual(['x2']);
    expect(await names({ StateValue: 'OK' })).toEqual([]);
    expect(await names({ AlarmTypes: ['CompositeAlarm'] })).toEqual([]);
    expect(await names({ AlarmTypes: ['MetricAlarm'] })).toEqual(['x1', 'x2', 'y']);
  });

  test.each([[{}], [{ AlarmNames: ['x1', 'x2', 'y'] }]])('in pages: %o', async (input) => {
    const { ctx } = await three();
    const first = await describeAlarms({ ...input, MaxRecords: 2 }, ctx);
    expect(first.MetricAlarms).toHaveLength(2);
    const { NextToken } = first;
    const second = await describeAlarms({ ...input, MaxRecords: 2, NextToken }, ctx);
    expect(second.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['y']);
    expect(second.NextToken).toBeUndefined();
    const bad = describeAlarms({ ...input, NextToken: 'zzz' }, ctx);
    expect((await refusal(bad)).code).toBe('InvalidNextToken');
  });

  test('names and a prefix together are refused', async () => {
    const { ctx } = await three();
    const both = describeAlarms({ AlarmNames: ['y'], AlarmNamePrefix: 'x' }, ctx);
    expect((await refusal(both)).code).toBe('InvalidParameterCombinationException');
    const children = describeAlarms({ ChildrenOfAlarmName: 'c' }, ctx);
    expect((await refusal(children)).code).toBe('NotImplemented');
  });

  test('by metric, with exactly its dimensions', async () => {
    const { ctx, dimensions } = await three();
    const ask = async (more: object) => {
      const input = { Namespace: 'shop', MetricName: 'latency', ...more };
      const { MetricAlarms } = await describeAlarmsForMetric(input, ctx);
      return MetricAlarms?.map(({ AlarmName }) => AlarmName);
    };
    expect(await ask({})).toEqual(['x2', 'y']);
    expect(await ask({ Dimensions: dimensions.toReversed() })).toEqual(['x1']);
    expect(await ask({ Dimensions: dimensions.slice(1) })).toEqual([]);
    expect(await ask({ Period: 300 })).toEqual(['y']);
    expect(await ask({ Unit: 'Seconds', Statistic: 'Average' })).toEqual(['y']);
    expect(await ask({ Statistic: 'Sum' })).toEqual([]);
    expect(await ask({ MetricName: 'other' })).toEqual([]);
  });
});

describe('history', () => {
  test('outlives the alarm, by type, span, direction and page', async () => {
    const { ctx, clock } = setup();
    await putMetricAlarm(base, ctx);
    await putMetricAlarm({ ...base, AlarmName: 'other' }, ctx);
    clock.moveTo(startMs + minuteMs);
    await putMetricAlarm({ ...base, Threshold: 1 }, ctx);
    clock.moveTo(startMs + 2 * minuteMs);
    await deleteAlarms({ AlarmNames: ['slow'] }, ctx);
    const ask = async (more: object) =>
      (await describeAlarmHistory({ AlarmName: 'slow', ...more }, ctx)).AlarmHistoryItems?.map(
        ({ HistorySummary }) => HistorySummary?.split(' ').at(-1),
      );
    expect(await ask({})).toEqual(['deleted', 'updated', 'created']);
    expect(await ask({ ScanBy: 'TimestampAscending' })).toEqual(['created', 'updated', 'deleted']);
    expect(await ask({ HistoryItemType: 'StateUpdate' })).toEqual([]);
    const StartDate = new Date(startMs + minuteMs);
    expect(await ask({ StartDate })).toEqual(['deleted', 'updated']);
    expect(await ask({ EndDate: StartDate })).toEqual(['updated', 'created']);
    expect(await ask({ StartDate, EndDate: StartDate, ScanBy: 'TimestampAscending' })).toEqual([
      'updated',
    ]);
    expect(await ask({ AlarmName: undefined })).toHaveLength(4);
    expect(await ask({ AlarmTypes: ['CompositeAlarm'] })).toEqual([]);
    const seen: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await describeAlarmHistory({ MaxRecords: 3, NextToken }, ctx);
      seen.push(...(page.AlarmHistoryItems ?? []).map(({ AlarmName }) => AlarmName));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toHaveLength(4);
    expect(new Set(seen)).toEqual(new Set(['other', 'slow']));
    clock.moveTo(startMs + 15 * dayMs);
    expect(await ask({})).toEqual([]);
  });
});

test('deleting is for all or none', async () => {
  const { ctx } = setup();
  await putMetricAlarm(base, ctx);
  const missing = deleteAlarms({ AlarmNames: ['slow', 'none'] }, ctx);
  expect((await refusal(missing)).code).toBe('ResourceNotFound');
  expect((await describeAlarms({}, ctx)).MetricAlarms).toHaveLength(1);
  await deleteAlarms({ AlarmNames: ['slow', 'slow'] }, ctx);
  expect((await describeAlarms({}, ctx)).MetricAlarms).toEqual([]);
  const many = Array.from({ length: 101 }, (_, i) => `a${i}`);
  expect((await refusal(deleteAlarms({ AlarmNames: many }, ctx))).code).toBe(
    'InvalidParameterValueException',
  );
});

test('actions are switched off and on; unknown names are passed over', async () => {
  const { ctx } = setup();
  await putMetricAlarm({ ...base, AlarmActions: [topic] }, ctx);
  await disableAlarmActions({ AlarmNames: ['slow', 'none'] }, ctx);
  await setAlarmState({ AlarmName: 'slow', StateValue: 'ALARM', StateReason: 'x' }, ctx);
  const kinds = (await ctx.store.list(outbox, { limit: 10 })).map(({ row }) => row.kind);
  expect(kinds).toEqual(['event', 'event', 'event']);
  await enableAlarmActions({ AlarmNames: ['slow'] }, ctx);
  expect((await describeAlarms({}, ctx)).MetricAlarms?.[0]?.ActionsEnabled).toBe(true);
});

test('tags are given at the start, kept by updates, changed by their own calls', async () => {
  const { ctx } = setup();
  const ResourceARN = formatArn(scope, 'cloudwatch', 'alarm:slow');
  const tags = async () => (await listTagsForResource({ ResourceARN }, ctx)).Tags;
  await putMetricAlarm({ ...base, Tags: [{ Key: 'team', Value: 'ml' }] }, ctx);
  await putMetricAlarm({ ...base, Tags: [{ Key: 'x', Value: 'y' }] }, ctx);
  await tagResource({ ResourceARN, Tags: [{ Key: 'tier', Value: '1' }] }, ctx);
  expect(await tags()).toEqual([
    { Key: 'team', Value: 'ml' },
    { Key: 'tier', Value: '1' },
  ]);
  await untagResource({ ResourceARN, TagKeys: ['team', 'none'] }, ctx);
  expect(await tags()).toEqual([{ Key: 'tier', Value: '1' }]);
  const unknown = formatArn(scope, 'cloudwatch', 'alarm:none');
  expect((await refusal(listTagsForResource({ ResourceARN: unknown }, ctx))).code).toBe(
    'ResourceNotFoundException',
  );
  const reserved = tagResource({ ResourceARN, Tags: [{ Key: 'aws:x', Value: '' }] }, ctx);
  expect((await refusal(reserved)).code).toBe('InvalidParameterValueException');
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  expect((await refusal(tagResource({ ResourceARN, Tags: many }, ctx))).message).toContain('50');
});
