/** What a data-quality analysis found, for the page that shows it. */
import { adviceFor, kindOfCheck } from '../../engines/drift/advice.ts';
import type { Profile } from '../../engines/profile/profile.ts';
import type { Statistics } from '../../engines/quality/statistics.ts';
import type { Findings as Judged, Violation } from '../../engines/quality/violations.ts';
import type { Figure, Finding, ReportBody, ReportTable } from '../../engines/report/body.ts';
import {
  compareWithStatistics,
  type FeatureComparison,
  type Report,
} from '../../engines/report/compare.ts';
import { measureRows } from '../../engines/report/measures.ts';

export interface Found {
  readonly profile: Profile;
  readonly judged: Judged;
  /** Of the baseline; without it nothing is compared. */
  readonly statistics: Statistics | undefined;
}

/** Columns in the table of measures; the rest moved less. */
const mostRows = 100;

export function reportOf({ profile, judged, statistics }: Found): ReportBody {
  const compared =
    statistics &&
    compareWithStatistics({ name: 'baseline', statistics }, { name: 'this run', profile });
  const features = new Map(compared?.features.map((feature) => [feature.name, feature]));
  const { violations, notes } = judged;
  return {
    monitor: 'Data quality',
    summary: summaryOf(profile, violations, compared),
    rows: profile.rows,
    findings: violations.map((one) => findingOf(one, features.get(one.feature_name))),
    figures: figuresOf(judged),
    comparisons: compared?.features ?? [],
    tables: compared ? [measuresTable(compared)] : [],
    charts: [],
    notes: notes.map(({ feature, note }) => (feature === undefined ? note : `${feature}: ${note}`)),
  };
}

function summaryOf(
  { rows, columns }: Profile,
  violations: readonly Violation[],
  compared: Report | undefined,
): string {
  const looked = `${rows.toLocaleString('en-US')} rows of ${columns.size} columns`;
  const subjects = new Set(violations.map(({ feature_name }) => feature_name)).size;
  const judged =
    violations.length === 0 ? `${looked}: no check failed.` : `${looked}: ${subjects} failed.`;
  if (!compared) return judged;
  const { drifted, compared: common } = compared.dataset;
  return `${judged} By effect size ${drifted} of ${common} columns moved from the baseline.`;
}

function findingOf(violation: Violation, feature: FeatureComparison | undefined): Finding {
  const { feature_name: subject, constraint_check_type: check, description } = violation;
  const evidence = feature ? evidenceOf(feature) : [];
  return {
    subject,
    check,
    description,
    advice: adviceFor(kindOfCheck(check), { subject, evidence }),
  };
}

function evidenceOf({ reasons = [], before, after }: FeatureComparison): readonly string[] {
  if (!before?.numbers || !after?.numbers) return reasons;
  const [from, to] = [before.numbers.mean, after.numbers.mean].map((mean) => mean.toPrecision(4));
  return [...reasons, `mean ${from} at the baseline, ${to} in this run`];
}

/** Distances, those nearest to or farthest over their threshold first. */
function figuresOf({ distances }: Judged): readonly Figure[] {
  const finite = distances.filter(({ value }) => Number.isFinite(value));
  const excess = ({ method, value, threshold }: (typeof finite)[number]) =>
    method === 'ChiSquared' ? threshold - value : value - threshold;
  return [...finite]
    .sort((a, b) => excess(b) - excess(a))
    .map(({ feature, method, value, threshold }) => ({
      name: method === 'ChiSquared' ? `p-value of ${feature}` : `distance of ${feature}`,
      value,
      threshold,
      badIs: method === 'ChiSquared' ? 'below' : 'above',
    }));
}

/** Every measure of every column: effect sizes decide, p-values inform. */
function measuresTable({ features }: Report): ReportTable {
  const shown = features.slice(0, mostRows);
  const names = [...new Set(shown.flatMap((one) => measureRows(one).map(({ name }) => name)))];
  return {
    caption: 'Measures of drift against the baseline',
    columns: ['column', 'verdict', ...names],
    rows: shown.map((one) => {
      const values = new Map(measureRows(one).map(({ name, value }) => [name, value]));
      return [one.name, one.verdict, ...names.map((name) => values.get(name) ?? '–')];
    }),
  };
}
