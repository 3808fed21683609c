/** Receiving with patience: takes what is there, or waits to be woken and looks again. */
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { pollMs } from './limits.ts';
import { expire, isReady, nextVisibleMs, type Received, take } from './receive.ts';
import {
  contentOf,
  later,
  messageRows,
  type QueueAddress,
  type QueueRow,
  queueKey,
  queueRows,
} from './rows.ts';
import type { Waiters } from './waiters.ts';

export interface ReceiveOptions {
  readonly limit: number;
  /** The queue's own when absent, like `waitSeconds`. */
  readonly visibilitySeconds?: number;
  readonly waitSeconds?: number;
  readonly signal: AbortSignal;
}

interface ReceiverParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly waiters: Waiters;
  readonly inFlightLimit: number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const missing = refuse('there is no such queue');

export function makeReceiver(parts: ReceiverParts) {
  const { store, clock, random, waiters } = parts;
  const mayTake = inFlightGuard(parts);

  /** One attempt; a look without a transaction comes first, so that waiting costs no writes. */
  async function attempt(at: QueueAddress, options: ReceiveOptions) {
    const found = await store.get(queueRows, queueKey(at));
    if (!found) return missing;
    const nowMs = clock.nowMs();
    if (!(await isReady(store, found, nowMs))) return ok([]);
    if (!(await mayTake(found, options.limit))) return ok('overLimit' as const);
    const taken = await store.write(async (tx) => {
      const queue = await tx.get(queueRows, queueKey(at));
      if (!queue) return undefined;
      await expire(tx, queue, nowMs);
      const seconds = options.visibilitySeconds ?? queue.settings.visibilitySeconds;
      return take(tx, queue, {
        nowMs,
        limit: options.limit,
        visibilityMs: seconds * 1_000,
        random,
      });
    });
    if (!taken) return missing;
    for (const [key, count] of taken.moved) waiters.wake(key, count);
    return ok(taken.received);
  }

  /** True when there is reason to look again, false when `untilMs` has passed or nobody waits. */
  async function pause(at: QueueAddress, untilMs: number, woken: AbortSignal): Promise<boolean> {
    const nowMs = clock.nowMs();
    const queue = await store.get(queueRows, queueKey(at));
    if (!queue || nowMs >= untilMs) return false;
    const visibleMs = await nextVisibleMs(store, queue, nowMs);
    await parts.wait(Math.min(untilMs, visibleMs, nowMs + pollMs) - nowMs, woken);
    return true;
  }

  return {
    async receive(
      at: QueueAddress,
      options: ReceiveOptions,
    ): Promise<Outcome<readonly Received[] | 'overLimit'>> {
      const found = await store.get(queueRows, queueKey(at));
      if (!found) return missing;
      const waitSeconds = options.waitSeconds ?? found.settings.waitSeconds;
      const untilMs = clock.nowMs() + waitSeconds * 1_000;
      for (;;) {
        // Joined before looking: what is sent in between wakes this receiver.
        const waiter = waiters.join(queueKey(at));
        try {
          const got = await attempt(at, options);
          if (!got.ok || got.value.length > 0) return got;
          const signal = AbortSignal.any([waiter.woken, options.signal]);
          if (options.signal.aborted || !(await pause(at, untilMs, signal))) return got;
        } finally {
          waiter.leave();
        }
      }
    },
  };
}

/**
 * Whether a queue may have `more` in flight. Counts only when its estimate reaches the limit: the
 * estimate grows with each receive and forgets deletions, so it is never too low for one process.
 */
function inFlightGuard({ store, clock, inFlightLimit }: ReceiverParts) {
  const estimates = new Map<string, number>();
  return async (queue: QueueRow, more: number): Promise<boolean> => {
    const content = contentOf(queue);
    let estimate = estimates.get(content) ?? 0;
    if (estimate + more > inFlightLimit) {
      const bounds = later(content, clock.nowMs());
      const range = { index: 'visible', ...bounds, limit: inFlightLimit };
      estimate = (await store.listBy(messageRows, range)).length;
    }
    const allowed = estimate < inFlightLimit;
    if (estimates.size > 10_000) estimates.clear();
    estimates.set(content, allowed ? estimate + more : estimate);
    return allowed;
  };
}
