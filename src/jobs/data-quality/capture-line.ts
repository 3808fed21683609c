/**
 * Captured lines as the gateway and the original write them, read from bytes: members in their
 * order, sides that are CSV, texts without escapes. What is written otherwise is not wrong, and is
 * left to `engines/records`, whose rows these are.
 */

import { stopsAt } from '../../engines/profile/cells.ts';
import type { Bytes } from '../../engines/profile/dictionary.ts';
import type { CellTable } from '../../engines/profile/table.ts';
import { type CaptureFormat, isWithin } from '../../engines/records/rows.ts';

const [tab, lineFeed, carriageReturn, space, quote, comma, backslash] = [9, 10, 13, 32, 34, 44, 92];
const [letterN, letterR, closingBrace] = [110, 114, 125];

/** A text that is compared by four bytes at a time; the last word may overlap the one before. */
interface Literal {
  readonly words: Int32Array;
  readonly length: number;
}

function literal(text: string): Literal {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const words = Int32Array.from({ length: length >> 2 }, (_, i) => bytes.readInt32LE(4 * i));
  const rest = length % 4 === 0 ? [] : [bytes.readInt32LE(length - 4)];
  return { words: Int32Array.of(...words, ...rest), length };
}

const literals = {
  head: literal('{"captureData":{'),
  input: literal('"endpointInput":{"observedContentType":'),
  output: literal('"endpointOutput":{"observedContentType":'),
  none: literal('null'),
  inputData: literal(',"mode":"INPUT","data":"'),
  outputData: literal(',"mode":"OUTPUT","data":"'),
  encoding: literal('","encoding":"'),
  csv: literal('","encoding":"CSV"}'),
  metadata: literal('},"eventMetadata":{"eventId":"'),
  inferenceId: literal('","inferenceId":"'),
  time: literal('","inferenceTime":"'),
  tail: literal('"},"eventVersion":"0"}'),
};

/** What does not stand inside a JSON string, and the comma. */
const captureStops = stopsAt(`${String.fromCharCode(tab)}"\\`);

/** What a `LineReader` reads. */
export interface CaptureBytes extends Bytes {
  readonly view: DataView;
}

export function captureBytes(bytes: Buffer): CaptureBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes, stops: captureStops, view };
}

/** Of one side of a line; without a row it is not there, or not taken. */
interface Reading {
  rows: number;
  places: number;
  /** Where in a row its cells begin. */
  place: number;
}

export class LineReader {
  readonly #table: CellTable;
  readonly #format: CaptureFormat;
  readonly #takesInput: boolean;
  readonly #takesOutput: boolean;
  readonly #outputFirst: boolean;
  readonly #input: Reading = { rows: 0, places: 0, place: 0 };
  readonly #output: Reading = { rows: 0, places: 0, place: 0 };
  /**
   * How many places the output had in the line before: the input, which is read first, is put
   * after.
   */
  #outputPlaces = 0;
  #isWithin = true;

  constructor(table: CellTable, format: CaptureFormat) {
    const names = format.captureIndexNames;
    this.#table = table;
    this.#format = format;
    this.#takesInput = names.includes('endpointInput');
    this.#takesOutput = names.includes('endpointOutput');
    this.#outputFirst = format.outputColumnsPosition === 'START';
  }

