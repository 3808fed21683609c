/** Measures against scikit-learn and against documents of the original, to the last digit. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { type BinaryAnswers, binaryPerformance } from './binary.ts';
import { LabelCodes } from './labels.ts';
import type { Performance } from './measures.ts';
import { multiclassPerformance } from './multiclass.ts';
import { regressionPerformance } from './regression.ts';

interface Case {
  readonly problem: Performance['problem'];
  readonly actual: readonly (number | string)[];
  readonly predicted?: readonly (number | string)[];
  readonly scores?: readonly number[];
  readonly expected: Readonly<Record<string, number>>;
}

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const cases = JSON.parse(read('oracle/cases.json')) as readonly Case[];
const sides = { negative: '0', positive: '1' };
const random = () => seededRandom(1);

function scored(actual: readonly number[], scores: readonly number[], threshold = 0.5) {
  return {
    actual: Uint8Array.from(actual),
    predicted: Uint8Array.from(scores, (score) => Number(score > threshold)),
    scores: Float64Array.from(scores),
    sides,
  } satisfies BinaryAnswers;
}

function multiclass(actual: readonly (number | string)[], predicted: readonly (number | string)[]) {
  const codes = new LabelCodes();
  const coded = (labels: readonly (number | string)[]) =>
    Uint32Array.from(labels, (label) => codes.codeOf(String(label)));
  const answers = { actual: coded(actual), predicted: coded(predicted) };
  return multiclassPerformance({ ...answers, labels: codes.labels }, random());
}

function regression(actual: readonly number[], predicted: readonly number[], parity = true) {
  const answers = { actual: Float64Array.from(actual), predicted: Float64Array.from(predicted) };
  return regressionPerformance(answers, { random: random(), parity });
}

function perform({ problem, actual, predicted = [], scores = [] }: Case): Performance {
  if (problem === 'binary') {
    return binaryPerformance(scored(actual as number[], scores), random());
  }
  if (problem === 'multiclass') return multiclass(actual, predicted);
  return regression(actual as number[], predicted as number[]);
}

const valuesOf = ({ measures }: Performance) =>
  Object.fromEntries(Object.entries(measures).map(([name, { value }]) => [name, value]));

test.each(cases)('scikit-learn agrees: $problem', (one) => {
  const values = valuesOf(perform(one));
  for (const [name, expected] of Object.entries(one.expected)) {
    const value = values[name] ?? Number.NaN;
    expect(Math.abs(value - expected) / Math.max(1, Math.abs(expected)), name).toBeLessThan(1e-14);
  }
});

const table = (name: string) => {
  const [head = '', ...lines] = read(name).trim().split(/\r?\n/);
  const names = head.split(',');
  return (column: string) => lines.map((line) => Number(line.split(',')[names.indexOf(column)]));
};

test('the recorded regression is met to the last digit', () => {
  const column = table('golden/regression.csv');
  const { measures } = regression(column('Label'), column('Prediction'));
  const { regression_metrics: recorded } = JSON.parse(read('golden/regression.statistics.json'));
  for (const [name, { value }] of Object.entries(recorded as Record<string, { value: number }>)) {
    expect(measures[name]).toEqual({ value });
  }
  expect(measures['r2_standard']?.value).toBeCloseTo(-0.3351, 4);
  const standard = regression(column('Label'), column('Prediction'), false).measures;
  expect(standard['r2']).toEqual(measures['r2_standard']);
});

test('the recorded binary measures are met', () => {
  const { binary_classification_metrics: recorded } = JSON.parse(
    read('golden/binary.statistics.json'),
  );
  // Label, then prediction, of the four rows the confusion matrix tells of.
  const answers = {
    actual: Uint8Array.of(0, 0, 0, 1),
    predicted: Uint8Array.of(0, 1, 1, 1),
    sides,
  };
  const { measures, confusion } = binaryPerformance(answers, random());
  expect(confusion).toEqual({
    labels: ['0', '1'],
    counts: [
      [1, 2],
      [0, 1],
    ],
  });
  for (const [name, { value }] of Object.entries(measures)) {
    expect(value, name).toBeCloseTo(recorded[name].value, 12);
  }
});

test('the recorded churn predictions', () => {
  const column = table('golden/churn.csv');
  const answers = scored(column('label'), column('probability'), 0.8);
  const predicted = Uint8Array.from(column('prediction'));
  const { measures, confusion, rows } = binaryPerformance({ ...answers, predicted }, random());
  expect([rows, confusion?.counts]).toEqual([
    201,
    [
      [173, 0],
      [12, 16],
    ],
  ]);
  expect(measures).toMatchObject({
    recall: { value: 0.5714285714285714, deviation: expect.any(Number) },
    precision: { value: 1, deviation: 0 },
    f1: { value: 0.7272727272727273 },
    f2: { value: 0.625 },
    f0_5: { value: 0.8695652173913042 },
    auc: { value: 0.9395127993393889 },
  });
});

test('curves have a point at each distinct score, and both ends', () => {
  const { curves } = binaryPerformance(scored([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1]), random());
  expect(curves).toEqual({
    roc: { x: [0, 0, 0.5, 1, 1], y: [0, 0.5, 1, 1, 1] },
    precisionRecall: { x: [0, 0.5, 1, 1], y: [1, 1, 2 / 3, 0.5] },
  });
});

test('long curves are shown at a thousand points, with the area of all', () => {
  const scores = Array.from({ length: 5_000 }, (_, i) => i / 5_000);
  const actual = scores.map((_, i) => Number(i % 3 === 0 || i > 2_500));
  const performance = binaryPerformance(scored(actual, scores), random());
  expect(performance.curves?.roc.x).toHaveLength(1_000);
  expect(performance.curves?.roc.x.at(-1)).toBe(1);
  expect(performance.notes.join()).toContain('shown at 1000 of 5002 points');
});

test('199 rows have no deviation, 200 have, and the seed decides it', () => {
  const answers = (rows: number) => {
    const actual = Array.from({ length: rows }, (_, i) => i % 7);
    return [actual, actual.map((x, i) => x + Math.sin(i))] as const;
  };
  expect(regression(...answers(199)).measures['mae']?.deviation).toBeUndefined();
  const deviation = regression(...answers(200)).measures['mae']?.deviation ?? 0;
  expect(deviation).toBeGreaterThan(0);
  expect(deviation).toBeLessThan(0.1);
  expect(regression(...answers(200)).measures['mae']?.deviation).toBe(deviation);
});

test('what would be 0/0 is 0, says why, and nothing is NaN', () => {
  const all = (label: number, predicted: number) => ({
    actual: new Uint8Array(3).fill(label),
    predicted: new Uint8Array(3).fill(predicted),
    scores: Float64Array.of(0.1, 0.2, 0.3),
    sides,
  });
  const negative = binaryPerformance(all(0, 0), random());
  expect(negative.measures).toMatchObject({
    recall: { value: 0, caveat: 'no row has the positive label' },
    precision: { value: 0, caveat: 'no row is positive, or predicted to be' },
    true_negative_rate: { value: 1 },
  });
  expect(negative.measures['auc']).toBeUndefined();
  expect(negative.curves).toBeUndefined();
  expect(negative.notes.join()).toContain('Every row has the label 0');
  const missed = binaryPerformance(all(1, 0), random());
  expect(missed.measures['precision']).toEqual({ value: 0 });
  expect(missed.measures['false_positive_rate']?.caveat).toBe('no row has the negative label');
  const one = regression([2], [3]).measures;
  expect(one).toMatchObject({ mae: { value: 1 }, r2: { value: 0, caveat: expect.any(String) } });
  expect(regression([1, 2], [5, 5]).measures['r2']?.caveat).toBeDefined();
  expect(multiclass(['a'], ['b']).measures['weighted_f1']).toEqual({ value: 0 });
});

test('every measure is finite, and shares lie between 0 and 1', () => {
  const row = fc.record({ actual: fc.nat(1), score: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 300 }), (rows) => {
      const answers = scored(
        rows.map(({ actual }) => actual),
        rows.map(({ score }) => score),
      );
      for (const value of Object.values(valuesOf(binaryPerformance(answers, random())))) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1 + 1e-12);
      }
    }),
    { numRuns: 60 },
  );
});

test('the constant classifier says 1, or the most frequent class where there is no 1', () => {
  const ones = multiclass(['0', '0', '0', '1'], ['0', '1', '0', '1']).measures;
  expect(ones['accuracy_best_constant_classifier']?.value).toBe(0.25);
  expect(ones['weighted_precision_best_constant_classifier']?.value).toBe(0.0625);
  const named = multiclass(['a', 'b', 'b'], ['a', 'b', 'b']).measures;
  expect(named['accuracy_best_constant_classifier']?.value).toBe(2 / 3);
});
