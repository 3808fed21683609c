/** The SQLite store under the common suite, and what only a file can do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { metadataStoreContract } from '../../ports/metadata-store.contract.ts';
import { sqliteMetadataStore } from './metadata-store.ts';
import { behindPrefix } from './reader.ts';

let folder = '';
let count = 0;
const newPath = () => join(folder, `${(count += 1)}.db`);
const things = { name: 'test/thing', indexes: { a: (row: { a: string }) => row.a } };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-sqlite-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('metadata in SQLite', () => metadataStoreContract(() => sqliteMetadataStore(newPath())));

test('rows and indexes are there again after closing and opening', async () => {
  const path = newPath();
  const before = await sqliteMetadataStore(path);
  await before.write((tx) => tx.put(things, 'k', { a: 'x' }));
  await before.close();
  const after = await sqliteMetadataStore(path);
  expect(await after.get(things, 'k')).toEqual({ a: 'x' });
  expect(await after.listBy(things, { index: 'a', equals: 'x', limit: 9 })).toHaveLength(1);
  await after.close();
});

test('a database of a newer version is refused and left as it is', async () => {
  const path = newPath();
  const store = await sqliteMetadataStore(path);
  await store.write((tx) => tx.put(things, 'k', { a: 'x' }));
  await store.close();
  const raw = new Database(path);
  raw.exec('update schema_version set version = 1000');
  await expect(sqliteMetadataStore(path)).rejects.toThrow(/schema 1000.*newer version/);
  const versions = raw.prepare('select version from schema_version').all();
  raw.close();
  expect(versions).toEqual([{ version: 1000 }]);
});

test('a file that is no database is refused by its path', async () => {
  const path = newPath();
  await writeFile(path, 'this is not a database, whatever its name says'.repeat(100));
  await expect(sqliteMetadataStore(path)).rejects.toThrow(path);
  const missing = join(folder, 'no', 'such', 'folder.db');
  await expect(sqliteMetadataStore(missing)).rejects.toThrow(missing);
});

test('slices are found by seeking, not by reading the whole table', async () => {
  const path = newPath();
  const store = await sqliteMetadataStore(path);
  const raw = new Database(path);
  const plan = (sql: string) => JSON.stringify(raw.prepare(`explain query plan ${sql}`).all());
  expect(
    plan("select key from rows where collection='c' and key>'a' and key<'b' order by key"),
  ).toMatch(/SEARCH rows USING .*collection=\? AND key>\? AND key<\?/);
  const entries = plan(
    "select key from index_entries where collection='c' and index_name='i' and value='v' " +
      "and (value, key) > ('v', 'k') order by value, key",
  );
  expect(entries).toMatch(/SEARCH index_entries USING COVERING INDEX/);
  expect(entries).not.toMatch(/TEMP B-TREE/);
  raw.close();
  await store.close();
});

test('behindPrefix is behind every text with the prefix and before any other', () => {
  expect(behindPrefix('a\u{10ffff}')).toBe('b');
  expect(behindPrefix('\u{10ffff}')).toBeUndefined();
  expect(behindPrefix('\ud7ff')).toBe('\ue000');
  const text = fc.string({ unit: 'binary', maxLength: 4 });
  fc.assert(
    fc.property(text, text, (prefix, other) => {
      const end = behindPrefix(prefix);
      fc.pre(end !== undefined && prefix !== '');
      expect(compareUtf8(prefix + other, end ?? '') < 0).toBe(true);
      if (compareUtf8(other, prefix) >= 0 && compareUtf8(other, end ?? '') < 0) {
        expect(other.startsWith(prefix)).toBe(true);
      }
    }),
  );
});
