/** What is kept in memory of rows: it is never older than the last write, and it is bounded. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frozen } from '../../kernel/json.ts';
import type { Range } from '../../ports/metadata-store.ts';
import { sqliteMetadataStore } from './metadata-store.ts';
import { RowCache } from './row-cache.ts';

const things = { name: 'test/thing' };
const keys = ['a', 'aa', 'ab', 'b', 'ba', 'c', 'é', '\u{10000}', '￿'];
const ranges: readonly Range[] = [
  { limit: 3 },
  { limit: 20 },
  { prefix: 'a', limit: 2 },
  { prefix: 'b', limit: 20, descending: true },
  { after: 'ab', limit: 2 },
  { after: 'c', limit: 2, descending: true },
  { from: 'aa', to: 'c', limit: 20 },
];

test('reads again and again see each write, whatever was kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-row-cache-'));
  const store = await sqliteMetadataStore(join(folder, 'rows.db'));
  const change = fc.record({
    key: fc.constantFrom(...keys),
    how: fc.constantFrom('put', 'insert', 'delete', 'fail'),
    value: fc.nat(9),
  });
  const rows = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(change, fc.constantFrom(...ranges), async ({ key, how, value }, range) => {
      const done = store.write(async (tx) => {
        if (how === 'delete') await tx.delete(things, key);
        else if (how === 'insert') await tx.insert(things, key, { value });
        else await tx.put(things, key, { value });
        if (how === 'fail') throw new Error('no');
      });
      if (how === 'fail') await expect(done).rejects.toThrow('no');
      else await done;
      if (how === 'put' || (how === 'insert' && !rows.has(key))) rows.set(key, value);
      if (how === 'delete') rows.delete(key);
      const found = await store.get(things, key);
      expect(found).toEqual(rows.has(key) ? { value: rows.get(key) } : undefined);
      const plain = await store.write((tx) => tx.list(things, range));
      for (let time = 0; time < 3; time++) expect(await store.list(things, range)).toEqual(plain);
    }),
    { numRuns: 150 },
  );
  await store.close();
  await rm(folder, { recursive: true });
});

test('what one reader does to a row is not seen by the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-row-cache-'));
  const store = await sqliteMetadataStore(join(folder, 'rows.db'));
  await store.write((tx) => tx.put(things, 'k', { list: [1] }));
  for (let time = 0; time < 3; time++) {
    const row = (await store.get(things, 'k')) as { list: number[] };
    row.list.push(2);
  }
  expect(await store.get(things, 'k')).toEqual({ list: [1] });
  for (let time = 0; time < 2; time++) await store.list(things, { limit: 5 });
  const kept = await store.list(things, { limit: 5 });
  for (const { row } of kept) expect(Object.isFrozen((row as { list: number[] }).list)).toBe(true);
  expect(kept).toHaveLength(1);
  await store.close();
  await rm(folder, { recursive: true });
});

test('it holds no more than its bounds', () => {
  const cache = new RowCache();
  const document = 'x'.repeat(60_000);
  for (let n = 0; n < 200; n++) cache.keep({ collection: 'c', key: `${n}` }, document);
  const held = Array.from({ length: 200 }, (_, n) => `${n}`).filter(
    (key) => cache.document({ collection: 'c', key }) !== undefined,
  );
  expect(held.length).toBe(Math.floor(8_000_000 / 60_000));
  expect(held.at(-1)).toBe('199');
  cache.keep({ collection: 'c', key: 'large' }, 'x'.repeat(64_001));
  expect(cache.document({ collection: 'c', key: 'large' })).toBeUndefined();
  const bounds = { lower: undefined, upper: undefined, descending: false, limit: 1 };
  const value = { bounds, entries: frozen([{ key: 'k', row: {} }]) };
  for (let n = 0; n < 65; n++) cache.keepSlice('c', `${n}`, { value, characters: 1 });
  expect([cache.slice('c', '0'), cache.slice('c', '64')]).toEqual([undefined, value.entries]);
});

test('a slice is kept when it is asked for again before as much else as there is room for', () => {
  const cache = new RowCache();
  const characters = 1_000_000;
  for (const asked of ['a', 'b', 'c']) {
    expect(cache.isWanted('test/thing', asked, characters)).toBe(false);
  }
  expect(cache.isWanted('test/thing', 'a', characters)).toBe(true);
  for (let n = 0; n < 6; n += 1) cache.isWanted('test/thing', `more ${n}`, characters);
  expect(cache.isWanted('test/thing', 'a', characters)).toBe(false);
  expect(cache.isWanted('test/thing', 'more 5', characters)).toBe(true);
  expect(cache.isWanted('test/other', 'more 5', characters)).toBe(false);
});
