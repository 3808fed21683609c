/**
 * Texts of the database as bytes, and back: the driver ends the process at a text that is not
 * UTF-8, which is what a page is full of that was damaged on the disk. Read as bytes, such a text
 * reaches the check of its row (`row-guard.ts`), and fails it.
 */
import { assert } from '../../kernel/assert.ts';

export function asBytes(column: string): string {
  return `cast(${column} as blob)`;
}

/** Bytes that are no UTF-8 become replacement characters, which no check fits. */
export function textOf(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('utf8');
}

/** A key and its document. */
export type StoredRow = readonly [key: string, document: string];

const sizeOf = (column: string) => `length(${asBytes(column)})`;

/**
 * All rows of a query in one value, in its order: `size of the key:size of the document:key
 * document` each, sizes in bytes. One value costs less than a thousand rows of small ones.
 */
export const packedRows = asBytes(
  `group_concat(${sizeOf('key')} || ':' || ${sizeOf('document')} || ':' || key || document, '')`,
);

export function unpackRows(packed: ArrayBuffer | null): readonly StoredRow[] {
  if (!packed) return [];
  const bytes = Buffer.from(packed);
  const rows: StoredRow[] = [];
  for (let at = 0; at < bytes.length; ) {
    const key = sizeAt(bytes, at);
    const document = sizeAt(bytes, key.end);
    const middle = document.end + key.sizeBytes;
    at = middle + document.sizeBytes;
    assert(at <= bytes.length, 'packed rows end before their last');
    rows.push([bytes.toString('utf8', document.end, middle), bytes.toString('utf8', middle, at)]);
  }
  return rows;
}

const colon = 0x3a;
const zero = 0x30;

function sizeAt(
  bytes: Buffer,
  start: number,
): { readonly sizeBytes: number; readonly end: number } {
  let sizeBytes = 0;
  let at = start;
  for (; bytes[at] !== colon; at += 1) {
    assert(at < bytes.length, 'packed rows end before their last');
    sizeBytes = sizeBytes * 10 + (bytes[at] ?? zero) - zero;
  }
  return { sizeBytes, end: at + 1 };
}
