/** A stretch of the trail while it is written: a journal of JSON lines, and what is known of it. */

import type { Journal } from '../../ports/journals.ts';
import { sortable } from '../../ports/metadata-store.ts';
import { AttributeTexts } from './attributes.ts';
import type { TrailEvent } from './event.ts';
import { TextFilter } from './filter.ts';

const journalPrefix = 'trail.';
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

export class OpenStretch {
  readonly id: string;
  readonly beganAtMs: number;
  readonly journal: Journal;
  readonly filter = new TextFilter();
  readonly #texts = new AttributeTexts((text) => this.filter.add(text));
  /**
   * What it holds is not known, and is found out line by line: left by a process that died, or
   * damaged.
   */
  leftOver: boolean;
  endedAtMs: number;
  count = 0;
  /** The append under way; sealing waits for it. */
  appending: Promise<void> | undefined;

  constructor(id: string, journal: Journal, options: { readonly leftOver: boolean }) {
    this.id = id;
    this.journal = journal;
    this.leftOver = options.leftOver;
    this.beganAtMs = beganAtOf(id);
    this.endedAtMs = this.beganAtMs;
  }

  add(event: TrailEvent, nowMs: number): void {
    this.count += 1;
    this.endedAtMs = Math.max(this.endedAtMs, nowMs);
    this.#texts.add(event);
  }
}
