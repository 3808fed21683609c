/**
 * Durable records: JSON documents in named collections, by key and by declared indexes.
 * Not a query language: what cannot be asked through a key or an index needs another index.
 * Adapters must pass `metadata-store.contract.ts`.
 */

/** What is stored must survive JSON unchanged: no `undefined` in arrays, no Date, no bytes. */
export interface Collection<Row> {
  /** Unique over the server, `owner/thing`. */
  readonly name: string;
  /** Index name to the value a row is found under; `undefined` leaves the row out of that index. */
  readonly indexes?: Readonly<Record<string, (row: Row) => string | undefined>>;
}

export interface Entry<Row> {
  readonly key: string;
  readonly row: Row;
}

/** A slice of a collection in order of its keys, compared as UTF-8 bytes. */
export interface Range {
  readonly prefix?: string;
  /** Exclusive: continue after this key, in the direction of travel. */
  readonly after?: string;
  /** Inclusive lower bound. */
  readonly from?: string;
  /** Exclusive upper bound. */
  readonly to?: string;
  readonly limit: number;
  readonly descending?: boolean;
}

/** A slice of an index in order of (value, key). Bounds apply to the value. */
export interface IndexRange {
  readonly index: string;
  /** Only rows with exactly this value. */
  readonly equals?: string;
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
  /** Exclusive: continue after this entry, in the direction of travel. */
  readonly after?: { readonly value: string; readonly key: string };
  readonly limit: number;
  readonly descending?: boolean;
}

export interface IndexEntry<Row> extends Entry<Row> {
  readonly value: string;
}

export interface Reader {
  get<Row>(from: Collection<Row>, key: string): Promise<Row | undefined>;
  /** Every reader may be given the same rows: they cannot be changed. */
  list<Row>(from: Collection<Row>, range: Range): Promise<readonly Entry<Row>[]>;
  listBy<Row>(from: Collection<Row>, range: IndexRange): Promise<readonly IndexEntry<Row>[]>;
}

export interface Transaction extends Reader {
  /** False, and nothing changes, when the key is already there. */
  insert<Row>(into: Collection<Row>, key: string, row: Row): Promise<boolean>;
  /** Inserts or replaces. */
  put<Row>(into: Collection<Row>, key: string, row: Row): Promise<void>;
  /** False when there was nothing to delete. */
  delete<Row>(from: Collection<Row>, key: string): Promise<boolean>;
}

export interface MetadataStore extends Reader {
  /**
   * Everything lands, or nothing does; durable when it resolves. Writes happen one after another,
   * so what is read inside stays true until the end. `work` may be run again after a conflict: it
   * must have no effect outside the transaction. A throw inside rolls back and is rethrown.
   */
  write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T>;
  close(): Promise<void>;
}

export interface Abortable {
  readonly signal?: AbortSignal;
}

/** A number as index text: sorts as the number does, for 0 ≤ n < 2^53. */
export function sortable(n: number): string {
  return String(Math.floor(n)).padStart(16, '0');
}
