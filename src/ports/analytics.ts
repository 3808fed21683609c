/**
 * Reads tabular files in one pass, as batches of columns. What is computed from the batches is the
 * business of the engines. Adapters must pass `analytics.contract.ts`.
 */
import type { Abortable } from './metadata-store.ts';

export interface TabularSource {
  /** Local files, read one after another in this order. */
  readonly paths: readonly string[];
  readonly format: TabularFormat;
  /** Some of the columns only: every `of`th, from column `index` on. There may be none. */
  readonly share?: { readonly index: number; readonly of: number };
}

export type TabularFormat =
  | { readonly kind: 'csv'; readonly header: boolean }
  /** One object a line; nested objects are flattened to dotted names. */
  | { readonly kind: 'jsonLines' }
  /** One array of objects, or one object. */
  | { readonly kind: 'json' }
  | { readonly kind: 'parquet' };

/** What a cell is, by its text; the rules are in `engines/profile/inference.ts` and must agree. */
export const CellKind = { missing: 0, integral: 1, fractional: 2, boolean: 3, text: 4 } as const;
export type CellKind = (typeof CellKind)[keyof typeof CellKind];

/** One column of a batch; all arrays have the batch's length. */
export interface ColumnBatch {
  readonly name: string;
  readonly kinds: Uint8Array;
  /** The value of integral and fractional cells; NaN elsewhere. */
  readonly numbers: Float64Array;
  /** The text of boolean and text cells; undefined elsewhere. May be made when it is asked for. */
  readonly texts: readonly (string | undefined)[];
  /** The same as `texts`, where the adapter has them so. */
  readonly coded?: CodedTexts;
}

/** Texts by number, for columns in which few are different. */
export interface CodedTexts {
  /** In order of first appearance; a text may be there more than once. */
  readonly values: readonly string[];
  /** A cell's is one more than the index of its text in `values`, or 0 where it has none. */
  readonly codes: Uint16Array;
}

export interface RowBatch {
  readonly rows: number;
  readonly columns: readonly ColumnBatch[];
}

export interface Analytics {
  /**
   * Batches of at most 16,384 rows; memory does not grow with the number of rows. Throws
   * `UnreadableData` naming the file, and where known the line and the value.
   * All batches of one scan have the same columns in the same order.
   */
  scan(source: TabularSource, options?: Abortable): AsyncIterable<RowBatch>;
  close(): Promise<void>;
}

export class UnreadableData extends Error {
  override readonly name = 'UnreadableData';
  readonly path: string;
  readonly line: number | undefined;

  constructor(path: string, reason: string, line?: number) {
    super(line === undefined ? `${path}: ${reason}` : `${path}: line ${line}: ${reason}`);
    this.path = path;
    this.line = line;
  }
}
