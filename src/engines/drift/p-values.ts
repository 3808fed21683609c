/**
 * What chance says of the Kolmogorov-Smirnov and Cramér-von Mises statistics of two samples, to the
 * digits of scipy's `ks_2samp` and `cramervonmises_2samp`. Information for a reader: with enough
 * rows every difference is significant, so no verdict rests on these.
 */
import { kolmogorovTail } from './kolmogorov.ts';

/** Lattice points up to which a report takes the exact probability. */
export const exactPathsLimit = 250_000;
/** Size of the larger sample up to which Cramér-von Mises is exact, as in scipy. */
const exactRanksLimit = 20;

export interface Sizes {
  readonly n: number;
  readonly m: number;
}

export type KsMethod = 'auto' | 'exact' | 'asymptotic';

/** P(D ≥ d) for two samples of one continuous distribution. */
export function ksPValue(d: number, { n, m }: Sizes, method: KsMethod = 'auto'): number {
  const exact = method === 'exact' || (method === 'auto' && n * m <= exactPathsLimit);
  if (exact) return outsideBand(d, { n, m });
  return kolmogorovTail(Math.round((n * m) / (n + m)), d);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * The share of lattice paths from (0, 0) to (n, m) that reach |i/n − j/m| ≥ d (Hodges 1957), by the
 * share of the paths to each point. O(n·m).
 */
function outsideBand(d: number, { n, m }: Sizes): number {
  const divisor = greatestDivisor(n, m);
  const [stepN, stepM] = [m / divisor, n / divisor];
  const height = Math.round(d * n * stepN);
  if (height === 0) return 1;
  let shares = new Float64Array(m + 1);
  for (let i = 0; i <= n; i += 1) {
    const next = new Float64Array(m + 1);
    for (let j = 0; j <= m; j += 1) {
      if (Math.abs(i * stepN - j * stepM) >= height) next[j] = 1;
      else if (i + j > 0) {
        next[j] = (i * (shares[j] ?? 0) + j * (next[j - 1] ?? 0)) / (i + j);
      }
    }
    shares = next;
  }
  return Math.min(1, shares[m] ?? 1);
}

/** P(T ≥ t): exact by Xiao, Gordon and Yakovlev 2007 for small samples, else Anderson 1962. */
export function cramerVonMisesPValue(t: number, { n, m }: Sizes): number {
  if (Math.max(n, m) <= exactRanksLimit) return exactCramerVonMises(t, { n, m });
  const [k, all] = [n * m, n + m];
  const expected = (1 + 1 / all) / 6;
  const variance =
    ((all + 1) * (4 * k * all - 3 * (n * n + m * m) - 2 * k)) / (45 * all * all * 4 * k);
  const standard = 1 / 6 + (t - expected) / Math.sqrt(45 * variance);
  if (standard < 0.003) return 1;
  return Math.max(0, 1 - limitOfCramerVonMises(standard));
}

function exactCramerVonMises(t: number, { n, m }: Sizes): number {
  const k = n * m;
  const u = (t + (4 * k - 1) / (6 * (n + m))) * k * (n + m);
  const multiple = k / greatestDivisor(n, m);
  const [a, b] = [multiple / n, multiple / m];
  const wanted = Math.floor(
    (multiple ** 2 * (n + m) * ((6 * Math.round(u * 4)) / 4 - k * (4 * k - 1))) / (6 * k ** 2) +
      1e-9,
  );
  // How often each sum of squares occurs over all paths to (v, u), for one u at a time.
  let row: Map<number, number>[] = [];
  for (let across = 0; across <= m; across += 1) {
    const next: Map<number, number>[] = [];
    for (let up = 0; up <= n; up += 1) {
      const from = across === 0 && up === 0 ? new Map([[0, 1]]) : joined(row[up], next[up - 1]);
      const square = (a * up - b * across) ** 2;
      next.push(new Map([...from].map(([sum, count]) => [sum + square, count])));
    }
    row = next;
  }
  let [outside, all] = [0, 0];
  for (const [sum, count] of row[n] ?? []) {
    all += count;
    if (sum >= wanted) outside += count;
  }
  return outside / all;
}

function joined(
  a: ReadonlyMap<number, number> = new Map(),
  b: ReadonlyMap<number, number> = new Map(),
): Map<number, number> {
  const sums = new Map(a);
  for (const [sum, count] of b) sums.set(sum, (sums.get(sum) ?? 0) + count);
  return sums;
}

const seriesTerms = 200;
const seriesPrecision = 1e-15;

/** Csörgő and Faraway 1996, equation 1.3. */
function limitOfCramerVonMises(x: number): number {
  let sum = 0;
  // Γ(k + ½)/k!
  let ratio = Math.sqrt(Math.PI);
  for (let k = 0; k < seriesTerms; k += 1) {
    const y = 4 * k + 1;
    const q = (y * y) / (16 * x);
    const factor = ratio / (Math.PI ** 1.5 * Math.sqrt(x));
    const term = factor * Math.sqrt(y) * scaledBessel(q);
    sum += term;
    if (Math.abs(term) < seriesPrecision) break;
    ratio *= (k + 0.5) / (k + 1);
  }
  return sum;
}

const quadratureStep = 1 / 64;

/** e^−q · K¼(q) by the trapezoidal rule on ∫ e^(−q(1 + cosh t)) cosh(t/4) dt (DLMF 10.32.9). */
function scaledBessel(q: number): number {
  let sum = Math.exp(-2 * q) / 2;
  for (let i = 1; ; i += 1) {
    const t = i * quadratureStep;
    const exponent = q * (1 + Math.cosh(t));
    if (exponent > 745 || t > 60) break;
    sum += Math.exp(-exponent) * Math.cosh(t / 4);
  }
  return sum * quadratureStep;
}
