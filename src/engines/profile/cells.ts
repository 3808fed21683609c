/**
 * Cells of one column read straight from bytes, without a text for each: numbers become doubles,
 * and texts numbers of a dictionary. What a cell is, `inference.ts` says, and these are its
 * answers.
 */
import { CellKind, type ColumnBatch } from '../../ports/analytics.ts';
import { decimal, groupDigits, groupScale } from './decimal.ts';
import { type Bytes, Dictionary } from './dictionary.ts';
import { kindOf, numberOf } from './inference.ts';

const [tab, minus, plus, space, dot] = [9, 45, 43, 32, 46];
const [nine, upperE, lowerE] = [57, 69, 101];
/** Of a digit these bits are the number. */
const zero = 48;

/** For `Bytes`: 1 for control characters but the tab, and for `others`. */
export function stopsAt(others: string): Uint8Array {
  const stops = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 32 && byte !== tab ? 1 : 0));
  for (const byte of Buffer.from(`,${others}`)) stops[byte] = 1;
  return stops;
}

/** One column of the batch that is being read. */
export class CellColumn {
  name: string;
  #kinds: Uint8Array;
  #numbers: Float64Array;
  /** Of a column without texts there are none. */
  #codes: Uint16Array | undefined;
  #dictionary: Dictionary | undefined;

  constructor(name: string, rows: number) {
    this.name = name;
    this.#kinds = new Uint8Array(rows);
    this.#numbers = new Float64Array(rows);
  }

  /** As a new column of that name, in the memory of this one; what was read is forgotten. */
  renew(name: string, rows: number): void {
    this.name = name;
    this.#dictionary = undefined;
    this.start(rows);
  }

  /** Reads the cell at `from` into `row`, up to the stop whose place it answers. */
  read(bytes: Bytes, from: number, row: number): number {
    const first = bytes.bytes[from] as number;
    if (bytes.stops[first] === 1) {
      this.#kinds[row] = CellKind.missing;
      return from;
    }
    if (first <= nine) {
      const end = this.#number(bytes, from, row);
      if (end > 0) return end;
    }
    return this.#text(bytes, from, row);
  }

  /** A cell that is known as text. */
  set(text: string | undefined, row: number): void {
    const kind = kindOf(text);
    this.#kinds[row] = kind;
    if (text === undefined || kind === CellKind.missing) return;
    if (kind < CellKind.boolean) this.#numbers[row] = numberOf(text);
    else this.#code(this.#words().codeOf(text), row);
  }

