/**
 * Texts of vectors as numbers, so that each different one is decoded once and not once a cell.
 * DuckDB keeps a text of up to twelve bytes inside the sixteen of its place in the vector: those
 * are compared as they are, with the ones seen lately. Longer ones are decoded each time.
 */
import type { DuckDBVector } from '@duckdb/node-api';

const longestInPlace = 12;
const wordsOfPlace = 4;
/** Slots in which a text may be. */
const ways = 4;

/** Codes of one column: 0 is the empty text, and others are one more than an index in `values`. */
export interface TextCoder {
  /** Begins a batch: codes start again, texts stay known. */
  start(): void;
  /** Of the batch, in order of first appearance; a text may be there more than once. */
  readonly values: string[];
  /** Writes the codes of `rows` cells at `at`; where `wanted` has 0, so is the code. */
  code(vector: DuckDBVector, into: Uint16Array, range: Range): void;
}

export interface Range {
  readonly at: number;
  readonly rows: number;
  readonly wanted?: Uint8Array;
}

/** `slots`, a power of two, is how many texts it remembers. */
export function textCoder(slots: number): TextCoder {
  const seenWords = new Uint32Array(slots * wordsOfPlace);
  const seenTexts = new Array<string>(slots).fill('');
  // The batch in which the text of a slot had its code last; 0 is none.
  const stamps = new Uint32Array(slots);
  const codes = new Uint16Array(slots);
  const values: string[] = [];
  let batch = 0;

  const decode = (vector: DuckDBVector, row: number): string => String(vector.getItem(row) ?? '');

  const codeNew = (text: string): number => (text === '' ? 0 : values.push(text));

  /** Where the text is remembered, or from now on will be. */
  const slotOf = (vector: DuckDBVector, words: Uint32Array, row: number): number => {
    const place = row * wordsOfPlace;
    const bytes = words[place] as number;
    const a = words[place + 1] as number;
    const b = words[place + 2] as number;
    const c = words[place + 3] as number;
    const first = hashOf(bytes ^ c, a, b) & (slots - 1);
    let oldest = first;
    for (let way = 0; way < ways; way += 1) {
      const slot = first ^ way;
      const at = slot * wordsOfPlace;
      if (
        seenWords[at + 1] === a &&
        seenWords[at + 2] === b &&
        seenWords[at + 3] === c &&
        seenWords[at] === bytes
      ) {
        return slot;
      }
      if ((stamps[slot] as number) < (stamps[oldest] as number)) oldest = slot;
    }
    seenTexts[oldest] = decode(vector, row);
    seenWords.set(words.subarray(place, place + wordsOfPlace), oldest * wordsOfPlace);
    stamps[oldest] = 0;
    return oldest;
  };

  const codeOfWords = (vector: DuckDBVector, words: Uint32Array, row: number): number => {
    const bytes = words[row * wordsOfPlace] as number;
    if (bytes === 0) return 0;
    if (bytes > longestInPlace) return codeNew(decode(vector, row));
    const slot = slotOf(vector, words, row);
    if (stamps[slot] !== batch) {
      stamps[slot] = batch;
      codes[slot] = codeNew(seenTexts[slot] as string);
    }
    return codes[slot] as number;
  };

  return {
    values,
    start() {
      batch += 1;
      values.length = 0;
    },
    code(vector, into, { at, rows, wanted }) {
      const words = wordsOf(vector, rows);
      for (let row = 0; row < rows; row += 1) {
        if (wanted?.[row] === 0) into[at + row] = 0;
        else if (words) into[at + row] = codeOfWords(vector, words, row);
        else into[at + row] = codeNew(decode(vector, row));
      }
    },
  };
}

/** Mixes all bits into the low ones, which tell the slot. */
function hashOf(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13), 0x165667b1);
  return h ^ (h >>> 16);
}

// The vector keeps its bytes in a private field; where a release names it otherwise, or has them
// elsewhere, every cell is asked for.
function wordsOf(vector: DuckDBVector, rows: number): Uint32Array | undefined {
  const view: unknown = Reflect.get(vector, 'dataView');
  if (!(view instanceof DataView) || view.byteOffset % Uint32Array.BYTES_PER_ELEMENT !== 0) {
    return undefined;
  }
  const length = rows * wordsOfPlace;
  if (view.byteLength < length * Uint32Array.BYTES_PER_ELEMENT) return undefined;
  return new Uint32Array(view.buffer, view.byteOffset, length);
}
