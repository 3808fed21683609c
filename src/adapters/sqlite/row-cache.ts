/**
 * What was read and verified, kept in memory until it changes: documents by their row, and slices
 * that are asked for again and again. One process owns the file, so its own writes are the only
 * ones. Bounded in what it holds; what was used longest ago goes first. No rows of transactions:
 * those see what is not committed.
 */
import { compareUtf8 } from '../../kernel/bytes.ts';
import type { Entry } from '../../ports/metadata-store.ts';
import type { RowName } from './row-guard.ts';

/** The keys that a slice is about, and how far it got. */
export interface SliceBounds {
  /** Whether the lower bound is in it does not matter: at worst a slice is forgotten too early. */
  readonly lower: string | undefined;
  /** Exclusive. */
  readonly upper: string | undefined;
  readonly descending: boolean;
  readonly limit: number;
}

export interface KeptSlice {
  readonly bounds: SliceBounds;
  /** Frozen to the bottom: every reader is given the same. */
  readonly entries: readonly Entry<unknown>[];
}

/** In characters of documents. */
const mostCharacters = 8_000_000;
const mostSliceCharacters = 8_000_000;
const mostDocumentCharacters = 64_000;
const mostSlices = 64;
const mostAsked = 256;

interface Weighed<Value> {
  readonly value: Value;
  readonly characters: number;
}

export class RowCache {
  readonly #documents = new Map<string, string>();
  #characters = 0;
  /** By collection, then by what was asked. */
  readonly #slices = new Map<string, Map<string, Weighed<KeptSlice>>>();
  #sliceCharacters = 0;
  #sliceCount = 0;
  /** Lately, and how large each was. */
  readonly #asked = new Map<string, number>();
  #askedCharacters = 0;

  document(row: RowName): string | undefined {
    return this.#documents.get(nameOf(row));
  }

  keep(row: RowName, document: string): void {
    if (document.length > mostDocumentCharacters) return;
    this.#forget(nameOf(row));
    this.#documents.set(nameOf(row), document);
    this.#characters += document.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#characters <= mostCharacters) break;
      this.#forget(oldest);
    }
  }

  slice(collection: string, asked: string): readonly Entry<unknown>[] | undefined {
    return this.#slices.get(collection)?.get(asked)?.value.entries;
  }

  /**
   * Whether a slice that was read now is worth keeping: keeping costs, and most are never asked for
   * again, or only after as much else as there is room for.
   */
  isWanted(collection: string, asked: string, characters: number): boolean {
    const name = `${collection} ${asked}`;
    if (this.#asked.has(name)) return true;
    this.#asked.set(name, characters);
    this.#askedCharacters += characters;
    for (const [oldest, size] of this.#asked) {
      if (this.#asked.size <= mostAsked && this.#askedCharacters <= mostSliceCharacters) break;
      this.#asked.delete(oldest);
      this.#askedCharacters -= size;
    }
    return false;
  }

  keepSlice(collection: string, asked: string, kept: Weighed<KeptSlice>): void {
    if (kept.characters > mostSliceCharacters) return;
    const full =
      this.#sliceCount >= mostSlices ||
      this.#sliceCharacters + kept.characters > mostSliceCharacters;
    if (full) this.#forgetSlices();
    const ofCollection = this.#slices.get(collection) ?? new Map<string, Weighed<KeptSlice>>();
    this.#slices.set(collection, ofCollection);
    ofCollection.set(asked, kept);
    this.#sliceCount += 1;
    this.#sliceCharacters += kept.characters;
  }

  /** A row was written or deleted, and that is committed. */
  changed(row: RowName): void {
    this.#forget(nameOf(row));
    const ofCollection = this.#slices.get(row.collection);
    if (!ofCollection) return;
    for (const [asked, { value, characters }] of ofCollection) {
      if (!couldHold(value, row.key)) continue;
      ofCollection.delete(asked);
      this.#sliceCount -= 1;
      this.#sliceCharacters -= characters;
    }
  }

  #forget(name: string): void {
    const document = this.#documents.get(name);
    if (document === undefined) return;
    this.#documents.delete(name);
    this.#characters -= document.length;
  }

  #forgetSlices(): void {
    this.#slices.clear();
    this.#sliceCharacters = 0;
    this.#sliceCount = 0;
  }
}

function nameOf({ collection, key }: RowName): string {
  return `${collection}\n${key}`;
}

/** Whether a row with this key is in the slice, or would be. */
function couldHold({ bounds, entries }: KeptSlice, key: string): boolean {
  const { lower, upper, descending, limit } = bounds;
  if (lower !== undefined && compareUtf8(key, lower) < 0) return false;
  if (upper !== undefined && compareUtf8(key, upper) >= 0) return false;
  const last = entries.length < limit ? undefined : entries.at(-1);
  if (!last) return true;
  const beyond = compareUtf8(key, last.key);
  return descending ? beyond >= 0 : beyond <= 0;
}
