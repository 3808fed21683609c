/** Time goes forward, whatever the clock does. */
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeHighWater } from './high-water.ts';
import { looseClock } from './identity.fixture.ts';

test('a clock that goes forward is followed', async () => {
  const clock = looseClock(1_000);
  const time = makeHighWater(memoryMetadataStore(), clock);
  await time.ready();
  for (const atMs of [1_000, 5_000, 9e12]) {
    clock.atMs = atMs;
    expect(time.nowMs()).toBe(atMs);
  }
});

test('a small step back is waited out, a large one is not', async () => {
  const clock = looseClock(1_000_000);
  const time = makeHighWater(memoryMetadataStore(), clock);
  time.nowMs();
  clock.atMs = 999_000;
  expect(time.nowMs()).toBe(1_000_000);
  clock.atMs = 999_900;
  expect(time.nowMs()).toBe(1_000_000);
  clock.atMs = 0;
  expect(time.nowMs()).toBe(1_000_000);
  clock.atMs = 5_000;
  expect(time.nowMs()).toBe(1_005_000);
  clock.atMs = 2_000_000;
  expect(time.nowMs()).toBeGreaterThanOrEqual(2_000_000);
});

test('what was saved is the least that later processes go by', async () => {
  const store = memoryMetadataStore();
  const clock = looseClock(1_000_000);
  await makeHighWater(store, clock).save();
  clock.atMs = 0;
  const later = makeHighWater(store, clock);
  await later.ready();
  expect(later.nowMs()).toBe(1_000_000);
  clock.atMs = 7;
  await later.save();
  const last = makeHighWater(store, clock);
  await last.ready();
  expect(last.nowMs()).toBe(1_000_007);
});
