/** Distributions that are kept beside a baseline, and how far later ones are from them. */
import { expect, test } from 'vitest';
import {
  distanceOf,
  formatDistributions,
  mostPoints,
  parseDistributions,
  quantilesOf,
  sharesOf,
} from './distribution.ts';

const numbers = (count: number, of: (i: number) => number) =>
  Float64Array.from({ length: count }, (_, i) => of(i));

test('few numbers are kept as they are, many at even ranks', () => {
  expect(quantilesOf(Float64Array.of(3, 1, 2))).toEqual({ quantiles: [1, 2, 3] });
  const { quantiles } = quantilesOf(numbers(100_000, (i) => 99_999 - i));
  expect(quantiles).toHaveLength(mostPoints);
  expect([quantiles[0], quantiles.at(-1)]).toEqual([0, 99_999]);
  expect(quantiles[499]).toBeCloseTo(49_950, -2);
});

test('shares are of all rows, and labels that nobody has are left out', () => {
  const { shares } = sharesOf(Uint32Array.of(0, 0, 2, 0), ['a', 'b', 'c']);
  expect(shares).toEqual({ a: 0.75, c: 0.25 });
});

test('distances are 0 for the same, 1 for the apart, and undefined for unlike kinds', () => {
  const low = quantilesOf(numbers(2_000, (i) => i));
  expect(distanceOf(low, low)).toBe(0);
  expect(distanceOf(low, quantilesOf(numbers(500, (i) => i + 5_000)))).toBe(1);
  expect(distanceOf(low, quantilesOf(numbers(1_500, (i) => i + 500)))).toBeCloseTo(0.25, 2);
  expect(distanceOf({ shares: { a: 0.5, b: 0.5 } }, { shares: { a: 0.2, c: 0.8 } })).toBe(0.8);
  expect(distanceOf(low, { shares: { a: 1 } })).toBeUndefined();
});

test('a document is read as it was written', () => {
  const distributions = { rows: 3, label: { shares: { '0': 1 } }, score: { quantiles: [0.5] } };
  expect(parseDistributions(formatDistributions(distributions))).toEqual({
    ok: true,
    value: distributions,
  });
});

const sample = { labels: ['0', '1'], predicted: [0, 1], label: [1, 1], score: [0.1, 0.9] };

test('a sample is kept with them', () => {
  const distributions = { rows: 2, sample };
  const read = parseDistributions(formatDistributions(distributions));
  expect(read).toEqual({ ok: true, value: distributions });
  const numbers = { rows: 1, sample: { predicted: [0.5], label: [-3] } };
  expect(parseDistributions(JSON.stringify(numbers))).toEqual({ ok: true, value: numbers });
});

test.each([
  [{ ...sample, predicted: [0] }],
  [{ ...sample, label: [0, 2] }],
  [{ ...sample, label: [0, 0.5] }],
  [{ ...sample, labels: ['0', 1] }],
  [{ ...sample, score: [0.1] }],
  [{ ...sample, score: [0.1, null] }],
  [{ label: [1], predicted: ['x'] }],
  [null],
])('what is no sample is refused: %j', (broken) => {
  const text = JSON.stringify({ rows: 2, sample: broken });
  expect(parseDistributions(text)).toEqual({ ok: false, reason: 'sample cannot be read' });
});

test.each([
  ['{', /^not JSON/],
  ['null', /^rows cannot be read$/],
  ['{"rows":1,"label":{"quantiles":[]}}', /^label cannot be read$/],
  ['{"rows":1,"score":{"quantiles":["x"]}}', /^score cannot be read$/],
  ['{"rows":1,"label":{"shares":null}}', /^label cannot be read$/],
])('what is no such document is refused: %s', (text, reason) => {
  expect(parseDistributions(text)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});
