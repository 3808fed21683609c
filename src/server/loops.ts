/**
 * Runs the server's loops: by timers on the system's clock, or stop by stop on a virtual one.
 * A loop never runs twice at once; a wake-up during a tick is honoured right after it.
 */
import type { Clock, VirtualClock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { Loop, Wake } from '../kernel/loop.ts';

/** Timers longer than this are cut and re-armed: setTimeout cannot hold more than 2^31 ms. */
const longestTimerMs = 3_600_000;
/** After a tick that threw, on the system's clock. */
const retryAfterErrorMs = 5_000;

interface Running {
  readonly loop: Loop;
  nextMs: number;
  woken: boolean;
  ticking: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface LoopsParts {
  readonly clock: Clock;
  readonly log: Logger;
}

export class Loops {
  readonly wake: Wake = (name) => this.#wake(name);
  readonly #parts: LoopsParts;
  readonly #loops = new Map<string, Running>();
  readonly #stopping = new AbortController();
  #byTimer = false;

  constructor(parts: LoopsParts) {
    this.#parts = parts;
  }

  add(loop: Loop): void {
    const running = { loop, nextMs: 0, woken: false, ticking: undefined, timer: undefined };
    this.#loops.set(loop.name, running);
  }

  /** Runs every loop once, and then, on the system's clock, whenever it is due. */
  async start(options: { readonly timers: boolean }): Promise<void> {
    this.#byTimer = options.timers;
    for (const running of this.#loops.values()) await this.#tick(running);
  }

  /** Runs a loop once from its beginning, after the run that may be under way. */
  async run(name: string): Promise<void> {
    const running = this.#loops.get(name);
    if (!running) return;
    await running.ticking;
    await this.#tick(running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const running of this.#loops.values()) {
      clearTimeout(running.timer);
      await running.ticking;
    }
    for (const { loop } of this.#loops.values()) await loop.idle?.();
  }

  /** Moves a virtual clock, visiting each due instant of the exact loops, and settles there. */
  async advanceTo(clock: VirtualClock, instantMs: number): Promise<void> {
    // What is due now may bring instants on the way.
    await this.settle();
    for (;;) {
      const stops = [...this.#loops.values()]
        .filter(({ loop }) => loop.exact)
        .map(({ nextMs }) => nextMs);
      const stopMs = Math.min(instantMs, ...stops);
      clock.moveTo(stopMs);
      await this.settle();
      if (clock.nowMs() >= instantMs) return;
    }
  }

  /** Ticks what is due now, and what that wakes, until nothing is. */
  async settle(): Promise<void> {
    for (;;) {
      const nowMs = this.#parts.clock.nowMs();
      const due = [...this.#loops.values()].filter(
        (r) => r.nextMs <= nowMs || r.woken || r.ticking !== undefined,
      );
      for (const running of due) await this.#tick(running);
      for (const { loop } of this.#loops.values()) await loop.idle?.();
      if (![...this.#loops.values()].some((r) => r.woken || r.ticking !== undefined)) return;
    }
  }

  #wake(name: string): void {
    const running = this.#loops.get(name);
    if (!running) return;
    running.woken = true;
    if (!running.ticking) queueMicrotask(() => void this.#tick(running));
  }

  async #tick(running: Running): Promise<void> {
    if (running.ticking) return running.ticking;
    if (this.#stopping.signal.aborted) return;
    clearTimeout(running.timer);
    running.ticking = this.#tickNow(running).finally(() => {
      running.ticking = undefined;
      if (running.woken) queueMicrotask(() => void this.#tick(running));
      else this.#arm(running);
    });
    return running.ticking;
  }

  async #tickNow(running: Running): Promise<void> {
    const { clock, log } = this.#parts;
    const nowMs = clock.nowMs();
    running.woken = false;
    try {
      const nextMs = await running.loop.tick(nowMs, { signal: this.#stopping.signal });
      // A due instant that does not move would spin for ever.
      running.nextMs = Math.max(nextMs, nowMs + 1);
    } catch (cause) {
      running.nextMs = nowMs + retryAfterErrorMs;
      if (!this.#stopping.signal.aborted) log.error(`loop ${running.loop.name} failed`, cause);
    }
  }

  #arm(running: Running): void {
    if (!this.#byTimer || this.#stopping.signal.aborted || running.nextMs === Infinity) return;
    const waitMs = running.nextMs - this.#parts.clock.nowMs();
    const timerMs = Math.min(Math.max(waitMs, 0), longestTimerMs);
    running.timer = setTimeout(() => void this.#tick(running), timerMs);
  }
}
