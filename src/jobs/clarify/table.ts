/**
 * Reads the files of one table into columns: CSV with or without a header, JSON and JSON Lines by
 * expressions or by the members of their objects, Parquet. What columns mean is said elsewhere.
 *
 * A CSV file's first row is its header when the configuration gives no headers and the row has
 * names alone (texts, all different), or when it repeats the headers that are given. Otherwise it
 * is data, as in the original, and without headers the columns are `column_0`, `column_1`, …
 */
import { createReadStream } from 'node:fs';
import { kindOf } from '../../engines/profile/inference.ts';
import { parseCsvText } from '../../engines/records/csv-text.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import {
  type Analytics,
  CellKind,
  type RowBatch,
  type TabularFormat,
  UnreadableData,
} from '../../ports/analytics.ts';
import type { JsonQuery } from '../../ports/json-query.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { InputFile } from '../processing/analysis.ts';
import { ColumnBuilder, finished, longestCell, type Table } from './columns.ts';
import type { DatasetType } from './config.ts';
import { type JsonPicks, pickTable } from './json-table.ts';

/** Of all columns together; eight bytes each. */
const mostCells = 200_000_000;
const headBytes = 1024 * 1024;

export interface TableParts {
  readonly analytics: Analytics;
  readonly query: JsonQuery;
}

export interface TableRequest {
  /** What it is in refusals: `dataset`. */
  readonly what: string;
  readonly files: readonly InputFile[];
  readonly type: DatasetType;
  readonly headers: readonly string[] | undefined;
  /** For JSON: expressions whose columns stand side by side in this order. */
  readonly picks?: JsonPicks | undefined;
}

/** Refused with the file's URI, and the line or the row and the column where they are known. */
export async function readTable(
  parts: TableParts,
  request: TableRequest,
  options: Abortable,
): Promise<Outcome<Table>> {
  if (request.files.length === 0) return refuse(`${request.what}: there are no files`);
  try {
    const table = request.picks
      ? await pickTable(parts.query, { ...request, picks: request.picks }, options)
      : await scanTable(parts.analytics, request, options);
    return table.ok ? table : refuse(`${request.what}: ${table.reason}`);
  } catch (cause) {
    if (!(cause instanceof UnreadableData)) throw cause;
    return refuse(`${request.what}: ${withUris(cause.message, request.files)}`);
  }
}

function withUris(message: string, files: readonly InputFile[]): string {
  return files.reduce((text, { path, uri }) => text.replaceAll(path, uri), message);
}

const formats: Readonly<Record<DatasetType, TabularFormat['kind']>> = {
  'text/csv': 'csv',
  'application/jsonlines': 'jsonLines',
  'application/json': 'json',
  'application/x-parquet': 'parquet',
};

async function scanTable(
  analytics: Analytics,
  { files, type, headers }: TableRequest,
  options: Abortable,
): Promise<Outcome<Table>> {
  const kind = formats[type];
  const header = kind === 'csv' && (await hasHeader(files[0]?.path ?? '', headers));
  const format: TabularFormat = kind === 'csv' ? { kind, header } : { kind };
  const builders = new Map<string, ColumnBuilder>();
  const source = { paths: files.map(({ path }) => path), format };
  for await (const batch of analytics.scan(source, options)) {
    const added = addBatch(builders, batch, kind === 'csv');
    if (!added.ok) return added;
  }
  const names = [...builders.keys()];
  if (headers && kind === 'csv' && headers.length !== names.length) {
    return refuse(`headers names ${headers.length} columns and the data has ${names.length}`);
  }
  const named = (name: string, at: number) =>
    (kind === 'csv' ? headers?.[at] : undefined) ??
    (kind === 'csv' && !header ? `column_${at}` : name);
  return finished(new Map([...builders].map(([name, column], at) => [named(name, at), column])));
}

function addBatch(
  builders: Map<string, ColumnBuilder>,
  batch: RowBatch,
  isCsv: boolean,
): Outcome<void> {
  for (const column of batch.columns) {
    const builder = builders.get(column.name) ?? new ColumnBuilder();
    builders.set(column.name, builder);
    const tooLong = builder.addBatch(column, isCsv);
    if (tooLong !== undefined) return refuse(longCell(tooLong, column.name));
    if (builder.rows * batch.columns.length > mostCells) {
      return refuse(`has more than ${mostCells} cells, which is all that fits in memory`);
    }
  }
  return ok(undefined);
}

function longCell(row: number, column: string): string {
  return `row ${row}, column ${column}: the cell is longer than ${longestCell} characters`;
}

async function hasHeader(path: string, headers: readonly string[] | undefined): Promise<boolean> {
  const parts: Buffer[] = [];
  try {
    for await (const part of createReadStream(path, { end: headBytes - 1 })) parts.push(part);
  } catch {
    // The scan says what is wrong with the file.
    return false;
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const [line = ''] = text.replace(/^[\r\n]+/, '').split(/\r\n|\n|\r/, 1);
  const parsed = parseCsvText(line);
  const cells = parsed.ok ? (parsed.value[0] ?? []).map((cell) => cell.trim()) : [];
  if (headers) {
    return (
      cells.length === headers.length && cells.every((cell, at) => cell === headers[at]?.trim())
    );
  }
  return cells.length > 0 && cells.every((cell) => kindOf(cell) === CellKind.text);
}
