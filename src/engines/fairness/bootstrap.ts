/**
 * Resampling of a table of counts: drawing n rows with replacement is drawing the cells' counts
 * from one multinomial distribution, which costs the number of cells, not the number of rows.
 */
import type { Random } from '../../kernel/random.ts';

export type Interval = readonly [low: number, high: number];

/** Writes a resample of `counts`, of the same sum, into `into`. */
export function resample(counts: Float64Array, into: Float64Array, random: Random): void {
  let mass = 0;
  for (const count of counts) mass += count;
  let left = mass;
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] ?? 0;
    const drawn = count === 0 || left === 0 ? 0 : binomial(left, count / mass, random);
    into[cell] = drawn;
    left -= drawn;
    mass -= count;
  }
}

/** Percentile interval with linear interpolation; undefined without any value. */
export function percentileInterval(
  values: readonly number[],
  confidence01: number,
): Interval | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const tail01 = (1 - confidence01) / 2;
  return [quantile(sorted, tail01), quantile(sorted, 1 - tail01)];
}

function quantile(sorted: Float64Array, share01: number): number {
  const position = share01 * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  // An infinite neighbour would turn the interpolation into no number.
  if (below === above || !Number.isFinite(below) || !Number.isFinite(above)) {
    return position % 1 < 0.5 ? below : above;
  }
  return below + (above - below) * (position % 1);
}

/** Below this mean a search from zero is faster than rejection, and rejection is not valid. */
const SEARCH_MEAN_MAX = 10;

/** Exact. Source: W. Hörmann, The generation of binomial random variates (1993), BTRS. */
export function binomial(n: number, p: number, random: Random): number {
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(n, 1 - p, random);
  if (n * p < SEARCH_MEAN_MAX) return searched(n, p, random);
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const center = n * p + 0.5;
  const accept01 = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const mode = Math.floor((n + 1) * p);
  const odds = p / (1 - p);
  const height = stirling(mode) + stirling(n - mode);
  for (;;) {
    const u = random.next01() - 0.5;
    const v = random.next01();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + center);
    if (us >= 0.07 && v <= accept01) return k;
    if (k < 0 || k > n) continue;
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
      (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
      (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
      (height - stirling(k) - stirling(n - k));
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

function searched(n: number, p: number, random: Random): number {
  const odds = p / (1 - p);
  let chance = (1 - p) ** n;
  let left = random.next01();
  let k = 0;
  while (left > chance && k < n) {
    left -= chance;
    k++;
    chance *= (odds * (n - k + 1)) / k;
  }
  return k;
}

/** log k! less Stirling's formula, as the rejection bound needs it. */
function stirling(k: number): number {
  const small = SMALL_STIRLING[k];
  if (small !== undefined) return small;
  const k1 = k + 1;
  return (1 / 12 - (1 / 360 - 1 / 1260 / (k1 * k1)) / (k1 * k1)) / k1;
}

const SMALL_STIRLING: readonly number[] = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.020790672103765, 0.0166446911898211,
  0.0138761288230707, 0.0118967099458917, 0.010411265261972, 0.00925546218271273,
  0.00833056343336287,
];
