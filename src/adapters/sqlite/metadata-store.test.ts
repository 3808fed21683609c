/** The SQLite store under the common suite, and what only a file can do. */
import { hkdfSync } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { seededRandom } from '../../kernel/random.ts';
import { metadataStoreContract } from '../../ports/metadata-store.contract.ts';
import { sqliteMetadataStore } from './metadata-store.ts';
import { behindPrefix } from './reader.ts';
import { DamagedMetadata } from './row-guard.ts';

const key = seededRandom(1).bytes(32);
let folder = '';
let count = 0;
const newPath = () => join(folder, `${(count += 1)}.db`);
const things = { name: 'test/thing', indexes: { a: (row: { a: string }) => row.a } };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-sqlite-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('metadata in SQLite', () =>
  metadataStoreContract((options) => sqliteMetadataStore(newPath(), { key, ...options })));

test('what a write that was given up does later changes nothing', async () => {
  const store = await sqliteMetadataStore(newPath(), { patienceMs: 50 });
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let late: Promise<void> | undefined;
  const slow = store.write(async (tx) => {
    await tx.put(things, 'before', { a: 'x' });
    late = held.then(() => tx.put(things, 'after', { a: 'y' }));
    await late;
  });
  await expect(slow).rejects.toThrow('took over 50 ms');
  goOn();
  await expect(late).rejects.toThrow('this write has ended');
  await store.write((tx) => tx.put(things, 'next', { a: 'z' }));
  expect((await store.list(things, { limit: 9 })).map(({ key: name }) => name)).toEqual(['next']);
  await store.close();
});

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

describe('an encrypted file', () => {
  const pagesKey = Buffer.from(
    hkdfSync('sha256', key, '', 'modelkeep metadata pages', 32),
  ).toString('hex');
  const options: Database.Options & { encryptionCipher: string; encryptionKey: string } = {
    encryptionCipher: 'aes256cbc',
    encryptionKey: pagesKey,
  };
  const rawOf = (path: string) => new Database(path, options);
  const made = async (path = newPath()) => {
    const store = await sqliteMetadataStore(path, { key });
    await store.write(async (tx) => {
      await tx.put(things, 'k', { a: 'planted' });
      await tx.put(things, 'l', { a: 'other' });
    });
    return { path, store };
  };

  test('shows nothing of its rows, neither while it is open nor later', async () => {
    const { path, store } = await made();
    const parts = await Promise.all([path, `${path}-wal`].map((name) => readFile(name)));
    await store.close();
    for (const bytes of [...parts, await readFile(path)]) {
      expect(bytes.includes('planted')).toBe(false);
      expect(bytes.includes('test/thing')).toBe(false);
    }
    const again = await sqliteMetadataStore(path, { key });
    expect(await again.get(things, 'k')).toEqual({ a: 'planted' });
    await again.close();
  });

  test('is told from one with another key, one without, and what is no database', async () => {
    const { path, store } = await made();
    await store.close();
    const other = Uint8Array.from(key).fill(1, 0, 1);
    const wrong = sqliteMetadataStore(path, { key: other });
    await expect(wrong).rejects.toThrow(/encrypted under another key, or is no database/);
    await expect(sqliteMetadataStore(path)).rejects.toThrow('it is encrypted, or is no database');
    const plain = newPath();
    await (await sqliteMetadataStore(plain)).close();
    const opened = sqliteMetadataStore(plain, { key });
    await expect(opened).rejects.toThrow('it is not encrypted');
    const raw = rawOf(path);
    raw.exec('update schema_version set version = 1000');
    raw.close();
    await expect(sqliteMetadataStore(path, { key })).rejects.toThrow(/newer version/);
  });

  test.each([
    ['a changed document', `update rows set document = replace(document, 'plan', 'PLAN')`],
    [
      'a document of another row',
      `update rows set document = (select document from rows r2 where
      r2.key = 'l') where key = 'k'`,
    ],
    ['a document without its check', `update rows set document = '{"a":"planted"}'`],
    ['an empty document', `update rows set document = ''`],
    ['a changed entry of an index', `update index_entries set value = 'planted' where key = 'l'`],
  ])('with %s says so', async (_, change) => {
    const { path, store } = await made();
    await store.close();
    const raw = rawOf(path);
    raw.exec(change);
    raw.close();
    const again = await sqliteMetadataStore(path, { key });
    const found = again.listBy(things, { index: 'a', equals: 'planted', limit: 9 });
    await expect(found).rejects.toThrow(/the row "[kl]" of test\/thing was changed outside/);
    if (change.includes('index_entries')) return again.close();
    await expect(again.get(things, 'k')).rejects.toBeInstanceOf(DamagedMetadata);
    await expect(again.list(things, { limit: 9 })).rejects.toBeInstanceOf(DamagedMetadata);
    const inside = again.write((tx) => tx.get(things, 'k'));
    await expect(inside).rejects.toBeInstanceOf(DamagedMetadata);
    await again.close();
  });
});

test.each(['', '-wal', '-shm'])(
  'a symbolic link in place of the file%s is refused',
  async (end) => {
    const path = newPath();
    const elsewhere = newPath();
    await writeFile(elsewhere, '');
    await symlink(elsewhere, `${path}${end}`);
    const opened = sqliteMetadataStore(path, { key });
    await expect(opened).rejects.toThrow(`${path}${end} is a symbolic link`);
    expect(await readFile(elsewhere, 'utf8')).toBe('');
  },
);

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
