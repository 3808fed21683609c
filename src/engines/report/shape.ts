/** Distributions as few enough shares to draw: bins of numbers, and the largest categories. */
import { countsBetween } from '../drift/judge.ts';
import type { Cumulative } from '../profile/kll.ts';
import type { ObservedCategories } from './observation.ts';

/** Shares of both sides over the same bins, or over the same categories. */
export interface Shape {
  /** Edges of bins, one more than there are shares; undefined for categories. */
  readonly edges?: readonly number[];
  /** Names of categories, the last of which may be all others. */
  readonly labels?: readonly string[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const shapeBins = 30;
const shownCategories = 12;

export interface Drawn {
  readonly distribution: Cumulative;
  readonly min: number;
  readonly max: number;
  /** True of whole numbers. */
  readonly whole: boolean;
}

/** Undefined where the range of the values is too wide for a double. */
export function binned(before: Drawn, after: Drawn): Shape | undefined {
  const [min, max] = [Math.min(before.min, after.min), Math.max(before.max, after.max)];
  if (!Number.isFinite(max - min)) return undefined;
  const edges = edgesOf(min, max, before.whole && after.whole);
  const share = ({ distribution }: Drawn) =>
    countsBetween(distribution, edges.slice(1, -1)).map((n) => n / distribution.total);
  return { edges, before: share(before), after: share(after) };
}

/** Bins of equal width; those of whole numbers hold equally many of them, or combs would show. */
function edgesOf(min: number, max: number, whole: boolean): readonly number[] {
  const step = Math.ceil((max - min + 1) / shapeBins);
  if (whole && Number.isSafeInteger(step)) {
    const bins = Math.ceil((max - min + 1) / step);
    return Array.from({ length: bins + 1 }, (_, i) => min - 0.5 + i * step);
  }
  // One value alone stands in the middle of its bin.
  const [low, high] = min === max ? [min - 0.5, max + 0.5] : [min, max];
  return Array.from({ length: shapeBins + 1 }, (_, i) => low + ((high - low) * i) / shapeBins);
}

/** The categories with the largest shares on either side, and one for all others. */
export function largest(before: ObservedCategories, after: ObservedCategories): Shape {
  const values = [...new Set([...before.counts.keys(), ...after.counts.keys()])];
  const shares = values.map((value) => ({
    value,
    before: (before.counts.get(value) ?? 0) / before.total,
    after: (after.counts.get(value) ?? 0) / after.total,
  }));
  const most = (of: { before: number; after: number }) => Math.max(of.before, of.after);
  shares.sort((x, y) => most(y) - most(x));
  const top = shares.slice(0, shownCategories);
  const left = (key: 'before' | 'after') => 1 - top.reduce((sum, share) => sum + share[key], 0);
  const others = shares.length > top.length || left('before') > 1e-9 || left('after') > 1e-9;
  const rest = others
    ? [{ before: Math.max(0, left('before')), after: Math.max(0, left('after')) }]
    : [];
  return {
    labels: [...top.map(({ value }) => value), ...(others ? ['(all others)'] : [])],
    before: [...top, ...rest].map((share) => share.before),
    after: [...top, ...rest].map((share) => share.after),
  };
}
