/** A window's drift in words, tables and figures, for the page that shows it. */
import { adviceFor, type FindingKind } from '../../engines/drift/advice.ts';
import type { Cause, Estimate } from '../../engines/drift/labels.ts';
import type { Distribution } from '../../engines/performance/distribution.ts';
import type { Advice, Figure, ReportTable } from '../../engines/report/body.ts';
import { type FeatureComparison, isDrift } from '../../engines/report/compare.ts';
import { measureRows } from '../../engines/report/measures.ts';
import { type Drift, labelDrift, predictionDrift } from './drift.ts';

const causes: Readonly<Record<Cause, { readonly name: string; readonly meaning: string }>> = {
  covariate: { name: 'covariate shift', meaning: 'records fall elsewhere' },
  label: { name: 'label shift', meaning: 'other shares of the labels' },
  concept: { name: 'concept shift', meaning: 'records like those before have other labels' },
};

/** What dominates, in a sentence; undefined where nothing does. */
export function driftSentence({ main, accuracyChange, residuals }: Drift): string | undefined {
  if (main === 'none') return undefined;
  const { name, meaning } = causes[main];
  if (accuracyChange) {
    const change = signed(accuracyChange.change.value);
    return (
      `Accuracy changed by ${change} from the baseline's, most of all by ${name} (${meaning}): ` +
      `${spoken(accuracyChange[main])}.`
    );
  }
  if (main !== 'concept' || !residuals) return undefined;
  const { meanChange, deviationRatio } = residuals;
  const isWider = deviationRatio && (deviationRatio.low > 1 || deviationRatio.high < 1);
  const spread = isWider
    ? `, and their standard deviation is ${shown(deviationRatio.value)} times the baseline's`
    : '';
  return (
    `The mean of the residuals changed by ${spoken(meanChange)}${spread}, which speaks for ` +
    `${name} (${meaning}).`
  );
}

const kinds: Readonly<Record<Cause, FindingKind>> = {
  covariate: 'covariate drift',
  label: 'label shift',
  concept: 'concept shift',
};
const subjects: Readonly<Record<Cause, string>> = {
  covariate: 'the mix of records',
  label: 'the labels',
  concept: 'the labels',
};

/** What to do about what dominates; undefined where nothing does. */
export function causeAdvice(drift: Drift): string | undefined {
  const { main } = drift;
  return main === 'none' ? undefined : actionOn(kinds[main], subjects[main], drift);
}

/** Numbers have no threshold and no weights of classes to adjust: their shift is one of records. */
function actionOn(kind: FindingKind, subject: string, { residuals }: Drift): string {
  const spoken = kind === 'label shift' && residuals ? 'covariate drift' : kind;
  return adviceFor(spoken, { subject }).action;
}

/** Kinds of drift that were found, with the numbers that speak for each. */
export function driftAdvice(drift: Drift): readonly (Advice & { readonly kind: FindingKind })[] {
  const sentence = driftSentence(drift);
  const found: readonly (readonly [FindingKind, string, readonly string[]])[] = [
    ['prediction drift', 'the predictions', reasonsOf(predictionDrift(drift))],
    ['label shift', 'the labels', reasonsOf(labelDrift(drift))],
    ...(drift.main !== 'none' && sentence !== undefined
      ? [[kinds[drift.main], subjects[drift.main], [sentence]] as const]
      : []),
  ];
  const byKind = new Map<FindingKind, Advice>();
  for (const [kind, subject, evidence] of found) {
    if (evidence.length === 0) continue;
    const known = byKind.get(kind)?.evidence ?? [];
    const action = actionOn(kind, subject, drift);
    byKind.set(kind, { action, evidence: [...known, ...evidence] });
  }
  return [...byKind].map(([kind, advice]) => ({ kind, ...advice }));
}

function reasonsOf(comparisons: readonly FeatureComparison[]): readonly string[] {
  return comparisons
    .filter(isDrift)
    .map(({ name, reasons = [] }) => `The ${name} moved: ${reasons.join('; ')}.`);
}

export function driftTables(
  drift: Drift,
  shares: { readonly before: Distribution | undefined; readonly after: Distribution | undefined },
): readonly ReportTable[] {
  const advice = driftAdvice(drift);
  return [
    ...(advice.length > 0
      ? [
          {
            caption: 'Drift that was found, and what to do',
            columns: ['Drift', 'Evidence', 'What to do'],
            rows: advice.map(({ kind, evidence, action }) => [kind, evidence.join(' '), action]),
          },
        ]
      : []),
    ...causesTable(drift),
    ...residualsTable(drift),
    ...sharesTable(drift, shares),
    ...measuresTable(drift),
  ];
}

