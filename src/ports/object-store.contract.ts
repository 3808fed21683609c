/** What every object store must do. Each adapter's test runs it with a factory of its own. */
import { readSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ByteStream, gather } from '../kernel/bytes.ts';
import { BlobMissing, type ObjectStore } from './object-store.ts';

const limitBytes = 10_000_000;

async function* streamOf(...parts: readonly (string | Uint8Array)[]): ByteStream {
  for (const part of parts) yield Buffer.from(part);
}

async function idsOf(store: ObjectStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of store.ids()) ids.push(id);
  return ids.sort();
}

const text = async (stream: ByteStream) => (await gather(stream, limitBytes)).toString();

export type MakeObjectStore = () => Promise<ObjectStore>;

export function objectStoreContract(make: MakeObjectStore): void {
  const open = async () => {
    const store = await make();
    onTestFinished(() => store.close());
    return store;
  };
  describe('contents', () => contentsContract(open));
  describe('passing parts', () => passingContract(open));
  describe('failures', () => failuresContract(open));
  describe('files', () => filesContract(open));
}

function contentsContract(open: MakeObjectStore): void {
  test('a blob comes back whole, also an empty one', async () => {
    const store = await open();
    const blob = await store.put(streamOf('hello ', '', 'world'));
    expect(blob.sizeBytes).toBe(11);
    expect(await text(store.read(blob.id))).toBe('hello world');
    const empty = await store.put(streamOf());
    expect(empty.sizeBytes).toBe(0);
    expect(await text(store.read(empty.id))).toBe('');
    expect(await idsOf(store)).toEqual([blob.id, empty.id].sort());
  });

  test('blobs of many parts are read in order', async () => {
    const store = await open();
    const bytes = Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * 7919) % 251);
    const { id } = await store.put(
      (async function* () {
        for (let at = 0; at < bytes.length; at += 99_991) yield bytes.subarray(at, at + 99_991);
      })(),
    );
    expect((await gather(store.read(id), limitBytes)).equals(bytes)).toBe(true);
  });

  test('a stream may use its buffer again for the next part', async () => {
    const store = await open();
    const buffer = Buffer.alloc(3);
    const blob = await store.put(
      (async function* () {
        for (const part of ['abc', 'def', 'ghi']) {
          buffer.write(part);
          yield buffer;
        }
      })(),
    );
    expect(await text(store.read(blob.id))).toBe('abcdefghi');
  });

  test('a range has its start and not its end, and stops where the blob does', async () => {
    const store = await open();
    const { id } = await store.put(streamOf('0123456789'));
    expect(await text(store.read(id, { start: 2, end: 5 }))).toBe('234');
    expect(await text(store.read(id, { start: 8, end: 99 }))).toBe('89');
    expect(await text(store.read(id, { start: 0, end: 10 }))).toBe('0123456789');
    expect(await text(store.read(id, { start: 4, end: 4 }))).toBe('');
    expect(await text(store.read(id, { start: 10, end: 12 }))).toBe('');
  });

  test('the same content twice is two blobs', async () => {
    const store = await open();
    const [a, b] = [await store.put(streamOf('x')), await store.put(streamOf('x'))];
    await store.delete(a.id);
    expect(await text(store.read(b.id))).toBe('x');
  });
}

/** Of a store whose ids its caller may choose. */
export function chosenIdsContract(make: MakeObjectStore): void {
  test('a blob has the id that was chosen for it', async () => {
    const store = await make();
    onTestFinished(() => store.close());
    const id = '0123456789abcdef'.repeat(2);
    expect(await store.put(streamOf('x'), { id })).toEqual({ id, sizeBytes: 1 });
    expect(await text(store.read(id))).toBe('x');
    expect(await idsOf(store)).toEqual([id]);
    const strange = store.put(streamOf('x'), { id: '../x' });
    await expect(strange).rejects.toThrow('an id of a blob');
  });
}

