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
/** Measures side by side: as many as fit on paper. */
const namesOfTable = 4;

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
    tables: compared ? measuresTables(compared) : [],
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
function measuresTables({ features }: Report): readonly ReportTable[] {
  const shown = features.slice(0, mostRows);
  const measured = shown.map((one) => new Map(measureRows(one).map((row) => [row.name, row])));
  const names = [...new Set(measured.flatMap((measures) => [...measures.keys()]))];
  const tables: ReportTable[] = [];
  const most = Math.ceil(names.length / namesOfTable);
  for (let from = 0; from < names.length; from += namesOfTable) {
    const some = names.slice(from, from + namesOfTable);
    tables.push({
      caption: `Measures of drift against the baseline, ${tables.length + 1} of ${most}`,
      columns: ['column', 'verdict', ...some],
      rows: shown.map((one, at) => [
        one.name,
        one.verdict,
        ...some.map((name) => measured[at]?.get(name)?.value ?? '–'),
      ]),
    });
  }
  return tables;
}
