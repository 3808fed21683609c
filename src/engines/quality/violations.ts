/**
 * Judges a window of data against a baseline's constraints: the checks of the original, in its
 * words. What is not judged is said in a note, never passed over.
 */

import type { Profile } from '../profile/profile.ts';
import { type Constraints, type FeatureConstraints, type MonitoringConfig } from './constraints.ts';
import { judgeDrift } from './drift.ts';
import { javaDouble, javaJson } from './java-json.ts';
import { type Observed, type ObservedFeature, observedOf } from './observed.ts';
import type { Statistics } from './statistics.ts';

export type CheckType =
  | 'data_type_check'
  | 'completeness_check'
  | 'baseline_drift_check'
  | 'missing_column_check'
  | 'extra_column_check'
  | 'categorical_values_check'
  /** Not of the original; only when asked for. */
  | 'non_negative_check';

/** Named as in the file. */
export interface Violation {
  readonly feature_name: string;
  readonly constraint_check_type: CheckType;
  readonly description: string;
}

export interface Note {
  /** Undefined when it is about the whole. */
  readonly feature?: string;
  readonly note: string;
}

export interface Distance {
  readonly feature: string;
  readonly method: 'Simple' | 'Robust' | 'LInfinity' | 'ChiSquared';
  /** A distance in [0, 1], or for ChiSquared the p-value. */
  readonly value: number;
  readonly threshold: number;
}

/**
 * Below this many present values, in the window or in the baseline, drift is not judged: the
 * largest difference of two samples of 30 is over 0.3 in one comparison of ten by chance alone.
 */
export const defaultMinimumSampleSize = 30;

export interface CheckOptions {
  readonly minimumSampleSize?: number;
  /** Whole numbers satisfy Fractional: for sources where 3 and 3.0 are the same (JSON). */
  readonly integralIsFractional?: boolean;
  /** Judges `is_non_negative`, which the original writes but never checks. */
  readonly checkNonNegative?: boolean;
}

export interface Comparison {
  readonly constraints: Constraints;
  /** Without it nothing is said of drift. */
  readonly baselineStatistics?: Statistics | undefined;
  readonly current: Profile | Statistics;
  readonly options?: CheckOptions;
}

export interface Findings {
  readonly violations: readonly Violation[];
  readonly notes: readonly Note[];
  /** Every distance that was computed, violating or not. */
  readonly distances: readonly Distance[];
}

/** What the checks of one column gather. */
export interface Verdicts {
  readonly violations: Violation[];
  readonly notes: Note[];
  readonly distances: Distance[];
}

export type Settings = Required<CheckOptions>;

/**
 * Per column in the order of the constraints: type, completeness, then, only when the type held,
 * values and drift; the columns themselves last.
 */
export function findViolations(of: Comparison): Findings {
  const verdicts: Verdicts = { violations: [], notes: [], distances: [] };
  const { constraints, options = {} } = of;
  if (constraints.config.evaluateConstraints === 'Disabled') {
    verdicts.notes.push({ note: 'evaluate_constraints is Disabled: nothing was judged' });
    return verdicts;
  }
  const settings: Settings = {
    minimumSampleSize: options.minimumSampleSize ?? defaultMinimumSampleSize,
    integralIsFractional: options.integralIsFractional ?? false,
    checkNonNegative: options.checkNonNegative ?? false,
  };
  const current = observedOf(of.current);
  const baseline = of.baselineStatistics ? observedOf(of.baselineStatistics) : undefined;
  if (!baseline) verdicts.notes.push({ note: 'no baseline statistics: drift was not judged' });
  for (const feature of constraints.features) {
    const now = current.features.get(feature.name);
    if (!now) continue;
    const config = { ...constraints.config, ...feature.overrides };
    if (config.evaluateConstraints === 'Disabled') {
      const note = 'evaluate_constraints is Disabled for this column: it was not judged';
      verdicts.notes.push({ feature: feature.name, note });
      continue;
    }
    judge({ feature, config, now, base: baseline?.features.get(feature.name), settings }, verdicts);
  }
  judgeColumns(constraints, current, verdicts);
  return verdicts;
}

export interface Judged {
  readonly feature: FeatureConstraints;
  readonly config: MonitoringConfig;
  readonly now: ObservedFeature;
  readonly base: ObservedFeature | undefined;
  readonly settings: Settings;
}

function judge(of: Judged, verdicts: Verdicts): void {
  const held = judgeType(of, verdicts);
  judgeCompleteness(of, verdicts);
  if (!held) {
    const note = 'its type did not hold, so its values and drift were not judged';
    verdicts.notes.push({ feature: of.feature.name, note });
    return;
  }
  judgeDomain(of, verdicts);
  judgeSign(of, verdicts);
  judgeDrift(of, verdicts);
}

