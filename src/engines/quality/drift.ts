/** The drift check of one column: its distribution now against the baseline's. */
import { categoricalDistance, chiSquared, numericDistance } from './distances.ts';
import { javaDouble } from './java-json.ts';
import type { ObservedFeature } from './observed.ts';
import type { Distance, Judged, Verdicts } from './violations.ts';

const defaultCategoricalThreshold = 0.1;

export function judgeDrift(of: Judged, verdicts: Verdicts): void {
  const { feature, config, now, base, settings } = of;
  const note = (text: string) => verdicts.notes.push({ feature: feature.name, note: text });
  if (config.performComparison === 'Disabled') {
    note('perform_comparison is Disabled: its drift was not judged');
    return;
  }
  // Without statistics for the whole there is one note for all.
  if (!base) return;
  const fewest = Math.min(now.present, base.present);
  if (fewest < settings.minimumSampleSize) {
    const where = fewest === now.present ? 'in this window' : 'in the baseline';
    note(
      `its drift was not judged: ${fewest} values ${where}, ` +
        `fewer than the minimum sample size of ${settings.minimumSampleSize}`,
    );
    return;
  }
  const measured = isNumeric(base) ? measureNumbers(of, base) : measureCategories(of, base);
  if (typeof measured === 'string') {
    note(`its drift was not judged: ${measured}`);
    return;
  }
  verdicts.distances.push(measured);
  if (!drifted(measured)) return;
  verdicts.violations.push({
    feature_name: feature.name,
    constraint_check_type: 'baseline_drift_check',
    description: describe(measured),
  });
}

function isNumeric({ type }: ObservedFeature): boolean {
  return type === 'Integral' || type === 'Fractional';
}

/** A reason instead of a distance when there is none. */
function measureNumbers(
  { feature, config, now }: Judged,
  base: ObservedFeature,
): Distance | string {
  const [before, after] = [base.numbers(), now.numbers()];
  if (!before) return 'the baseline statistics have no sketch of it';
  if (!after) return 'the window has no numbers in it';
  const method = config.comparisonMethod;
  const value = numericDistance(before, after, method);
  return { feature: feature.name, method, value, threshold: config.comparisonThreshold };
}

function measureCategories(of: Judged, base: ObservedFeature): Distance | string {
  const { feature, config, now } = of;
  const [before, after] = [base.categories(), now.categories()];
  if (!before) return 'the baseline statistics have no categories of it';
  if (!after) return 'the categories of the window are unknown';
  const threshold = config.categoricalComparisonThreshold ?? defaultCategoricalThreshold;
  if (config.categoricalDriftMethod !== 'ChiSquared') {
    const value = categoricalDistance(
      { counts: before.counts, total: base.present },
      { counts: after.counts, total: now.present },
      config.comparisonMethod,
    );
    return { feature: feature.name, method: 'LInfinity', value, threshold };
  }
  if (!before.exact || !after.exact) return 'it has too many categories for a chi-squared test';
  const test = chiSquared(after.counts, before.counts);
  if (!test) return 'fewer than two categories are frequent enough for a chi-squared test';
  return { feature: feature.name, method: 'ChiSquared', value: test.pValue, threshold };
}

/** A distance drifts above its threshold; a p-value, the smaller the surer, below it. */
function drifted({ method, value, threshold }: Distance): boolean {
  return method === 'ChiSquared' ? value < threshold : value > threshold;
}

function describe({ method, value, threshold }: Distance): string {
  const [v, t] = [javaDouble(value), javaDouble(threshold)];
  return method === 'ChiSquared'
    ? `Baseline drift chi-squared p-value: ${v} is below threshold: ${t}`
    : `Baseline drift distance: ${v} exceeds threshold: ${t}`;
}
