/** Sealed blobs: as any blobs to those who have the key, and nothing to those who change them. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileObjectStore } from '../../adapters/files/object-store.ts';
import { folderTemporaryFiles } from '../../adapters/files/temporary-files.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { threadOpeners } from '../../adapters/threads/openers.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { seededRandom } from '../../kernel/random.ts';
import { objectStoreContract } from '../../ports/object-store.contract.ts';
import { type ObjectStore } from '../../ports/object-store.ts';
import { type Keyring, keyringOf } from '../envelope/keyring.ts';
import { prefixBytes } from './blob-head.ts';
import { storageForm } from './chunked.ts';
import { sealedObjects } from './sealed-objects.ts';
import { DamagedBlob, type SealOptions, WrongKey } from './sealed-store.ts';

const random = seededRandom(11);
const [oldKey, newKey] = [random.bytes(32), random.bytes(32)];
const [mine, theirs] = [random.bytes(32), random.bytes(32)];
const keyring = keyringOf([newKey, oldKey]);
const chunk = storageForm.chunkBytes;
const limitBytes = 64 * 1024 ** 2;
let folder = '';
let count = 0;
const newFolder = () => join(folder, String((count += 1)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-sealed-'));
});
afterAll(() => rm(folder, { recursive: true }));

const beside = { openers: threadOpeners(chunk, { cores: 2 }) };

function sealedOver(inner: ObjectStore, ring: Keyring = keyring, more: object = beside) {
  return sealedObjects(inner, {
    ...{ keyring: ring, random, ...more },
    temporaryFiles: folderTemporaryFiles(newFolder()),
  });
}

describe('over memory, opened by one thread', () => {
  objectStoreContract(async () => sealedOver(memoryObjectStore(), keyring, {}));
});
describe('over files', () => {
  objectStoreContract(async () => sealedOver(await fileObjectStore(newFolder())));
});
describe('with keys of the caller', () => {
  objectStoreContract(async () => {
    const store = sealedOver(memoryObjectStore());
    const options = { key: mine, twice: true };
    return {
      ...store,
      put: (content, more) => store.put(content, { ...options, ...more }),
      read: (id, range, more) => store.read(id, range, { ...options, ...more }),
      asFile: (id, more) => store.asFile(id, { ...options, ...more }),
    };
  });
});

const kinds: readonly (readonly [string, SealOptions])[] = [
  ['the own key', {}],
  ["a caller's key", { key: mine }],
  ["a caller's key, twice", { key: mine, twice: true }],
];

const content = (sizeBytes: number) => Buffer.from(seededRandom(sizeBytes).bytes(sizeBytes));

/** A store, what lies under it, and how to change that. */
async function opened(ring: Keyring = keyring) {
  const inner = await fileObjectStore(newFolder());
  const store = sealedOver(inner, ring);
  const kept = (id: string) => gather(inner.read(id), limitBytes);
  const replace = async (id: string, bytes: Uint8Array) => {
    await inner.delete(id);
    await inner.put(once(bytes), { id });
  };
  const readAll = (id: string, options?: SealOptions) =>
    gather(store.read(id, undefined, options), limitBytes);
  return { inner, store, kept, replace, readAll };
}

