/**
 * JSON (RFC 8259) that keeps where each value stands, and numbers as they were written, and takes
 * no key twice in one object: of two conditions under one key, one would silently not count.
 */
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { nestingLimit } from './limits.ts';

export type Json =
  | { readonly kind: 'text'; readonly text: string; readonly at: Span }
  /** A number or a boolean, as it was written. */
  | { readonly kind: 'literal'; readonly text: string; readonly at: Span }
  | { readonly kind: 'null'; readonly at: Span }
  | { readonly kind: 'list'; readonly items: readonly Json[]; readonly at: Span }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Json>; readonly at: Span };

/** Offsets of the first character and of the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export class NotJson extends Error {
  override readonly name = 'NotJson';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The one value of a text, nested no deeper than the limit. Refuses with `offset` of the fault. */
export function readJson(
  text: string,
): Outcome<Json> | { readonly ok: false; readonly reason: string; readonly offset: number } {
  const reader = new Reader(text);
  try {
    return ok(reader.document());
  } catch (cause) {
    if (!(cause instanceof NotJson)) throw cause;
    return { ok: false, reason: cause.message, offset: cause.offset };
  }
}

const nowhere: Span = { start: 0, end: 0 };
const blankRuns = /[ \t\r\n]+/g;

/**
 * The same as `readJson`, but nothing in it says where it stands: by the platform's parser, many
 * times as fast. Undefined for texts that it refuses, or of which it would lose something.
 */
export function readPlainJson(text: string): Json | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
  const json = plain(value, 1);
  if (!json) return undefined;
  // Written again, a key that was there twice is there once and a number may look another way.
  // What comes out the same, but for blanks, has lost neither.
  const again = JSON.stringify(value);
  const same = again === text || again.replace(blankRuns, '') === text.replace(blankRuns, '');
  return same ? json : undefined;
}

/** Undefined for what is nested too deep. */
function plain(value: unknown, depth: number): Json | undefined {
  if (typeof value === 'string') return { kind: 'text', text: value, at: nowhere };
  if (value === null) return { kind: 'null', at: nowhere };
  if (typeof value !== 'object') return { kind: 'literal', text: String(value), at: nowhere };
  if (depth > nestingLimit) return undefined;
  if (Array.isArray(value)) return plainList(value, depth);
  const members = new Map<string, Json>();
  for (const [key, each] of Object.entries(value)) {
    const json = plain(each, depth + 1);
    if (!json) return undefined;
    members.set(key, json);
  }
  return { kind: 'object', members, at: nowhere };
}

function plainList(values: readonly unknown[], depth: number): Json | undefined {
  const items: Json[] = [];
  for (const value of values) {
    const json = plain(value, depth + 1);
    if (!json) return undefined;
    items.push(json);
  }
  return { kind: 'list', items, at: nowhere };
}

const blanks = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const word = /true|false|null/y;
const string = /"(?:[^"\\]|\\.)*"/sy;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    this.#skipBlank();
    const value = this.#value(1);
    this.#skipBlank();
    if (this.#at < this.#text.length) this.#fail('there is more after the end');
    return value;
  }

  #value(depth: number): Json {
    if (depth > nestingLimit) this.#fail(`it is nested deeper than ${nestingLimit}`);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    const start = this.#at;
    if (first === '"') {
      const text = this.#string();
      return { kind: 'text', text, at: { start, end: this.#at } };
    }
    const found = this.#take(number) ?? this.#take(word);
    if (!found) this.#fail('a value is expected');
    const at = { start, end: this.#at };
    return found === 'null' ? { kind: 'null', at } : { kind: 'literal', text: found, at };
  }

  #object(depth: number): Json {
    const start = this.#at;
    const members = new Map<string, Json>();
    this.#items('}', () => {
      const from = this.#at;
      if (this.#text[from] !== '"') this.#fail('a key in double quotes is expected');
      const key = this.#string();
      if (members.has(key)) {
        throw new NotJson(`the key ${JSON.stringify(key)} is there twice`, from);
      }
      this.#skipBlank();
      this.#expect(':');
      this.#skipBlank();
      members.set(key, this.#value(depth + 1));
    });
    return { kind: 'object', members, at: { start, end: this.#at } };
  }

  #list(depth: number): Json {
    const start = this.#at;
    const items: Json[] = [];
    this.#items(']', () => {
      items.push(this.#value(depth + 1));
    });
    return { kind: 'list', items, at: { start, end: this.#at } };
  }

  /** From the opening bracket to past the closing one; `read` takes one item. */
  #items(close: string, read: () => void): void {
    this.#at += 1;
    this.#skipBlank();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      read();
      this.#skipBlank();
      if (this.#text[this.#at] === close) break;
      this.#expect(',');
      this.#skipBlank();
    }
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at;
    const found = this.#take(string);
    try {
      // Escapes, and the characters that must be escaped, are judged by the platform.
      if (found !== undefined) return JSON.parse(found) as string;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
    throw new NotJson('the text in quotes is not valid', start);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #expect(char: string): void {
    if (this.#text[this.#at] !== char) this.#fail(`${JSON.stringify(char)} is expected`);
    this.#at += 1;
  }

  #skipBlank(): void {
    this.#take(blanks);
  }

  #fail(message: string): never {
    throw new NotJson(message, this.#at);
  }
}
