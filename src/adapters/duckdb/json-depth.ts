/**
 * How deeply the JSON of a file is nested, found before DuckDB reads it: its parser recurses
 * without a limit and takes the process with it. Reads the file once, in pieces, and knows of JSON
 * only strings and brackets.
 */
import { createReadStream } from 'node:fs';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';

/** As captured bodies may be nested. */
export const deepestNesting = 64;

const pieceBytes = 1024 * 1024;
const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;
/** Brackets and braces differ in this bit. */
const braceBit = 0x20;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/** Throws `UnreadableData` with the line when brackets are nested deeper than `deepestNesting`. */
export async function checkNesting(path: string, { signal }: Abortable = {}): Promise<void> {
  const nesting = new Nesting();
  const options = { highWaterMark: pieceBytes, ...(signal ? { signal } : {}) };
  for await (const piece of createReadStream(path, options)) {
    const line = nesting.tooDeepIn(piece as Uint8Array);
    if (line === undefined) continue;
    throw new UnreadableData(path, `is nested deeper than ${deepestNesting}`, line);
  }
}

class Nesting {
  #depth = 0;
  #line = 1;
  #inText = false;
  #escaped = false;

  /** The line where it is too deep, if it is. */
  tooDeepIn(piece: Uint8Array): number | undefined {
    for (const byte of piece) {
      if (this.#inText && byte !== newline) {
        this.#textByte(byte);
        continue;
      }
      // A text cannot span lines: one that is not closed hides nothing of those after it.
      if (byte === newline) this.#nextLine();
      else if (byte === quote) this.#inText = true;
      else if ((byte | braceBit) === closingBrace) this.#depth -= 1;
      else if ((byte | braceBit) === openingBrace) this.#depth += 1;
      if (this.#depth > deepestNesting) return this.#line;
    }
    return undefined;
  }

  #textByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inText = false;
  }

  #nextLine(): void {
    this.#line += 1;
    this.#inText = false;
    this.#escaped = false;
  }
}
