/** Sweeps blobs that no object names, now and then. */
import { dayMs, hourMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { Objects } from './objects.ts';

const everyMs = 6 * hourMs;
/** Longer than any put takes. */
const graceMs = dayMs;

export function makeOrphanLoop({ objects }: { readonly objects: Objects }): Loop {
  let dueMs = 0;
  let running = false;
  return {
    name: 'object-orphans',
    async tick(nowMs, { signal }) {
      if (running || nowMs < dueMs) return dueMs;
      running = true;
      try {
        await objects.sweepOrphans({ graceMs, signal });
      } finally {
        running = false;
        dueMs = nowMs + everyMs;
      }
      return dueMs;
    },
  };
}
