/**
 * CloudWatch's statistics of one bucket. Definitions: "CloudWatch statistics definitions" in its
 * user guide. Percentiles interpolate linearly between order statistics (numpy's default, Hyndman
 * & Fan type 7); trimming by percent drops whole samples and never more than asked (scipy's
 * `trim_mean`).
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Bucket } from './bucket.ts';

export const simpleStatistics = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type SimpleStatistic = (typeof simpleStatistics)[number];

type Trimmed = 'TM' | 'TC' | 'TS' | 'WM';

export type Statistic =
  | { readonly kind: 'simple'; readonly name: SimpleStatistic }
  | { readonly kind: 'percentile'; readonly share01: number }
  /** Shares in 0 … 1 of the samples, from below. */
  | {
      readonly kind: 'percent';
      readonly measure: Trimmed;
      readonly lo01: number;
      readonly hi01: number;
    }
  /** Values in (lo, hi]. */
  | {
      readonly kind: 'absolute';
      readonly measure: Trimmed | 'PR';
      readonly lo: number;
      readonly hi: number;
    };

const percentPattern = /^(p|tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)$/;
const number = '-?\\d+(?:\\.\\d{1,10})?';
const rangePattern = new RegExp(`^(TM|TC|TS|WM|PR)\\((${number}%?)?:(${number}%?)?\\)$`);

/** Reads a statistic's name: `Sum`, `p99.9`, `tm90`, `IQM`, `TC(10%:90%)`, `PR(:300)`, … */
export function parseStatistic(text: string): Outcome<Statistic> {
  const simple = simpleStatistics.find((name) => name === text);
  if (simple) return ok({ kind: 'simple', name: simple });
  if (text === 'IQM') return ok({ kind: 'percent', measure: 'TM', lo01: 0.25, hi01: 0.75 });
  const [, letter, share] = percentPattern.exec(text) ?? [];
  if (letter !== undefined && share !== undefined) {
    const share01 = Number(share) / 100;
    if (letter === 'p') return ok({ kind: 'percentile', share01 });
    const measure = letter.toUpperCase() as Trimmed;
    return ok({ kind: 'percent', measure, lo01: 0, hi01: share01 });
  }
  const range = rangePattern.exec(text);
  return range ? parseRange(text, range) : refuse(`${text} is not a statistic`);
}

function parseRange(text: string, range: RegExpExecArray): Outcome<Statistic> {
  const [, measure = '', lo, hi] = range;
  if (lo === undefined && hi === undefined) return refuse(`${text} needs a bound`);
  const percents = [lo, hi].filter((bound) => bound?.endsWith('%')).length;
  const bounds = [lo, hi].filter((bound) => bound !== undefined).length;
  if (percents !== 0 && percents !== bounds) return refuse(`${text} mixes % and absolute bounds`);
  if (percents === 0) {
    const low = lo === undefined ? Number.NEGATIVE_INFINITY : Number(lo);
    const high = hi === undefined ? Number.POSITIVE_INFINITY : Number(hi);
    if (low >= high) return refuse(`${text} has no values between its bounds`);
    return ok({ kind: 'absolute', measure: measure as Trimmed | 'PR', lo: low, hi: high });
  }
  if (measure === 'PR') return refuse(`${text} needs absolute bounds`);
  const lo01 = Number((lo ?? '0%').slice(0, -1)) / 100;
  const hi01 = Number((hi ?? '100%').slice(0, -1)) / 100;
  if (lo01 < 0 || hi01 > 1 || lo01 >= hi01) return refuse(`${text} is not within 0% to 100%`);
  return ok({ kind: 'percent', measure: measure as Trimmed, lo01, hi01 });
}

/** True when the statistic needs the values themselves and not only their sum and extremes. */
export function needsValues(statistic: Statistic): boolean {
  return statistic.kind !== 'simple';
}

/**
 * The statistic's value; undefined when the bucket has none: no samples, nothing left by trimming,
 * or, for statistics that need values, hidden or negative values.
 */
