/**
 * Compares two profiles column by column: how far each distribution moved and what else changed.
 * Effect sizes, not p-values: with enough rows every difference is significant.
 */
import {
  type ColumnProfile,
  categoriesOf,
  distinctIn,
  presentIn,
  typeOf,
} from '../profile/column.ts';
import type { InferredType } from '../profile/inference.ts';
import { type Cumulative, cumulativeOf, quantileOf, rankBelow } from '../profile/kll.ts';
import { deviationOf, meanOf } from '../profile/moments.ts';
import type { Profile } from '../profile/profile.ts';
import {
  categoricalDistance,
  jensenShannon,
  numericDistance,
  populationStability,
  smoothedShares,
} from '../quality/distances.ts';
import { defaultMinimumSampleSize } from '../quality/violations.ts';

/** From the worst down; `missing` and `new` are columns that only one side has. */
export const verdicts = [
  'missing',
  'new',
  'type changed',
  'large',
  'moderate',
  'too few',
  'none',
] as const;
export type Verdict = (typeof verdicts)[number];

/** Where a column is called large: the robust distance that a monitor alarms at by default. */
export const largeDistance = 0.1;
/** Where it is called moderate, over what samples of these sizes differ by chance. */
export const moderateStability = 0.1;
export const moderateMissing01 = 0.05;
export const moderateNewShare01 = 0.01;

export interface Side {
  readonly type: InferredType;
  readonly present: number;
  readonly missing01: number;
  readonly distinct: number;
  /** Of columns of numbers. */
  readonly numbers?: {
    readonly mean: number;
    readonly deviation: number;
    readonly min: number;
    readonly max: number;
  };
}

