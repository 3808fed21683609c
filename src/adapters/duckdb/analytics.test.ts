/** The analytics contract on DuckDB, and types that only its files have. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { analyticsContract, tableOf } from '../../ports/analytics.contract.ts';
import { duckdbAnalytics } from './analytics.ts';
import { literal } from './sql.ts';

const options = { temporaryFolder: tmpdir(), threads: 2, memoryLimit: '512MB' };

async function run(sql: string): Promise<void> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  await connection.run(sql);
  connection.closeSync();
  database.closeSync();
}

analyticsContract(async () => ({
  analytics: duckdbAnalytics(options),
  toParquet: (from, to) =>
    run(`COPY (FROM read_json(${literal(from)})) TO ${literal(to)} (FORMAT parquet)`),
}));

test('decimals, NaN and infinities of Parquet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-'));
  const path = join(folder, 'odd.parquet');
  await run(
    "COPY (SELECT 1.50::DECIMAL(9,2) d, 7::DECIMAL(9,0) w, 'NaN'::DOUBLE n, 'inf'::FLOAT i, " +
      `TIMESTAMP '2020-01-02 03:04:05' t, 9::HUGEINT h) TO ${literal(path)} (FORMAT parquet)`,
  );
  const table = await tableOf(duckdbAnalytics(options), [path], { kind: 'parquet' });
  expect(table.values).toEqual({
    d: [1.5],
    w: [7],
    n: [undefined],
    i: ['inf'],
    t: ['2020-01-02 03:04:05'],
    h: [9],
  });
  expect(table.kinds).toMatchObject({ d: [2], w: [1], n: [0], i: [4], h: [2] });
  await rm(folder, { recursive: true });
});

test.each([
  ['jsonLines', `{"a":1}\n{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`, 2],
  ['json', `[\n{"a":1},\n{"a":${'{"b":'.repeat(900)}1${'}'.repeat(900)}}]`, 3],
] as const)(
  '%s nested beyond reason is refused by its line, and ends nothing',
  async (kind, text, line) => {
    const path = join(tmpdir(), `deep.${kind}`);
    await writeFile(path, text);
    await expect(tableOf(duckdbAnalytics(options), [path], { kind })).rejects.toMatchObject({
      message: expect.stringMatching(`line ${line}: is nested deeper than 64`),
    });
    await rm(path);
  },
);

test('brackets within texts are no nesting', async () => {
  const path = join(tmpdir(), 'texts.jsonl');
  const text = `${'['.repeat(200)}\\"{`;
  await writeFile(path, `${JSON.stringify({ a: text })}\n`);
  const { values } = await tableOf(duckdbAnalytics(options), [path], { kind: 'jsonLines' });
  expect(values).toEqual({ a: [text] });
  await rm(path);
});

test('keys of JSON that differ by case alone are refused, not lost', async () => {
  const path = join(tmpdir(), 'case.jsonl');
  await writeFile(path, '{"a":1}\n{"A":2,"a_1":3}\n');
  await expect(tableOf(duckdbAnalytics(options), [path], { kind: 'jsonLines' })).rejects.toThrow(
    'the keys "a" and "A" differ by case alone',
  );
  await writeFile(path, '{"a":1,"a_1":3}\n');
  const { values } = await tableOf(duckdbAnalytics(options), [path], { kind: 'jsonLines' });
  expect(values).toEqual({ a: [1], a_1: [3] });
  await rm(path);
});

test('a line too long for the reader says so', async () => {
  const path = join(tmpdir(), 'long.csv');
  await writeFile(path, `a,b\n1,${'x'.repeat(3_000_000)}\n`);
  const read = tableOf(duckdbAnalytics(options), [path], { kind: 'csv', header: true });
  await expect(read).rejects.toThrow('line 2: is longer than the largest line');
  await rm(path);
});

test('a closed adapter reads no more', async () => {
  const analytics = duckdbAnalytics(options);
  await analytics.close();
  const path = join(tmpdir(), 'closed.csv');
  await writeFile(path, 'a\n1\n');
  await expect(tableOf(analytics, [path], { kind: 'csv', header: true })).rejects.toThrow('closed');
  await rm(path);
});
