/**
 * Distances of two lists of shares over the same bins or categories, p of the reference, q of the
 * current data. The population stability index, the Jensen-Shannon distance and the largest
 * difference are those of the quality checks.
 */
import { upperGamma } from '../quality/distances.ts';

export {
  jensenShannon,
  largestDifference,
  populationStability,
  smoothedShares,
} from '../quality/distances.ts';

/** Σ p·ln(p/q), in nats; infinite where q alone is 0. */
export function kullbackLeibler(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, a, i) => (a === 0 ? sum : sum + a * Math.log(a / (q[i] ?? 0))), 0);
}

/** √(½ Σ (√p − √q)²), in [0, 1]. */
export function hellinger(p: readonly number[], q: readonly number[]): number {
  const squares = p.reduce((sum, a, i) => sum + (Math.sqrt(a) - Math.sqrt(q[i] ?? 0)) ** 2, 0);
  return Math.sqrt(squares / 2);
}

/** ½ Σ |p − q|, in [0, 1]. */
export function totalVariation(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, a, i) => sum + Math.abs(a - (q[i] ?? 0)), 0) / 2;
}

export interface Independence {
  readonly statistic: number;
  readonly pValue: number;
  readonly degreesOfFreedom: number;
  /** √(χ²/N) of two rows, in [0, 1]: the effect size. */
  readonly cramersV: number;
}

/**
 * Pearson's test that two rows of counts come from one distribution, without Yates' correction.
 * Columns empty on both sides are left out; undefined when fewer than two columns or rows are left.
 */
export function independence(a: readonly number[], b: readonly number[]): Independence | undefined {
  const sum = (of: readonly number[]) => of.reduce((all, count) => all + count, 0);
  const [n, m] = [sum(a), sum(b)];
  if (n === 0 || m === 0) return undefined;
  let [statistic, columns] = [0, 0];
  a.forEach((count, i) => {
    const other = b[i] ?? 0;
    const both = count + other;
    if (both === 0) return;
    columns += 1;
    const [here, there] = [(both * n) / (n + m), (both * m) / (n + m)];
    statistic += (count - here) ** 2 / here + (other - there) ** 2 / there;
  });
  if (columns < 2) return undefined;
  const degreesOfFreedom = columns - 1;
  return {
    statistic,
    degreesOfFreedom,
    pValue: upperGamma(degreesOfFreedom / 2, statistic / 2),
    cramersV: Math.sqrt(statistic / (n + m)),
  };
}