/** True when the type held, or there was nothing to tell it by. */
function judgeType({ feature, config, now, settings }: Judged, verdicts: Verdicts): boolean {
  const { name, inferredType: expected } = feature;
  if (expected === 'Unknown' || now.present === 0) {
    const why = expected === 'Unknown' ? 'its baseline type is Unknown' : 'it has no values';
    verdicts.notes.push({ feature: name, note: `${why}: its type was not judged` });
    return true;
  }
  const matching01 = matchingShare(expected, now, settings);
  const threshold01 = config.datatypeCheckThreshold;
  if (matching01 >= threshold01) return true;
  verdicts.violations.push({
    feature_name: name,
    constraint_check_type: 'data_type_check',
    description:
      'Data type match requirement is not met. ' +
      `Expected data type: ${expected}, Expected match: ${javaDouble(100 * threshold01)}%. ` +
      `Observed: Only ${javaDouble(100 * matching01)}% of data is ${expected}.`,
  });
  if (expected === 'Fractional' && now.kinds && now.type !== 'String') {
    const note =
      `${now.kinds.integral} of ${now.present} values are whole numbers without a decimal point, ` +
      'which count as Integral; a lower datatype_check_threshold lets them pass';
    verdicts.notes.push({ feature: name, note });
  }
  return false;
}

/** A column of text is text throughout: its numbers are categories too. */
function matchingShare(
  expected: FeatureConstraints['inferredType'],
  { type, kinds, present }: ObservedFeature,
  { integralIsFractional }: Settings,
): number {
  if (expected === 'String') return type === 'String' ? 1 : 0;
  if (!kinds) {
    const widened = integralIsFractional && expected === 'Fractional' && type === 'Integral';
    return type === expected || widened ? 1 : 0;
  }
  if (expected === 'Integral') return kinds.integral / present;
  const whole = integralIsFractional ? kinds.integral : 0;
  return (kinds.fractional + whole) / present;
}

function judgeCompleteness({ feature, now }: Judged, verdicts: Verdicts): void {
  const rows = now.present + now.missing;
  if (feature.completeness === undefined || rows === 0) return;
  const completeness01 = now.present / rows;
  if (completeness01 >= feature.completeness) return;
  verdicts.violations.push({
    feature_name: feature.name,
    constraint_check_type: 'completeness_check',
    description: unmet(completeness01),
  });
}

/** The original's sentence, its trailing blank included. */
function unmet(value: number): string {
  return `Value: ${javaDouble(value)} does not meet the constraint requirement! `;
}

function judgeDomain({ feature, config, now }: Judged, verdicts: Verdicts): void {
  const { name, domains } = feature;
  if (!domains || domains.length === 0 || now.present === 0) return;
  const categories = now.categories();
  if (!categories) {
    verdicts.notes.push({ feature: name, note: 'its categories are unknown: no domain check' });
    return;
  }
  const inside = domains.reduce((sum, value) => sum + (categories.counts.get(value) ?? 0), 0);
  const inside01 = inside / now.present;
  if (inside01 >= config.domainContentThreshold) return;
  verdicts.violations.push({
    feature_name: name,
    constraint_check_type: 'categorical_values_check',
    description: unmet(inside01),
  });
}

function judgeSign({ feature, now, settings }: Judged, verdicts: Verdicts): void {
  if (!feature.isNonNegative || !(now.min < 0)) return;
  const seen = `the smallest value is ${javaDouble(now.min)} where is_non_negative is true`;
  if (settings.checkNonNegative) {
    verdicts.violations.push({
      feature_name: feature.name,
      constraint_check_type: 'non_negative_check',
      description: `Sign requirement is not met: ${seen}.`,
    });
  } else {
    const note = `${seen}; not a violation unless the check is turned on`;
    verdicts.notes.push({ feature: feature.name, note });
  }
}

/** Named after the columns it is about; the original counts them only. */
function judgeColumns(constraints: Constraints, current: Observed, verdicts: Verdicts): void {
  const expected = new Set(constraints.features.map(({ name }) => name));
  const missing = [...expected].filter((name) => !current.features.has(name));
  const extra = [...current.features.keys()].filter((name) => !expected.has(name));
  const counts =
    `Number of columns in current dataset: ${current.features.size}, ` +
    `Number of columns in baseline constraints: ${expected.size}`;
  if (missing.length > 0) {
    verdicts.violations.push({
      feature_name: missing.join(', '),
      constraint_check_type: 'missing_column_check',
      description: `There are missing columns in current dataset. ${counts}`,
    });
  }
  if (extra.length > 0) {
    verdicts.violations.push({
      feature_name: extra.join(', '),
      constraint_check_type: 'extra_column_check',
      description: `There are extra columns in current dataset. ${counts}`,
    });
  }
}

/** The text of `constraint_violations.json`. */
export function formatViolations(violations: readonly Violation[]): string {
  return javaJson({
    violations: violations.map(({ feature_name, constraint_check_type, description }) => ({
      feature_name,
      constraint_check_type,
      description,
    })),
  });
}

const positional = /^_c\d+$/;

/**
 * The baseline's names for columns that came without any (`_c0`, `_c1`, …), by position; undefined
 * when the current columns have names of their own.
 */
export function baselineNames(
  current: Iterable<string>,
  constraints: Constraints,
): readonly string[] | undefined {
  const names = [...current];
  const baseline = constraints.features.map(({ name }) => name);
  if (names.length === 0 || !names.every((name) => positional.test(name))) return undefined;
  return baseline.every((name) => positional.test(name)) ? undefined : baseline;
}
