/**
 * JSON that keeps numbers as they were written: `3.0` is a fraction and `3` is not, which
 * `JSON.parse` forgets. Otherwise RFC 8259; a repeated key keeps its last value.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** Null is undefined. */
export type JsonText =
  | string
  | undefined
  | Literal
  | readonly JsonText[]
  | ReadonlyMap<string, JsonText>;

/** A number or a boolean, as it was written. */
export class Literal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export const depthLimit = 64;

class NotJson extends Error {}

/** One document, or several one after another: `values` has all, in order. */
export function parseJsonTexts(text: string): Outcome<readonly JsonText[]> {
  const reader = new Reader(text);
  const values: JsonText[] = [];
  try {
    for (reader.skipBlank(); reader.at < text.length; reader.skipBlank()) {
      values.push(reader.value(0));
    }
  } catch (error) {
    if (error instanceof NotJson) return refuse(error.message);
    throw error;
  }
  return ok(values);
}

const literalPattern = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)/y;
const blanks = /[ \t\r\n]*/y;

class Reader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skipBlank(): void {
    blanks.lastIndex = this.at;
    blanks.test(this.#text);
    this.at = blanks.lastIndex;
  }

  value(depth: number): JsonText {
    if (depth > depthLimit) this.#fail(`nested deeper than ${depthLimit}`);
    const first = this.#text[this.at];
    if (first === '"') return this.#string();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    literalPattern.lastIndex = this.at;
    const [found] = literalPattern.exec(this.#text) ?? [];
    if (!found) this.#fail(`unexpected ${this.#shown()}`);
    this.at += found.length;
    return found === 'null' ? undefined : new Literal(found);
  }

  #object(depth: number): JsonText {
    const members = new Map<string, JsonText>();
    for (const _ of this.#items('}')) {
      if (this.#text[this.at] !== '"')
        this.#fail(`a key is expected and there is ${this.#shown()}`);
      const key = this.#string();
      this.skipBlank();
      if (this.#text[this.at] !== ':') this.#fail(`a colon is expected, not ${this.#shown()}`);
      this.at += 1;
      this.skipBlank();
      members.set(key, this.value(depth + 1));
    }
    return members;
  }

  #array(depth: number): JsonText {
    const items: JsonText[] = [];
    for (const _ of this.#items(']')) items.push(this.value(depth + 1));
    return items;
  }

  /** Yields before each item, standing on it; ends after the closing bracket. */
  *#items(close: '}' | ']'): Iterable<void> {
    this.at += 1;
    this.skipBlank();
    if (this.#text[this.at] === close) {
      this.at += 1;
      return;
    }
    for (;;) {
      yield;
      this.skipBlank();
      const next = this.#text[this.at];
      if (next !== ',' && next !== close)
        this.#fail(`, or ${close} is expected, not ${this.#shown()}`);
      this.at += 1;
      if (next === close) return;
      this.skipBlank();
    }
  }

  #string(): string {
    const start = this.at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#escaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) this.#fail('a string is not closed');
    this.at = end + 1;
    try {
      return String(JSON.parse(this.#text.slice(start, end + 1)));
    } catch {
      this.at = start;
      return this.#fail('a string with a bad escape or a control character');
    }
  }

  #escaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text[at - 1 - backslashes] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  }

  #shown(): string {
    return JSON.stringify(this.#text.slice(this.at, this.at + 20)) || 'the end';
  }

  #fail(why: string): never {
    throw new NotJson(`character ${this.at + 1}: ${why}`);
  }
}
