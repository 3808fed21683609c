/** A stretch of the trail while it is written: a journal of JSON lines, and what is known of it. */
import { assert, defined } from '../../kernel/assert.ts';
import type { Journal } from '../../ports/journals.ts';
import { sortable } from '../../ports/metadata-store.ts';
import { AttributeTexts } from './attributes.ts';
import { TextFilter } from './filter.ts';
import { WrittenForms } from './forms.ts';
import type { TrailSubject } from './trail.ts';

const journalPrefix = 'trail.';
/** A record takes about 300 bytes. */
const slabBytes = 256 * 1_024;
/** Slabs that are kept for the next stretch: as many as one has. */
const mostFree = 32;
const idPattern = /^\d{16}-[0-9a-f]{8}$/;

/** Sorts by `beganAtMs`. `mark` is eight hex digits. */
export function stretchId(beganAtMs: number, mark: string): string {
  return `${sortable(beganAtMs)}-${mark}`;
}

export function beganAtOf(id: string): number {
  return Number(id.slice(0, 16));
}

export function journalOf(id: string): string {
  return journalPrefix + id;
}

/** Undefined for journals of others. */
export function idOfJournal(name: string): string | undefined {
  if (!name.startsWith(journalPrefix)) return undefined;
  const id = name.slice(journalPrefix.length);
  return idPattern.test(id) ? id : undefined;
}

interface Slab {
  readonly bytes: Buffer;
  used: number;
}

/**
 * Memory of stretches that were sealed, for those that come: megabytes that are made anew for each
 * would have the collector go through the whole heap every time.
 */
export class FreeSlabs {
  readonly #free: Buffer[] = [];

  /** Of at least so many bytes; what is in them is old. */
  take(sizeBytes: number): Buffer {
    const known = sizeBytes <= slabBytes ? this.#free.pop() : undefined;
    return known ?? Buffer.allocUnsafeSlow(Math.max(slabBytes, sizeBytes));
  }

  /** Nobody reads it any more. */
  give(bytes: Buffer): void {
    if (bytes.length === slabBytes && this.#free.length < mostFree) this.#free.push(bytes);
  }
}

export class OpenStretch {
  readonly id: string;
  readonly beganAtMs: number;
  readonly journal: Journal;
  readonly filter = new TextFilter();
  readonly forms = new WrittenForms();
  readonly #attributes = new AttributeTexts((begin, end) => this.filter.add(begin, end));
  /** What it holds is only in its journal, and is found out line by line. */
  leftOver: boolean;
  endedAtMs: number;
  count = 0;
  /** The append under way; sealing waits for it. */
  appending: Promise<void> | undefined;
  /** What was appended: opening the journal's many small frames again would cost more than all. */
  #slabs: Slab[] = [];
  readonly #free: FreeSlabs | undefined;

  /** Without `free` it is one that was left over. */
  constructor(id: string, journal: Journal, free?: FreeSlabs) {
    this.id = id;
    this.journal = journal;
    this.leftOver = free === undefined;
    this.#free = free;
    this.beganAtMs = beganAtOf(id);
    this.endedAtMs = this.beganAtMs;
  }

  /** The bytes of a text that is about to be appended to the journal; they stay as they are. */
  hold(text: string): Buffer {
    assert(!this.leftOver, `stretch ${this.id} was left over`);
    const slab = this.#slabFor(text);
    const from = slab.used;
    slab.used += slab.bytes.write(text, from);
    return slab.bytes.subarray(from, slab.used);
  }

  #slabFor(text: string): Slab {
    const last = this.#slabs.at(-1);
    const roomBytes = last ? last.bytes.length - last.used : 0;
    // Measured only when it may not fit: no character takes more than three bytes.
    if (last && roomBytes >= 3 * text.length) return last;
    const sizeBytes = Buffer.byteLength(text);
    if (last && roomBytes >= sizeBytes) return last;
    const free = defined(this.#free, 'memory for a stretch');
    const slab = { bytes: free.take(sizeBytes), used: 0 };
    this.#slabs.push(slab);
    return slab;
  }

  /** Hands on its memory: it was sealed, no append is under way, and nobody reads what it held. */
  release(): void {
    for (const { bytes } of this.#slabs) this.#free?.give(bytes);
    this.#slabs = [];
  }

  /** Frees what it holds: what counts is in the journal. */
  forget(): void {
    this.leftOver = true;
    this.#slabs = [];
  }

  /** All that was appended; not for one that is left over. */
  *held(): Generator<Buffer> {
    assert(!this.leftOver, `stretch ${this.id} is in its journal`);
    for (const { bytes, used } of this.#slabs) yield bytes.subarray(0, used);
  }

  add(eventID: string, subject: TrailSubject, nowMs: number): void {
    this.count += 1;
    this.endedAtMs = Math.max(this.endedAtMs, nowMs);
    this.#attributes.add(eventID, subject);
  }
}
