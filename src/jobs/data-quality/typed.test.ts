/** Files with types: their cells are what the same cells are as text. Profiles side by side. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { batchOf } from '../../engines/profile/batcher.ts';
import { emptyProfile, observe, profileToText } from '../../engines/profile/profile.ts';
import { refuse } from '../../kernel/outcome.ts';
import { compareFiles, profileFile } from './compare.ts';

const analytics = duckdbAnalytics({ temporaryFolder: tmpdir(), threads: 2, memoryLimit: '512MB' });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'typed-'));
});
afterAll(async () => {
  await analytics.close();
  await rm(folder, { recursive: true });
});

async function parquet(name: string, query: string): Promise<string> {
  const path = join(folder, name);
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await database.connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  database.closeSync();
  return path;
}

const pieces = ['', '-', '+', ' ', '.', 'e', '12', '007', '999', 'true', 'false', 'NaN', 'x', ':'];
const cell = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.constantFrom('1e999', '-1e400', 'inf', '5e-324', '0', '-0', 'a text beyond twelve bytes'),
);

test('texts of a Parquet file have the profile of the same texts in rows', async () => {
  const names = ['cell'];
  const check = async (texts: readonly string[]) => {
    const list = texts.map((text) => `'${text}'`).join(', ');
    const path = await parquet('cells.parquet', `SELECT unnest([${list}, NULL]) AS cell`);
    const rows = [...texts, undefined].map((text) => ({ names, cells: [text] }));
    const found = await profileFile({ analytics }, path);
    const expected = profileToText(observe(emptyProfile(), batchOf(rows)));
    expect(found.ok && profileToText(found.value)).toBe(expected);
  };
  const columns = fc.array(cell, { minLength: 300, maxLength: 300 });
  await fc.assert(fc.asyncProperty(columns, check), { numRuns: 12 });
});

test('numbers of a Parquet file have the profile of the same numbers in CSV', async () => {
  const query =
    'SELECT CASE WHEN i % 9 = 0 THEN NULL ELSE (i * 7919 % 1009 - 500)::BIGINT END AS whole, ' +
    "CASE WHEN i % 11 = 0 THEN 'NaN'::DOUBLE WHEN i % 13 = 0 THEN '-inf'::DOUBLE " +
    'ELSE sin(i) * 1e300 / (i + 1) END AS broken, (i % 2 = 0) AS flag FROM range(20000) t(i)';
  const typed = await parquet('typed.parquet', query);
  const spelled =
    'SELECT whole::VARCHAR AS whole, ' +
    'CASE WHEN isnan(broken) THEN NULL ELSE broken::VARCHAR END AS broken, ' +
    `flag::VARCHAR AS flag FROM '${typed}'`;
  const texts = await parquet('texts.parquet', spelled);
  const [a, b] = [await profileFile({ analytics }, typed), await profileFile({ analytics }, texts)];
  if (!a.ok || !b.ok) throw new Error('not read');
  expect(profileToText(a.value)).toContain('"-inf"');
  for (const name of ['whole', 'flag']) {
    expect(a.value.columns.get(name)).toEqual(b.value.columns.get(name));
  }
  const [of, as] = [a.value.columns.get('broken'), b.value.columns.get('broken')];
  expect(of?.texts).toEqual(as?.texts);
  expect(of?.moments).toEqual(as?.moments);
});

const moved = (shift: number) =>
  `SELECT sin(i) + ${shift} AS x, 'v' || (i % 40) AS c FROM range(5000) t(i)`;

test('files profiled side by side give the report of one after the other', async () => {
  const paths = [
    await parquet('a.parquet', moved(0)),
    await parquet('b.parquet', moved(1)),
  ] as const;
  const asked: string[] = [];
  const beside = async (path: string) => {
    asked.push(path);
    // As it comes from another thread.
    return structuredClone(await profileFile({ analytics }, path));
  };
  const found = await compareFiles({ analytics, beside }, paths);
  expect(found).toEqual(await compareFiles({ analytics }, paths));
  expect(found.ok && found.value.features.map(({ verdict }) => verdict)).toEqual(['large', 'none']);
  expect(asked).toEqual([paths[1]]);
});

test('what is beside may be refused, and is not waited for when the baseline is', async () => {
  const path = await parquet('a.parquet', moved(0));
  const refused = await compareFiles({ analytics, beside: async () => refuse('no') }, [path, path]);
  expect(refused).toEqual(refuse('no'));
  const failing = { analytics, beside: () => Promise.reject(new Error('lost')) };
  await expect(compareFiles(failing, [path, path])).rejects.toThrow('lost');
  const never = { analytics, beside: () => new Promise<never>(() => undefined) };
  const missing = await compareFiles(never, [join(folder, 'none.parquet'), path]);
  expect(!missing.ok && missing.reason).toContain('there is no such file');
});
