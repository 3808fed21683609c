/** Time as the server sees it. Nothing else reads the machine's clock; the adapters provide one. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** A clock that moves only when told, never backwards: months of schedules run in a minute. */
export class VirtualClock implements Clock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Sets the time; an earlier instant than now leaves it as it is. */
  moveTo(instantMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, instantMs);
  }
}
