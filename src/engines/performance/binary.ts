/** The quality of yes-or-no answers. Positive is the label that is looked for. */
import type { Random } from '../../kernel/random.ts';
import { type Areas, areasOf, byScore, curvesOf, mostCurvePoints, thinned } from './curves.ts';
import type { Sides } from './labels.ts';
import { fScore, type Performance, type Values, withDeviations } from './measures.ts';

export interface BinaryAnswers {
  /** 1 for positive, 0 for negative; one of each array for each row. */
  readonly actual: Uint8Array;
  readonly predicted: Uint8Array;
  /** How sure of positive the model is; without them there are no curves and no areas. */
  readonly scores?: Float64Array;
  readonly sides: Sides;
}

/**
 * `accuracy`, `recall`, `precision`, the four rates, `f0_5`, `f1`, `f2`, with scores `auc` (ROC)
 * and `au_prc` (precision-recall), both by trapezoids, and for all but the rates the same of the
 * classifier that always says positive: what the original calls the best constant one, although
 * with rare positives always saying negative is right more often.
 */
export function binaryPerformance(answers: BinaryAnswers, random: Random): Performance {
  const { actual, predicted, scores, sides } = answers;
  const rows = actual.length;
  const scored = scores && { actual, scores, order: byScore(scores) };
  const measures = withDeviations({ rows, random }, (kept) =>
    valuesOf(countsOf(actual, predicted, kept), scored && areasOf(scored, kept), scored),
  );
  const all = countsOf(actual, predicted, undefined);
  const { tp, fp, fn, tn } = all;
  const curves = scored && curvesOf(scored);
  const points = Math.max(curves?.roc.x.length ?? 0, curves?.precisionRecall.x.length ?? 0);
  return {
    problem: 'binary',
    rows,
    measures,
    confusion: {
      labels: [sides.negative, sides.positive],
      counts: [
        [tn, fp],
        [fn, tp],
      ],
    },
    ...(curves
      ? { curves: { roc: thinned(curves.roc), precisionRecall: thinned(curves.precisionRecall) } }
      : {}),
    notes: notesOf(all, sides, { scored: scored !== undefined, points }),
  };
}

interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

function countsOf(actual: Uint8Array, predicted: Uint8Array, kept: Uint8Array | undefined): Counts {
  const counts = [0, 0, 0, 0];
  for (let row = 0; row < actual.length; row += 1) {
    if (kept && kept[row] === 0) continue;
    const place = 2 * (actual[row] ?? 0) + (predicted[row] ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const [tn = 0, fp = 0, fn = 0, tp = 0] = counts;
  return { tp, fp, fn, tn };
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

function valuesOf({ tp, fp, fn, tn }: Counts, areas: Areas | undefined, scored: unknown): Values {
  const positives = tp + fn;
  const negatives = fp + tn;
  const rows = positives + negatives;
  const recall = ratio(tp, positives);
  const precision = ratio(tp, tp + fp);
  const prevalence = ratio(positives, rows);
  const constantRecall = positives === 0 ? 0 : 1;
  const constantF = (beta: number) => fScore(beta, prevalence, constantRecall);
  const values: Record<string, number> = {
    recall,
    precision,
    accuracy: ratio(tp + tn, rows),
    recall_best_constant_classifier: constantRecall,
    precision_best_constant_classifier: prevalence,
    accuracy_best_constant_classifier: prevalence,
    true_positive_rate: recall,
    true_negative_rate: ratio(tn, negatives),
    false_positive_rate: ratio(fp, negatives),
    false_negative_rate: ratio(fn, positives),
    ...(areas ? { auc: areas.auc, au_prc: areas.auPrc } : {}),
    f0_5: fScore(0.5, precision, recall),
    f1: fScore(1, precision, recall),
    f2: fScore(2, precision, recall),
    f0_5_best_constant_classifier: constantF(0.5),
    f1_best_constant_classifier: constantF(1),
    f2_best_constant_classifier: constantF(2),
  };
  if (areas && scored) {
    // All rows have the same score: one step from (0, prevalence) to (1, prevalence).
    values['auc_best_constant_classifier'] = 0.5;
    values['au_prc_best_constant_classifier'] = prevalence;
  }
  return { values, caveats: caveatsOf({ positives, negatives, claimed: tp + fp }) };
}

const needPositives = [
  ...['recall', 'true_positive_rate', 'false_negative_rate', 'f0_5', 'f1', 'f2'],
  ...['recall', 'f0_5', 'f1', 'f2'].map((name) => `${name}_best_constant_classifier`),
];
const needNegatives = ['true_negative_rate', 'false_positive_rate'];

interface Present {
  readonly positives: number;
  readonly negatives: number;
  /** Rows predicted to be positive. */
  readonly claimed: number;
}

function caveatsOf({ positives, negatives, claimed }: Present): Record<string, string> {
  const caveats: Record<string, string> = {};
  if (positives === 0) {
    for (const name of needPositives) caveats[name] = 'no row has the positive label';
    // Nothing claimed and nothing to find: neither right nor wrong.
    if (claimed === 0) caveats['precision'] = 'no row is positive, or predicted to be';
  }
  if (negatives === 0) {
    for (const name of needNegatives) caveats[name] = 'no row has the negative label';
  }
  return caveats;
}

function notesOf(
  { tp, fp, fn, tn }: Counts,
  { positive, negative }: Sides,
  { scored, points }: { readonly scored: boolean; readonly points: number },
): readonly string[] {
  const notes: string[] = [];
  const oneLabel = tp + fn === 0 ? negative : positive;
  if (tp + fn === 0 || fp + tn === 0) {
    notes.push(
      `Every row has the label ${oneLabel}: measures that need both labels are set to 0 where ` +
        'they would be 0/0 and are not judged' +
        (scored ? '; auc and au_prc are left out.' : '.'),
    );
  }
  if (tp + fp === 0) {
    notes.push(`No row is predicted to be ${positive}: precision, 0/0, is set to 0.`);
  } else if (fn + tn === 0) {
    notes.push(`Every row is predicted to be ${positive}.`);
  }
  if (!scored) notes.push('There are no probabilities: no curves, no auc and no au_prc.');
  if (points > mostCurvePoints) {
    notes.push(`The curves are shown at ${mostCurvePoints} of ${points} points; areas use all.`);
  }
  return notes;
}
