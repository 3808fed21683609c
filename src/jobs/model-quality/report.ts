/** What a model-quality analysis found, for the page that shows it. */
import type { Constraints, Violation } from '../../engines/performance/constraints.ts';
import type { Shares } from '../../engines/performance/distribution.ts';
import type { Confusion, Performance } from '../../engines/performance/measures.ts';
import type {
  Figure,
  LineChart,
  ReportBody,
  ReportChart,
  ReportTable,
} from '../../engines/report/body.ts';
import { adviceOn, type Moved } from './advice.ts';
import { type Drift, labelDrift } from './drift.ts';
import { driftFigures, driftNotes, driftSentence, driftTables } from './drift-report.ts';

export interface Findings {
  readonly performance: Performance;
  readonly constraints: Constraints | undefined;
  readonly violations: readonly Violation[];
  readonly moved: readonly Moved[];
  readonly labelShares: readonly [baseline: Shares | undefined, current: Shares | undefined];
  /** Of a window, against its baseline. */
  readonly drift: Drift | undefined;
  readonly notes: readonly string[];
}

const mostMatrixLabels = 50;
const mostBars = 20;
const mostChartPoints = 200;
const constantSuffix = '_best_constant_classifier';

export function reportOf(findings: Findings): ReportBody {
  const { performance, constraints, violations, moved, notes, drift } = findings;
  const [before, after] = findings.labelShares;
  const cause = drift && driftSentence(drift);
  return {
    monitor: 'Model quality',
    summary: cause === undefined ? summaryOf(findings) : `${summaryOf(findings)} ${cause}`,
    rows: performance.rows,
    findings: violations.map((violation) => ({
      subject: violation.measure,
      check: violation.operator,
      description: violation.description,
      advice: adviceOn(violation, {
        performance,
        constraint: constraints?.thresholds.get(violation.measure),
        moved,
        drift,
      }),
    })),
    figures: [...figuresOf(findings), ...(drift ? driftFigures(drift) : [])],
    comparisons: drift?.comparisons ?? [],
    tables: [
      ...(drift ? driftTables(drift, { before, after }) : []),
      measuresTable(findings),
      ...matrixOf(performance.confusion),
    ],
    charts: chartsOf(findings),
    notes: [...notes, ...(drift ? driftNotes(drift) : [])],
  };
}

function summaryOf({ performance, constraints, violations }: Findings): string {
  const rows = `${performance.rows.toLocaleString('en-US')} labelled predictions`;
  if (!constraints) return `${rows} were measured; there is no baseline to judge them by.`;
  const count = constraints.thresholds.size;
  const judged = `${rows} were judged by ${count} threshold${count === 1 ? '' : 's'}`;
  if (violations.length === 0) return `${judged}, and all hold.`;
  const names = violations.map(({ measure }) => measure).join(', ');
  const crossed = violations.length === 1 ? '1 was' : `${violations.length} were`;
  return `${judged}: ${crossed} crossed (${names}).`;
}

/** Crossed ones first, then those with a threshold, then the rest; constants are in the table. */
function figuresOf({ performance, constraints, violations, moved }: Findings): readonly Figure[] {
  const crossed = new Set(violations.map(({ measure }) => measure));
  const rank = (name: string) => {
    if (crossed.has(name)) return 0;
    return constraints?.thresholds.has(name) ? 1 : 2;
  };
  const names = Object.keys(performance.measures).filter(
    (name) => !name.endsWith(constantSuffix) && performance.measures[name]?.caveat === undefined,
  );
  names.sort((a, b) => rank(a) - rank(b));
  const figures = names.map((name): Figure => {
    const { value = 0, deviation } = performance.measures[name] ?? {};
    const constraint = constraints?.thresholds.get(name);
    const isLow = constraint?.operator === 'LessThanThreshold';
    return {
      name,
      value,
      ...(deviation === undefined ? {} : { deviation }),
      ...(constraint
        ? {
            threshold: constraint.threshold,
            badIs: isLow ? ('below' as const) : ('above' as const),
          }
        : {}),
    };
  });
  const drifts = moved.map(({ what, distance }) => ({ name: `drift of ${what}`, value: distance }));
  return [...figures, ...drifts];
}

