/** Texts are the same however many there are, however long, and in whatever order they come. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ColumnBatch } from '../../ports/analytics.ts';
import { duckdbAnalytics } from './analytics.ts';
import { chunksOfBatch } from './chunks.ts';
import { literal } from './sql.ts';

const analytics = duckdbAnalytics({ temporaryFolder: tmpdir(), threads: 2, memoryLimit: '512MB' });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'texts-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

/** The batches of the only column of a Parquet file made of `expression` over `i`. */
async function columnOf(expression: string, rows: number): Promise<readonly ColumnBatch[]> {
  const path = join(folder, `${rows}.parquet`);
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await database.connect();
  const query = `SELECT ${expression} AS c FROM range(${rows}) t(i)`;
  await connection.run(`COPY (${query}) TO ${literal(path)} (FORMAT parquet)`);
  connection.closeSync();
  database.closeSync();
  const found: ColumnBatch[] = [];
  for await (const { columns } of analytics.scan({ paths: [path], format: { kind: 'parquet' } })) {
    found.push(...columns);
  }
  return found;
}

const allOf = (batches: readonly ColumnBatch[]) => batches.flatMap(({ texts }) => [...texts]);
const rows = 40_000;
const expectedOf = (text: (i: number) => string | undefined) =>
  Array.from({ length: rows }, (_, i) => text(i));

test('a few texts, more than are remembered, and a missing one', async () => {
  const few = await columnOf("CASE WHEN i % 7 = 0 THEN NULL ELSE 'v' || (i % 5) END", rows);
  expect(allOf(few)).toEqual(expectedOf((i) => (i % 7 === 0 ? undefined : `v${i % 5}`)));
  const many = await columnOf("'v' || (i * 7919 % 9001)", rows);
  expect(allOf(many)).toEqual(expectedOf((i) => `v${(i * 7_919) % 9_001}`));
});

test('texts of twelve bytes and of thirteen, of other alphabets, alike at the start', async () => {
  const spelled = (i: number) => `${'é'.repeat(i % 8)}${'x'.repeat(i % 3)}abcd${i % 2}`;
  const sql = "repeat('é', (i % 8)::INT) || repeat('x', (i % 3)::INT) || 'abcd' || (i % 2)";
  expect(allOf(await columnOf(sql, rows))).toEqual(expectedOf(spelled));
});

test('codes are those of the texts, in order of first appearance', async () => {
  const batches = await columnOf("'v' || (i // 3 % 300)", rows);
  for (const { coded, texts, kinds } of batches) {
    expect(coded?.values).toEqual([...new Set(texts)]);
    const decoded = Array.from(coded?.codes ?? [], (code) => coded?.values[code - 1]);
    expect(decoded).toEqual(texts);
    expect(new Set(kinds)).toEqual(new Set([4]));
  }
  expect(batches).toHaveLength(3);
});

test('booleans are texts, whichever comes first', async () => {
  const spelled = (i: number) => (i % 5 === 0 ? undefined : i % 3 === 1 ? 'true' : 'false');
  const sql = 'CASE WHEN i % 5 = 0 THEN NULL ELSE i % 3 = 1 END';
  const batches = await columnOf(sql, rows);
  expect(allOf(batches)).toEqual(expectedOf(spelled));
  expect(batches[0]?.coded?.values).toEqual(['true', 'false']);
  expect((await columnOf('i % 3 = 1', 4))[0]?.coded?.values).toEqual(['false', 'true']);
});

test('batches of wide files have fewer rows', () => {
  expect([1, 50, 64, 65, 512, 4_096].map(chunksOfBatch)).toEqual([8, 8, 8, 7, 1, 1]);
});
