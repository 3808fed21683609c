/** Receivers that wait for a message, first come first served. Knows nothing of time. */

export interface Waiters {
  /** Wakes as many receivers of the queue as there are messages. */
  wake(queue: string, messages: number): void;
  /** The call after which `woken` may end; `leave` must follow. */
  join(queue: string): Waiter;
}

export interface Waiter {
  /** Aborts when the waiter is woken. */
  readonly woken: AbortSignal;
  leave(): void;
}

export function makeWaiters(): Waiters {
  const waiting = new Map<string, Set<AbortController>>();
  return {
    wake(queue, messages) {
      const line = waiting.get(queue);
      let left = messages;
      for (const waiter of line ?? []) {
        if (left <= 0) return;
        left -= 1;
        line?.delete(waiter);
        waiter.abort();
      }
    },
    join(queue) {
      const waiter = new AbortController();
      const line = waiting.get(queue) ?? new Set();
      waiting.set(queue, line.add(waiter));
      return {
        woken: waiter.signal,
        leave() {
          line.delete(waiter);
          if (line.size === 0 && waiting.get(queue) === line) waiting.delete(queue);
        },
      };
    },
  };
}
