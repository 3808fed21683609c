/** The quality of answers that choose one of several classes. */
import type { Random } from '../../kernel/random.ts';
import { compareLabels } from './labels.ts';
import { fScore, type Performance, type Values, withDeviations } from './measures.ts';

export interface MulticlassAnswers {
  /** Places in `labels`; one of each array for each row. */
  readonly actual: Uint32Array;
  readonly predicted: Uint32Array;
  readonly labels: readonly string[];
}

/**
 * `accuracy` and `weighted_recall`, `_precision`, `_f0_5`, `_f1`, `_f2`: the class's own weighted
 * by its number of rows, 0 for a class that is never predicted. `…_best_constant_classifier` is
 * the classifier that always says class 1, as in the original whatever its share; where there is
 * no class 1, the most frequent class.
 */
export function multiclassPerformance(answers: MulticlassAnswers, random: Random): Performance {
  const { actual, labels } = answers;
  const rows = actual.length;
  const all = countsOf(answers, undefined);
  const constant = constantOf(all, labels);
  const measures = withDeviations({ rows, random }, (kept) => {
    const counts = kept ? countsOf(answers, kept) : all;
    return { values: valuesOf(counts, labels.length, constant), caveats: {} } satisfies Values;
  });
  const places = labels.map((_, i) => i);
  places.sort((a, b) => compareLabels(labels[a] ?? '', labels[b] ?? ''));
  const at = (i: number, j: number) => all[i * labels.length + j] ?? 0;
  const total = (i: number) => places.reduce((sum, j) => sum + at(i, j), 0);
  const never = places.filter((j) => total(j) > 0 && places.every((i) => at(i, j) === 0));
  const named = (of: readonly number[]) =>
    of
      .slice(0, 10)
      .map((i) => labels[i] ?? '')
      .join(', ');
  return {
    problem: 'multiclass',
    rows,
    measures,
    confusion: {
      labels: places.map((place) => labels[place] ?? ''),
      counts: places.map((i) => places.map((j) => at(i, j))),
    },
    notes: [
      ...(never.length > 0 ? [`Never predicted, so of precision 0: ${named(never)}.`] : []),
      ...(labels.length === 1 ? [`Every row is of class ${labels[0]}.`] : []),
      `The best constant classifier always says ${labels[constant] ?? ''}.`,
    ],
  };
}

/** Row by row of the matrix. */
function countsOf(
  { actual, predicted, labels }: MulticlassAnswers,
  kept: Uint8Array | undefined,
): Uint32Array {
  const counts = new Uint32Array(labels.length ** 2);
  for (let row = 0; row < actual.length; row += 1) {
    if (kept && kept[row] === 0) continue;
    const place = (actual[row] ?? 0) * labels.length + (predicted[row] ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

function constantOf(counts: Uint32Array, labels: readonly string[]): number {
  const one = labels.indexOf('1');
  if (one !== -1) return one;
  const totals = labels.map((_, i) => sum(counts, i * labels.length, 1, labels.length));
  return totals.indexOf(Math.max(...totals));
}

function sum(counts: Uint32Array, from: number, step: number, times: number): number {
  let total = 0;
  for (let i = 0; i < times; i += 1) total += counts[from + i * step] ?? 0;
  return total;
}

function valuesOf(
  counts: Uint32Array,
  classes: number,
  constant: number,
): Readonly<Record<string, number>> {
  const rows = sum(counts, 0, 1, counts.length);
  let right = 0;
  const weighted = { recall: 0, precision: 0, f0_5: 0, f1: 0, f2: 0 };
  for (let i = 0; i < classes; i += 1) {
    const hits = counts[i * classes + i] ?? 0;
    const actual = sum(counts, i * classes, 1, classes);
    const claimed = sum(counts, i, classes, classes);
    const recall = actual === 0 ? 0 : hits / actual;
    const precision = claimed === 0 ? 0 : hits / claimed;
    const weight = actual / rows;
    right += hits;
    weighted.recall += weight * recall;
    weighted.precision += weight * precision;
    weighted.f0_5 += weight * fScore(0.5, precision, recall);
    weighted.f1 += weight * fScore(1, precision, recall);
    weighted.f2 += weight * fScore(2, precision, recall);
  }
  const share = sum(counts, constant * classes, 1, classes) / rows;
  const ofConstant = { recall: share, precision: share * share };
  return {
    accuracy: right / rows,
    weighted_recall: weighted.recall,
    weighted_precision: weighted.precision,
    weighted_f0_5: weighted.f0_5,
    weighted_f1: weighted.f1,
    weighted_f2: weighted.f2,
    accuracy_best_constant_classifier: share,
    weighted_recall_best_constant_classifier: ofConstant.recall,
    weighted_precision_best_constant_classifier: ofConstant.precision,
    weighted_f0_5_best_constant_classifier: share * fScore(0.5, share, share > 0 ? 1 : 0),
    weighted_f1_best_constant_classifier: share * fScore(1, share, share > 0 ? 1 : 0),
    weighted_f2_best_constant_classifier: share * fScore(2, share, share > 0 ? 1 : 0),
  };
}
