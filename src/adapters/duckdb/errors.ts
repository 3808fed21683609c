/** DuckDB's errors as `UnreadableData`: file, line, value, and what is wrong with it. */
import { UnreadableData } from '../../ports/analytics.ts';

const shownCharacters = 200;

/** Errors that are not about the file are answered as they are. */
export function unreadable(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || cause instanceof UnreadableData) return cause;
  const { message } = cause;
  const made = csvError(message, path) ?? jsonError(message, path) ?? otherError(message, path);
  if (!made) return cause;
  made.cause = cause;
  return made;
}

function csvError(message: string, path: string): UnreadableData | undefined {
  const [, line, rest = ''] = /CSV Error on Line: (\d+)\n([\s\S]*)/.exec(message) ?? [];
  if (line !== undefined) {
    const [, original = ''] =
      /^Original Line: ([\s\S]*?)\n(?=Expected|Invalid|Value|\n|$)/.exec(rest) ?? [];
    const [, expected, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(rest) ?? [];
    const why = expected
      ? `${found} columns where ${expected} are expected`
      : /unicode/i.test(rest)
        ? 'is not UTF-8'
        : /unterminated quote/i.test(rest)
          ? 'a quote is not closed, or text follows a closing quote'
          : /maximum line size/i.test(rest)
            ? 'is longer than the largest line of 2,000,000 bytes'
            : firstLine(rest.slice(original.length).split('\n')[1] ?? 'cannot be read');
    return new UnreadableData(path, `${why}: ${shown(original)}`, Number(line));
  }
  if (!/CSV Parser state machine/.test(message)) return undefined;
  const why = 'is not RFC 4180: line ends of two sorts, or a quote in the middle of a value';
  return new UnreadableData(path, why);
}

const malformed =
  /Malformed JSON .*at byte (\d+) in (?:line|record\/value) (\d+): (.*?)\.?\s*(?:\n|$)/;

function jsonError(message: string, path: string): UnreadableData | undefined {
  // The number in it is that of the record after: `bad-line.ts` finds the line.
  const [, byte, line, why] = malformed.exec(message) ?? [];
  if (line) return new UnreadableData(path, `byte ${byte}: not JSON: ${why}`);
  if (/expected records|non-record JSON/.test(message)) {
    return new UnreadableData(path, 'every value must be an object');
  }
  return /JSON/.test(message) ? new UnreadableData(path, firstLine(message)) : undefined;
}

function otherError(message: string, path: string): UnreadableData | undefined {
  if (/No magic bytes|not a parquet|too small to be a Parquet/i.test(message)) {
    return new UnreadableData(path, 'is not a Parquet file');
  }
  if (/^(Invalid Input|Binder|IO|Conversion|Serialization|InvalidInput)/.test(message)) {
    return new UnreadableData(path, firstLine(message));
  }
  return undefined;
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).slice(0, 2 * shownCharacters);
}

/** The beginning of a value, quoted. */
export function shown(text: string): string {
  const short = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return JSON.stringify(short);
}