describe.each(kinds)('under %s', (_, options) => {
  test('content of every length around chunks comes back, whole and in ranges', async () => {
    const { store, readAll } = await opened();
    for (const sizeBytes of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 13 * chunk + 7]) {
      const bytes = content(sizeBytes);
      const blob = await store.put(once(bytes), options);
      expect(blob.sizeBytes).toBe(sizeBytes);
      expect((await readAll(blob.id, options)).equals(bytes)).toBe(true);
      const places = [0, 1, chunk, chunk + 1, 3 * chunk, 9 * chunk, sizeBytes, sizeBytes + chunk];
      for (const start of places) {
        for (const end of places) {
          const found = await gather(store.read(blob.id, { start, end }, options), limitBytes);
          const wanted = bytes.subarray(start, Math.max(start, end));
          expect(found.equals(wanted), `${sizeBytes}: ${start}-${end}`).toBe(true);
        }
      }
    }
  });

  test('of what is long and was changed far behind, what came before is right', async () => {
    const { store, kept, replace } = await opened();
    const bytes = content(20 * chunk);
    const { id } = await store.put(once(bytes), options);
    const changed = Buffer.from(await kept(id));
    const at = prefixBytes + 11 * (chunk + 16) + 99;
    changed[at] = (changed[at] ?? 0) ^ 1;
    await replace(id, changed);
    const parts: Buffer[] = [];
    const reading = async () => {
      for await (const part of store.read(id, undefined, { ...options, partsPass: true })) {
        parts.push(Buffer.from(part));
      }
    };
    await expect(reading()).rejects.toBeInstanceOf(DamagedBlob);
    const found = Buffer.concat(parts);
    expect(found.length).toBeGreaterThanOrEqual(8 * chunk);
    expect(found.equals(bytes.subarray(0, found.length))).toBe(true);
  });

  test('nothing of the content is in what is kept', async () => {
    const { store, kept } = await opened();
    const bytes = Buffer.from('a name that is easily found '.repeat(6_000));
    const { id } = await store.put(once(bytes), options);
    const found = await kept(id);
    expect(found.includes('easily')).toBe(false);
    expect(found.length).toBeGreaterThan(bytes.length);
  });

  test('any byte of the head and of the ends of chunks, changed, is noticed', async () => {
    const { store, kept, replace, readAll } = await opened();
    const { id } = await store.put(once(content(2 * chunk + 9)), options);
    const whole = await kept(id);
    const places = Array.from({ length: prefixBytes + 70 }, (_, at) => at);
    for (const at of [...places, prefixBytes + chunk + 15, prefixBytes + chunk + 16]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await replace(id, changed);
      await expect(readAll(id, options), `byte ${at}`).rejects.toBeInstanceOf(DamagedBlob);
    }
  });

  test('what was read before is checked again, and its ring must still have its key', async () => {
    const { inner, store, kept, replace, readAll } = await opened();
    const { id } = await store.put(once(content(99)), options);
    const whole = await kept(id);
    await readAll(id, options);
    for (const at of [5, 9, 20, 40, prefixBytes - 1, prefixBytes + 3]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await replace(id, changed);
      await expect(readAll(id, options), `byte ${at}`).rejects.toBeInstanceOf(DamagedBlob);
    }
    await replace(id, whole);
    expect((await readAll(id, options)).equals(content(99))).toBe(true);
    const other = sealedOver(inner, keyringOf([oldKey]));
    await expect(gather(other.read(id, undefined, options), limitBytes)).rejects.toThrow(
      'sealed by another server',
    );
  });

  test('a cut anywhere is noticed, also where a chunk ends', async () => {
    const { store, kept, replace, readAll } = await opened();
    const { id } = await store.put(once(content(2 * chunk + 9)), options);
    const whole = await kept(id);
    const sealedChunk = chunk + 16;
    const ends = [0, 1, prefixBytes - 1, prefixBytes, prefixBytes + 15, whole.length - 1];
    for (const end of [...ends, prefixBytes + sealedChunk, prefixBytes + 2 * sealedChunk]) {
      await replace(id, whole.subarray(0, end));
      await expect(readAll(id, options), `${end}`).rejects.toBeInstanceOf(DamagedBlob);
      const behind = { start: 2 * chunk + 1, end: 2 * chunk + 5 };
      const range = gather(store.read(id, behind, options), limitBytes);
      await expect(range, `${end}`).rejects.toBeInstanceOf(DamagedBlob);
    }
    await replace(id, Buffer.concat([whole, Buffer.from('more')]));
    await expect(readAll(id, options)).rejects.toBeInstanceOf(DamagedBlob);
  });

  test('chunks in another order, or of another blob, are noticed', async () => {
    const { store, kept, replace, readAll } = await opened();
    const { id } = await store.put(once(content(3 * chunk)), options);
    const other = await store.put(once(content(3 * chunk)), options);
    const [whole, strange] = [await kept(id), await kept(other.id)];
    const part = (of: Buffer, index: number) => {
      const at = prefixBytes + index * (chunk + 16);
      return of.subarray(at, at + chunk + 16);
    };
    const parts = [whole.subarray(0, prefixBytes), ...[0, 1, 2, 3].map((i) => part(whole, i))];
    const [head = whole, a = whole, b = whole, c = whole, end = whole] = parts;
    for (const joined of [
      [head, b, a, c, end],
      [head, a, a, c, end],
      [head, a, c, end],
      [head, a, part(strange, 1), c, end],
      [strange.subarray(0, prefixBytes), a, b, c, end],
    ]) {
      await replace(id, Buffer.concat(joined));
      await expect(readAll(id, options)).rejects.toBeInstanceOf(DamagedBlob);
    }
  });

  test('two files exchanged, each sound in itself, are noticed', async () => {
    const { store, kept, replace, readAll } = await opened();
    const a = await store.put(once(Buffer.from('first')), options);
    const b = await store.put(once(Buffer.from('other')), options);
    const [keptOfA, keptOfB] = [await kept(a.id), await kept(b.id)];
    await replace(a.id, keptOfB);
    await replace(b.id, keptOfA);
    for (const { id } of [a, b]) {
      await expect(readAll(id, options)).rejects.toBeInstanceOf(DamagedBlob);
      await expect(store.asFile(id, options)).rejects.toBeInstanceOf(DamagedBlob);
    }
  });

  test('a file that is no sealed blob is damage', async () => {
    const { store, replace, readAll } = await opened();
    const { id } = await store.put(once(Buffer.from('x')), options);
    await replace(id, Buffer.alloc(500, 'plain text '));
    await expect(readAll(id, options)).rejects.toBeInstanceOf(DamagedBlob);
  });

  test('the server of another ring reads nothing', async () => {
    const { inner, store } = await opened();
    const { id } = await store.put(once(Buffer.from('x')), options);
    const other = sealedOver(inner, keyringOf([random.bytes(32)]));
    const read = gather(other.read(id, undefined, options), limitBytes);
    await expect(read).rejects.toBeInstanceOf(DamagedBlob);
  });

  test('what comes before damage is handed on, and what is damaged is not', async () => {
    const { store, kept, replace } = await opened();
    const bytes = content(3 * chunk);
    const { id } = await store.put(once(bytes), options);
    const changed = await kept(id);
    const at = prefixBytes + 2 * (chunk + 16) + 1_000;
    changed[at] = (changed[at] ?? 0) ^ 1;
    await replace(id, changed);
    const parts: Uint8Array[] = [];
    const read = async () => {
      for await (const part of store.read(id, undefined, options)) parts.push(part);
    };
    await expect(read()).rejects.toBeInstanceOf(DamagedBlob);
    const found = Buffer.concat(parts);
    expect(found.length).toBeGreaterThan(0);
    expect(found.equals(bytes.subarray(0, found.length))).toBe(true);
    expect(found.length).toBeLessThanOrEqual(2 * chunk);
  });
});

