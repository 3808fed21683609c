/**
 * Distances of two samples of numbers, raw or as a sketch stands for them: both are weighted
 * distinct values in order, so that one walk serves both. Effect sizes only; what chance says of
 * them is in `p-values.ts` and `noise.ts`.
 */
import type { Cumulative } from '../profile/kll.ts';

/** The distribution of raw values. `NaN` has no place in it. */
export function cumulativeOfSample(values: ArrayLike<number>): Cumulative {
  const sorted = Float64Array.from(values).sort();
  const distinct = new Float64Array(sorted.length);
  const upTo = new Float64Array(sorted.length);
  let size = 0;
  for (let i = 0; i < sorted.length; i += 1) {
    const value = sorted[i] ?? 0;
    if (size === 0 || distinct[size - 1] !== value) size += 1;
    distinct[size - 1] = value;
    upTo[size - 1] = i + 1;
  }
  return {
    values: distinct.subarray(0, size),
    upTo: upTo.subarray(0, size),
    total: sorted.length,
  };
}

/** A place where either cumulative distribution steps. */
interface Step {
  readonly x: number;
  /** Distance to the next place; 0 at the last. */
  readonly width: number;
  /** Weights at or below `x`. */
  readonly a: number;
  readonly b: number;
}

/** Calls `visit` at each distinct value of either side, ascending. */
function walk(a: Cumulative, b: Cumulative, visit: (step: Step) => void): void {
  const step = { x: 0, width: 0, a: 0, b: 0 };
  let [i, j] = [0, 0];
  while (i < a.values.length || j < b.values.length) {
    const x = Math.min(a.values[i] ?? Infinity, b.values[j] ?? Infinity);
    if (a.values[i] === x) step.a = a.upTo[i++] ?? 0;
    if (b.values[j] === x) step.b = b.upTo[j++] ?? 0;
    const next = Math.min(a.values[i] ?? Infinity, b.values[j] ?? Infinity);
    step.x = x;
    step.width = next === Infinity ? 0 : next - x;
    visit(step);
  }
}

export interface SampleDistances {
  /** sup |F − G|: the D of the two-sample Kolmogorov-Smirnov test. */
  readonly ks: number;
  /** ∫ |F − G|, in the unit of the values. */
  readonly wasserstein: number;
  /** √(2 ∫ (F − G)²), as `scipy.stats.energy_distance` has it. */
  readonly energy: number;
  /** T of the two-sample test; ties take their middle rank (Anderson 1962). */
  readonly cramerVonMises: number;
}

/** All of them in one walk; NaN when a side is empty. */
export function sampleDistances(a: Cumulative, b: Cumulative): SampleDistances {
  const [n, m] = [a.total, b.total];
  if (n === 0 || m === 0) return { ks: NaN, wasserstein: NaN, energy: NaN, cramerVonMises: NaN };
  let [ks, area, squares, u] = [0, 0, 0, 0];
  let [belowA, belowB] = [0, 0];
  walk(a, b, (step) => {
    const difference = Math.abs(step.a / n - step.b / m);
    ks = Math.max(ks, difference);
    area += difference * step.width;
    squares += difference * difference * step.width;
    const [weightA, weightB] = [step.a - belowA, step.b - belowB];
    const rank = belowA + belowB + (weightA + weightB + 1) / 2;
    u += n * rankSquares(rank, belowA, weightA) + m * rankSquares(rank, belowB, weightB);
    [belowA, belowB] = [step.a, step.b];
  });
  const k = n * m;
  const cramerVonMises = u / (k * (n + m)) - (4 * k - 1) / (6 * (n + m));
  return { ks, wasserstein: area, energy: Math.sqrt(2 * squares), cramerVonMises };
}

/** Σ (rank − i)² over the places below + 1 … below + weight of one side's order. */
function rankSquares(rank: number, below: number, weight: number): number {
  if (weight === 0) return 0;
  const middle = below + (weight + 1) / 2;
  return weight * (rank - middle) ** 2 + (weight * (weight * weight - 1)) / 12;
}
