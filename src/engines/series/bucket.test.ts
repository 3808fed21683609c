/**
 * The laws of buckets: zero, order does not matter, merged parts are the whole, JSON round trip.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addSample,
  type Bucket,
  emptyBucket,
  maxDistinctStored,
  mergeBucket,
  packBucket,
  quantize,
  unpackBucket,
} from './bucket.ts';
import { type Sample, single } from './recorder.ts';
import { measure } from './statistics.ts';

const value = fc.oneof(
  fc.integer({ min: 0, max: 30 }),
  fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
);
const sample: fc.Arbitrary<Sample> = fc.oneof(
  { weight: 8, arbitrary: value.map(single) },
  {
    weight: 1,
    arbitrary: fc
      .array(value, { minLength: 1, maxLength: 100 })
      .map((values) => ({ kind: 'values' as const, values, counts: values.map((_, i) => i % 3) })),
  },
);
const samples = fc.array(sample, { maxLength: 40 });

function whole(list: readonly Sample[]): Bucket {
  const bucket = emptyBucket();
  for (const each of list) addSample(bucket, each);
  return bucket;
}

function merged(...parts: readonly Bucket[]): Bucket {
  const bucket = emptyBucket();
  for (const part of parts) mergeBucket(bucket, part);
  return bucket;
}

/** Sums are compared to within their rounding, which depends on the order of additions. */
function expectSame(a: Bucket, b: Bucket): void {
  expect(a.sum).toBeCloseTo(b.sum, -Math.log10(Math.max(1, Math.abs(b.sum)) * 1e-12));
  const plain = ({ count, minimum, maximum, detail, weights }: Bucket) => ({
    count,
    minimum,
    maximum,
    detail,
    weights: [...weights].sort(([x], [y]) => x - y),
  });
  expect(plain(a)).toEqual(plain(b));
}

test('merging is associative and commutative, and equals the whole', () => {
  fc.assert(
    fc.property(samples, samples, samples, (a, b, c) => {
      const [x, y, z] = [whole(a), whole(b), whole(c)];
      const all = whole([...a, ...b, ...c]);
      expectSame(merged(merged(x, y), z), all);
      expectSame(merged(x, merged(z, y)), all);
    }),
  );
});

test('an empty bucket changes nothing', () => {
  fc.assert(
    fc.property(samples, (list) => expectSame(merged(emptyBucket(), whole(list)), whole(list))),
  );
});

test('a packed bucket survives JSON', () => {
  fc.assert(
    fc.property(samples, (list) => {
      fc.pre(whole(list).count > 0);
      const packed = JSON.parse(JSON.stringify(packBucket(whole(list))));
      expectSame(unpackBucket(packed), whole(list));
    }),
  );
});

test('past its bound a bucket counts cells, and percentiles stay within 5 %', () => {
  const values = Array.from({ length: maxDistinctStored * 4 }, (_, i) => 1 + i * 0.37);
  const bucket = whole(values.map(single));
  expect(bucket.detail).toBe('cells');
  expect(bucket.weights.size).toBeLessThanOrEqual(maxDistinctStored);
  expect(bucket.sum).toBeCloseTo(
    values.reduce((sum, v) => sum + v, 0),
    6,
  );
  for (const share01 of [0.1, 0.5, 0.9, 0.99]) {
    const exact = 1 + (values.length - 1) * share01 * 0.37;
    const found = measure({ kind: 'percentile', share01 }, bucket) ?? 0;
    expect(Math.abs(found / exact - 1)).toBeLessThan(0.05);
  }
});

test('a cell holds its own middle', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e100, max: 1e100, noNaN: true }), (v) => {
      expect(quantize(quantize(v))).toBe(quantize(v));
    }),
  );
});
