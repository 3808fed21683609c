/**
 * What goes to the model and what becomes of its answer: records are filtered, joined with the
 * input they came from, filtered again and marked with an id. Text in, text out; no requests here.
 */
import { createHash } from 'node:crypto';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { readExact, WrittenNumber, writeExact } from './exact-json.ts';
import { type Path, pick } from './path.ts';

/** How records lie in text. `json`: the whole text is one; the others have one a line. */
export type RecordKind = 'csv' | 'json' | 'jsonLines';

const jsonLinesTypes: ReadonlySet<string> = new Set([
  'application/jsonlines',
  'application/x-jsonlines',
  'application/jsonl',
  'application/x-ndjson',
]);

/** Undefined for a media type whose records cannot be told apart. */
export function kindOf(mediaType: string | undefined): RecordKind | undefined {
  const type = (mediaType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/csv' || type === 'application/csv') return 'csv';
  if (jsonLinesTypes.has(type)) return 'jsonLines';
  return type === 'application/json' || type.endsWith('+json') ? 'json' : undefined;
}

export function sameForm(a: RecordKind, b: RecordKind): boolean {
  return (a === 'csv') === (b === 'csv');
}

/** The lines that hold something, without their ends. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '');
}

/** Cells as they are written, quotes and all: joined with commas again they are the same row. */
export function cellsOf(row: string): readonly string[] {
  if (!row.includes('"')) return row.split(',');
  const cells: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] === '"') isQuoted = !isQuoted;
    if (row[at] !== ',' || isQuoted) continue;
    cells.push(row.slice(start, at));
    start = at + 1;
  }
  return [...cells, row.slice(start)];
}

/** What a path picks of one record, as a record again. */
export function filtered(record: string, kind: RecordKind, path: Path): Outcome<string> {
  if (path.isAll) return ok(record);
  if (kind === 'csv') {
    const picked = pick(path, cellsOf(record));
    if (!picked.ok) return refuse(`${path.text}: ${picked.reason}`);
    return ok(Array.isArray(picked.value) ? picked.value.join(',') : String(picked.value));
  }
  const document = readExact(record);
  if (!document.ok) return document;
  const picked = pick(path, document.value);
  return picked.ok ? ok(writeExact(picked.value)) : refuse(`${path.text}: ${picked.reason}`);
}

/** Columns after columns; in JSON, the output as a member of the input. */
export function joined(input: string, output: string, kind: RecordKind): Outcome<string> {
  if (kind === 'csv') return ok(`${input},${output}`);
  const [before, after] = [readExact(input), readExact(output)];
  if (!before.ok) return refuse(`the record ${before.reason}`);
  if (!after.ok) return refuse(`the answer ${after.reason}`);
  const isObject = isRecord(before.value);
  const base = isObject ? before.value : { SageMakerInput: before.value };
  return ok(writeExact({ ...base, SageMakerOutput: after.value }));
}

export interface Mark {
  readonly id: string;
  /** ISO 8601, second precision, `Z`. */
  readonly time: string;
}

/** Two trailing columns, or two members. */
export function marked(record: string, kind: RecordKind, { id, time }: Mark): Outcome<string> {
  if (kind === 'csv') return ok(`${record},${id},${time}`);
  const document = readExact(record);
  if (!document.ok) return refuse(`the answer ${document.reason}`);
  const base = isRecord(document.value) ? document.value : { SageMakerOutput: document.value };
  const mark = { SageMakerInferenceId: id, SageMakerInferenceTime: time };
  return ok(writeExact({ ...base, ...mark }));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (value instanceof WrittenNumber || Array.isArray(value)) return false;
  return typeof value === 'object' && value !== null;
}

/**
 * Ids of things that are numbered, from what they have in common: version-8 UUIDs (RFC 9562) that
 * end in the number, below 2^32. Run again, a job gives the same ids.
 */
export function idsOf(...names: readonly (string | number)[]): (index: number) => string {
  const hex = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) % 4];
  const head = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 24),
  ].join('-');
  return (index) => `${head}${index.toString(16).padStart(8, '0')}`;
}
