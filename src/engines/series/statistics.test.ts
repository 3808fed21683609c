/** Statistics against numpy and scipy (golden/), against a plain sort, and at their edges. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import { addSample, type Bucket, emptyBucket } from './bucket.ts';
import { single } from './recorder.ts';
import { measure, parseStatistic } from './statistics.ts';

interface Case {
  readonly name: string;
  readonly values: readonly number[];
  readonly percentiles: Readonly<Record<string, number>>;
  readonly 'TM(10%:90%)': number;
  readonly IQM: number;
  readonly 'WM(10%:90%)': number;
}

const golden = JSON.parse(
  readFileSync(new URL('golden/statistics.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

function bucketOf(values: readonly number[]): Bucket {
  const bucket = emptyBucket();
  for (const value of values) addSample(bucket, single(value));
  return bucket;
}

function ask(name: string, bucket: Bucket): number | undefined {
  const statistic = parseStatistic(name);
  if (!statistic.ok) throw new Error(statistic.reason);
  return measure(statistic.value, bucket);
}

describe.each(golden.cases)('as numpy and scipy have it: $name', (expected) => {
  const bucket = bucketOf(expected.values);

  test.each(Object.entries(expected.percentiles))('%s', (name, value) => {
    expect(ask(name, bucket)).toBeCloseTo(value, 9);
  });

  test.each(['TM(10%:90%)', 'IQM', 'WM(10%:90%)'] as const)('%s', (name) => {
    expect(ask(name, bucket)).toBeCloseTo(expected[name], 9);
  });
});

test('counted values say the same as repeated ones, against a sort', () => {
  const values = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 100 }), (list, share) => {
      const sorted = list.toSorted((a, b) => a - b);
      const at = ((sorted.length - 1) * share) / 100;
      const low = defined(sorted[Math.floor(at)], 'rank');
      const high = sorted[Math.floor(at) + 1] ?? low;
      expect(ask(`p${share}`, bucketOf(list))).toBeCloseTo(low + (high - low) * (at % 1), 9);
    }),
  );
});

test('bounds in absolute numbers exclude the lower and include the upper', () => {
  const bucket = bucketOf([1, 2, 3, 4, 5]);
  expect(ask('TC(2:4)', bucket)).toBe(2);
  expect(ask('TS(2:4)', bucket)).toBe(7);
  expect(ask('TM(2:4)', bucket)).toBe(3.5);
  expect(ask('PR(:3)', bucket)).toBe(60);
  expect(ask('PR(1:3)', bucket)).toBe(40);
  expect(ask('PR(3:)', bucket)).toBe(40);
  expect(ask('WM(2:4)', bucket)).toBe(3);
  expect(ask('TM(8:9)', bucket)).toBeUndefined();
  expect(ask('TC(8:9)', bucket)).toBe(0);
});

test('the short forms trim above', () => {
  const bucket = bucketOf(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(ask('tm90', bucket)).toBe(45.5);
  expect(ask('tc90', bucket)).toBe(90);
  expect(ask('ts90', bucket)).toBe(4095);
  expect(ask('TC(10%:90%)', bucket)).toBe(80);
  expect(ask('TM(:90%)', bucket)).toBe(45.5);
  expect(ask('TM(10%:)', bucket)).toBe(55.5);
});

test.each([
  ['SampleCount', 4],
  ['Sum', 10],
  ['Average', 2.5],
  ['Minimum', 1],
  ['Maximum', 4],
])('%s', (name, value) => expect(ask(name, bucketOf([4, 1, 2, 3]))).toBe(value));

test.each([
  'sum',
  'p',
  'p101',
  'p-1',
  'p99.12345678901',
  'TM()',
  'TM(:)',
  'TM(10%:5)',
  'TM(90%:10%)',
  'TM(10%:110%)',
  'PR(10%:20%)',
  'PR(5:5)',
  'q99',
  'IQM ',
  'TM(1:2:3)',
])('%s is refused', (name) => expect(parseStatistic(name).ok).toBe(false));

test('negative or hidden values have no percentiles, and no samples have nothing', () => {
  expect(ask('p50', bucketOf([-1, 2, 3]))).toBeUndefined();
  expect(ask('Average', bucketOf([-1, 2, 5]))).toBe(2);
  expect(ask('Sum', emptyBucket())).toBeUndefined();
  const hidden = emptyBucket();
  addSample(hidden, { kind: 'statistics', sampleCount: 3, sum: 6, minimum: 1, maximum: 3 });
  expect(ask('p50', hidden)).toBeUndefined();
  expect(ask('Average', hidden)).toBe(2);
  const known = emptyBucket();
  addSample(known, { kind: 'statistics', sampleCount: 3, sum: 6, minimum: 2, maximum: 2 });
  expect(ask('p50', known)).toBe(2);
});
