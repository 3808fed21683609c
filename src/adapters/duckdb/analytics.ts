/**
 * `Analytics` by DuckDB in this process. Each scan has a database of its own, in memory, that may
 * open the scan's files and nothing else; kinds of cells are told apart in SQL
 * or by the types of the file.
 */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBResult,
} from '@duckdb/node-api';
import {
  type Analytics,
  type RowBatch,
  type TabularFormat,
  type TabularSource,
  UnreadableData,
} from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { badJsonLine } from './bad-line.ts';
import { batchReader, chunksOfBatch, emptyBatch } from './chunks.ts';
import { unreadable } from './errors.ts';
import { checkNesting } from './json-depth.ts';
import { type FilePlan, planFile } from './plan.ts';
import { literal, selectCells } from './sql.ts';

export interface DuckdbOptions {
  /** Where DuckDB may spill; it is made when needed. */
  readonly temporaryFolder: string;
  readonly threads: number;
  /** As DuckDB spells it: `512MB`. */
  readonly memoryLimit: string;
}

export function duckdbAnalytics(options: DuckdbOptions): Analytics {
  let closed = false;
  return {
    async *scan(source, { signal } = {}) {
      if (closed) throw new Error('the analytics adapter is closed');
      const paths = await checked(source.paths);
      const database = await openFor(paths, options);
      const connection = await database.connect();
      const interrupt = () => connection.interrupt();
      signal?.addEventListener('abort', interrupt, { once: true });
      try {
        yield* scanFiles(connection, { ...source, paths }, signal ? { signal } : {});
      } finally {
        signal?.removeEventListener('abort', interrupt);
        connection.closeSync();
        database.closeSync();
      }
    },
    async close() {
      closed = true;
    },
  };
}

async function checked(paths: readonly string[]): Promise<readonly string[]> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) throw new UnreadableData(path, 'there is no such file');
    if (found.size === 0) throw new UnreadableData(path, 'is empty');
  }
  return paths.map((path) => resolve(path));
}

async function openFor(
  paths: readonly string[],
  { temporaryFolder, threads, memoryLimit }: DuckdbOptions,
): Promise<DuckDBInstance> {
  const database = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: memoryLimit,
    temp_directory: temporaryFolder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await database.connect();
  try {
    await connection.run(`SET allowed_paths = [${paths.map(literal).join(', ')}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
  } finally {
    connection.closeSync();
  }
  return database;
}

async function* scanFiles(
  connection: DuckDBConnection,
  { paths, format, share = { index: 0, of: 1 } }: TabularSource,
  abort: Abortable,
): AsyncIterable<RowBatch> {
  const plans: FilePlan[] = [];
  for (const path of paths) {
    if (format.kind === 'json' || format.kind === 'jsonLines') await checkNesting(path, abort);
    plans.push(await about({ path, format, ...abort }, () => planFile(connection, path, format)));
  }
  if (format.kind === 'csv') mustAgree(plans);
  const all = [...new Set(plans.flatMap(({ leaves }) => leaves.map((leaf) => leaf.name)))];
  const names = all.filter((_, i) => i % share.of === share.index);
  if (names.length === 0) return;
  let any = false;
  for (const plan of plans) {
    const leaves = withAll(plan, names);
    const sql = selectCells(leaves, plan.from);
    const reading = { path: plan.path, format, ...abort };
    const result = await about(reading, () => connection.stream(sql));
    const toBatch = batchReader(leaves);
    const most = chunksOfBatch(leaves.length);
    for (;;) {
      const chunks = await about(reading, () => nextChunks(result, most));
      if (chunks.length === 0) break;
      any = true;
      yield toBatch(chunks);
    }
  }
  if (!any) yield emptyBatch(names);
}

/** `most` chunks; fewer at the end, and then none. */
async function nextChunks(result: DuckDBResult, most: number): Promise<readonly DuckDBDataChunk[]> {
  const chunks: DuckDBDataChunk[] = [];
  while (chunks.length < most) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    chunks.push(chunk);
  }
  return chunks;
}

interface Reading extends Abortable {
  readonly path: string;
  readonly format: TabularFormat;
}

/** Errors of `work` as being about the file, or as the abort that caused them. */
async function about<T>({ path, format, signal }: Reading, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    const error = unreadable(cause, path);
    if (format.kind !== 'jsonLines' || !(error instanceof UnreadableData)) throw error;
    throw (await badJsonLine(path, signal ? { signal } : {})) ?? error;
  }
}

function mustAgree(plans: readonly FilePlan[]): void {
  const [first, ...rest] = plans;
  if (!first) return;
  const wanted = new Set(first.leaves.map((leaf) => leaf.name));
  for (const { path, leaves } of rest) {
    const names = new Set(leaves.map((leaf) => leaf.name));
    const missing = [...wanted].filter((name) => !names.has(name));
    const extra = [...names].filter((name) => !wanted.has(name));
    if (missing.length + extra.length === 0) continue;
    const difference = [
      ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
      ...(extra.length > 0 ? [`with ${extra.join(', ')}`] : []),
    ].join(' and ');
    const text = `its columns differ from those of ${first.path}: ${difference}`;
    throw new UnreadableData(path, text, 1);
  }
}

/** Every column of the scan; those the file does not have are missing throughout. */
function withAll({ leaves }: FilePlan, names: readonly string[]): FilePlan['leaves'] {
  const found = new Map(leaves.map((leaf) => [leaf.name, leaf]));
  return names.map(
    (name) => found.get(name) ?? { name, expression: 'NULL::VARCHAR', sort: 'string' },
  );
}
