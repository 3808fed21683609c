/**
 * What a process of the data plane has counted, on its way to the main process: metrics of
 * requests, which keys were used, how many connections there are. Once a second, if there is any.
 */
import type { RequestCounters } from '../../engines/hosting/counters.ts';
import type { Use } from '../../engines/identity/uses.ts';
import type { Caller } from '../../kernel/caller.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { NoteUse } from '../authorize.ts';
import type { Told } from './messages.ts';

export const outgoingLoop = 'data-plane/outgoing';
/** Callers whose use waits to be told of; it is noted once a second. */
const mostUses = 10_000;

export interface Outgoing {
  readonly loop: Loop;
  readonly noteUse: NoteUse;
  connected(change: 1 | -1): void;
  /** Tells at once what there is. */
  flush(): Promise<void>;
}

export interface OutgoingParts {
  readonly counters: RequestCounters;
  readonly tell: (told: Told) => Promise<void>;
  readonly wake: () => void;
}

export function makeOutgoing({ counters, tell, wake }: OutgoingParts): Outgoing {
  const uses = new Map<Caller, Use>();
  let connections = 0;
  let toldConnections = 0;
  let lastMs = Number.NEGATIVE_INFINITY;

  async function flush(): Promise<void> {
    const tallies = counters.take();
    const noted = [...uses].map(([caller, use]) => ({ caller, use }));
    uses.clear();
    toldConnections = connections;
    try {
      await tell({ tallies, uses: noted, connections });
    } catch (cause) {
      counters.restore(tallies);
      throw cause;
    }
  }

  return {
    loop: {
      name: outgoingLoop,
      async tick(nowMs) {
        const none = counters.empty && uses.size === 0 && connections === toldConnections;
        if (none) return Number.POSITIVE_INFINITY;
        if (lastMs + secondMs > nowMs) return lastMs + secondMs;
        lastMs = nowMs;
        await flush();
        return Number.POSITIVE_INFINITY;
      },
    },
    noteUse(caller, use) {
      if (uses.size === 0) wake();
      if (uses.size < mostUses) uses.set(caller, use);
    },
    connected(change) {
      connections += change;
      wake();
    },
    flush,
  };
}
