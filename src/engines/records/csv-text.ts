/** RFC 4180: records of cells; quotes may hold commas, line ends and doubled quotes. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

/** Blank lines are no records; line ends may be of any sort. */
export function parseCsvText(text: string): Outcome<readonly (readonly string[])[]> {
  if (!text.includes('"')) {
    // Most bodies are one line, with or without its end.
    const line = text.endsWith('\n') && !text.endsWith('\r\n') ? text.slice(0, -1) : text;
    if (line !== '' && !/[\r\n]/.test(line)) return ok([line.split(',')]);
    const lines = text.split(/\r\n|\n|\r/).filter((line) => line !== '');
    return ok(lines.map((line) => line.split(',')));
  }
  return parseQuoted(text);
}

// A cell, quoted or not, and what ends it. Sticky: a place it does not match is an error.
const cellPattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

function parseQuoted(text: string): Outcome<readonly (readonly string[])[]> {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length || record.length > 0) {
    cellPattern.lastIndex = at;
    const match = cellPattern.exec(text);
    if (!match) return refuse(misquoted(text, at));
    const [whole, quoted, bare = '', end] = match;
    record.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    at += whole.length;
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== '' || quoted !== undefined) records.push(record);
    record = [];
  }
  return ok(records);
}

function misquoted(text: string, at: number): string {
  const line = text.slice(0, at).split(/\r\n|\n|\r/).length;
  const near = JSON.stringify(text.slice(at, at + 40));
  return `row ${line}: a quote is not closed, or stands inside a value, near ${near}`;
}
