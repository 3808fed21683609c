/**
 * The records of files as a preprocessor is given them: captured lines, lines of CSV, JSON
 * documents. Each knows where it stands, for the message when its handler fails.
 */
import { readFile, stat } from 'node:fs/promises';
import { type JsonText, Literal, parseJsonTexts } from '../../engines/records/json-text.ts';
import { type CaptureFormat, isWithin, recordOf } from '../../engines/records/rows.ts';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { RecordKind } from '../../ports/scripts.ts';
import { type Line, lineLimitBytes, linesOf } from '../data-quality/lines.ts';

export type RecordFormat =
  /** Captured or merged: one record a line. Those of shadow variants are left out. */
  | { readonly kind: 'capture'; readonly as: Pick<CaptureFormat, 'between'> }
  | { readonly kind: 'csv'; readonly header: boolean }
  | { readonly kind: 'jsonLines' }
  | { readonly kind: 'json' };

export interface ScriptRecord {
  readonly path: string;
  /** From 1: the first line, or the place among the documents of a JSON file. */
  readonly number: number;
  /** What the file says. */
  readonly text: string;
  /** As a script is sent it. */
  readonly sent: string;
}

export function kindOfRecords({ kind }: RecordFormat): RecordKind {
  return kind === 'jsonLines' ? 'json' : kind;
}

/** Throws `UnreadableData` for what is no record of the format. */
export async function* recordsOf(
  paths: readonly string[],
  format: RecordFormat,
  options: Abortable = {},
): AsyncIterable<ScriptRecord> {
  for (const path of paths) {
    if (format.kind === 'capture') yield* captured(path, format.as, options);
    else if (format.kind === 'csv') yield* csvLines(path, format.header, options);
    else if (format.kind === 'jsonLines') yield* jsonLines(path, options);
    else yield* documents(path);
  }
}

async function* captured(
  path: string,
  as: Pick<CaptureFormat, 'between'>,
  options: Abortable,
): AsyncIterable<ScriptRecord> {
  for await (const { number, text } of linesOf(path, options)) {
    const record = recordOf(text);
    if (!record.ok) throw new UnreadableData(path, record.reason, number);
    const { eventMetadata } = record.value;
    if (eventMetadata?.['invocationSource'] === 'ShadowExperiment') continue;
    if (!isWithin(eventMetadata?.['inferenceTime'], as)) continue;
    yield { path, number, text, sent: text };
  }
}

async function* jsonLines(path: string, options: Abortable): AsyncIterable<ScriptRecord> {
  for await (const { number, text } of linesOf(path, options)) {
    if (!isJson(text)) throw new UnreadableData(path, `not JSON: ${text.slice(0, 120)}`, number);
    yield { path, number, text, sent: text };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A quoted value may hold line ends: such lines are one record. */
async function* csvLines(
  path: string,
  header: boolean,
  options: Abortable,
): AsyncIterable<ScriptRecord> {
  let open: Line | undefined;
  let last = 0;
  let skip = header;
  for await (const { number, text } of linesOf(path, options)) {
    const line = text.replace(/\r$/, '');
    // Blank lines inside a value are counted, though they are not given.
    const joined: string = open ? open.text + '\n'.repeat(number - last) + line : line;
    const start: number = open?.number ?? number;
    last = number;
    open = isClosed(joined) ? undefined : { number: start, text: joined };
    if (joined.length > lineLimitBytes) throw new UnreadableData(path, 'is too long', start);
    if (open) continue;
    if (!skip) yield { path, number: start, text: joined, sent: JSON.stringify(joined) };
    skip = false;
  }
  if (open) throw new UnreadableData(path, 'a quote is not closed', open.number);
}

function isClosed(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 0;
}

/** One document, or the items of the array that is the document. Held in memory whole. */
async function* documents(path: string): AsyncIterable<ScriptRecord> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new UnreadableData(path, 'there is no such file');
  if (found.size > lineLimitBytes) {
    throw new UnreadableData(path, `is larger than ${lineLimitBytes} bytes: use JSON Lines`);
  }
  const values = parseJsonTexts(await readFile(path, 'utf8'));
  if (!values.ok) throw new UnreadableData(path, `not JSON: ${values.reason}`);
  const items = values.value.flatMap((value) => (Array.isArray(value) ? value : [value]));
  for (const [at, item] of items.entries()) {
    const text = textOf(item);
    yield { path, number: at + 1, text, sent: text };
  }
}

/** Numbers as they were written: 3.0 is not 3. */
function textOf(value: JsonText): string {
  if (value === undefined) return 'null';
  if (value instanceof Literal) return value.text;
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  const members = [...(value as ReadonlyMap<string, JsonText>)];
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${textOf(item)}`).join(',')}}`;
}
