/** Slows down who guesses: after some wrong tries each further one waits, longer and longer. */

export interface Throttle {
  /** How long to wait before the next try; 0 when it may come now. */
  waitMs(nowMs: number): number;
  wrong(nowMs: number): void;
  right(): void;
}

const freeTries = 5;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

export function makeThrottle(): Throttle {
  let wrongTries = 0;
  let openAtMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: (nowMs) => Math.max(0, openAtMs - nowMs),
    wrong(nowMs) {
      wrongTries += 1;
      if (wrongTries < freeTries) return;
      openAtMs = nowMs + Math.min(longestWaitMs, firstWaitMs * 2 ** (wrongTries - freeTries));
    },
    right() {
      wrongTries = 0;
      openAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}
