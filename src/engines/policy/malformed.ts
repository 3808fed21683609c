/** How a document is found wrong: with the original's words, and with what and where it is. */
import type { Json } from './json-text.ts';

/** Thrown while a document is read, caught where reading it began. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  /** What exactly, where the original's words do not tell. */
  readonly detail: string | undefined;
  readonly offset: number;

  constructor(message: string, offset: number, detail?: string) {
    super(message);
    this.offset = offset;
    this.detail = detail;
  }
}

/** The original has the same words for everything that breaks the grammar. */
export function syntaxError(at: Json, detail: string): Malformed {
  return new Malformed('Syntax errors in policy.', at.at.start, detail);
}
