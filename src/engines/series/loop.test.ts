/** The ageing loop: when it runs, and that it says when it is next due. */
import { expect, test } from 'vitest';
import { dayMs, minuteMs } from '../../kernel/clock.ts';
import { makeSeriesLoop } from './loop.ts';

test('a minute after the start, then every other day, however often it is asked', async () => {
  const runs: AbortSignal[] = [];
  const loop = makeSeriesLoop({ maintain: async ({ signal }) => void runs.push(signal) });
  const { signal } = new AbortController();
  expect(await loop.tick(0, { signal })).toBe(minuteMs);
  expect(await loop.tick(minuteMs - 1, { signal })).toBe(minuteMs);
  expect(runs).toHaveLength(0);
  expect(await loop.tick(minuteMs, { signal })).toBe(minuteMs + 2 * dayMs);
  expect(await loop.tick(minuteMs + 1, { signal })).toBe(minuteMs + 2 * dayMs);
  expect(runs).toEqual([signal]);
});