function measuresTable({ performance, constraints }: Findings): ReportTable {
  const { measures } = performance;
  const rows = Object.entries(measures)
    .filter(([name]) => !name.endsWith(constantSuffix))
    .map(([name, { value, deviation, caveat }]) => [
      name,
      caveat === undefined ? value : `${value} (${caveat})`,
      deviation ?? '',
      constraints?.thresholds.get(name)?.threshold ?? '',
      measures[`${name}${constantSuffix}`]?.value ?? '',
    ]);
  return {
    caption: 'Measures',
    columns: ['Measure', 'Value', 'Standard deviation', 'Threshold', 'Constant classifier'],
    rows,
  };
}

function matrixOf(confusion: Confusion | undefined): readonly ReportTable[] {
  if (!confusion) return [];
  const labels = confusion.labels.slice(0, mostMatrixLabels);
  const more = confusion.labels.length - labels.length;
  return [
    {
      caption: `Confusion matrix${more > 0 ? ` (${more} more labels are in statistics.json)` : ''}`,
      columns: ['Label \\ predicted', ...labels],
      rows: labels.map((label, i) => [
        label,
        ...labels.map((_, j) => confusion.counts[i]?.[j] ?? 0),
      ]),
    },
  ];
}

function chartsOf({ performance, labelShares, drift }: Findings): readonly ReportChart[] {
  const { curves, measures } = performance;
  const charts: ReportChart[] = [];
  if (curves) {
    charts.push(
      lines(
        { title: 'ROC curve', xLabel: 'False positive rate', yLabel: 'True positive rate' },
        { curve: curves.roc, chance: [0, 1] },
      ),
    );
    const prevalence = measures[`precision${constantSuffix}`]?.value ?? 0;
    charts.push(
      lines(
        { title: 'Precision and recall', xLabel: 'Recall', yLabel: 'Precision' },
        { curve: curves.precisionRecall, chance: [prevalence, prevalence] },
      ),
    );
  }
  const [baseline, current] = labelShares;
  // Where labels are compared, the same bars stand among the distributions.
  const isCompared = drift && labelDrift(drift).length > 0;
  if (current && !isCompared) charts.push(labelBars(baseline, current));
  return charts;
}

interface Drawn {
  readonly curve: { readonly x: readonly number[]; readonly y: readonly number[] };
  /** Heights at 0 and at 1 of an answer by chance. */
  readonly chance: readonly [number, number];
}

function lines(
  labels: Pick<LineChart, 'title' | 'xLabel' | 'yLabel'>,
  { curve, chance }: Drawn,
): LineChart {
  const last = curve.x.length - 1;
  const count = Math.min(last + 1, mostChartPoints);
  const points = Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.round((i * last) / (count - 1));
    return [curve.x[at] ?? 0, curve.y[at] ?? 0] as const;
  });
  const byChance = [[0, chance[0]] as const, [1, chance[1]] as const];
  const series = [
    { name: 'model', points },
    { name: 'chance', points: byChance },
  ];
  return { kind: 'lines', ...labels, series };
}

function labelBars(baseline: Shares | undefined, current: Shares): ReportChart {
  const share = (of: Shares | undefined, label: string) => of?.shares[label] ?? 0;
  const labels = new Set([...Object.keys(current.shares), ...Object.keys(baseline?.shares ?? {})]);
  const greatest = [...labels].sort((a, b) => share(current, b) - share(current, a));
  return {
    kind: 'bars',
    title: 'Shares of labels',
    series: baseline ? ['baseline', 'current'] : ['current'],
    items: greatest.slice(0, mostBars).map((label) => ({
      label,
      values: [...(baseline ? [share(baseline, label)] : []), share(current, label)],
    })),
  };
}