export function measure(statistic: Statistic, bucket: Bucket): number | undefined {
  if (bucket.count <= 0) return undefined;
  if (statistic.kind === 'simple') return simpleMeasure(statistic.name, bucket);
  if (bucket.detail === 'none' || bucket.minimum < 0) return undefined;
  const sorted = sortedWeights(bucket);
  if (statistic.kind === 'percentile') return percentile(sorted, statistic.share01);
  if (statistic.kind === 'percent') return percentMeasure(statistic, sorted);
  return absoluteMeasure(statistic, sorted);
}

function simpleMeasure(name: SimpleStatistic, bucket: Bucket): number {
  switch (name) {
    case 'SampleCount':
      return bucket.count;
    case 'Sum':
      return bucket.sum;
    case 'Average':
      return bucket.sum / bucket.count;
    case 'Minimum':
      return bucket.minimum;
    case 'Maximum':
      return bucket.maximum;
  }
}

interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/**
 * In order of value. A cell's middle may lie outside what was seen, so it is held to the extremes.
 */
function sortedWeights(bucket: Bucket): readonly Weighted[] {
  const clamp = (value: number) => Math.min(Math.max(value, bucket.minimum), bucket.maximum);
  return [...bucket.weights]
    .map(([value, weight]) => ({ value: clamp(value), weight }))
    .sort((a, b) => a.value - b.value);
}

function total(sorted: readonly Weighted[]): number {
  return sorted.reduce((sum, { weight }) => sum + weight, 0);
}

function percentile(sorted: readonly Weighted[], share01: number): number {
  const at = Math.max(0, (total(sorted) - 1) * share01);
  const below = Math.floor(at);
  const low = valueAt(sorted, below);
  const high = valueAt(sorted, below + 1);
  return low + (high - low) * (at - below);
}

/**
 * The sample of this rank, counting from 0, as if every value stood there as often as it weighs.
 */
function valueAt(sorted: readonly Weighted[], rank: number): number {
  let passed = 0;
  for (const { value, weight } of sorted) {
    passed += weight;
    if (passed > rank) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}

function percentMeasure(
  statistic: Extract<Statistic, { kind: 'percent' }>,
  sorted: readonly Weighted[],
): number | undefined {
  if (statistic.measure === 'WM') {
    const lo = percentile(sorted, statistic.lo01);
    const hi = percentile(sorted, statistic.hi01);
    return winsorized(sorted, lo, hi);
  }
  const count = total(sorted);
  const dropLow = wholeSamples(count * statistic.lo01);
  const dropHigh = wholeSamples(count * (1 - statistic.hi01));
  return summarize(statistic.measure, between(sorted, dropLow, count - dropHigh));
}

/** Rounds down, but does not lose a whole sample to the last bits of a product. */
function wholeSamples(count: number): number {
  return Math.floor(count + 1e-9 * Math.max(1, count));
}

/** The samples whose rank lies between the two ranks. */
function between(sorted: readonly Weighted[], fromRank: number, toRank: number): Weighted[] {
  const kept: Weighted[] = [];
  let passed = 0;
  for (const { value, weight } of sorted) {
    const overlap = Math.min(passed + weight, toRank) - Math.max(passed, fromRank);
    if (overlap > 0) kept.push({ value, weight: overlap });
    passed += weight;
  }
  return kept;
}

function absoluteMeasure(
  statistic: Extract<Statistic, { kind: 'absolute' }>,
  sorted: readonly Weighted[],
): number | undefined {
  const { lo, hi } = statistic;
  if (statistic.measure === 'WM') return winsorized(sorted, lo, hi);
  const kept = sorted.filter(({ value }) => value > lo && value <= hi);
  if (statistic.measure === 'PR') return (100 * total(kept)) / total(sorted);
  return summarize(statistic.measure, kept);
}

function summarize(what: 'TM' | 'TC' | 'TS', kept: readonly Weighted[]): number | undefined {
  const count = total(kept);
  if (what === 'TC') return count;
  const sum = kept.reduce((so, { value, weight }) => so + value * weight, 0);
  if (what === 'TS') return sum;
  return count === 0 ? undefined : sum / count;
}

function winsorized(sorted: readonly Weighted[], lo: number, hi: number): number {
  const clamp = (value: number) => Math.min(Math.max(value, lo), hi);
  const sum = sorted.reduce((so, { value, weight }) => so + clamp(value) * weight, 0);
  return sum / total(sorted);
}
