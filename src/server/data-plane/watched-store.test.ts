/** Writes are told of once they are committed, and answered once that was taken in. */
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { metadataStoreContract } from '../../ports/metadata-store.contract.ts';
import type { Collection } from '../../ports/metadata-store.ts';
import { watchedStore } from './watched-store.ts';

interface Row {
  readonly n: number;
}
const rows: Collection<Row> = { name: 'test/rows' };
const others: Collection<Row> = { name: 'test/others' };

describe('a watched store', () =>
  metadataStoreContract(async () => watchedStore(memoryMetadataStore())));

function watched() {
  const store = watchedStore(memoryMetadataStore());
  const told: string[][] = [];
  store.follow(async (collections) => {
    // What was committed is there by now.
    told.push([...collections, String((await store.get(rows, 'a'))?.n)]);
  });
  return { store, told };
}

test('tells which collections were written, after the commit and before the answer', async () => {
  const { store, told } = watched();
  await store.write(async (tx) => {
    await tx.put(rows, 'a', { n: 1 });
    await tx.insert(others, 'b', { n: 2 });
    expect(told).toEqual([]);
  });
  expect(told).toEqual([['test/rows', 'test/others', '1']]);
  await store.write((tx) => tx.delete(rows, 'a'));
  expect(told.at(-1)).toEqual(['test/rows', 'undefined']);
});

test('the write is answered only when the follower has ended', async () => {
  const store = watchedStore(memoryMetadataStore());
  let release = () => {};
  store.follow(() => new Promise((resolve) => (release = resolve)));
  let answered = false;
  const writing = store
    .write((tx) => tx.put(rows, 'a', { n: 1 }))
    .then(() => {
      answered = true;
    });
  while (!(await store.get(rows, 'a'))) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  release();
  await writing;
});

test('reads tell nothing; a write that fails does: it may have been committed', async () => {
  const { store, told } = watched();
  await store.write((tx) => tx.get(rows, 'a'));
  expect(told).toEqual([]);
  const failing = store.write(async (tx) => {
    await tx.put(rows, 'a', { n: 1 });
    throw new Error('given up');
  });
  await expect(failing).rejects.toThrow('given up');
  expect(told).toEqual([['test/rows', 'undefined']]);
});
