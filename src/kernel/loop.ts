/**
 * Work that recurs. A loop owns no timer: whoever runs it asks when it is next due, so the same
 * loop runs by the system's clock and, step by step, by a virtual one.
 */

export interface Loop {
  readonly name: string;
  /**
   * True when each due instant matters (schedules). On a virtual clock only these instants are
   * visited one by one; the other loops are called at the stops, not at every minute between.
   */
  readonly exact?: boolean;
  /**
   * Does everything that is due by `nowMs` and answers the instant of the next due work, `Infinity`
   * when there is none until a wake-up. Must be safe to call at any time; never runs twice at once.
   */
  tick(nowMs: number, options: { readonly signal: AbortSignal }): Promise<number>;
  /** Resolves when the work that ticks have started, and did not wait for, has ended. */
  idle?(): Promise<void>;
}

/** Tells the runner that a loop may have work earlier than it said. */
export type Wake = (loopName: string) => void;
