/**
 * What is kept of the values of one interval: count, sum, extremes, and how often each value
 * occurred. A commutative monoid: merging intervals gives what the whole interval would have given.
 * Not a statistic: those are in statistics.ts.
 *
 * Past `maxDistinct` values the counts go to an exponential histogram, whose cells are a factor of
 * 1.1 wide (the SEH1 of CloudWatch's agent); a cell is kept under its geometric middle, so a
 * percentile is then within 5 % of the exact one. Sums, counts and extremes stay exact.
 */
import type { Sample } from './recorder.ts';

/** Bound of a stored interval, the one of `Values` in a call. */
export const maxDistinctStored = 150;
/** Bound while intervals are merged to answer a question. */
export const maxDistinctRead = 20_000;

const cellFactor = 1.1;
const logFactor = Math.log(cellFactor);

/**
 * `values`: every value is known. `cells`: values are known to within their cell. `none`: a
 * statistics set hides its values, so only count, sum and extremes can be had.
 */
export type Detail = 'values' | 'cells' | 'none';

/** Value (or middle of its cell) to weight. Weights need not be whole. */
export interface Bucket {
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
  detail: Detail;
  weights: Map<number, number>;
}

export function emptyBucket(): Bucket {
  return {
    count: 0,
    sum: 0,
    minimum: Number.POSITIVE_INFINITY,
    maximum: Number.NEGATIVE_INFINITY,
    detail: 'values',
    weights: new Map(),
  };
}

/** The middle of the value's cell; idempotent. */
export function quantize(value: number): number {
  if (value === 0) return 0;
  const cell = Math.floor(Math.log(Math.abs(value)) / logFactor);
  return Math.sign(value) * cellFactor ** (cell + 0.5);
}

/** Adds one sample in place. Weights of zero count for nothing. */
export function addSample(bucket: Bucket, sample: Sample, maxDistinct = maxDistinctStored): void {
  if (sample.kind === 'values') {
    sample.values.forEach((value, i) => addValue(bucket, value, sample.counts[i] ?? 1));
    return bound(bucket, maxDistinct);
  }
  const { sampleCount, sum, minimum, maximum } = sample;
  if (sampleCount <= 0) return;
  if (minimum === maximum && sum === minimum * sampleCount) {
    addValue(bucket, minimum, sampleCount);
    return bound(bucket, maxDistinct);
  }
  mergeBucket(bucket, {
    count: sampleCount,
    sum,
    minimum,
    maximum,
    detail: 'none',
    weights: new Map(),
  });
}

function addValue(bucket: Bucket, value: number, count: number): void {
  if (count <= 0) return;
  bucket.count += count;
  bucket.sum += value * count;
  bucket.minimum = Math.min(bucket.minimum, value);
  bucket.maximum = Math.max(bucket.maximum, value);
  if (bucket.detail !== 'none') addWeight(bucket, value, count);
}

function addWeight(bucket: Bucket, value: number, count: number): void {
  // Minus zero and zero are one value, also after JSON.
  const at = bucket.detail === 'cells' ? quantize(value) : value + 0;
  bucket.weights.set(at, (bucket.weights.get(at) ?? 0) + count);
}

/** Adds `from` to `into` in place; `from` is not changed. */
export function mergeBucket(into: Bucket, from: Bucket, maxDistinct = maxDistinctStored): void {
  if (from.count === 0) return;
  into.count += from.count;
  into.sum += from.sum;
  into.minimum = Math.min(into.minimum, from.minimum);
  into.maximum = Math.max(into.maximum, from.maximum);
  if (into.detail === 'none' || from.detail === 'none') {
    into.detail = 'none';
    into.weights.clear();
    return;
  }
  if (from.detail === 'cells') toCells(into);
  for (const [value, weight] of from.weights) addWeight(into, value, weight);
  bound(into, maxDistinct);
}

function bound(bucket: Bucket, maxDistinct: number): void {
  if (bucket.detail === 'values' && bucket.weights.size > maxDistinct) toCells(bucket);
}

function toCells(bucket: Bucket): void {
  if (bucket.detail !== 'values') return;
  const exact = bucket.weights;
  bucket.detail = 'cells';
  bucket.weights = new Map();
  for (const [value, weight] of exact) addWeight(bucket, value, weight);
}

/** A bucket as kept in JSON: count, sum, minimum, maximum, detail, values, weights (0: all one). */
export type PackedBucket = readonly [
  count: number,
  sum: number,
  minimum: number,
  maximum: number,
  detail: 0 | 1 | 2,
  values: readonly number[],
  weights: readonly number[] | 0,
];

const details = ['values', 'cells', 'none'] as const;

export function packBucket(bucket: Bucket): PackedBucket {
  const detail = details.indexOf(bucket.detail) as 0 | 1 | 2;
  const weights = [...bucket.weights.values()];
  const { count, sum, minimum, maximum } = bucket;
  const packed = weights.every((weight) => weight === 1) ? 0 : weights;
  return [count, sum, minimum, maximum, detail, [...bucket.weights.keys()], packed];
}

export function unpackBucket(packed: PackedBucket): Bucket {
  const [count, sum, minimum, maximum, detail, values, weights] = packed;
  return {
    count,
    sum,
    minimum,
    maximum,
    detail: details[detail],
    weights: new Map(values.map((value, i) => [value, weights === 0 ? 1 : (weights[i] ?? 1)])),
  };
}
