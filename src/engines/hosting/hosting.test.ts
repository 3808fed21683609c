/** The rules of hosting that need no server: choice by weight, names, counting, draining. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { chooseByWeight, shadowTakes } from './choice.ts';
import { RequestCounters } from './counters.ts';
import { Instance } from './fleet.ts';
import { hostedArn, hostedKey, isHostingName, parseHostedArn } from './names.ts';
import { created, failed } from './transition.ts';

const weighted = (name: string, weight: number) => ({ variant: { name, weight } });

test('each variant gets its share of the weight, none gets nothing', () => {
  const variants = [weighted('a', 1), weighted('b', 0), weighted('c', 3)];
  const random = seededRandom(5);
  const seen = new Map<string, number>();
  const draws = 10_000;
  for (let i = 0; i < draws; i += 1) {
    const name = chooseByWeight(variants, random)?.variant.name ?? 'none';
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['a', 'c']);
  expect((seen.get('a') ?? 0) / draws).toBeCloseTo(0.25, 1);
  expect(chooseByWeight([weighted('a', 0)], random)).toBeUndefined();
  expect(chooseByWeight([], random)).toBeUndefined();
});

test('the largest draw there is still finds a variant', () => {
  const edge = { next01: () => 1 - Number.EPSILON / 2, bytes: () => new Uint8Array() };
  const variants = [weighted('a', 0.1), weighted('b', 0.2), weighted('c', 0)];
  expect(chooseByWeight(variants, edge)?.variant.name).toBe('b');
});

test('a shadow takes the ratio of the weights', () => {
  const random = seededRandom(5);
  const share = (shadow: number, production: number) => {
    let taken = 0;
    for (let i = 0; i < 10_000; i += 1) {
      if (shadowTakes(weighted('s', shadow), weighted('p', production), random)) taken += 1;
    }
    return taken / 10_000;
  };
  expect(share(1, 4)).toBeCloseTo(0.25, 1);
  expect(share(2, 1)).toBe(1);
  expect(share(0, 1)).toBe(0);
});

test('names, keys and ARNs', () => {
  expect(['a', 'A-1', 'x'.repeat(63)].map(isHostingName)).toEqual([true, true, true]);
  const bad = ['', '-a', 'a-', 'a_b', 'a b', 'ä', 'x'.repeat(64)];
  expect(bad.filter(isHostingName)).toEqual([]);
  const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
  expect(hostedKey(scope, 'Churn')).toBe('111122223333/eu-west-1/churn');
  const arn = hostedArn(scope, 'endpoint-config', 'Churn');
  expect(arn).toBe('arn:aws:sagemaker:eu-west-1:111122223333:endpoint-config/churn');
  const value = { scope, kind: 'endpoint-config', name: 'churn' };
  expect(parseHostedArn(arn)).toEqual({ ok: true, value });
  expect(parseHostedArn('arn:aws:s3:::b/k').ok).toBe(false);
});

test('a long run of dashes in a name is judged quickly', () => {
  expect(isHostingName(`a${'-'.repeat(61)}_`)).toBe(false);
});

const where = {
  scope: { partition: 'aws', region: 'r', account: '1' },
  endpoint: 'e',
  variant: 'v',
};
const request = { instances: 4, modelStatus: 200, modelLatencyUs: 900, overheadLatencyUs: 100 };

test('counters keep each value with its count, by minute', () => {
  const clock = new VirtualClock(59_999);
  const counters = new RequestCounters();
  counters.count(where, request, clock.nowMs());
  counters.count(where, { ...request, modelStatus: 404 }, clock.nowMs());
  clock.moveTo(60_000);
  counters.count(where, { ...request, modelStatus: 0, overheadLatencyUs: -3 }, clock.nowMs());
  const taken = counters.take();
  const find = (metric: string, timestampMs: number) =>
    taken.find((t) => t.metric === metric && t.timestampMs === timestampMs);
  expect(find('Invocations', 0)).toMatchObject({ values: [1], counts: [2], unit: 'None' });
  expect(find('InvocationsPerInstance', 0)).toMatchObject({ values: [0.25], counts: [2] });
  expect(find('Invocation4XXErrors', 0)).toMatchObject({ values: [0, 1], counts: [1, 1] });
  expect(find('Invocation5XXErrors', 0)).toMatchObject({ values: [0], counts: [2] });
  expect(find('Invocation5XXErrors', 60_000)).toMatchObject({ values: [1], counts: [1] });
  expect(find('InvocationModelErrors', 0)).toMatchObject({ values: [0, 1], counts: [1, 1] });
  expect(find('ModelLatency', 0)).toMatchObject({ values: [900], unit: 'Microseconds' });
  expect(find('OverheadLatency', 60_000)).toMatchObject({ values: [0] });
  expect(counters.empty).toBe(true);
});

test('what was taken and not delivered counts together with what came since', () => {
  const counters = new RequestCounters();
  counters.count(where, request, 0);
  const taken = counters.take();
  counters.count(where, request, 0);
  counters.restore(taken);
  const again = counters.take();
  expect(again.find(({ metric }) => metric === 'Invocations')).toMatchObject({ counts: [2] });
});

test('distinct values are bounded and none is lost', () => {
  const counters = new RequestCounters();
  for (let i = 0; i < 20_000; i += 1) {
    counters.count(where, { ...request, modelLatencyUs: 10_000 + i }, 0);
  }
  const latency = counters.take().find(({ metric }) => metric === 'ModelLatency');
  expect(latency?.values.length).toBeLessThan(5_100);
  expect(latency?.counts.reduce((sum, n) => sum + n, 0)).toBe(20_000);
});

test('an instance is drained when its last request ends, or time is up', async () => {
  const server = {
    invocationsUrl: new URL('http://127.0.0.1:1'),
    healthy: async () => true,
    usage: async () => undefined,
    stop: async () => {},
  };
  const instance = new Instance('i', server);
  expect(await instance.drained(1)).toBe(true);
  instance.enter();
  instance.enter();
  expect(await instance.drained(1)).toBe(false);
  const drained = instance.drained(60_000);
  instance.leave();
  expect(instance.inFlight).toBe(1);
  instance.leave();
  expect(await drained).toBe(true);
});

test('a reason is kept within the limit of the service model', () => {
  const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
  const deployment = { configName: 'c', variants: [], shadows: [], startedAtMs: 0 };
  const row = failed(created({ scope, name: 'e', deployment, nowMs: 0 }), 'x'.repeat(20_000), 1);
  expect(row).toMatchObject({ status: 'Failed', failureReason: 'x'.repeat(1_024) });
});
