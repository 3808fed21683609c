/** The data-quality metrics of a window, as numbers: names of the original, no dimensions. */
import { distinctIn, presentIn } from '../../engines/profile/column.ts';
import type { Profile } from '../../engines/profile/profile.ts';
import type { Constraints } from '../../engines/quality/constraints.ts';
import type { Distance } from '../../engines/quality/violations.ts';

export interface StatisticSet {
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** One of `value` and `statistics` is there. */
export interface QualityMetric {
  /** `feature_completeness_age` and so on. */
  readonly metric: string;
  readonly feature: string;
  readonly value?: number;
  readonly statistics?: StatisticSet;
}

/** Columns whose `emit_metrics` is Disabled are left out. */
export function metricsOf(
  profile: Profile,
  distances: readonly Distance[],
  constraints: Constraints | undefined,
): readonly QualityMetric[] {
  const whole = constraints?.config.emitMetrics ?? 'Enabled';
  const of = new Map(constraints?.features.map((f) => [f.name, f.overrides?.emitMetrics]));
  const drift = new Map(distances.map(({ feature, value }) => [feature, value]));
  const metrics: QualityMetric[] = [];
  for (const column of profile.columns.values()) {
    const { name: feature, kinds, moments } = column;
    if ((of.get(feature) ?? whole) === 'Disabled') continue;
    const add = (stem: string, value: number) =>
      metrics.push({ metric: `feature_${stem}_${feature}`, feature, value });
    const present = presentIn(column);
    if (moments.count > 0) {
      const { count: sampleCount, sum, min: minimum, max: maximum } = moments;
      const statistics = { sampleCount, sum, minimum, maximum };
      metrics.push({ metric: `feature_data_${feature}`, feature, statistics });
    }
    add('non_null', present);
    add('null', profile.rows - present);
    add('completeness', present / profile.rows);
    const distance = drift.get(feature);
    if (distance !== undefined) add('baseline_drift', distance);
    add('fractional_counts', kinds.fractional);
    add('integral_counts', kinds.integral);
    add('string_counts', kinds.text);
    add('boolean_counts', kinds.boolean);
    add('unknown_counts', profile.rows - present);
    add('estimated_unique_values', distinctIn(column));
  }
  return metrics;
}
