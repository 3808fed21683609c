/** Distances against scipy's numbers (`oracle/distances.py` wrote them) and at their edges. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addToSketch, cumulativeOf, emptySketch } from '../profile/kll.ts';
import {
  categoricalDistance,
  chiSquared,
  jensenShannon,
  largestDifference,
  numericDistance,
  populationStability,
  smoothedShares,
  upperGamma,
} from './distances.ts';

interface Oracle {
  readonly distributions: readonly {
    p: number[];
    q: number[];
    psi: number | null;
    jensenShannon: number;
    largest: number;
  }[];
  readonly samples: readonly { x: number[]; y: number[]; ks: number }[];
  readonly chiSquares: readonly {
    observed: number[];
    expected: number[];
    statistic: number;
    pValue: number;
  }[];
  readonly gammas: readonly { a: number; x: number; q: number }[];
}

const oracle: Oracle = JSON.parse(
  readFileSync(new URL('./oracle/distances.case.json', import.meta.url), 'utf8'),
);

const cumulative = (xs: readonly number[]) => {
  const sketch = emptySketch();
  for (const x of xs) addToSketch(sketch, x);
  return cumulativeOf(sketch);
};
const counts = (values: readonly number[]) =>
  new Map(values.map((count, i) => [`c${i}`, count] as const));

test.each(oracle.distributions)('shares $p and $q', ({ p, q, psi, jensenShannon: js, largest }) => {
  if (psi === null) expect(populationStability(p, q)).toBe(Number.POSITIVE_INFINITY);
  else expect(populationStability(p, q)).toBeCloseTo(psi, 12);
  expect(jensenShannon(p, q)).toBeCloseTo(js, 12);
  expect(largestDifference(p, q)).toBeCloseTo(largest, 15);
});

test.each(oracle.samples)('samples of $ks', ({ x, y, ks }) => {
  expect(numericDistance(cumulative(x), cumulative(y), 'Simple')).toBeCloseTo(ks, 12);
  const chance = 1.8 * Math.sqrt((x.length + y.length) / (x.length * y.length));
  const robust = numericDistance(cumulative(x), cumulative(y), 'Robust');
  expect(robust).toBeCloseTo(Math.max(0, ks - chance), 12);
});

test.each(oracle.chiSquares)('chi-squared of $observed', (of) => {
  const result = chiSquared(counts(of.observed), counts(of.expected));
  expect(result?.statistic).toBeCloseTo(of.statistic, 10);
  expect(result?.pValue).toBeCloseTo(of.pValue, 12);
});

test.each(oracle.gammas)('Q($a, $x)', ({ a, x, q }) => {
  expect(upperGamma(a, x)).toBeCloseTo(q, 13);
  if (q > 1e-200) expect(upperGamma(a, x) / q).toBeCloseTo(1, 9);
});

test('small expected categories are joined before the test', () => {
  // Scaled to 100: 90, 4, 4, 2. Two of four below 5 is too many; 2 + 4 joins, then one is left.
  const joined = chiSquared(counts([80, 10, 6, 4]), counts([900, 40, 40, 20]));
  expect(joined?.degreesOfFreedom).toBe(1);
  // Two categories need ten each: 90 and 10 is enough, 95 and 5 is not.
  expect(chiSquared(counts([90, 10]), counts([90, 10]))?.pValue).toBe(1);
  expect(chiSquared(counts([95, 5]), counts([95, 5]))).toBeUndefined();
  expect(chiSquared(new Map([['new', 5]]), counts([50, 50]))).toBeUndefined();
});

test('categories count against all values, kept or not', () => {
  const a = { counts: counts([50]), total: 100 };
  const b = { counts: counts([10]), total: 100 };
  expect(categoricalDistance(a, b, 'Simple')).toBeCloseTo(0.4, 15);
});

test('nothing to compare is not a number', () => {
  expect(numericDistance(cumulative([]), cumulative([1]), 'Robust')).toBeNaN();
  const none = { counts: new Map<string, number>(), total: 0 };
  expect(categoricalDistance(none, none, 'Simple')).toBeNaN();
});

test('smoothing leaves no bin empty', () => {
  const shares = smoothedShares([0, 3, 0]);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 15);
  expect(Math.min(...shares)).toBeGreaterThan(0);
});
