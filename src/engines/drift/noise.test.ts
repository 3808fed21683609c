/** Noise floors against known distributions of the null, and their seeds. */
import { expect, test } from 'vitest';
import { noiseFloors, rareCountFloor, shareFloor } from './noise.ts';

const even = (bins: number) => Array.from({ length: bins }, () => 1 / bins);

test('the floor of a difference of shares is that of its normal limit, a little above', () => {
  const [n, m] = [10_000, 5_000];
  const [floor = 0] = noiseFloors(even(2), { n, m, alpha: 0.001 }, (a, b) => [
    Math.abs((a[0] ?? 0) / n - (b[0] ?? 0) / m),
  ]);
  const deviation = Math.sqrt(0.25 * (1 / n + 1 / m));
  // 3.29 deviations are passed once in a thousand.
  expect(floor / deviation).toBeGreaterThan(3.1);
  expect(floor / deviation).toBeLessThan(4.6);
});

test('the same data have the same floor, and stricter ones are higher', () => {
  const at = (alpha: number) =>
    noiseFloors(even(5), { n: 50, m: 60, alpha }, (a) => [Math.max(...a) / 50])[0] ?? 0;
  expect(at(0.01)).toBe(at(0.01));
  expect(at(0.0001)).toBeGreaterThan(at(0.01));
});

test('counts of a draw add up to its size', () => {
  const totals = new Set<number>();
  noiseFloors([0.7, 0.2, 0.05, 0.05, 0], { n: 31, m: 5_000, alpha: 0.01 }, (a, b) => {
    totals.add(a.reduce((sum, count) => sum + count, 0));
    totals.add(b.reduce((sum, count) => sum + count, 0));
    return [];
  });
  expect([...totals].sort((x, y) => x - y)).toEqual([31, 5_000]);
});

test('rare events and shares', () => {
  // Poisson of mean 1: six or more come once in 1,684; seven or more once in 12,000.
  expect(rareCountFloor(1_000, 0.001, 0.0006)).toBe(5);
  expect(rareCountFloor(1_000, 0.001, 0.0005)).toBe(6);
  expect(rareCountFloor(1_000, 0, 0.001)).toBe(0);
  expect(rareCountFloor(1_000_000, 0.5, 0.001)).toBeGreaterThan(502_000);
  expect(shareFloor(0.1, { n: 1e6, m: 1e6, alpha: 0.01 })).toBeLessThan(0.002);
  expect(shareFloor(0.1, { n: 40, m: 1e6, alpha: 0.01 })).toBeGreaterThan(0.15);
});