test.each([
  [{}, { key: mine }],
  [{ key: mine }, {}],
  [{ key: mine }, { key: theirs }],
  [{ key: mine, twice: true }, {}],
  [{ key: mine, twice: true }, { key: theirs }],
  [
    { key: mine, twice: true },
    { key: theirs, twice: true },
  ],
])('put with %j, read with %j: the wrong key', async (put, read) => {
  const { store, readAll } = await opened();
  const { id } = await store.put(once(Buffer.from('x')), put);
  await expect(readAll(id, read)).rejects.toBeInstanceOf(WrongKey);
  await expect(store.asFile(id, read)).rejects.toBeInstanceOf(WrongKey);
});

test('who reads need not say that it is sealed twice', async () => {
  const { store, readAll } = await opened();
  const { id } = await store.put(once(Buffer.from('x')), { key: mine, twice: true });
  expect((await readAll(id, { key: mine })).toString()).toBe('x');
});

test('what was sealed under an older key of the ring opens', async () => {
  const { inner, store } = await opened(keyringOf([oldKey]));
  const { id } = await store.put(once(Buffer.from('x')));
  const later = sealedOver(inner);
  expect((await gather(later.read(id), limitBytes)).toString()).toBe('x');
});

test('a key of another length is a bug', async () => {
  const { store } = await opened();
  const put = store.put(once(Buffer.from('x')), { key: mine.subarray(1) });
  await expect(put).rejects.toThrow('key and salt of a message');
});

test('the decrypted copy is for the server alone, and goes with its release', async () => {
  const copies = newFolder();
  const temporaryFiles = folderTemporaryFiles(copies);
  const store = sealedObjects(memoryObjectStore(), { keyring, random, temporaryFiles });
  const { id } = await store.put(once(Buffer.from('x')));
  const file = await store.asFile(id);
  expect(await readdir(copies)).toHaveLength(1);
  await file.release();
  expect(await readdir(copies)).toEqual([]);
});

/** Made by commit 1e25636, whose chunks are of 65,536 bytes, with keys and content as here. */
const versionOne = new URL('version-1.case.json', import.meta.url);

test.each([
  ['own', 65_636],
  ['callers', 100],
  ['twice', 100],
] as const)('blobs of the first version are read, %s', async (kind, sizeBytes) => {
  const blobs = JSON.parse(await readFile(versionOne, 'utf8'));
  const { id, sealed } = blobs[kind] as { id: string; sealed: string };
  const thatRandom = seededRandom(21);
  const [ring, callers] = [thatRandom.bytes(32), thatRandom.bytes(32)];
  const options = kind === 'own' ? {} : { key: callers };
  const bytes = Buffer.from(seededRandom(5).bytes(sizeBytes));
  for (const inner of [await fileObjectStore(newFolder()), memoryObjectStore()]) {
    const store = sealedOver(inner, keyringOf([ring]));
    await inner.put(once(Buffer.from(sealed, 'base64')), { id });
    const ends = [0, 1, 90, 65_535, 65_536, 65_537, sizeBytes, 300_000];
    for (const start of ends) {
      for (const end of [...ends, 1_000_000]) {
        const found = await gather(store.read(id, { start, end }, options), limitBytes);
        expect(found.equals(bytes.subarray(start, Math.max(start, end))), `${start}-${end}`).toBe(
          true,
        );
      }
    }
    await inner.delete(id);
    const changed = Buffer.from(sealed, 'base64');
    changed[3] = 2;
    await inner.put(once(changed), { id });
    await expect(gather(store.read(id, undefined, options), limitBytes)).rejects.toThrow(
      'was changed',
    );
  }
});
