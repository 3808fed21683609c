/** Sweeps blobs that no object names, now and then. */
import { dayMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { Objects } from './objects.ts';

/** Orphans come from crashes alone, and a sweep looks at every blob. */
const everyMs = 7 * dayMs;
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