function causesTable({ accuracyChange }: Drift): readonly ReportTable[] {
  if (!accuracyChange) return [];
  const round = (value: number) => Number(value.toFixed(4));
  const row = (what: string, { value, low, high }: Estimate) => [
    what,
    ...[value, low, high].map(round),
  ];
  const { change, covariate, concept, label } = accuracyChange;
  const named = ({ name, meaning }: (typeof causes)[Cause]) => `${name}: ${meaning}`;
  return [
    {
      caption: 'What the change of accuracy is made of',
      columns: ['Part', 'Change', 'Low (99 %)', 'High (99 %)'],
      rows: [
        row('the whole change', change),
        row(named(causes.covariate), covariate),
        row(named(causes.concept), concept),
        row('another view, label shift: what other shares of labels explain alone', label),
      ],
    },
  ];
}

function residualsTable({ residuals }: Drift): readonly ReportTable[] {
  if (!residuals) return [];
  const { reference, current, meanChange, deviationRatio } = residuals;
  const limits = (of: Estimate | undefined) => (of ? [of.value, of.low, of.high] : ['–', '–', '–']);
  return [
    {
      caption: 'Residuals: label minus prediction',
      columns: [
        'Of the residuals',
        'Baseline',
        'This run',
        'Change or ratio',
        'Low (99 %)',
        'High (99 %)',
      ],
      rows: [
        ['mean', reference.mean, current.mean, ...limits(meanChange)],
        ['standard deviation', reference.deviation, current.deviation, ...limits(deviationRatio)],
      ],
    },
  ];
}

const mostLabels = 50;

function sharesTable(
  { estimatedShares }: Drift,
  { before, after }: { before: Distribution | undefined; after: Distribution | undefined },
): readonly ReportTable[] {
  if (!estimatedShares) return [];
  const share = (of: Distribution | undefined, label: string) =>
    of && 'shares' in of ? (of.shares[label] ?? 0) : '–';
  const { classes, shares } = estimatedShares;
  return [
    {
      caption: 'Shares of labels, and what predictions alone suggest (label shift assumed)',
      columns: ['Label', 'Baseline', 'Suggested', 'True'],
      rows: classes
        .slice(0, mostLabels)
        .map((label, i) => [label, share(before, label), shares[i] ?? 0, share(after, label)]),
    },
  ];
}

function measuresTable({ comparisons }: Drift): readonly ReportTable[] {
  if (comparisons.length === 0) return [];
  const columns = comparisons.map((one) => ({
    verdict: one.verdict,
    values: new Map(measureRows(one).map(({ name, value }) => [name, value])),
  }));
  const names = [...new Set(columns.flatMap(({ values }) => [...values.keys()]))];
  return [
    {
      caption: 'Measures of drift against the baseline',
      columns: ['Measure', ...comparisons.map(({ name }) => name)],
      rows: [
        ['verdict', ...columns.map(({ verdict }) => verdict)],
        ...names.map((name) => [name, ...columns.map(({ values }) => values.get(name) ?? '–')]),
      ],
    },
  ];
}

export function driftFigures({ accuracyChange, residuals }: Drift): readonly Figure[] {
  if (accuracyChange) {
    const parts = ['covariate', 'label', 'concept'] as const;
    return parts.map((part) => ({
      name: `accuracy change by ${causes[part].name}`,
      value: accuracyChange[part].value,
    }));
  }
  if (!residuals) return [];
  return [{ name: 'mean change of residuals', value: residuals.meanChange.value }];
}

/** What a reader misses, and why; reasons that belong to the kind of problem are left out. */
export function driftNotes({ missing, comparisons, accuracyChange }: Drift): readonly string[] {
  const reasons = new Map<string, string[]>();
  for (const [member, reason] of Object.entries(missing)) {
    if (reason.startsWith('the answers are')) continue;
    reasons.set(reason, [...(reasons.get(reason) ?? []), member.replaceAll('_', ' ')]);
  }
  const few = comparisons.filter(({ verdict }) => verdict === 'too few').map(({ name }) => name);
  const uncovered01 = accuracyChange?.uncovered01 ?? 0;
  return [
    ...[...reasons].map(([reason, members]) => `No ${members.join(', ')}: ${reason}.`),
    ...(few.length > 0 ? [`Too few values to tell whether they moved: ${few.join(', ')}.`] : []),
    ...(uncovered01 >= tellingUncovered01
      ? [
          `${(100 * uncovered01).toFixed(1)} % of the rows have predictions that the baseline's ` +
            'sample does not know; the parts of the change are told as if they were like the rest.',
        ]
      : []),
  ];
}

const tellingUncovered01 = 0.05;

function spoken({ value, low, high }: Estimate): string {
  return `${signed(value)} (99 % interval ${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  const text = shown(Math.abs(value));
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** Three digits, and none beyond the fourth place. */
function shown(value: number): string {
  return String(value >= 1 ? Number(value.toPrecision(4)) : Number(value.toFixed(3)));
}
