/**
 * Gives journals of captured records to the main process once they take no more: it makes objects
 * of them. One that it has no room for is kept here, and counts against the bound of this process.
 */
import type { Spool } from '../../engines/capture/spool.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { OwnJournals } from './own-journals.ts';

export const handOverLoop = 'data-plane/hand-over';
const retryMs = 5 * secondMs;

export interface HandOverParts {
  readonly spool: Spool;
  readonly journals: OwnJournals;
  /** False: later. */
  readonly give: (name: string) => Promise<boolean>;
}

export function makeHandOver({ spool, journals, give }: HandOverParts): Loop {
  return {
    name: handOverLoop,
    async tick(nowMs) {
      let retryAtMs = Number.POSITIVE_INFINITY;
      for (const journal of await spool.sealDue(nowMs)) {
        await journals.release(journal.name);
        if (await give(journal.name)) spool.handedOver(journal);
        else retryAtMs = nowMs + retryMs;
      }
      return Math.min(spool.nextDueMs(), retryAtMs);
    },
  };
}
