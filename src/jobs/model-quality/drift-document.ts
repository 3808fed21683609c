/** `drift.json`: the numbers of a window's drift, with null and a reason where there are none. */
import type { FeatureComparison } from '../../engines/report/compare.ts';
import { type Drift, labelDrift, predictionDrift } from './drift.ts';

export const driftName = 'drift.json';

export function formatDrift(drift: Drift): string {
  const { baselineRows = null, baselineSampleRows, rows, missing, main } = drift;
  const { accuracyChange, estimatedShares, residuals } = drift;
  const document = {
    version: 0,
    baseline_rows: baselineRows,
    baseline_sample_rows: baselineSampleRows,
    rows,
    main_cause: main,
    prediction_drift: byName(predictionDrift(drift)),
    label_drift: byName(labelDrift(drift)),
    accuracy_change: accuracyChange
      ? {
          baseline_accuracy: accuracyChange.referenceAccuracy,
          accuracy: accuracyChange.currentAccuracy,
          change: accuracyChange.change,
          covariate: accuracyChange.covariate,
          label: accuracyChange.label,
          concept: accuracyChange.concept,
          uncovered_share: accuracyChange.uncovered01,
        }
      : null,
    estimated_label_shares: estimatedShares
      ? {
          shares: named(estimatedShares.classes, estimatedShares.shares),
          weights: named(estimatedShares.classes, estimatedShares.weights),
          least_singular_value: estimatedShares.leastSingular,
        }
      : null,
    residuals: residuals
      ? {
          ...(byName(drift.comparisons.filter(({ name }) => name === 'residual')) ?? {}),
          baseline: residuals.reference,
          current: residuals.current,
          mean_change: residuals.meanChange,
          deviation_ratio: residuals.deviationRatio ?? null,
        }
      : null,
    missing,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function named(names: readonly string[], values: readonly number[]) {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]));
}

function byName(comparisons: readonly FeatureComparison[]) {
  if (comparisons.length === 0) return null;
  const members = comparisons.map((one) => {
    const { name, verdict, reasons = [], effect, measures = {}, unmeasured = {} } = one;
    const judged = { verdict, reasons, effect: effect ?? null, measures, unmeasured };
    return [name.replace(' ', '_'), judged] as const;
  });
  return Object.fromEntries(members);
}
