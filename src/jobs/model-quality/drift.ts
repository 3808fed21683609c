/**
 * How a window's answers and labels moved from the baseline's, and what the change of its accuracy
 * is made of. Nothing here is a violation: the thresholds of the constraints alone judge.
 */
import { estimateLabelShift, type ShiftEstimate } from '../../engines/drift/label-shift.ts';
import { type Cause, type Decomposition, decomposeAccuracy } from '../../engines/drift/labels.ts';
import type { Distributions } from '../../engines/performance/distribution.ts';
import { deviationMinimumRows } from '../../engines/performance/measures.ts';
import {
  type ResidualChange,
  residualChange,
  residualsOf,
} from '../../engines/performance/residuals.ts';
import { type AnswerSample, namedAnswers } from '../../engines/performance/sample.ts';
import { compareTables, type FeatureComparison, isDrift } from '../../engines/report/compare.ts';
import type { Observation, ObservedTable } from '../../engines/report/observation.ts';
import { numbersObserved, sharesObserved } from './observed.ts';

export interface Side {
  readonly distributions: Distributions;
  /** Absent of a baseline that was made before samples were kept. */
  readonly sample: AnswerSample | undefined;
}

/** Members of the document that may be null. */
export type DriftMember =
  | 'prediction_drift'
  | 'label_drift'
  | 'accuracy_change'
  | 'estimated_label_shares'
  | 'residuals';

export interface Drift {
  readonly baselineRows: number | undefined;
  readonly baselineSampleRows: number;
  readonly rows: number;
  /** By `comparisonNames`, those that moved most first. */
  readonly comparisons: readonly FeatureComparison[];
  readonly accuracyChange?: Decomposition;
  readonly estimatedShares?: ShiftEstimate;
  readonly residuals?: ResidualChange;
  /**
   * As in `Decomposition`. Of numbers: concept where the residuals moved, else covariate where the
   * predictions did, else label where the true values did.
   */
  readonly main: Cause | 'none';
  /** Why a member has no value. */
  readonly missing: Readonly<Partial<Record<DriftMember, string>>>;
}

/** What comparisons are called: of labels, and of numbers. */
export const comparisonNames = {
  score: 'score',
  predictedLabel: 'predicted label',
  trueLabel: 'true label',
  prediction: 'prediction',
  trueValue: 'true value',
  residual: 'residual',
} as const;

const predictionNames: readonly string[] = ['score', 'predicted label', 'prediction'];
const labelNames: readonly string[] = ['true label', 'true value'];

export function predictionDrift({ comparisons }: Pick<Drift, 'comparisons'>) {
  return comparisons.filter(({ name }) => predictionNames.includes(name));
}

export function labelDrift({ comparisons }: Pick<Drift, 'comparisons'>) {
  return comparisons.filter(({ name }) => labelNames.includes(name));
}

/** A drift of which nothing is known, for this one reason. */
export function unknownDrift(rows: number, reason: string): Drift {
  const members = ['prediction_drift', 'label_drift', 'accuracy_change'] as const;
  const others = ['estimated_label_shares', 'residuals'] as const;
  const missing = Object.fromEntries([...members, ...others].map((name) => [name, reason]));
  const none = { baselineRows: undefined, baselineSampleRows: 0, comparisons: [] };
  return { ...none, rows, main: 'none', missing };
}

export function driftBetween(before: Side, after: Side): Drift {
  const isNumbers = after.sample !== undefined && after.sample.labels === undefined;
  const tables = [before, after].map((side) => (isNumbers ? numbersOf(side) : labelsOf(side)));
  const [a = noTable, b = noTable] = tables;
  const compared = compareTables({ name: 'baseline', table: a }, { name: 'this run', table: b });
  const comparisons = compared.features.filter(({ before: x, after: y }) => x && y);
  const head = {
    baselineRows: before.distributions.rows,
    baselineSampleRows: before.sample?.label.length ?? 0,
    rows: after.distributions.rows,
    comparisons,
  };
  const causes = isNumbers ? causesOfNumbers(before, after, head) : causesOfLabels(before, after);
  const unlike = "the baseline's are of another kind, or there are none";
  return {
    ...head,
    ...causes,
    missing: {
      ...(predictionDrift(head).length === 0 ? { prediction_drift: unlike } : {}),
      ...(labelDrift(head).length === 0 ? { label_drift: unlike } : {}),
      ...causes.missing,
    },
  };
}

