/** A stretch of the trail while it is written: a journal of JSON lines, and what is known of it. */
import { assert } from '../../kernel/assert.ts';
import type { Journal } from '../../ports/journals.ts';
import { sortable } from '../../ports/metadata-store.ts';
import { AttributeTexts } from './attributes.ts';
import type { TrailEvent } from './event.ts';
import { TextFilter } from './filter.ts';

const journalPrefix = 'trail.';
/** A record takes about a kilobyte. */
const slabBytes = 256 * 1_024;
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

export class OpenStretch {
  readonly id: string;
  readonly beganAtMs: number;
  readonly journal: Journal;
  readonly filter = new TextFilter();
  readonly #attributes = new AttributeTexts((text) => this.filter.add(text));
  /** What it holds is only in its journal, and is found out line by line. */
  leftOver: boolean;
  endedAtMs: number;
  count = 0;
  /** The append under way; sealing waits for it. */
  appending: Promise<void> | undefined;
  /** What was appended: opening the journal's many small frames again would cost more than all. */
  #slabs: Slab[] = [];

  constructor(id: string, journal: Journal, options: { readonly leftOver: boolean }) {
    this.id = id;
    this.journal = journal;
    this.leftOver = options.leftOver;
    this.beganAtMs = beganAtOf(id);
    this.endedAtMs = this.beganAtMs;
  }

  /** The bytes of a text that is about to be appended to the journal; they stay as they are. */
  hold(text: string): Buffer {
    assert(!this.leftOver, `stretch ${this.id} was left over`);
    const sizeBytes = Buffer.byteLength(text);
    let slab = this.#slabs.at(-1);
    if (!slab || slab.bytes.length - slab.used < sizeBytes) {
      slab = { bytes: Buffer.allocUnsafeSlow(Math.max(slabBytes, sizeBytes)), used: 0 };
      this.#slabs.push(slab);
    }
    const from = slab.used;
    slab.used += slab.bytes.write(text, from);
    return slab.bytes.subarray(from, slab.used);
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

  add(event: TrailEvent, nowMs: number): void {
    this.count += 1;
    this.endedAtMs = Math.max(this.endedAtMs, nowMs);
    this.#attributes.add(event);
  }
}
