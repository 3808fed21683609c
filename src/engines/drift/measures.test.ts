/** Distances and probabilities against scipy's (`oracle/measures.py`) and at their edges. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addToSketch, cumulativeOf, emptySketch } from '../profile/kll.ts';
import { kolmogorovTail } from './kolmogorov.ts';
import { cramerVonMisesPValue, ksPValue } from './p-values.ts';
import { cumulativeOfSample, sampleDistances } from './samples.ts';
import {
  hellinger,
  independence,
  jensenShannon,
  kullbackLeibler,
  largestDifference,
  populationStability,
  totalVariation,
} from './shares.ts';

interface Oracle {
  readonly distributions: readonly (Record<'p' | 'q', number[]> &
    Record<'psi' | 'kl' | 'js' | 'hellinger' | 'tv' | 'lInfinity', number>)[];
  readonly samples: readonly (Record<'x' | 'y', number[]> &
    Record<'ks' | 'exact' | 'asymptotic' | 'wasserstein' | 'energy', number> &
    Record<'cvm' | 'cvmP', number | null>)[];
  readonly tails: readonly { n: number; d: number; p: number }[];
  readonly tables: readonly (Record<'a' | 'b', number[]> &
    Record<'statistic' | 'pValue' | 'degreesOfFreedom' | 'cramersV', number>)[];
}

const oracle: Oracle = JSON.parse(
  readFileSync(new URL('./oracle/measures.case.json', import.meta.url), 'utf8'),
);

test.each(oracle.distributions)('shares $p and $q', ({ p, q, ...wanted }) => {
  const found = {
    psi: populationStability(p, q),
    kl: kullbackLeibler(p, q),
    js: jensenShannon(p, q),
    hellinger: hellinger(p, q),
    tv: totalVariation(p, q),
    lInfinity: largestDifference(p, q),
  };
  for (const [name, value] of Object.entries(found)) {
    expect(value, name).toBeCloseTo(wanted[name as keyof typeof wanted], 12);
  }
});

test('empty bins: infinite, or nothing', () => {
  expect(kullbackLeibler([0.5, 0.5], [1, 0])).toBe(Number.POSITIVE_INFINITY);
  expect(kullbackLeibler([1, 0], [0.5, 0.5])).toBeCloseTo(Math.LN2, 12);
});

test.each(oracle.samples)('samples with D $ks, exact p $exact', (of) => {
  const [a, b] = [cumulativeOfSample(of.x), cumulativeOfSample(of.y)];
  const sizes = { n: a.total, m: b.total };
  const found = sampleDistances(a, b);
  expect(found.ks).toBeCloseTo(of.ks, 12);
  expect(found.wasserstein).toBeCloseTo(of.wasserstein, 12);
  expect(found.energy).toBeCloseTo(of.energy, 7);
  expect(ksPValue(found.ks, sizes, 'exact')).toBeCloseTo(of.exact, 12);
  expect(ksPValue(found.ks, sizes, 'asymptotic')).toBeCloseTo(of.asymptotic, 9);
  if (of.cvm === null) return;
  expect(found.cramerVonMises).toBeCloseTo(of.cvm, 10);
  expect(cramerVonMisesPValue(found.cramerVonMises, sizes)).toBeCloseTo(of.cvmP ?? -1, 7);
});

test.each(oracle.samples)('a sketch of $x.length values gives the same', ({ x, y }) => {
  const sketched = [x, y].map((values) => {
    const sketch = emptySketch();
    for (const value of values) addToSketch(sketch, value);
    return cumulativeOf(sketch);
  });
  const [a, b] = sketched;
  if (!a || !b) throw new Error('two sides');
  const raw = sampleDistances(cumulativeOfSample(x), cumulativeOfSample(y));
  expect(sampleDistances(a, b)).toEqual(raw);
});

test.each(oracle.tails)('the tail of $n values beyond $d', ({ n, d, p }) => {
  const found = kolmogorovTail(n, d);
  const large = n > 50_000;
  expect(found).toBeCloseTo(p, large ? 6 : 9);
  if (p > 1e-12) expect(found / p).toBeCloseTo(1, large ? 3 : 6);
});

test.each(oracle.tables)('independence of $a and $b', ({ a, b, ...wanted }) => {
  const found = independence(a, b);
  expect(found?.statistic).toBeCloseTo(wanted.statistic, 9);
  expect(found?.pValue).toBeCloseTo(wanted.pValue, 12);
  expect(found?.degreesOfFreedom).toBe(wanted.degreesOfFreedom);
  expect(found?.cramersV).toBeCloseTo(wanted.cramersV, 12);
});

test('nothing to compare is said to be so', () => {
  const none = cumulativeOfSample([]);
  expect(sampleDistances(none, cumulativeOfSample([1])).ks).toBeNaN();
  expect(independence([3], [4])).toBeUndefined();
  expect(independence([3, 1], [0, 0])).toBeUndefined();
});
