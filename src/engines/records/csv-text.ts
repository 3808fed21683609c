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

// Cells are found by searching, not by one pattern for a cell: a long one would overflow its stack.
const bareEnd = /[",\r\n]|$/g;
const cellEnd = /,|\r\n|\n|\r|$/y;

interface Cell {
  readonly text: string;
  /** Where what ends the cell begins; undefined when its quote is not closed. */
  readonly end: number | undefined;
  readonly isQuoted: boolean;
}

function parseQuoted(text: string): Outcome<readonly (readonly string[])[]> {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length || record.length > 0) {
    const cell = cellAt(text, at);
    cellEnd.lastIndex = cell.end ?? text.length;
    const [end] = (cell.end === undefined ? undefined : cellEnd.exec(text)) ?? [];
    if (end === undefined) return refuse(misquoted(text, at));
    record.push(cell.text);
    at = cellEnd.lastIndex;
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== '' || cell.isQuoted) records.push(record);
    record = [];
  }
  return ok(records);
}

function cellAt(text: string, at: number): Cell {
  if (text[at] !== '"') {
    bareEnd.lastIndex = at;
    const end = bareEnd.exec(text)?.index ?? text.length;
    return { text: text.slice(at, end), end, isQuoted: false };
  }
  let close = text.indexOf('"', at + 1);
  while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close === -1) return { text: '', end: undefined, isQuoted: true };
  const quoted = text.slice(at + 1, close).replaceAll('""', '"');
  return { text: quoted, end: close + 1, isQuoted: true };
}

function misquoted(text: string, at: number): string {
  const line = text.slice(0, at).split(/\r\n|\n|\r/).length;
  const near = JSON.stringify(text.slice(at, at + 40));
  return `row ${line}: a quote is not closed, or stands inside a value, near ${near}`;
}
