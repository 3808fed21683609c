/**
 * How answers and labels are distributed, small enough to keep beside a baseline, so that later
 * windows can tell whether they moved. Not a sketch that merges: it is made of all rows at once.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type AnswerSample, isAnswerSample } from './sample.ts';

/** Of numbers: values at even steps of rank, the least and the greatest among them. */
export interface Quantiles {
  readonly quantiles: readonly number[];
}

/** Of labels: shares of all rows. */
export interface Shares {
  readonly shares: Readonly<Record<string, number>>;
}

export type Distribution = Quantiles | Shares;

export interface Distributions {
  readonly rows: number;
  readonly label?: Distribution;
  readonly prediction?: Distribution;
  /** Of the probability of the positive label, or of the predicted one where there are several. */
  readonly score?: Distribution;
  /** Some of the rows: what a change is made of is not seen in distributions alone. */
  readonly sample?: AnswerSample;
}

/** So many points of a distribution of numbers are kept. */
export const mostPoints = 1_000;

/** The values themselves, in order, where they are few enough. */
export function quantilesOf(values: Float64Array): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const last = sorted.length - 1;
  if (last < mostPoints) return { quantiles: [...sorted] };
  const at = (i: number) => sorted[Math.round((i * last) / (mostPoints - 1))] ?? 0;
  return { quantiles: Array.from({ length: mostPoints }, (_, i) => at(i)) };
}

/** Codes are places in `labels`. */
export function sharesOf(codes: ArrayLike<number>, labels: readonly string[]): Shares {
  const counts = new Array<number>(labels.length).fill(0);
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row] ?? 0;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  const entries = labels.map((label, i) => [label, (counts[i] ?? 0) / codes.length] as const);
  return { shares: Object.fromEntries(entries.filter(([, share]) => share > 0)) };
}

/**
 * From 0 (the same) to 1: the largest difference of the cumulative distributions (two-sample
 * Kolmogorov-Smirnov) of numbers, of a label's share otherwise. Undefined for unlike kinds.
 */
export function distanceOf(a: Distribution, b: Distribution): number | undefined {
  if ('shares' in a && 'shares' in b) {
    const labels = new Set([...Object.keys(a.shares), ...Object.keys(b.shares)]);
    const gap = (label: string) => Math.abs((a.shares[label] ?? 0) - (b.shares[label] ?? 0));
    return Math.max(0, ...[...labels].map(gap));
  }
  if ('quantiles' in a && 'quantiles' in b) return largestGap(a.quantiles, b.quantiles);
  return undefined;
}

function largestGap(a: readonly number[], b: readonly number[]): number {
  let [i, j, gap] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && a[i] === x) i += 1;
    while (j < b.length && b[j] === x) j += 1;
    gap = Math.max(gap, Math.abs(i / a.length - j / b.length));
  }
  return gap;
}

export function formatDistributions(distributions: Distributions): string {
  return `${JSON.stringify({ version: 0, ...distributions })}\n`;
}

/** Refused when it is not a document of `formatDistributions`. */
export function parseDistributions(text: string): Outcome<Distributions> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { rows, label, prediction, score, sample } = (value ?? {}) as Record<string, unknown>;
  const given = { label, prediction, score };
  const wrong = Object.entries(given).find(([, of]) => of !== undefined && !isDistribution(of));
  if (typeof rows !== 'number' || wrong) return refuse(`${wrong?.[0] ?? 'rows'} cannot be read`);
  if (sample !== undefined && !isAnswerSample(sample)) return refuse('sample cannot be read');
  const present = Object.entries({ ...given, sample }).filter(([, of]) => of !== undefined);
  return ok({ rows, ...(Object.fromEntries(present) as Omit<Distributions, 'rows'>) });
}

function isDistribution(value: unknown): value is Distribution {
  const { quantiles, shares } = (value ?? {}) as Record<string, unknown>;
  const areNumbers = (of: readonly unknown[]) => of.every((x) => typeof x === 'number');
  if (Array.isArray(quantiles)) return quantiles.length > 0 && areNumbers(quantiles);
  return typeof shares === 'object' && shares !== null && areNumbers(Object.values(shares));
}
