/**
 * A loop over a work queue: claims items, runs a few at a time, keeps their leases while they run.
 * What an item is, and what became of it, is the business of `run`.
 */
import type { WorkItem, WorkQueue } from '../../engines/work/queue.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';

const leaseMs = 30_000;
const renewEveryMs = 10_000;

export interface LeasedLoopParts<Payload> {
  readonly name: string;
  readonly queue: WorkQueue<Payload>;
  readonly wake: Wake;
  readonly log: Logger;
  /** Unique to this process: a lease of a process that died is not ours. */
  readonly holder: string;
  readonly parallelism: number;
  /** Ends the item itself: completes it, or releases it when `left` has aborted. */
  run(item: WorkItem<Payload>, signals: Signals): Promise<void>;
}

export interface Signals {
  /** Aborts when the server goes down or the lease is lost: the item is left to be run again. */
  readonly left: AbortSignal;
  /** Aborts for that too, and when the client stops the work. */
  readonly signal: AbortSignal;
}

export interface LeasedLoop extends Loop {
  idle(): Promise<void>;
  /** Asks a running item to stop; nothing when it does not run here. */
  stopItem(id: string): void;
}

interface Running<Payload> {
  readonly item: WorkItem<Payload>;
  readonly done: Promise<void>;
  stop(): void;
  /** Somebody else has the item now: nothing of this run may count. */
  lose(): void;
}

export function makeLeasedLoop<Payload>(parts: LeasedLoopParts<Payload>): LeasedLoop {
  const { name, queue, wake, log, holder, parallelism } = parts;
  const running = new Map<string, Running<Payload>>();

  const start = (item: WorkItem<Payload>, server: AbortSignal) => {
    const stopping = new AbortController();
    const losing = new AbortController();
    const left = AbortSignal.any([server, losing.signal]);
    const signal = AbortSignal.any([left, stopping.signal]);
    const done = parts
      .run(item, { left, signal })
      .catch((cause: unknown) =>
        log.error(`${name}: an item could not be ended`, cause, { id: item.id }),
      )
      .finally(() => {
        running.delete(item.id);
        wake(name);
      });
    const stop = () => stopping.abort();
    running.set(item.id, { item, done, stop, lose: () => losing.abort() });
  };

  return {
    name,
    async tick(nowMs, { signal }) {
      for (const { item, lose } of running.values()) {
        const renewed = await queue.renew(item, nowMs, leaseMs);
        if (!renewed.ok) lose();
      }
      const limit = parallelism - running.size;
      const items = limit > 0 ? await queue.claim(nowMs, { leaseMs, limit, holder }) : [];
      for (const item of items) start(item, signal);
      const nextMs = running.size < parallelism ? await queue.nextDueMs() : Infinity;
      return running.size > 0 ? Math.min(nextMs, nowMs + renewEveryMs) : nextMs;
    },
    async idle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
    stopItem(id) {
      running.get(id)?.stop();
    },
  };
}
