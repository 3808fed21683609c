/** Chunks of a result as batches of columns: numbers as arrays, texts only where there are some. */
import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { CellKind, type ColumnBatch, type RowBatch } from '../../ports/analytics.ts';

/** The chunk has a kind, a number and a text for each of `names`, in order. */
export function batchOf(chunk: DuckDBDataChunk, names: readonly string[]): RowBatch {
  const rows = chunk.rowCount;
  const blank = Array.from<undefined>({ length: rows });
  const columns = names.map((name, i): ColumnBatch => {
    const kinds = bytesOf(chunk.getColumnVector(3 * i), rows);
    const numbers = doublesOf(chunk.getColumnVector(3 * i + 1), rows);
    const anyText = kinds.some((kind) => kind > CellKind.fractional);
    const texts = anyText ? textsOf(chunk.getColumnVector(3 * i + 2), kinds) : blank;
    return { name, kinds, numbers, texts };
  });
  return { rows, columns };
}

// The vectors keep their typed array in a private field. Taking a copy of it is many times as
// fast as a call per value, and where a release names it otherwise the calls still work.
function itemsOf(vector: DuckDBVector): unknown {
  return Reflect.get(vector, 'items');
}

function bytesOf(vector: DuckDBVector, rows: number): Uint8Array {
  const items = itemsOf(vector);
  if (items instanceof Uint8Array) return items.slice(0, rows);
  return Uint8Array.from({ length: rows }, (_, i) => Number(vector.getItem(i)));
}

function doublesOf(vector: DuckDBVector, rows: number): Float64Array {
  const items = itemsOf(vector);
  if (items instanceof Float64Array) return items.slice(0, rows);
  return Float64Array.from({ length: rows }, (_, i) => Number(vector.getItem(i) ?? Number.NaN));
}

function textsOf(vector: DuckDBVector, kinds: Uint8Array): readonly (string | undefined)[] {
  return Array.from(kinds, (kind, i) =>
    kind > CellKind.fractional ? String(vector.getItem(i) ?? '') : undefined,
  );
}

/** A batch of no rows: the columns of a file that has nothing else. */
export function emptyBatch(names: readonly string[]): RowBatch {
  const columns = names.map((name) => ({
    name,
    kinds: new Uint8Array(0),
    numbers: new Float64Array(0),
    texts: [],
  }));
  return { rows: 0, columns };
}
