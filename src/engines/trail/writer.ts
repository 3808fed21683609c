/**
 * Appends records to the journal of the current stretch, in groups: one append is under way, and
 * what comes meanwhile goes with the next. Sealing is others' work.
 */
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import { gathered } from '../../kernel/gathering.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import { FreeSlabs, journalOf, OpenStretch, stretchId } from './stretch.ts';
import type { TrailLine } from './trail.ts';

/** A stretch ends when it is this old, or this large. */
export const stretchMs = 5 * minuteMs;
export const stretchBytes = 4 * 1_024 * 1_024;
/** What must find room before calls are served again. */
const probeBytes = 64 * 1_024;
const probeJournal = 'trail-probe';
/** Lines that are written without waiting for more. */
const enoughLines = 32;

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

/** What is written together. */
interface Group {
  readonly lines: TrailLine[];
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

function newGroup(): Group {
  let resolve = () => {};
  let reject: (cause: unknown) => void = () => {};
  const done = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { lines: [], done, resolve, reject };
}

export class TrailWriter {
  readonly #parts: WriterParts;
  #open: OpenStretch | undefined;
  /** Bounded by the callers, each of which waits for its record. */
  #waiting = newGroup();
  #writing: Promise<void> | undefined;
  #broken = false;
  #probing: Promise<boolean> | undefined;
  #lastMs = 0;
  readonly #free = new FreeSlabs();

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  get open(): OpenStretch | undefined {
    return this.#open;
  }

  record(line: TrailLine): Promise<void> {
    const { lines, done } = this.#waiting;
    lines.push(line);
    this.#writing ??= this.#write();
    return done;
  }

  /** At once as long as nothing is known against it. */
  isWritable(): boolean | Promise<boolean> {
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
      while (this.#waiting.lines.length > 0) await this.#writeGroup();
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeGroup(): Promise<void> {
    let group: Group | undefined;
    try {
      await gathered(() => this.#waiting.lines.length, enoughLines);
      let stretch = this.#open;
      while (!stretch) {
        // Otherwise each call that is refused would leave a journal behind, and its descriptor.
        if (!(await this.isWritable())) throw new Error('the audit trail cannot be written');
        await this.#begin();
        stretch = this.#open;
      }
      // Taken only now: what came in the meantime goes along. And nothing is waited for between
      // here and the append, so that nobody ends the stretch before it.
      group = this.#takeWaiting();
      await this.#append(stretch, group.lines);
      group.resolve();
    } catch (cause) {
      group ??= this.#takeWaiting();
      this.#fail(cause);
      group.reject(cause);
    }
  }

  #takeWaiting(): Group {
    const group = this.#waiting;
    this.#waiting = newGroup();
    return group;
  }

  async #append(stretch: OpenStretch, lines: readonly TrailLine[]): Promise<void> {
    let text = '';
    for (const line of lines) text += stretch.forms.textOf(line);
    const appending = stretch.journal.append(stretch.hold(text));
    stretch.appending = appending;
    await appending;
    stretch.appending = undefined;
    this.#broken = false;
    const nowMs = this.#parts.clock.nowMs();
    for (const { eventID, subject } of lines) stretch.add(eventID, subject, nowMs);
    if (stretch === this.#open && stretch.journal.sizeBytes >= stretchBytes) this.end();
  }

  async #begin(): Promise<void> {
    const { journals, clock, random, ready, onBegun } = this.#parts;
    const after = await ready();
    this.#lastMs = Math.max(clock.nowMs(), after + 1, this.#lastMs + 1);
    const id = stretchId(this.#lastMs, Buffer.from(random.bytes(4)).toString('hex'));
    const journal = await journals.open(journalOf(id));
    this.#open = new OpenStretch(id, journal, this.#free);
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
