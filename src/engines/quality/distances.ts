/**
 * How far apart two distributions are. Effect sizes first: with enough rows every difference is
 * significant, so nothing here but the chi-squared test answers a probability.
 */
import { type Cumulative, rankOf } from '../profile/kll.ts';
import type { NumericMethod } from './constraints.ts';

/** c(α) of the two-sample Kolmogorov-Smirnov test for α ≈ 0.003, as Deequ has it. */
const robustFactor = 1.8;

/**
 * The largest difference of the two cumulative distributions (two-sample Kolmogorov-Smirnov).
 * Robust: less what samples of these sizes differ by chance, never below 0. NaN when one is empty.
 */
export function numericDistance(a: Cumulative, b: Cumulative, method: NumericMethod): number {
  if (a.total === 0 || b.total === 0) return Number.NaN;
  let largest = 0;
  for (const values of [a.values, b.values]) {
    for (const x of values) {
      largest = Math.max(largest, Math.abs(rankOf(a, x) / a.total - rankOf(b, x) / b.total));
    }
  }
  return corrected(largest, { n: a.total, m: b.total, method });
}

export type Counts = ReadonlyMap<string, number>;

/** Counts of categories, and of all values: more than their sum where rare ones are left out. */
export interface Categorical {
  readonly counts: Counts;
  readonly total: number;
}

/** The largest difference of a category's share. NaN when one is empty. */
export function categoricalDistance(
  { counts: a, total: n }: Categorical,
  { counts: b, total: m }: Categorical,
  method: NumericMethod,
): number {
  if (n === 0 || m === 0) return Number.NaN;
  let largest = 0;
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    largest = Math.max(largest, Math.abs((a.get(key) ?? 0) / n - (b.get(key) ?? 0) / m));
  }
  return corrected(largest, { n, m, method });
}

function corrected(
  distance: number,
  { n, m, method }: { n: number; m: number; method: NumericMethod },
): number {
  if (method === 'Simple') return distance;
  return Math.max(0, distance - robustFactor * Math.sqrt((n + m) / (n * m)));
}

function total(counts: Counts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

export interface ChiSquared {
  readonly statistic: number;
  readonly pValue: number;
  readonly degreesOfFreedom: number;
}

const twoCategoriesExpect = 10;
const moreCategoriesExpect = 5;
const mayBeSmall01 = 0.2;

/**
 * Pearson's test of the sample's counts against the expected ones, scaled to the sample. Values
 * the expectation does not know are left out. Small expected categories are joined first, by the
 * rules of Cochran (two categories) and Yates (more); undefined when fewer than two are left.
 */
export function chiSquared(sample: Counts, expected: Counts): ChiSquared | undefined {
  const known = [...expected.keys()].reduce((sum, key) => sum + (sample.get(key) ?? 0), 0);
  const scale = known / total(expected);
  let cells = [...expected].map(([key, count]) => ({
    observed: sample.get(key) ?? 0,
    expected: count * scale,
  }));
  while (cells.length >= 2 && tooSmall(cells.map((cell) => cell.expected))) {
    cells.sort((a, b) => a.expected - b.expected);
    const [least, next, ...rest] = cells;
    if (!least || !next) break;
    const joined = {
      observed: least.observed + next.observed,
      expected: least.expected + next.expected,
    };
    cells = [joined, ...rest];
  }
  if (cells.length < 2 || known === 0) return undefined;
  const statistic = cells.reduce((sum, c) => sum + (c.observed - c.expected) ** 2 / c.expected, 0);
  const degreesOfFreedom = cells.length - 1;
  return { statistic, degreesOfFreedom, pValue: upperGamma(degreesOfFreedom / 2, statistic / 2) };
}

function tooSmall(expected: readonly number[]): boolean {
  const least = expected.length > 2 ? moreCategoriesExpect : twoCategoriesExpect;
  const allowed = expected.length > 2 ? Math.trunc(mayBeSmall01 * expected.length) : 0;
  return expected.filter((count) => count < least).length > allowed;
}

/** Shares of counts with half an observation added to each bin, so that no bin is empty. */
export function smoothedShares(counts: readonly number[]): readonly number[] {
  const sum = counts.reduce((all, count) => all + count, 0) + counts.length / 2;
  return counts.map((count) => (count + 0.5) / sum);
}

/** Population stability index, Σ (q−p)·ln(q/p). Infinite where one share alone is 0. */
export function populationStability(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, expected, i) => {
    const actual = q[i] ?? 0;
    return expected === actual ? sum : sum + (actual - expected) * Math.log(actual / expected);
  }, 0);
}

/** Jensen-Shannon distance, the root of the divergence in bits: in [0, 1]. */
export function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const divergence = p.reduce((sum, a, i) => {
    const b = q[i] ?? 0;
    const middle = (a + b) / 2;
    return sum + (half(a, middle) + half(b, middle)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

function half(share: number, middle: number): number {
  return share === 0 ? 0 : share * Math.log2(share / middle);
}

/** The largest difference of a share: L∞ of two lists over the same bins. */
export function largestDifference(p: readonly number[], q: readonly number[]): number {
  return p.reduce((most, a, i) => Math.max(most, Math.abs(a - (q[i] ?? 0))), 0);
}

const gammaSteps = 1_000;
const gammaPrecision = 1e-16;

/** Q(a, x), the regularized upper incomplete gamma function (DLMF 8.7.1, 8.9.2). */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < gammaSteps && term > sum * gammaPrecision; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  return scale * continuedFraction(a, x);
}

/** Lentz's method. */
function continuedFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let value = d;
  for (let i = 1; i < gammaSteps; i += 1) {
    const factor = -i * (i - a);
    b += 2;
    d = 1 / nonZero(factor * d + b, tiny);
    c = nonZero(b + factor / c, tiny);
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) < gammaPrecision) break;
  }
  return value;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** Lanczos, g = 7; for a > 0. */
function logGamma(a: number): number {
  if (a < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * a)) - logGamma(1 - a);
  const z = a - 1;
  const series = lanczos.reduce((sum, c, i) => sum + c / (z + i + 1), 0.9999999999998099);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}
