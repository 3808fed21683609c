/** Rows that are kept of many, and how the errors of numbers changed. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { residualChange, residualsOf } from './residuals.ts';
import { mostSampleRows, namedAnswers, sampleOf } from './sample.ts';

test('few rows are kept as they are, of many each with the same chance and side by side', () => {
  const few = { labels: ['a', 'b'], predicted: [0, 1], label: Uint8Array.of(1, 0) };
  expect(sampleOf(few, seededRandom(1))).toEqual({ ...few, label: [1, 0] });
  const rows = Float64Array.from({ length: 20_000 }, (_, i) => i);
  const table = { predicted: rows, label: rows.map((i) => -i) };
  const kept = sampleOf(table, seededRandom(1));
  expect(kept.predicted).toHaveLength(mostSampleRows);
  expect(new Set(kept.predicted).size).toBe(mostSampleRows);
  expect(kept.label).toEqual(kept.predicted.map((i) => -i));
  expect(kept.predicted.reduce((sum, i) => sum + i, 0) / mostSampleRows).toBeCloseTo(10_000, -3);
  expect(sampleOf(table, seededRandom(1))).toEqual(kept);
  expect(sampleOf({ predicted: [], label: [] }, seededRandom(1))).toEqual({
    predicted: [],
    label: [],
  });
});

test('codes are labels again, and numbers have none', () => {
  const named = namedAnswers({ labels: ['a', 'b'], predicted: [0], label: [1], score: [0.4] });
  expect(named).toEqual({ predicted: ['a'], label: ['b'], score: [0.4] });
  expect(namedAnswers({ predicted: [1], label: [2] })).toBeUndefined();
});

test('residuals by hand: 1, 2, 3 and 3, 5, 7', () => {
  expect([...residualsOf({ label: [3, 5], predicted: [1, 6] })]).toEqual([2, -1]);
  const found = residualChange([1, 2, 3], [3, 5, 7]);
  expect(found?.reference).toEqual({ rows: 3, mean: 2, deviation: 1 });
  expect(found?.current).toEqual({ rows: 3, mean: 5, deviation: 2 });
  // 2.5758 · √(1/3 + 4/3)
  expect(found?.meanChange.value).toBe(3);
  expect(found?.meanChange.high).toBeCloseTo(3 + 3.3254, 4);
  // κ is 1.5 on both sides: exp(ln 2 ± 2.5758 · √(0.5/12 + 0.5/12))
  expect(found?.deviationRatio?.value).toBeCloseTo(2, 12);
  expect(found?.deviationRatio?.low).toBeCloseTo(2 * Math.exp(-0.743578), 5);
});

test('no spread has no ratio, and one row no change', () => {
  expect(residualChange([0, 0], [1, 2])?.deviationRatio).toBeUndefined();
  expect(residualChange([0], [1, 2])).toBeUndefined();
});