function passingContract(open: MakeObjectStore): void {
  test('parts that pass stay until the one after the next is asked for', async () => {
    const store = await open();
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7919) % 251);
    const { id } = await store.put(streamOf(bytes));
    for (const range of [undefined, { start: 11, end: 2_999_990 }, { start: 5, end: 5_000_000 }]) {
      const copies: Buffer[] = [];
      let before: Uint8Array | undefined;
      for await (const part of store.read(id, range, { partsPass: true })) {
        // Only now is the part before this one copied.
        if (before) copies.push(Buffer.from(before));
        before = part;
      }
      if (before) copies.push(Buffer.from(before));
      const { start = 0, end = bytes.length } = range ?? {};
      expect(Buffer.concat(copies).equals(bytes.subarray(start, end))).toBe(true);
    }
  });
}

function failuresContract(open: MakeObjectStore): void {
  test('nothing is kept of a stream that throws', async () => {
    const store = await open();
    const failure = new Error('cut off');
    const put = store.put(
      (async function* () {
        yield Buffer.from('half');
        throw failure;
      })(),
    );
    await expect(put).rejects.toBe(failure);
    expect(await idsOf(store)).toEqual([]);
  });

  test('nothing is kept of a put that was given up', async () => {
    const store = await open();
    const giveUp = new AbortController();
    const put = store.put(
      (async function* () {
        yield Buffer.from('half');
        giveUp.abort(new Error('given up'));
        yield Buffer.from('rest');
      })(),
      { signal: giveUp.signal },
    );
    await expect(put).rejects.toThrow('given up');
    expect(await idsOf(store)).toEqual([]);
  });

  test('a missing blob throws on the first read; deleting it again is harmless', async () => {
    const store = await open();
    const { id } = await store.put(streamOf('x'));
    await store.delete(id);
    await store.delete(id);
    await expect(text(store.read(id))).rejects.toBeInstanceOf(BlobMissing);
    await expect(store.asFile(id)).rejects.toBeInstanceOf(BlobMissing);
    expect(await idsOf(store)).toEqual([]);
  });

  test('an id no store would choose names no blob', async () => {
    const store = await open();
    for (const id of ['', '..', '../../etc/passwd', '/etc/passwd', 'a'.repeat(32), '0\u0000']) {
      await expect(text(store.read(id))).rejects.toBeInstanceOf(BlobMissing);
      await store.delete(id);
    }
  });
}

function filesContract(open: MakeObjectStore): void {
  test('a blob can be had as a file until it is released', async () => {
    const store = await open();
    const { id } = await store.put(streamOf('content'));
    const file = await store.asFile(id);
    expect(await readFile(file.path, 'utf8')).toBe('content');
    await file.release();
    await file.release();
    expect(await text(store.read(id))).toBe('content');
  });

  test('a file outlives the deletion of its blob', async () => {
    const store = await open();
    const { id } = await store.put(streamOf('content'));
    const file = await store.asFile(id);
    await store.delete(id);
    expect(await readFile(file.path, 'utf8')).toBe('content');
    await file.release();
    await expect(access(file.path)).rejects.toThrow('ENOENT');
    await expect(text(store.read(id))).rejects.toBeInstanceOf(BlobMissing);
  });

  test('where blobs are files, they can be read at any place while they are open', async () => {
    const store = await open();
    if (!store.openBlob) return;
    const { id } = await store.put(streamOf('content'));
    const blob = await store.openBlob(id);
    await store.delete(id);
    await expect(store.openBlob(id)).rejects.toBeInstanceOf(BlobMissing);
    await expect(store.openBlob('../../etc/passwd')).rejects.toBeInstanceOf(BlobMissing);
    const memory = Buffer.alloc(4);
    expect([await blob.read(memory, 1), memory.toString()]).toEqual([4, 'onte']);
    expect([await blob.read(memory, 5), memory.toString('utf8', 0, 2)]).toEqual([2, 'nt']);
    expect(await blob.read(memory, 9)).toBe(0);
    expect(readSync(blob.fd, memory, 0, 4, 0)).toBe(4);
    expect(memory.toString()).toBe('cont');
    await blob.close();
  });
}