  /** Where the number ends; 0, and nothing done, when it is none. */
  #number({ bytes, stops }: Bytes, from: number, row: number): number {
    let at = from;
    const isNegative = bytes[at] === minus;
    if (isNegative || bytes[at] === plus) at += 1;
    if (bytes[at] === space) at += 1;
    // Digits are taken in groups that fit 32 bits, which is quicker than adding them up as doubles.
    let group = 0;
    let digit = (bytes[at] as number) ^ zero;
    const wholeAt = at;
    for (const end = at + groupDigits; digit < 10 && at < end; ) {
      group = (group * 10 + digit) | 0;
      at += 1;
      digit = (bytes[at] as number) ^ zero;
    }
    if (at === wholeAt) return 0;
    let whole = group;
    for (; digit < 10; digit = (bytes[at] as number) ^ zero) {
      whole = whole * 10 + digit;
      at += 1;
    }
    let value = whole;
    let places = 0;
    if (bytes[at] === dot) {
      at += 1;
      digit = (bytes[at] as number) ^ zero;
      group = 0;
      const fractionAt = at;
      for (const end = at + groupDigits; digit < 10 && at < end; ) {
        group = (group * 10 + digit) | 0;
        at += 1;
        digit = (bytes[at] as number) ^ zero;
      }
      places = at - fractionAt;
      if (places === 0) return 0;
      const first = group;
      group = 0;
      for (const end = at + groupDigits; digit < 10 && at < end; ) {
        group = (group * 10 + digit) | 0;
        at += 1;
        digit = (bytes[at] as number) ^ zero;
      }
      value =
        at - fractionAt > places
          ? decimal(whole * groupScale + first, group, at - fractionAt)
          : decimal(whole, first, places);
    }
    if (stops[bytes[at] as number] !== 1) {
      const goesOn = digit < 10 || bytes[at] === lowerE || bytes[at] === upperE;
      return goesOn ? this.#spelled({ bytes, stops }, from, row) : 0;
    }
    // Undecided, or more digits than doubles have.
    if (!(value <= Number.MAX_SAFE_INTEGER)) return this.#spelled({ bytes, stops }, from, row);
    this.#numbers[row] = isNegative ? -value : value;
    this.#kinds[row] = places > 0 ? CellKind.fractional : CellKind.integral;
    return at;
  }

  /** As `#number`, by the text: exponents, more digits, and what only looked like a number. */
  #spelled({ bytes, stops }: Bytes, from: number, row: number): number {
    let at = from;
    while (stops[bytes[at] as number] !== 1) at += 1;
    const text = bytes.toString('latin1', from, at);
    const kind = kindOf(text);
    if (kind !== CellKind.integral && kind !== CellKind.fractional) return 0;
    this.#kinds[row] = kind;
    this.#numbers[row] = numberOf(text);
    return at;
  }

  #text(bytes: Bytes, from: number, row: number): number {
    const words = this.#words();
    this.#code(words.codeFrom(bytes, from), row);
    return words.end;
  }

  #words(): Dictionary {
    this.#codes ??= new Uint16Array(this.#kinds.length);
    this.#dictionary ??= new Dictionary();
    return this.#dictionary;
  }

  #code(code: number, row: number): void {
    (this.#codes as Uint16Array)[row] = code;
    this.#kinds[row] = CellKind.text;
  }

  /** The cell is missing again. */
  clear(row: number): void {
    this.#kinds[row] = CellKind.missing;
    if (this.#codes) this.#codes[row] = 0;
  }

  /** The first `rows`; they are good until the next batch begins. */
  batch(rows: number): ColumnBatch {
    const { name } = this;
    const kinds = this.#kinds.subarray(0, rows);
    const numbers = this.#numbers.subarray(0, rows);
    const values = this.#dictionary?.values ?? [];
    const codes = this.#codes?.subarray(0, rows);
    if (codes && values.some(isBoolean)) markBooleans(kinds, values, codes);
    for (let row = 0; row < rows; row += 1) {
      const kind = kinds[row] as number;
      if (kind !== CellKind.integral && kind !== CellKind.fractional) numbers[row] = Number.NaN;
    }
    const texts = () =>
      Array.from(kinds, (_, row) => (codes?.[row] ? values[codes[row] - 1] : undefined));
    const coded = codes && values.length > 0 ? { coded: { values, codes } } : {};
    return {
      ...{ name, kinds, numbers, ...coded },
      get texts() {
        return texts();
      },
    };
  }

  /** Begins the next batch, of up to `rows`. */
  start(rows: number): void {
    if (rows > this.#kinds.length) {
      this.#kinds = new Uint8Array(rows);
      this.#numbers = new Float64Array(rows);
      if (this.#codes) this.#codes = new Uint16Array(rows);
    } else {
      this.#kinds.fill(CellKind.missing);
      this.#codes?.fill(0);
    }
    this.#dictionary?.start();
  }
}

function isBoolean(text: string): boolean {
  return text === 'true' || text === 'false';
}

function markBooleans(kinds: Uint8Array, values: readonly string[], codes: Uint16Array): void {
  const marked = Uint8Array.from([0, ...values.map((text) => (isBoolean(text) ? 1 : 0))]);
  for (let row = 0; row < codes.length; row += 1) {
    if (marked[codes[row] as number] === 1) kinds[row] = CellKind.boolean;
  }
}
