/**
 * JSON read into plain values and written back with every number as it was spelled: `3.0` stays
 * `3.0` and nineteen digits stay nineteen digits. Not a parser: `JSON.parse` is.
 */
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

/** A number of a document. Opaque: it has no members, and is no record. */
export class WrittenNumber {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

const numberPattern = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
/** Deeper documents are refused: each level takes room on the stack. */
const depthLimit = 512;

/** Numbers come as `WrittenNumber`; the rest as `JSON.parse` has it. */
export function readExact(text: string): Outcome<unknown> {
  try {
    JSON.parse(text);
  } catch (cause) {
    return refuse(`is not JSON: ${reasonOf(cause)}`);
  }
  const found = lettered(text);
  if (found === undefined) return refuse(`is nested deeper than ${depthLimit}`);
  return ok(JSON.parse(found, (_, value: unknown) => unlettered(value)));
}

/**
 * Every text, member names too, gets a letter in front, and a number becomes such a text. Undefined
 * when the document, which is JSON, is nested too deep.
 */
function lettered(text: string): string | undefined {
  const parts: string[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const between = text.slice(at, quote === -1 ? text.length : quote);
    depth += deepening(between, depth);
    if (Number.isNaN(depth)) return undefined;
    parts.push(between.replace(numberPattern, '"n$&"'));
    if (quote === -1) break;
    // A pattern for a text would overflow its stack where the text is long.
    const close = closingQuote(text, quote);
    parts.push('"s', text.slice(quote + 1, close + 1));
    at = close + 1;
  }
  return parts.join('');
}

/** By how much the depth changes; not a number when it is too deep on the way. */
function deepening(between: string, depth: number): number {
  let change = 0;
  for (const bracket of between) {
    if (bracket === '[' || bracket === '{') change += 1;
    else if (bracket === ']' || bracket === '}') change -= 1;
    if (depth + change > depthLimit) return Number.NaN;
  }
  return change;
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

function unlettered(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.startsWith('n') ? new WrittenNumber(value.slice(1)) : value.slice(1);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (value instanceof WrittenNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name.slice(1), of]));
}

/** On one line. */
export function writeExact(value: unknown): string {
  if (value instanceof WrittenNumber) return String(value);
  if (Array.isArray(value)) return `[${value.map(writeExact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value);
  return `{${members.map(([name, of]) => `${JSON.stringify(name)}:${writeExact(of)}`).join(',')}}`;
}