  /**
   * Reads the line of `bytes` that begins at `from`, its rows into the table. Answers where the
   * next line begins; 0, and nothing read, when the line is another's to read.
   */
  read(bytes: CaptureBytes, from: number): number {
    const guessed = this.#outputPlaces;
    const next = this.#line(bytes, from);
    if (next > 0) return next;
    this.#table.forget();
    if (guessed === this.#outputPlaces) return 0;
    const again = this.#line(bytes, from);
    if (again === 0) this.#table.forget();
    return again;
  }

  #line(bytes: CaptureBytes, from: number): number {
    const input = this.#input;
    const output = this.#output;
    input.rows = 0;
    input.places = 0;
    output.rows = 0;
    output.places = 0;
    const end = this.#metadata(bytes, this.#sides(bytes, from));
    if (end === 0) return 0;
    // Nothing was put before the input if the line before had no output either.
    if (output.rows === 0 && this.#outputPlaces > 0) {
      this.#outputPlaces = 0;
      return 0;
    }
    const rows = Math.max(input.rows, output.rows);
    if (rows === 0 || (input.rows !== rows && input.rows !== 0)) return 0;
    if (output.rows !== rows && output.rows !== 0) return 0;
    if (this.#isWithin) this.#table.add(rows, input.places + output.places);
    else this.#table.forget();
    return end;
  }

  /** Where the captured sides end. */
  #sides(bytes: CaptureBytes, from: number): number {
    const { bytes: line } = bytes;
    let at = after(bytes, from, literals.head);
    if (at === 0) return 0;
    const input = after(bytes, at, literals.input);
    if (input > 0) {
      at = after(bytes, contentType(bytes, input), literals.inputData);
      this.#input.place = this.#outputFirst && this.#takesOutput ? this.#outputPlaces : 0;
      at = this.#takesInput ? this.#rows(bytes, at, this.#input) : skipSide(bytes, at);
      if (at === 0 || line[at] !== comma) return at;
      at += 1;
    }
    const output = after(bytes, at, literals.output);
    if (output === 0) return 0;
    at = after(bytes, contentType(bytes, output), literals.outputData);
    if (!this.#takesOutput) return skipSide(bytes, at);
    this.#output.place = this.#outputFirst ? 0 : this.#input.places;
    at = this.#rows(bytes, at, this.#output);
    const { places } = this.#output;
    if (at === 0 || places === this.#outputPlaces) return at;
    this.#outputPlaces = places;
    return this.#outputFirst && this.#takesInput ? 0 : at;
  }

  /** The rows of a side's data, of which all must be as long; answers where the side ends. */
  #rows(bytes: CaptureBytes, from: number, of: Reading): number {
    if (from === 0) return 0;
    const table = this.#table;
    const { bytes: line } = bytes;
    table.row = table.rows;
    let at = from;
    of.places = 0;
    do {
      if (!table.hasRoom) return 0;
      const begin = at;
      at = table.read(bytes, at, of.place);
      const places = table.end - of.place;
      if (at === begin || (of.places !== 0 && of.places !== places)) return 0;
      of.places = places;
      table.row += 1;
      at = lineEnd(line, at);
      if (at === 0) return 0;
    } while (line[at] !== quote);
    of.rows = table.row - table.rows;
    return after(bytes, at, literals.csv);
  }

  /** What stands behind the sides; answers where the next line begins. */
  #metadata(bytes: CaptureBytes, from: number): number {
    const { bytes: line } = bytes;
    let at = textEnd(bytes, after(bytes, from, literals.metadata));
    const id = after(bytes, at, literals.inferenceId);
    if (id > 0) at = textEnd(bytes, id);
    const time = after(bytes, at, literals.time);
    at = textEnd(bytes, time);
    const end = after(bytes, at, literals.tail);
    if (end === 0) return 0;
    this.#isWithin =
      !this.#format.between || isWithin(line.toString('latin1', time, at), this.#format);
    if (line[end] === lineFeed) return end + 1;
    return line[end] === carriageReturn && line[end + 1] === lineFeed ? end + 2 : 0;
  }
}

/** Behind the literal, or 0 where it does not stand at `at`; 0 stays 0. */
function after({ view }: CaptureBytes, at: number, wanted: Literal): number {
  if (at === 0 && wanted !== literals.head) return 0;
  const { words, length } = wanted;
  const end = at + length;
  if (end > view.byteLength) return 0;
  const last = words.length - 1;
  for (let i = 0; i < last; i += 1) if (view.getInt32(at + 4 * i, true) !== words[i]) return 0;
  return view.getInt32(end - 4, true) === words[last] ? end : 0;
}

/** The high bit of some byte is set when a byte of `word` is less than `least`, and only then. */
function someLess(word: number, least: number): number {
  return (word - least * 0x01010101) & ~word;
}

/** Where the quote is that ends the text, which has no escapes; 0 where it has. */
function textEnd({ bytes: line, view }: CaptureBytes, from: number): number {
  if (from === 0) return 0;
  let at = from;
  // Four bytes at a time, while none of them is a control character, a quote or a backslash.
  for (const last = view.byteLength - 4; at <= last; at += 4) {
    const word = view.getInt32(at, true);
    const quoted = someLess(word ^ 0x22222222, 1) | someLess(word ^ 0x5c5c5c5c, 1);
    if (((someLess(word, space) | quoted) & 0x80808080) !== 0) break;
  }
  for (;;) {
    const byte = line[at] as number;
    if (byte === quote) return at;
    if (byte === backslash || !(byte >= space)) return 0;
    at += 1;
  }
}

/** Behind null, or a text. */
function contentType(bytes: CaptureBytes, from: number): number {
  if (bytes.bytes[from] !== quote) return after(bytes, from, literals.none);
  const end = textEnd(bytes, from + 1);
  return end === 0 ? 0 : end + 1;
}

/** Where rows go on, or the data ends: behind a line end that is written as an escape. */
function lineEnd(line: Buffer, at: number): number {
  if (line[at] === quote) return at;
  if (line[at] !== backslash) return 0;
  if (line[at + 1] === letterN) return at + 2;
  const isBoth = line[at + 1] === letterR && line[at + 2] === backslash && line[at + 3] === letterN;
  return isBoth ? at + 4 : 0;
}

/** Behind a side that is not wanted; its data may be of any encoding. */
function skipSide(bytes: CaptureBytes, from: number): number {
  if (from === 0) return 0;
  const { bytes: line } = bytes;
  let at = from;
  for (let byte = line[at] as number; byte !== quote; byte = line[at] as number) {
    if (!(byte >= space)) return 0;
    if (byte !== backslash) at += 1;
    else if (simpleEscapes.has(line[at + 1] as number)) at += 2;
    else return 0;
  }
  const end = textEnd(bytes, after(bytes, at, literals.encoding));
  return end > 0 && line[end + 1] === closingBrace ? end + 2 : 0;
}

const simpleEscapes = new Set(Buffer.from('"\\/bfnrt'));
