/** What reaches the recorder: shapes, splitting, the minute, and what happens when it fails. */
import { beforeEach, expect, test } from 'vitest';
import { RequestCounters } from '../../engines/hosting/counters.ts';
import { Fleet, Instance } from '../../engines/hosting/fleet.ts';
import type { Datum } from '../../engines/series/recorder.ts';
import type { Scope } from '../../kernel/arn.ts';
import { silentLogger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { makeEndpointMetricsLoop } from './loop.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const where = { scope, endpoint: 'Churn', variant: 'A' };
const signal = new AbortController().signal;
const minuteMs = 60_000;

let counters: RequestCounters;
let fleet: Fleet;
let recorded: Datum[];
let failing: boolean;
let loop: Loop;

beforeEach(() => {
  counters = new RequestCounters();
  fleet = new Fleet();
  recorded = [];
  failing = false;
  const record = async (_scope: Scope, data: readonly Datum[]) => {
    if (failing) throw new Error('disk full');
    recorded.push(...data);
  };
  loop = makeEndpointMetricsLoop({ counters, fleet, recorder: { record }, log: silentLogger });
});

const request = (modelLatencyUs: number) => ({
  instances: 1,
  modelStatus: 200,
  modelLatencyUs,
  overheadLatencyUs: 5,
});

test('hands on what was counted, at most 150 values a datum', async () => {
  for (let i = 0; i < 200; i += 1) counters.count(where, request(i), 61_500);
  expect(await loop.tick(61_700, { signal })).toBe(120_000);
  const latencies = recorded.filter(({ metric }) => metric === 'ModelLatency');
  expect(latencies.map(({ sample }) => sample.kind === 'values' && sample.values.length)).toEqual([
    150, 50,
  ]);
  expect(recorded.find(({ metric }) => metric === 'Invocations')).toEqual({
    namespace: 'AWS/SageMaker',
    metric: 'Invocations',
    dimensions: [
      { name: 'EndpointName', value: 'Churn' },
      { name: 'VariantName', value: 'A' },
    ],
    timestampMs: minuteMs,
    unit: 'None',
    sample: { kind: 'values', values: [1], counts: [200] },
  });
  const before = recorded.length;
  await loop.tick(62_700, { signal });
  expect(recorded).toHaveLength(before);
});

test('hands on once a second, however often it is woken', async () => {
  counters.count(where, request(1), 0);
  await loop.tick(1_000, { signal });
  counters.count(where, request(1), 0);
  expect(await loop.tick(1_999, { signal })).toBe(2_000);
  const invocations = () => recorded.filter(({ metric }) => metric === 'Invocations');
  expect(invocations()).toHaveLength(1);
  expect(await loop.tick(2_000, { signal })).toBe(60_000);
  expect(invocations()).toHaveLength(2);
});

test('what the recorder did not take is handed on later', async () => {
  counters.count(where, request(1), 0);
  failing = true;
  await expect(loop.tick(1_000, { signal })).rejects.toThrow('disk full');
  failing = false;
  counters.count(where, request(1), 500);
  await loop.tick(2_000, { signal });
  const invocations = recorded.filter(({ metric }) => metric === 'Invocations');
  expect(invocations.map(({ sample }) => sample)).toEqual([
    { kind: 'values', values: [1], counts: [2] },
  ]);
});

test('servers are measured once a minute; one that cannot be hides no other', async () => {
  const usages = [
    async () => Promise.reject(new Error('gone')),
    async () => undefined,
    async () => ({ cpuPercent: 150, memoryPercent: 20, diskPercent: 30 }),
  ];
  const variants = usages.map((usage, at) => {
    const server = {
      invocationsUrl: new URL('http://127.0.0.1:1'),
      healthy: async () => true,
      stop: async () => {},
      usage,
    };
    const variant = {
      name: `v${at}`,
      modelName: 'm',
      weight: 1,
      instanceCount: 1,
      instanceId: `i${at}`,
      startTimeoutMs: 1,
      downloadTimeoutMs: 1,
      image: 'i',
      environment: {},
    };
    return { variant, instance: new Instance(`i${at}`, server) };
  });
  fleet.route({ key: 'k', name: 'Churn', arn: 'a', scope, variants, shadows: [] });
  await loop.tick(61_000, { signal });
  await loop.tick(62_000, { signal });
  expect(
    recorded.map(({ metric, sample, unit, timestampMs }) => [metric, sample, unit, timestampMs]),
  ).toEqual(
    [
      ['CPUUtilization', 150],
      ['MemoryUtilization', 20],
      ['DiskUtilization', 30],
    ].map(([metric, value]) => [
      metric,
      { kind: 'values', values: [value], counts: [1] },
      'Percent',
      minuteMs,
    ]),
  );
  expect(recorded[0]).toMatchObject({
    namespace: '/aws/sagemaker/Endpoints',
    dimensions: [{ value: 'Churn' }, { value: 'v2' }],
  });
  await loop.tick(120_000, { signal });
  expect(recorded).toHaveLength(6);
});
