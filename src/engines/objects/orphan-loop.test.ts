/** The sweep, as the server runs it. */
import { expect, test } from 'vitest';
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { fixture, text } from './objects.fixture.ts';
import { makeOrphanLoop } from './orphan-loop.ts';

test('an orphan goes within a day and some hours; nothing is done before it is due', async () => {
  const { objects, blobs, clock, blobCount } = fixture();
  await blobs.put(text('left behind'));
  const loop = makeOrphanLoop({ objects });
  const { signal } = new AbortController();
  const startMs = clock.nowMs();
  let dueMs = await loop.tick(startMs, { signal });
  expect(dueMs).toBeGreaterThan(startMs);
  expect(await loop.tick(startMs + 1, { signal })).toBe(dueMs);
  while (clock.nowMs() < startMs + dayMs + 12 * hourMs) {
    clock.moveTo(dueMs);
    dueMs = await loop.tick(clock.nowMs(), { signal });
  }
  expect(await blobCount()).toBe(0);
});
