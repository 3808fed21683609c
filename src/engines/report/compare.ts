/**
 * Compares two tables column by column: how far each distribution moved and what else changed.
 * Effect sizes over a noise floor, not p-values: with enough rows every difference is significant.
 */
import {
  type Effect,
  type Judgement,
  judgeCategories,
  judgeNumbers,
  type Measures,
} from '../drift/judge.ts';
import { alphaOf, type DriftSettings, defaultDriftSettings } from '../drift/settings.ts';
import type { InferredType } from '../profile/inference.ts';
import type { Profile } from '../profile/profile.ts';
import { categoricalDistance, numericDistance } from '../quality/distances.ts';
import type { Statistics } from '../quality/statistics.ts';
import {
  type Observation,
  type ObservedCategories,
  type ObservedNumbers,
  type ObservedTable,
  observationsOf,
  observationsOfStatistics,
} from './observation.ts';
import { binned, largest, type Shape } from './shape.ts';
import { verdictOf } from './verdict.ts';

export type { Shape } from './shape.ts';

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

export interface Side {
  readonly type: InferredType;
  readonly present: number;
  readonly missing01: number;
  readonly distinct: number;
  /** Of columns of numbers. A figure beyond doubles is not finite, and `unmeasured` says so. */
  readonly numbers?: {
    readonly mean: number;
    readonly deviation: number;
    readonly min: number;
    readonly max: number;
  };
}

export interface FeatureComparison {
  readonly name: string;
  readonly verdict: Verdict;
  /** Why it is called so, a phrase each; empty where nothing moved. */
  readonly reasons?: readonly string[];
  readonly before?: Side;
  readonly after?: Side;
  /** Largest difference of the cumulative distributions, or of a category's share. */
  readonly distance?: { readonly simple: number; readonly robust: number };
  /** As in `measures`. */
  readonly populationStability?: number;
  /** As in `measures`. */
  readonly jensenShannon?: number;
  readonly measures?: Measures;
  /** The measure the verdict rests on, or would have. */
  readonly effect?: Effect;
  /** Measures without a value, and why. */
  readonly unmeasured?: Readonly<Record<string, string>>;
  /** Change of the mean in standard deviations of the baseline; undefined without a deviation. */
  readonly meanShift?: number;
  /** The current standard deviation over the baseline's. */
  readonly deviationRatio?: number;
  readonly missingShift?: number;
  /** Categories of the current data that the baseline does not have, most frequent first. */
  readonly newCategories?: readonly { readonly value: string; readonly share01: number }[];
  /** Share of current values in any of those; undefined where not all values were counted. */
  readonly newShare01?: number;
  readonly shape?: Shape;
}

export interface DatasetDrift {
  /** Columns on both sides. */
  readonly compared: number;
  /** Of those, how many are `moderate`, `large` or of another type. */
  readonly drifted: number;
  readonly share01: number;
  readonly threshold01: number;
  readonly isDrifted: boolean;
}

export interface Report {
  readonly baseline: { readonly name: string; readonly rows: number };
  readonly current: { readonly name: string; readonly rows: number };
  readonly dataset: DatasetDrift;
  /** Those that moved most come first. */
  readonly features: readonly FeatureComparison[];
}

export interface Compared {
  readonly name: string;
  readonly profile: Profile;
}

export function compareProfiles(
  baseline: Compared,
  current: Compared,
  settings: DriftSettings = defaultDriftSettings,
): Report {
  const before = { name: baseline.name, table: observationsOf(baseline.profile) };
  const after = { name: current.name, table: observationsOf(current.profile) };
  return compareTables(before, after, settings);
}

/** The same against recorded statistics, which know distributions but no rows. */
export function compareWithStatistics(
  baseline: { readonly name: string; readonly statistics: Statistics },
  current: Compared,
  settings: DriftSettings = defaultDriftSettings,
): Report {
  const table = observationsOfStatistics(baseline.statistics);
  const after = { name: current.name, table: observationsOf(current.profile) };
  return compareTables({ name: baseline.name, table }, after, settings);
}

export interface Named {
  readonly name: string;
  readonly table: ObservedTable;
}

/** The same of columns that were observed elsewhere: those of one name are compared. */
export function compareTables(
  baseline: Named,
  current: Named,
  settings: DriftSettings = defaultDriftSettings,
): Report {
  const [a, b] = [baseline.table, current.table];
  const names = [...new Set([...a.columns.keys(), ...b.columns.keys()])];
  const common = names.filter((name) => a.columns.has(name) && b.columns.has(name));
  const judging: Judging = {
    settings,
    alpha: alphaOf(settings, common.length),
    looseNumbers: a.looseNumbers || b.looseNumbers,
  };
  const features = names.map((name) =>
    compareColumn({ name, before: a.columns.get(name), after: b.columns.get(name) }, judging),
  );
  const excess = ({ effect }: FeatureComparison) =>
    effect ? effect.value / Math.max(effect.threshold, effect.floor ?? 0) : 0;
  features.sort(
    (x, y) => verdicts.indexOf(x.verdict) - verdicts.indexOf(y.verdict) || excess(y) - excess(x),
  );
  return {
    baseline: { name: baseline.name, rows: a.rows },
    current: { name: current.name, rows: b.rows },
    dataset: datasetDrift(features, common.length, settings),
    features,
  };
}

const driftVerdicts: readonly Verdict[] = ['type changed', 'large', 'moderate'];

export function isDrift({ verdict }: FeatureComparison): boolean {
  return driftVerdicts.includes(verdict);
}

