/**
 * What two samples of one distribution differ by: the noise floor a difference must pass before it
 * is called one. Drawn from the pooled counts with a fixed seed, so that the same data give the
 * same verdict; it costs a few milliseconds and is asked for only where a measure is over its
 * threshold.
 */
import { type Random, seededRandom } from '../../kernel/random.ts';

/** Pairs of samples drawn for a floor. */
export const drawsPerFloor = 200;
const seed = 20_011_231;
const eulerGamma = 0.5772156649015329;

export interface Sizes {
  readonly n: number;
  readonly m: number;
}

/**
 * For each measure the value that pairs of samples of sizes n and m from `pooled` shares pass with
 * a probability of about `alpha`: from mean and deviation of seeded draws, by the tail of the
 * extreme-value distribution, which is heavier than that of any measure used here.
 */
export function noiseFloors(
  pooled: readonly number[],
  sizes: Sizes & { readonly alpha: number },
  measure: (a: Float64Array, b: Float64Array) => readonly number[],
): readonly number[] {
  const random = seededRandom(seed);
  const { n, m, alpha } = sizes;
  const sums: number[] = [];
  const squares: number[] = [];
  for (let draw = 0; draw < drawsPerFloor; draw += 1) {
    const values = measure(drawCounts(pooled, n, random), drawCounts(pooled, m, random));
    values.forEach((value, i) => {
      sums[i] = (sums[i] ?? 0) + value;
      squares[i] = (squares[i] ?? 0) + value * value;
    });
  }
  const reach = (Math.sqrt(6) / Math.PI) * (-Math.log(-Math.log1p(-alpha)) - eulerGamma);
  return sums.map((sum, i) => {
    const mean = sum / drawsPerFloor;
    const variance = Math.max(0, (squares[i] ?? 0) / drawsPerFloor - mean * mean);
    return mean + reach * Math.sqrt(variance);
  });
}

/** Counts of `size` values in bins of these shares, each bin drawn given those before it. */
export function drawCounts(shares: readonly number[], size: number, random: Random): Float64Array {
  const counts = new Float64Array(shares.length);
  let left = Math.round(size);
  let mass = 1;
  for (let i = 0; i < shares.length && left > 0; i += 1) {
    const share = shares[i] ?? 0;
    const last = i === shares.length - 1 || mass <= share;
    const drawn = last ? left : drawBinomial(left, Math.min(1, share / mass), random);
    counts[i] = drawn;
    left -= drawn;
    mass -= share;
  }
  return counts;
}

/** Mean up to which a count is drawn exactly, by adding up probabilities. */
const exactMean = 25;

function drawBinomial(size: number, share: number, random: Random): number {
  if (share > 0.5) return size - drawBinomial(size, 1 - share, random);
  if (share <= 0) return 0;
  const mean = size * share;
  if (mean > exactMean) {
    const drawn = Math.round(mean + Math.sqrt(mean * (1 - share)) * drawNormal(random));
    return Math.min(size, Math.max(0, drawn));
  }
  let probability = (1 - share) ** size;
  let left = random.next01() - probability;
  let count = 0;
  while (left > 0 && count < size) {
    probability *= ((size - count) / (count + 1)) * (share / (1 - share));
    count += 1;
    left -= probability;
    if (probability === 0) break;
  }
  return count;
}

/** Box and Muller. */
function drawNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next01()));
  return radius * Math.cos(2 * Math.PI * random.next01());
}

/** How many of `trials` a rare event of this rate may be by chance: an upper Poisson quantile. */
export function rareCountFloor(trials: number, rate: number, alpha: number): number {
  const mean = trials * rate;
  let probability = Math.exp(-mean);
  // Beyond a few hundred the normal tail is the same, and exp() above may be 0.
  if (mean > 200) return mean + Math.sqrt(-2 * Math.log(alpha) * mean);
  let left = 1 - probability;
  let count = 0;
  while (left > alpha && count < trials) {
    count += 1;
    probability *= mean / count;
    left -= probability;
  }
  return count;
}

/** Difference of two shares that samples of one pass with about probability `alpha`. */
export function shareFloor(pooled01: number, { n, m, alpha }: Sizes & { alpha: number }): number {
  const deviation = Math.sqrt(pooled01 * (1 - pooled01) * (1 / n + 1 / m));
  // Bernstein's bound holds for small samples too, where a share is not yet normal.
  const log = Math.log(2 / alpha);
  return deviation * Math.sqrt(2 * log) + (log / 3) * (1 / Math.min(n, m));
}
