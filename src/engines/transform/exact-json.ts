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

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** Numbers come as `WrittenNumber`; the rest as `JSON.parse` has it. */
export function readExact(text: string): Outcome<unknown> {
  try {
    JSON.parse(text);
    // Every text, member names too, gets a letter in front, and a number becomes such a text.
    const lettered = text.replace(stringOrNumber, (found) =>
      found.startsWith('"') ? `"s${found.slice(1)}` : `"n${found}"`,
    );
    return ok(JSON.parse(lettered, (_, value: unknown) => unlettered(value)));
  } catch (cause) {
    return refuse(`is not JSON: ${reasonOf(cause)}`);
  }
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