/** Shares of both sides over the same bins, or over the same categories. */
export interface Shape {
  /** Edges of bins, one more than there are shares; undefined for categories. */
  readonly edges?: readonly number[];
  /** Names of categories, the last of which may be all others. */
  readonly labels?: readonly string[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface FeatureComparison {
  readonly name: string;
  readonly verdict: Verdict;
  readonly before?: Side;
  readonly after?: Side;
  /** Largest difference of the cumulative distributions, or of a category's share. */
  readonly distance?: { readonly simple: number; readonly robust: number };
  /** Over bins between the deciles of the baseline, or over categories; so is the next. */
  readonly populationStability?: number;
  readonly jensenShannon?: number;
  /** Change of the mean in standard deviations of the baseline; undefined without a deviation. */
  readonly meanShift?: number;
  /** The current standard deviation over the baseline's. */
  readonly deviationRatio?: number;
  readonly missingShift?: number;
  /** Categories of the current data that the baseline does not have, most frequent first. */
  readonly newCategories?: readonly { readonly value: string; readonly share01: number }[];
  readonly shape?: Shape;
}

export interface Report {
  readonly baseline: { readonly name: string; readonly rows: number };
  readonly current: { readonly name: string; readonly rows: number };
  /** Those that moved most come first. */
  readonly features: readonly FeatureComparison[];
}

export interface Compared {
  readonly name: string;
  readonly profile: Profile;
}

export function compareProfiles(baseline: Compared, current: Compared): Report {
  const names = new Set([...baseline.profile.columns.keys(), ...current.profile.columns.keys()]);
  const features = [...names].map((name) => {
    const before = baseline.profile.columns.get(name);
    const after = current.profile.columns.get(name);
    return compareColumn({
      name,
      before: before && { column: before, rows: baseline.profile.rows },
      after: after && { column: after, rows: current.profile.rows },
      looseNumbers: baseline.profile.looseNumbers || current.profile.looseNumbers,
    });
  });
  features.sort(
    (a, b) =>
      verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) ||
      (b.distance?.simple ?? 0) - (a.distance?.simple ?? 0),
  );
  return {
    baseline: { name: baseline.name, rows: baseline.profile.rows },
    current: { name: current.name, rows: current.profile.rows },
    features,
  };
}

interface InTable {
  readonly column: ColumnProfile;
  readonly rows: number;
}

interface Pair {
  readonly name: string;
  readonly before: InTable | undefined;
  readonly after: InTable | undefined;
  readonly looseNumbers: boolean;
}

function compareColumn({ name, before, after, looseNumbers }: Pair): FeatureComparison {
  if (!before) return { name, verdict: 'new', ...(after ? { after: sideOf(after) } : {}) };
  if (!after) return { name, verdict: 'missing', before: sideOf(before) };
  const [a, b] = [sideOf(before), sideOf(after)];
  const head = { name, before: a, after: b, missingShift: b.missing01 - a.missing01 };
  if (a.numbers && b.numbers) {
    const moved = compareNumbers(before.column, after.column);
    const typed = a.type !== b.type && !looseNumbers && b.type === 'Fractional';
    return {
      ...head,
      ...moved,
      verdict: typed ? 'type changed' : verdictOf({ ...head, ...moved }),
    };
  }
  const known = a.type !== 'Unknown' && b.type !== 'Unknown';
  if (a.type !== b.type && known) return { ...head, verdict: 'type changed' };
  if (!known) return { ...head, verdict: verdictOf(head) };
  const moved = compareTexts(before.column, after.column);
  return { ...head, ...moved, verdict: verdictOf({ ...head, ...moved }) };
}

function sideOf({ column, rows }: InTable): Side {
  const present = presentIn(column);
  const type = typeOf(column);
  const side = {
    type,
    present,
    missing01: rows === 0 ? 0 : (rows - present) / rows,
    distinct: distinctIn(column),
  };
  if (type !== 'Integral' && type !== 'Fractional') return side;
  const { moments } = column;
  const { min, max } = moments;
  return { ...side, numbers: { mean: meanOf(moments), deviation: deviationOf(moments), min, max } };
}

type Moved = Omit<FeatureComparison, 'name' | 'verdict'>;

function verdictOf(of: Moved): Verdict {
  const fewest = Math.min(of.before?.present ?? 0, of.after?.present ?? 0);
  if (Math.abs(of.missingShift ?? 0) >= moderateMissing01 && fewest === 0) return 'large';
  if (fewest < defaultMinimumSampleSize) return 'too few';
  if ((of.distance?.robust ?? 0) > largeDistance) return 'large';
  const unseen01 = (of.newCategories ?? []).reduce((sum, { share01 }) => sum + share01, 0);
  const moderate =
    (of.populationStability ?? 0) - chance(of) >= moderateStability ||
    Math.abs(of.missingShift ?? 0) >= moderateMissing01 ||
    unseen01 >= moderateNewShare01;
  return moderate ? 'moderate' : 'none';
}

/** What the stability index of two samples of one distribution is about: (k−1)(1/n + 1/m). */
function chance({ before, after, shape }: Moved): number {
  const bins = Math.min(stabilityBins, shape?.before.length ?? stabilityBins);
  return (bins - 1) * (1 / (before?.present || 1) + 1 / (after?.present || 1));
}

const stabilityBins = 10;
const shapeBins = 30;

function compareNumbers(before: ColumnProfile, after: ColumnProfile): Moved {
  const [a, b] = [cumulativeOf(before.sketch), cumulativeOf(after.sketch)];
  const [x, y] = [before.moments, after.moments];
  const deviation = deviationOf(x);
  const quantiles = inner(a, stabilityBins);
  const [p, q] = [countsBetween(a, quantiles), countsBetween(b, quantiles)];
  const whole = typeOf(before) === 'Integral' && typeOf(after) === 'Integral';
  const edges = edgesOf(Math.min(x.min, y.min), Math.max(x.max, y.max), whole);
  const share = (of: Cumulative) => countsBetween(of, edges.slice(1, -1)).map((n) => n / of.total);
  return {
    distance: {
      simple: numericDistance(a, b, 'Simple'),
      robust: numericDistance(a, b, 'Robust'),
    },
    populationStability: populationStability(smoothedShares(p), smoothedShares(q)),
    jensenShannon: jensenShannon(
      p.map((n) => n / a.total),
      q.map((n) => n / b.total),
    ),
    ...(deviation > 0
      ? {
          meanShift: (meanOf(y) - meanOf(x)) / deviation,
          deviationRatio: deviationOf(y) / deviation,
        }
      : {}),
    shape: { edges, before: share(a), after: share(b) },
  };
}

/** Edges between `bins` bins of about equal weight; fewer where values repeat. */
function inner(of: Cumulative, bins: number): readonly number[] {
  const edges = Array.from({ length: bins - 1 }, (_, i) => quantileOf(of, (i + 1) / bins));
  return [...new Set(edges)];
}

/** Weights below, between and from the edges up: one more than there are edges. */
function countsBetween(of: Cumulative, edges: readonly number[]): readonly number[] {
  const ranks = [0, ...edges.map((edge) => rankBelow(of, edge)), of.total];
  return ranks.slice(1).map((rank, i) => rank - (ranks[i] ?? 0));
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

const shownCategories = 12;
const shownNew = 10;

function compareTexts(before: ColumnProfile, after: ColumnProfile): Moved {
  const [a, b] = [textsOf(before), textsOf(after)];
  const shares = [...new Set([...a.counts.keys(), ...b.counts.keys()])].map((value) => ({
    value,
    before: (a.counts.get(value) ?? 0) / a.total,
    after: (b.counts.get(value) ?? 0) / b.total,
  }));
  const before01 = shares.map((share) => share.before);
  const after01 = shares.map((share) => share.after);
  // Beyond the exact counts a value the baseline did not keep is not one it did not have.
  const unseen = a.exact ? shares.filter((share) => share.before === 0 && share.after > 0) : [];
  unseen.sort((x, y) => y.after - x.after);
  return {
    distance: {
      simple: categoricalDistance(a, b, 'Simple'),
      robust: categoricalDistance(a, b, 'Robust'),
    },
    // Where rare values were not kept, what is left says nothing of the whole.
    ...(a.exact && b.exact
      ? {
          populationStability: populationStability(
            smoothedShares(before01.map((share) => share * a.total)),
            smoothedShares(after01.map((share) => share * b.total)),
          ),
          jensenShannon: jensenShannon(before01, after01),
        }
      : {}),
    newCategories: unseen
      .slice(0, shownNew)
      .map(({ value, after: share01 }) => ({ value, share01 })),
    shape: topOf(shares),
  };
}

interface Texts {
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
  readonly exact: boolean;
}

function textsOf(column: ColumnProfile): Texts {
  const { counts, exact } = categoriesOf(column);
  return { counts: new Map(counts), total: presentIn(column), exact };
}

/** The categories with the largest shares on either side, and one for all others. */
function topOf(shares: readonly { value: string; before: number; after: number }[]): Shape {
  const most = (of: { before: number; after: number }) => Math.max(of.before, of.after);
  const ordered = [...shares].sort((x, y) => most(y) - most(x));
  const top = ordered.slice(0, shownCategories);
  const left = (key: 'before' | 'after') => 1 - top.reduce((sum, share) => sum + share[key], 0);
  const others = ordered.length > top.length;
  const rest = others
    ? [{ before: Math.max(0, left('before')), after: Math.max(0, left('after')) }]
    : [];
  return {
    labels: [...top.map(({ value }) => value), ...(others ? ['(all others)'] : [])],
    before: [...top, ...rest].map((share) => share.before),
    after: [...top, ...rest].map((share) => share.after),
  };
}
