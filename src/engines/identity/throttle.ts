/**
 * Slows guessing down: after a few failures in a row each further try has to wait, twice as long
 * each time. Kept in memory within a bound; a restart forgets it.
 */
import { type Clock, dayMs } from '../../kernel/clock.ts';
import { BoundedMap } from './bounded-map.ts';

export interface Throttle {
  /**
   * How long the key has to wait, in ms. When that is 0 the try counts as failed until `succeeded`
   * says otherwise, so that tries at the same time are no way around the wait.
   */
  attempt(key: string): number;
  succeeded(key: string): void;
  /** Takes back what one `attempt` counted, and nothing that was counted before it. */
  uncount(key: string): void;
}

export interface ThrottleOptions {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Keys that are remembered; those unused for longest are forgotten first. */
  readonly keys?: number;
}

const defaultKeys = 10_000;
const forgottenAfterMs = dayMs;

export function makeThrottle(clock: Clock, options: ThrottleOptions): Throttle {
  const failures = new BoundedMap<string, { count: number; lastMs: number }>(
    options.keys ?? defaultKeys,
  );
  const waitAfter = (count: number) =>
    count < options.free
      ? 0
      : Math.min(options.longestWaitMs, options.firstWaitMs * 2 ** (count - options.free));
  return {
    attempt(key) {
      const nowMs = clock.nowMs();
      const before = failures.get(key);
      const known = before && nowMs - before.lastMs < forgottenAfterMs ? before : undefined;
      if (!known) {
        failures.set(key, { count: 1, lastMs: nowMs });
        return 0;
      }
      const waitMs = waitAfter(known.count);
      const leftMs = Math.min(waitMs, known.lastMs + waitMs - nowMs);
      if (leftMs > 0) return leftMs;
      known.count += 1;
      known.lastMs = nowMs;
      return 0;
    },
    succeeded: (key) => failures.delete(key),
    uncount(key) {
      const known = failures.get(key);
      if (known) known.count = Math.max(0, known.count - 1);
    },
  };
}
