/**
 * Appends records to the journal of the current stretch, in groups: one append is under way, and
 * what comes meanwhile goes with the next. Sealing is others' work.
 */
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import type { TrailEvent } from './event.ts';
import { journalOf, OpenStretch, stretchId } from './stretch.ts';

/** A stretch ends when it is this old, or this large. */
export const stretchMs = 5 * minuteMs;
export const stretchBytes = 8 * 1_024 * 1_024;
/** What must find room before calls are served again. */
const probeBytes = 64 * 1_024;
const probeJournal = 'trail-probe';

export interface WriterParts {
  readonly journals: Journals;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Resolves to the instant that the next stretch must be begun after. */
  readonly ready: () => Promise<number>;
  readonly onBegun: () => void;
  /** In the order they were begun. */
  readonly onEnded: (stretch: OpenStretch) => void;
}

interface Waiting {
  readonly event: TrailEvent;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export class TrailWriter {
  readonly #parts: WriterParts;
  #open: OpenStretch | undefined;
  /** Bounded by the callers, each of which waits for its record. */
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken = false;
  #probing: Promise<boolean> | undefined;
  #lastMs = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  get open(): OpenStretch | undefined {
    return this.#open;
  }

  record(event: TrailEvent): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
    });
    this.#writing ??= this.#write();
    return done;
  }

  async isWritable(): Promise<boolean> {
    if (!this.#broken) return true;
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  /** Ends the current stretch, if there is one. */
  end(): void {
    const ended = this.#open;
    if (!ended) return;
    this.#open = undefined;
    this.#parts.onEnded(ended);
  }

  endIfOlder(nowMs: number): void {
    if (this.#open && this.#open.beganAtMs + stretchMs <= nowMs) this.end();
  }

  async idle(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeGroup();
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeGroup(): Promise<void> {
    let group: readonly Waiting[] = [];
    try {
      // Requests that came in the same turn of the event loop end in it, and share an append.
      await new Promise((resolve) => setImmediate(resolve));
      let stretch = this.#open;
      while (!stretch) {
        // Otherwise each call that is refused would leave a journal behind, and its descriptor.
        if (!(await this.isWritable())) throw new Error('the audit trail cannot be written');
        await this.#begin();
        stretch = this.#open;
      }
      // Taken only now: what came in the meantime goes along. And nothing is waited for between
      // here and the append, so that nobody ends the stretch before it.
      group = this.#waiting;
      this.#waiting = [];
      await this.#append(stretch, group);
      for (const { resolve } of group) resolve();
    } catch (cause) {
      if (group.length === 0) group = this.#waiting.splice(0);
      this.#fail(cause);
      for (const { reject } of group) reject(cause);
    }
  }

  async #append(stretch: OpenStretch, group: readonly Waiting[]): Promise<void> {
    // Names and user agents cannot break a line: JSON escapes what ends one, and all controls.
    const lines = group.map(({ event }) => `${JSON.stringify(event)}\n`).join('');
    const appending = stretch.journal.append(stretch.hold(lines));
    stretch.appending = appending;
    await appending;
    stretch.appending = undefined;
    this.#broken = false;
    const nowMs = this.#parts.clock.nowMs();
    for (const { event } of group) stretch.add(event, nowMs);
    if (stretch === this.#open && stretch.journal.sizeBytes >= stretchBytes) this.end();
  }

  async #begin(): Promise<void> {
    const { journals, clock, random, ready, onBegun } = this.#parts;
    const after = await ready();
    this.#lastMs = Math.max(clock.nowMs(), after + 1, this.#lastMs + 1);
    const id = stretchId(this.#lastMs, Buffer.from(random.bytes(4)).toString('hex'));
    const journal = await journals.open(journalOf(id));
    this.#open = new OpenStretch(id, journal, { leftOver: false });
    onBegun();
  }

  /** What was begun is ended: nothing is written behind what may be half a record. */
  #fail(cause: unknown): void {
    if (!this.#broken) this.#parts.log.error('the audit trail cannot be written', cause);
    this.#broken = true;
    // It holds what the journal may not.
    this.#open?.forget();
    this.end();
  }

  async #probe(): Promise<boolean> {
    const { journals, log } = this.#parts;
    try {
      const journal = await journals.open(probeJournal);
      try {
        await journal.append(new Uint8Array(probeBytes));
      } finally {
        await journal.remove();
      }
    } catch (cause) {
      log.warn('the audit trail still cannot be written', { reason: String(cause) });
      return false;
    }
    this.#broken = false;
    log.info('the audit trail can be written again');
    return true;
  }
}
