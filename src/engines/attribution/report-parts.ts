/**
 * What a report shows of attributions: pieces in the shapes that the report's body has, joined to
 * one by whoever makes the report.
 */

import type { KernelShap } from './aggregate.ts';
import type { AttributionDrift, LabelDrift } from './drift.ts';

export interface AttributionParts {
  readonly summary: string;
  readonly findings: readonly {
    readonly subject: string;
    readonly check: string;
    readonly description: string;
    readonly advice: { readonly action: string; readonly evidence: readonly string[] };
  }[];
  readonly figures: readonly {
    readonly name: string;
    readonly value: number;
    readonly threshold?: number;
    readonly badIs?: 'above' | 'below';
  }[];
  readonly tables: readonly {
    readonly caption: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number)[])[];
  }[];
  readonly charts: readonly {
    readonly kind: 'bars';
    readonly title: string;
    readonly series: readonly string[];
    readonly items: readonly { readonly label: string; readonly values: readonly number[] }[];
  }[];
  readonly notes: readonly string[];
}

/** Features shown in a chart; the table has all of them, to its own limit. */
const chartedFeatures = 20;
const tabledFeatures = 200;

export interface ReportInput {
  readonly drift: AttributionDrift;
  readonly live: KernelShap;
  readonly rows: number;
  /** Of the explanation. */
  readonly notes: readonly string[];
}

export function reportParts({ drift, live, rows, notes }: ReportInput): AttributionParts {
  const bad = new Set(drift.violations.map(({ label }) => label));
  const summary =
    bad.size === 0
      ? `Of ${rows} explained rows, what each feature adds ranks as in the baseline.`
      : `Of ${rows} explained rows, what the features add has moved for ${[...bad].join(', ')}.`;
  return {
    summary,
    findings: drift.violations.map((violation) => ({
      subject: violation.label,
      check: violation.constraint_check_type,
      description: violation.description,
      advice: adviceOf(drift.labels.find(({ label }) => label === violation.label)),
    })),
    figures: drift.labels.flatMap((of) => figuresOf(of, drift.threshold, live)),
    tables: drift.labels.map(tableOf),
    charts: drift.labels.map(chartOf),
    notes: [...notes, ...drift.notes],
  };
}

function figuresOf(
  { label, ndcg, shareDistance01, totalChange }: LabelDrift,
  threshold: number,
  live: KernelShap,
): AttributionParts['figures'] {
  const expected = live[label]?.expected_value ?? Number.NaN;
  return [
    { name: `NDCG of ${label}`, value: ndcg, threshold, badIs: 'below' as const },
    { name: `Distance of shares of ${label}`, value: shareDistance01 },
    ...(totalChange === undefined
      ? []
      : [{ name: `Change of the total of ${label}`, value: totalChange }]),
    ...(Number.isFinite(expected) ? [{ name: `Expected value of ${label}`, value: expected }] : []),
  ];
}

function tableOf({ label, features }: LabelDrift): AttributionParts['tables'][number] {
  return {
    caption: `What each feature adds to ${label}`,
    columns: ['Feature', 'Baseline', 'Current', 'Change', 'Rank before', 'Rank now'],
    rows: features
      .slice(0, tabledFeatures)
      .map(({ feature, baseline, live, baselineRank, liveRank }) => [
        feature,
        baseline,
        live,
        live - baseline,
        baselineRank,
        liveRank,
      ]),
  };
}

function chartOf({ label, features }: LabelDrift): AttributionParts['charts'][number] {
  return {
    kind: 'bars',
    title: `Global SHAP values of ${label}`,
    series: ['baseline', 'current'],
    items: features
      .slice(0, chartedFeatures)
      .map(({ feature, baseline, live }) => ({ label: feature, values: [baseline, live] })),
  };
}

/** Names the features whose share moved most. */
function adviceOf(of: LabelDrift | undefined): AttributionParts['findings'][number]['advice'] {
  const moved = (of?.features ?? [])
    .toSorted((a, b) => Math.abs(b.live - b.baseline) - Math.abs(a.live - a.baseline))
    .slice(0, 3);
  const first = moved[0]?.feature ?? 'the features';
  return {
    action:
      `Compare the data of ${first} with the baseline's: what the model leans on has moved, ` +
      'so retrain it if the data changed for good.',
    evidence: moved.map(
      ({ feature, baseline, live, baselineRank, liveRank }) =>
        `${feature} went from ${baseline.toPrecision(3)} (rank ${baselineRank}) to ` +
        `${live.toPrecision(3)} (rank ${liveRank}).`,
    ),
  };
}
