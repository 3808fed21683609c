/** How each format of file is read: the table function, and the columns found in the file. */

import { open } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { type TabularFormat, UnreadableData } from '../../ports/analytics.ts';
import { headOf } from './csv-head.ts';
import { asTexts, leavesOf } from './leaves.ts';
import { type Leaf, literal } from './sql.ts';

export const columnLimit = 4_096;

export interface FilePlan {
  readonly path: string;
  /** The table function, to stand after FROM. */
  readonly from: string;
  readonly leaves: readonly Leaf[];
}

export async function planFile(
  connection: DuckDBConnection,
  path: string,
  format: TabularFormat,
): Promise<FilePlan> {
  const plan = await byFormat(connection, path, format);
  if (plan.leaves.length === 0) throw new UnreadableData(path, 'has no columns');
  if (plan.leaves.length > columnLimit) {
    throw new UnreadableData(path, `has ${plan.leaves.length} columns, more than ${columnLimit}`);
  }
  return plan;
}

function byFormat(
  connection: DuckDBConnection,
  path: string,
  format: TabularFormat,
): Promise<FilePlan> {
  switch (format.kind) {
    case 'csv':
      return planCsv(path, format.header);
    case 'parquet':
      return planParquet(connection, path);
    default:
      return planJson(connection, path, format.kind);
  }
}

async function planCsv(path: string, header: boolean): Promise<FilePlan> {
  const { names, blankLines } = await headOf(path, header);
  // Names of our own: DuckDB's are the same whatever their case, a file's need not be.
  const columns = names.map((_, i) => `'x${i}': 'VARCHAR'`).join(', ');
  const from =
    `read_csv(${literal(path)}, auto_detect = false, delim = ',', quote = '"', escape = '"', ` +
    `header = ${header}, skip = ${blankLines}, strict_mode = true, compression = 'none', ` +
    `columns = {${columns}})`;
  return {
    path,
    from,
    leaves: names.map((name, i) => ({ name, expression: `x${i}`, sort: 'text' })),
  };
}

const largestObjectBytes = 64 * 1024 * 1024;

/** Looks at the whole file first: a key may appear on its last line only. */
async function planJson(
  connection: DuckDBConnection,
  path: string,
  kind: 'json' | 'jsonLines',
): Promise<FilePlan> {
  const shape = kind === 'jsonLines' ? 'newline_delimited' : await shapeOf(path);
  const reader =
    `read_json(${literal(path)}, format = ${literal(shape)}, compression = 'uncompressed', ` +
    `maximum_object_size = ${largestObjectBytes}`;
  const found = await columnsOf(
    connection,
    `${reader}, records = 'true', sample_size = -1, map_inference_threshold = -1, ` +
      'field_appearance_threshold = 0)',
  );
  mustDiffer(
    path,
    found.map(([column]) => column),
  );
  const columns = found.map(([column, type]) => `${literal(column)}: ${literal(asTexts(type))}`);
  return planTyped(connection, path, `${reader}, columns = {${columns.join(', ')}})`);
}

/** DuckDB renames the second of two names that differ by case, and then finds no values for it. */
function mustDiffer(path: string, names: readonly string[]): void {
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  for (const renamed of names) {
    const original = renamed.replace(/_\d+$/, '');
    const other = byLower.get(original.toLowerCase());
    if (original === renamed || other === undefined || other === original) continue;
    const pair = `${JSON.stringify(other)} and ${JSON.stringify(original)}`;
    throw new UnreadableData(path, `the keys ${pair} differ by case alone, which is not supported`);
  }
}

async function planParquet(connection: DuckDBConnection, path: string): Promise<FilePlan> {
  const plan = await planTyped(connection, path, `read_parquet(${literal(path)})`);
  const leaves = plan.leaves.map((leaf) =>
    leaf.sort === 'text' ? { ...leaf, sort: 'string' as const } : leaf,
  );
  return { ...plan, leaves };
}

async function planTyped(
  connection: DuckDBConnection,
  path: string,
  from: string,
): Promise<FilePlan> {
  const measure = async (expression: string) => {
    const reader = await connection.runAndReadAll(`SELECT max(${expression}) FROM ${from}`);
    return Number(reader.getRows()[0]?.[0] ?? 0);
  };
  const leaves = await leavesOf(await columnsOf(connection, from), measure);
  return { path, from, leaves };
}

async function columnsOf(
  connection: DuckDBConnection,
  from: string,
): Promise<readonly (readonly [string, DuckDBType])[]> {
  const result = await connection.run(`SELECT * FROM ${from} LIMIT 0`);
  return result.columnNames().map((column, i) => [column, result.columnType(i)] as const);
}

/** One array of objects, or one object over any number of lines. */
async function shapeOf(path: string): Promise<'array' | 'unstructured'> {
  const lookBytes = 64 * 1024;
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(lookBytes);
    const { bytesRead } = await file.read(buffer, 0, lookBytes, 0);
    const text = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trimStart();
    if (text.startsWith('[')) return 'array';
    if (text.startsWith('{')) return 'unstructured';
    throw new UnreadableData(path, 'must begin with [ or {', 1);
  } finally {
    await file.close();
  }
}
