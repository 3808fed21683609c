/**
 * How far global attributions moved between a baseline and now.
 *
 * The verdict is the normalised discounted cumulative gain of the live ranking, with the baseline's
 * values a as gains: Σ a(f′_i) / log₂(i + 1) over Σ a(f_i) / log₂(i + 1), where f are the features
 * by falling baseline value and f′ by falling live value. It sees order alone. Beside it stand two
 * numbers that see magnitude, which are no part of the verdict unless switched on:
 * - the share distance ½ Σ |a/Σ|a| − b/Σ|b||, from 0 (same shares) to 1, and
 * - the change of the total, Σ|b| / Σ|a| − 1.
 *
 * A feature that only one side has counts as 0 on the other: one that is gone ranks last, a new
 * one takes a rank and gives no gain. Ties keep the baseline's order.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { KernelShap } from './aggregate.ts';

export const defaultNdcgThreshold = 0.9;

export interface DriftOptions {
  /** Below it is a violation. */
  readonly threshold?: number;
  readonly magnitude?: {
    readonly maxShareDistance01?: number;
    /** Of the change of the total, whichever its sign. */
    readonly maxTotalChange?: number;
  };
}

/** With the names of the violations document. */
export interface AttributionViolation {
  readonly label: string;
  readonly metric_name: 'shap';
  readonly constraint_check_type:
    | 'feature_attribution_drift_check'
    | 'feature_attribution_share_check'
    | 'feature_attribution_total_check';
  readonly description: string;
}

export interface LabelDrift {
  readonly label: string;
  readonly ndcg: number;
  readonly shareDistance01: number;
  /** Undefined when the baseline's values are all 0 and the live ones are not. */
  readonly totalChange: number | undefined;
  /** By falling baseline value. */
  readonly features: readonly FeatureDrift[];
}

export interface FeatureDrift {
  readonly feature: string;
  readonly baseline: number;
  readonly live: number;
  /** From 1. */
  readonly baselineRank: number;
  readonly liveRank: number;
}

export interface AttributionDrift {
  readonly threshold: number;
  readonly labels: readonly LabelDrift[];
  readonly violations: readonly AttributionViolation[];
  readonly notes: readonly string[];
}

/** Refused when the two have no label in common. */
export function attributionDrift(
  baseline: KernelShap,
  live: KernelShap,
  options: DriftOptions = {},
): Outcome<AttributionDrift> {
  const { threshold = defaultNdcgThreshold } = options;
  const notes: string[] = [];
  const labels: LabelDrift[] = [];
  for (const [label, { global_shap_values: values }] of Object.entries(baseline)) {
    const current = live[label];
    if (!current) notes.push(`The label ${label} of the baseline is not among the live ones.`);
    else labels.push(labelDrift(label, values, current.global_shap_values));
    if (current) notes.push(...featureNotes(label, values, current.global_shap_values));
  }
  for (const label of Object.keys(live)) {
    if (!baseline[label]) notes.push(`The live label ${label} is not among the baseline's.`);
  }
  if (labels.length === 0) {
    const [before, now] = [baseline, live].map((of) => Object.keys(of).join(', '));
    return refuse(`the baseline has the labels ${before} and the live data ${now}: none in common`);
  }
  const violations = labels.flatMap((of) => violationsOf(of, threshold, options));
  return ok({ threshold, labels, violations, notes });
}

type Values = Readonly<Record<string, number>>;

function featureNotes(label: string, baseline: Values, live: Values): string[] {
  const gone = Object.keys(baseline).filter((name) => live[name] === undefined);
  const added = Object.keys(live).filter((name) => baseline[name] === undefined);
  const notes: string[] = [];
  if (Object.values(baseline).some((value) => value < 0)) {
    notes.push(`${label}: the baseline has negative values, so its score may leave [0, 1].`);
  }
  if (gone.length > 0) {
    notes.push(`${label}: only the baseline has ${gone.join(', ')}, which count as 0 live.`);
  }
  if (added.length > 0) {
    notes.push(`${label}: only the live data has ${added.join(', ')}, which give no gain.`);
  }
  return notes;
}

function labelDrift(label: string, baseline: Values, live: Values): LabelDrift {
  const names = [...new Set([...Object.keys(baseline), ...Object.keys(live)])];
  const byBaseline = rankedBy(names, baseline);
  const byLive = rankedBy(byBaseline, live);
  const liveRanks = new Map(byLive.map((name, at) => [name, at + 1]));
  const ideal = gainOf(byBaseline, baseline);
  const a = totalOf(names, baseline);
  const b = totalOf(names, live);
  return {
    label,
    // Without gains there is no order to keep.
    ndcg: ideal === 0 ? 1 : gainOf(byLive, baseline) / ideal,
    shareDistance01: shareDistance(names, { baseline, live, a, b }),
    totalChange: a > 0 ? b / a - 1 : b > 0 ? undefined : 0,
    features: byBaseline.map((feature, at) => ({
      feature,
      baseline: baseline[feature] ?? 0,
      live: live[feature] ?? 0,
      baselineRank: at + 1,
      liveRank: liveRanks.get(feature) ?? 0,
    })),
  };
}

function rankedBy(names: readonly string[], values: Values): string[] {
  return names.toSorted((x, y) => (values[y] ?? 0) - (values[x] ?? 0));
}

function gainOf(order: readonly string[], gains: Values): number {
  return order.reduce((sum, name, at) => sum + (gains[name] ?? 0) / Math.log2(at + 2), 0);
}

function totalOf(names: readonly string[], values: Values): number {
  return names.reduce((sum, name) => sum + Math.abs(values[name] ?? 0), 0);
}

function shareDistance(
  names: readonly string[],
  of: { readonly baseline: Values; readonly live: Values; readonly a: number; readonly b: number },
): number {
  if (of.a === 0 || of.b === 0) return of.a === of.b ? 0 : 1;
  const apart = names.map((name) => {
    const before = Math.abs(of.baseline[name] ?? 0) / of.a;
    return Math.abs(before - Math.abs(of.live[name] ?? 0) / of.b);
  });
  return Math.min(1, apart.reduce((sum, gap) => sum + gap, 0) / 2);
}

function violationsOf(
  { label, ndcg, shareDistance01, totalChange }: LabelDrift,
  threshold: number,
  { magnitude = {} }: DriftOptions,
): AttributionViolation[] {
  const { maxShareDistance01, maxTotalChange } = magnitude;
  const found: AttributionViolation[] = [];
  const add = (check: AttributionViolation['constraint_check_type'], description: string) =>
    found.push({ label, metric_name: 'shap', constraint_check_type: check, description });
  if (ndcg < threshold) {
    const text = `${decimal(ndcg)} exceeds threshold ${decimal(threshold)}`;
    add('feature_attribution_drift_check', `Feature attribution drift ${text}`);
  }
  if (maxShareDistance01 !== undefined && shareDistance01 > maxShareDistance01) {
    const text = `${decimal(shareDistance01)} exceeds threshold ${decimal(maxShareDistance01)}`;
    add('feature_attribution_share_check', `Distance of feature attribution shares ${text}`);
  }
  const change = totalChange ?? Number.POSITIVE_INFINITY;
  if (maxTotalChange !== undefined && Math.abs(change) > maxTotalChange) {
    const text = `${decimal(change)} exceeds threshold ${decimal(maxTotalChange)}`;
    add('feature_attribution_total_check', `Change of the total feature attribution ${text}`);
  }
  return found;
}

/** As Python's `repr` writes a float. */
function decimal(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`;
  if (value !== 0 && Math.abs(value) < 1e-4) {
    return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
  }
  return String(value);
}