function datasetDrift(
  features: readonly FeatureComparison[],
  compared: number,
  { driftedShare01: threshold01 }: DriftSettings,
): DatasetDrift {
  const drifted = features.filter(isDrift).length;
  const share01 = compared === 0 ? 0 : drifted / compared;
  const isDrifted = drifted > 0 && share01 >= threshold01;
  return { compared, drifted, share01, threshold01, isDrifted };
}

/** Settings of a comparison, and what one column may spend of the chance of a false alarm. */
export interface Judging {
  readonly settings: DriftSettings;
  readonly alpha: number;
  readonly looseNumbers: boolean;
}

interface Pair {
  readonly name: string;
  readonly before: Observation | undefined;
  readonly after: Observation | undefined;
}

function compareColumn({ name, before, after }: Pair, judging: Judging): FeatureComparison {
  if (!before) {
    const side = after ? { after: sideOf(after) } : {};
    return { name, verdict: 'new', reasons: ['the baseline does not have it'], ...side };
  }
  if (!after) {
    const reasons = ['the current data do not have it'];
    return { name, verdict: 'missing', reasons, before: sideOf(before) };
  }
  const [a, b] = [sideOf(before), sideOf(after)];
  const head = { before: a, after: b, missingShift: b.missing01 - a.missing01 };
  const moved = { ...head, ...measure({ before, after }, judging) };
  return { name, ...moved, ...verdictOf(moved, { before, after }, judging) };
}

function sideOf({ type, present, rows, distinct, numbers }: Observation): Side {
  const missing01 = rows === 0 ? 0 : (rows - present) / rows;
  if (!numbers) return { type, present, missing01, distinct };
  const { mean, deviation, min, max } = numbers;
  return { type, present, missing01, distinct, numbers: { mean, deviation, min, max } };
}

/** A column on both sides. */
export interface Both {
  readonly before: Observation;
  readonly after: Observation;
}

/** What was measured, before it is judged. */
export type Moved = Omit<FeatureComparison, 'name' | 'verdict' | 'reasons'>;

function measure({ before, after }: Both, judging: Judging): Moved {
  if (before.numbers && after.numbers) {
    const whole = before.type === 'Integral' && after.type === 'Integral';
    return compareNumbers(before.numbers, after.numbers, { ...judging, whole });
  }
  if (before.categories && after.categories) {
    return compareTexts(before.categories, after.categories, judging);
  }
  return { unmeasured: { all: unmeasurable({ before, after }) } };
}

function unmeasurable({ before, after }: Both): string {
  if (before.present === 0) return 'the baseline has no value in it';
  if (after.present === 0) return 'the current data have no value in it';
  if (before.type !== after.type) return `${before.type} and ${after.type} do not compare`;
  return 'the baseline statistics have no distribution of it';
}

function compareNumbers(
  before: ObservedNumbers,
  after: ObservedNumbers,
  { whole, ...judging }: Judging & { readonly whole: boolean },
): Moved {
  const [a, b] = [before.distribution, after.distribution];
  const judged = judgeNumbers({ before: a, after: b, deviation: before.deviation }, judging);
  const shape = binned({ ...before, whole }, { ...after, whole });
  const meanShift = (after.mean - before.mean) / before.deviation;
  const deviationRatio = after.deviation / before.deviation;
  const unmeasured = { ...judged.unmeasured };
  for (const [side, of] of Object.entries({ baseline: before, 'current data': after })) {
    if (Number.isFinite(of.mean) && Number.isFinite(of.deviation)) continue;
    unmeasured['mean and deviation'] = `the sums of the ${side} are too large for a double`;
  }
  if (!shape) unmeasured['shape'] = 'the range of the values is too wide for a double';
  if (before.coarse) unmeasured['exact measures'] = before.coarse;
  const robust = numericDistance(a, b, 'Robust');
  return {
    ...judgementOf({ ...judged, unmeasured }),
    distance: { simple: judged.measures.ks?.distance ?? 0, robust },
    ...(Number.isFinite(meanShift) ? { meanShift } : {}),
    ...(Number.isFinite(deviationRatio) ? { deviationRatio } : {}),
    ...(shape ? { shape } : {}),
  };
}

function judgementOf({ measures, effect, unmeasured }: Omit<Judgement, 'level'>): Moved {
  const { psi, js } = measures;
  return {
    measures,
    ...(psi === undefined ? {} : { populationStability: psi }),
    ...(js === undefined ? {} : { jensenShannon: js }),
    ...(effect ? { effect } : {}),
    ...(Object.keys(unmeasured).length > 0 ? { unmeasured } : {}),
  };
}

const shownNew = 10;

function compareTexts(
  before: ObservedCategories,
  after: ObservedCategories,
  judging: Judging,
): Moved {
  // Beyond the exact counts a value the baseline did not keep is not one it did not have.
  const unseen = before.exact
    ? [...after.counts].filter(([value, count]) => count > 0 && !before.counts.get(value))
    : [];
  unseen.sort(([, n], [, m]) => m - n);
  const unseen01 = unseen.reduce((sum, [, count]) => sum + count, 0) / after.total;
  const shown = unseen.slice(0, shownNew);
  return {
    ...judgementOf(judgeCategories({ before, after }, judging)),
    distance: {
      simple: categoricalDistance(before, after, 'Simple'),
      robust: categoricalDistance(before, after, 'Robust'),
    },
    newCategories: shown.map(([value, count]) => ({ value, share01: count / after.total })),
    ...(before.exact ? { newShare01: unseen01 } : {}),
    shape: largest(before, after),
  };
}