const noTable: ObservedTable = { rows: 0, looseNumbers: true, columns: new Map() };

function tableOf(rows: number, columns: Readonly<Record<string, Observation | undefined>>) {
  const present = Object.entries(columns).flatMap(([name, of]) =>
    of ? ([[name, of]] as const) : [],
  );
  return { rows, looseNumbers: true, columns: new Map(present) };
}

function labelsOf({ distributions, sample }: Side): ObservedTable {
  const { rows, score, prediction, label } = distributions;
  return tableOf(rows, {
    [comparisonNames.score]: numbersObserved(sample?.score, score, rows),
    [comparisonNames.predictedLabel]: sharesObserved(prediction, rows),
    [comparisonNames.trueLabel]: sharesObserved(label, rows),
  });
}

function numbersOf({ distributions, sample }: Side): ObservedTable {
  const { rows, prediction, label } = distributions;
  const numbers = sample?.labels ? undefined : sample;
  return tableOf(rows, {
    [comparisonNames.prediction]: numbersObserved(numbers?.predicted, prediction, rows),
    [comparisonNames.trueValue]: numbersObserved(numbers?.label, label, rows),
    [comparisonNames.residual]: numbers && numbersObserved(residualsOf(numbers), undefined, rows),
  });
}

type Causes = Pick<Drift, 'accuracyChange' | 'estimatedShares' | 'residuals' | 'main' | 'missing'>;

/** Why causes cannot be told; undefined where they can. */
function obstacle(before: Side, after: Side): string | undefined {
  if (!before.sample) return 'the baseline was made without a sample of its answers: make it anew';
  if (!after.sample) return 'there is no sample of this run';
  if (Boolean(before.sample.labels) !== Boolean(after.sample.labels)) {
    return 'the baseline is of answers of another kind';
  }
  const [n, m] = [before.sample.label.length, after.sample.label.length];
  if (Math.min(n, m) >= deviationMinimumRows) return undefined;
  return (
    `${n} rows of the baseline and ${m} of this run: what a change is made of is told of ` +
    `${deviationMinimumRows} rows on either side`
  );
}

function causesOfLabels(before: Side, after: Side): Causes {
  const noNumbers = { residuals: 'the answers are labels' };
  const [a, b] = [before, after].map(({ sample }) => sample && namedAnswers(sample));
  const why = obstacle(before, after);
  if (why !== undefined || !a || !b) {
    const reason = why ?? 'there are no labels';
    const missing = { accuracy_change: reason, estimated_label_shares: reason, ...noNumbers };
    return { main: 'none', missing };
  }
  const accuracyChange = decomposeAccuracy(a, b);
  const shift = estimateLabelShift(a, b.predicted);
  return {
    ...(accuracyChange ? { accuracyChange } : {}),
    ...(shift.ok ? { estimatedShares: shift.value } : {}),
    main: accuracyChange?.main ?? 'none',
    missing: shift.ok ? noNumbers : { estimated_label_shares: shift.reason, ...noNumbers },
  };
}

function causesOfNumbers(before: Side, after: Side, head: Pick<Drift, 'comparisons'>): Causes {
  const noLabels = 'the answers are numbers: see residuals';
  const missing = { accuracy_change: noLabels, estimated_label_shares: noLabels };
  const why = obstacle(before, after);
  const residuals =
    before.sample && after.sample && why === undefined
      ? residualChange(residualsOf(before.sample), residualsOf(after.sample))
      : undefined;
  if (!residuals) {
    return { main: 'none', missing: { ...missing, residuals: why ?? 'there are no residuals' } };
  }
  const residual = head.comparisons.filter(({ name }) => name === comparisonNames.residual);
  // Answers that follow their inputs move with the labels, and their errors stay as they were.
  const byWeight = [
    ['concept', residual],
    ['covariate', predictionDrift(head)],
    ['label', labelDrift(head)],
  ] as const;
  const main = byWeight.find(([, moved]) => moved.some(isDrift))?.[0] ?? 'none';
  return { residuals, main, missing };
}
