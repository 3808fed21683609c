/**
 * `constraints.json`: what a column must be like, and how strictly it is judged; suggested from a
 * profile, each with the rule that led to it. Reading the files of others is in `documents.ts`.
 */
import {
  type ColumnProfile,
  categoriesOf,
  distinctIn,
  presentIn,
  typeOf,
} from '../profile/column.ts';
import type { InferredType } from '../profile/inference.ts';
import type { Profile } from '../profile/profile.ts';
import { double, type JavaJson, javaDouble, javaJson } from './java-json.ts';

export type Switch = 'Enabled' | 'Disabled';
export type NumericMethod = 'Simple' | 'Robust';
export type CategoricalMethod = 'LInfinity' | 'ChiSquared';

/** How columns are judged. Thresholds are shares or distances in [0, 1]. */
export interface MonitoringConfig {
  readonly evaluateConstraints: Switch;
  readonly emitMetrics: Switch;
  readonly datatypeCheckThreshold: number;
  readonly domainContentThreshold: number;
  readonly performComparison: Switch;
  readonly comparisonThreshold: number;
  readonly comparisonMethod: NumericMethod;
  /** Undefined: not in the file; 0.1 applies. */
  readonly categoricalComparisonThreshold?: number;
  /** Undefined: not in the file; LInfinity applies. */
  readonly categoricalDriftMethod?: CategoricalMethod;
}

export const defaultConfig: MonitoringConfig = {
  evaluateConstraints: 'Enabled',
  emitMetrics: 'Enabled',
  datatypeCheckThreshold: 1,
  domainContentThreshold: 1,
  performComparison: 'Enabled',
  comparisonThreshold: 0.1,
  comparisonMethod: 'Robust',
};

export interface FeatureConstraints {
  readonly name: string;
  readonly inferredType: InferredType;
  /** Share of cells that must be present. */
  readonly completeness?: number;
  readonly isNonNegative?: boolean;
  /** The values a column of text may have. */
  readonly domains?: readonly string[];
  /** What differs from the file's configuration for this column. */
  readonly overrides?: Partial<MonitoringConfig>;
}

export interface Constraints {
  readonly version: number;
  readonly features: readonly FeatureConstraints[];
  readonly config: MonitoringConfig;
}

/** Deequ's categorical range rule: histograms are built up to this many different values. */
export const domainLimit = 120;
/** The rule applies when at most this share of the values occurred only once. */
export const onceLimit01 = 0.1;

export function suggestConstraints(
  profile: Profile,
  config: Partial<MonitoringConfig> = {},
): Constraints {
  const features = [...profile.columns.values()].map((column) => suggest(column, profile.rows));
  return { version: 0, features, config: { ...defaultConfig, ...config } };
}

function suggest(column: ColumnProfile, rows: number): FeatureConstraints {
  const inferredType = typeOf(column);
  const completeness = rows === 0 ? 0 : presentIn(column) / rows;
  const head = { name: column.name, inferredType, completeness };
  if (inferredType === 'Integral' || inferredType === 'Fractional') {
    return { ...head, isNonNegative: column.moments.min >= 0 };
  }
  const domains = inferredType === 'String' ? domainsOf(column) : undefined;
  return domains ? { ...head, domains } : head;
}

function domainsOf(column: ColumnProfile): readonly string[] | undefined {
  const { counts, exact } = categoriesOf(column);
  if (!exact || counts.length > domainLimit) return undefined;
  const once = counts.filter(([, count]) => count === 1).length;
  return once / counts.length <= onceLimit01 ? counts.map(([value]) => value) : undefined;
}

export interface Explanation {
  readonly feature: string;
  /** The member of the file, `inferred_type` and so on. */
  readonly constraint: string;
  /** The rule and the numbers that led to it, in a sentence. */
  readonly because: string;
}

/** Why `suggestConstraints` said what it said of `profile`, and why it left a domain out. */
export function explainConstraints(profile: Profile): readonly Explanation[] {
  return [...profile.columns.values()].flatMap((column) => explain(column, profile.rows));
}

function explain(column: ColumnProfile, rows: number): Explanation[] {
  const feature = column.name;
  const type = typeOf(column);
  const present = presentIn(column);
  const out: Explanation[] = [
    { feature, constraint: 'inferred_type', because: explainType(column, type) },
    {
      feature,
      constraint: 'completeness',
      because: `${present} of ${rows} cells are present, and no less is expected later.`,
    },
  ];
  if (type === 'Integral' || type === 'Fractional') {
    const min = javaDouble(column.moments.min);
    const sign = column.moments.min >= 0 ? 'no value is' : 'there are values';
    const because = `The smallest value is ${min}: ${sign} below zero.`;
    out.push({ feature, constraint: 'is_non_negative', because });
  } else if (type === 'String') {
    out.push({ feature, constraint: 'domains', because: explainDomains(column) });
  }
  return out;
}

function explainType(column: ColumnProfile, type: InferredType): string {
  const { integral, fractional, boolean, text } = column.kinds;
  const counts = `${integral} integral, ${fractional} fractional, ${boolean} boolean, ${text} text`;
  const rules = {
    Unknown: 'no cell is present',
    Integral: 'every present cell is a whole number',
    Fractional: 'every present cell is a number and at least one has a fraction or exponent',
    String: 'at least one present cell is not a number',
  };
  return `${type}, because ${rules[type]} (${counts}).`;
}

function explainDomains(column: ColumnProfile): string {
  const distinct = distinctIn(column);
  const { counts, exact } = categoriesOf(column);
  if (!exact || distinct > domainLimit) {
    return `No domain: about ${distinct} different values are more than ${domainLimit}.`;
  }
  const once = counts.filter(([, count]) => count === 1).length;
  const seen = `${once} of ${distinct} different values occurred only once`;
  const limit = `${onceLimit01 * 100}%`;
  return domainsOf(column)
    ? `The values seen are the domain: ${seen}, at most ${limit}.`
    : `No domain: ${seen}, more than ${limit}, so new values are likely.`;
}

/** The text of the file; the categorical settings are written only where they are set. */
export function formatConstraints({ version, features, config }: Constraints): string {
  return javaJson({
    version: double(version),
    features: features.map(featureJson),
    monitoring_config: configJson(config),
  });
}

function featureJson(feature: FeatureConstraints): JavaJson {
  const { isNonNegative, domains, overrides, completeness } = feature;
  return {
    name: feature.name,
    inferred_type: feature.inferredType,
    completeness: completeness === undefined ? undefined : double(completeness),
    num_constraints: isNonNegative === undefined ? undefined : { is_non_negative: isNonNegative },
    string_constraints: domains ? { domains } : undefined,
    monitoring_config_overrides: overrides && configJson(overrides),
  };
}

function configJson(config: Partial<MonitoringConfig>): JavaJson {
  const number = (value: number | undefined) => (value === undefined ? undefined : double(value));
  const distribution: Record<string, JavaJson | undefined> = {
    perform_comparison: config.performComparison,
    comparison_threshold: number(config.comparisonThreshold),
    comparison_method: config.comparisonMethod,
    categorical_comparison_threshold: number(config.categoricalComparisonThreshold),
    categorical_drift_method: config.categoricalDriftMethod,
  };
  const drift = Object.values(distribution).some((member) => member !== undefined);
  return {
    evaluate_constraints: config.evaluateConstraints,
    emit_metrics: config.emitMetrics,
    datatype_check_threshold: number(config.datatypeCheckThreshold),
    domain_content_threshold: number(config.domainContentThreshold),
    distribution_constraints: drift ? distribution : undefined,
  };
}
