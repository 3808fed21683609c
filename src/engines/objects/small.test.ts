/** Small objects are in rows: as any objects to those who read them, and no files. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather, once } from '../../kernel/bytes.ts';
import { DamagedBlob } from '../sealing/sealed-store.ts';
import { mostInRowBytes } from './blobs.ts';
import type { SealWish } from './key-choice.ts';
import { stored, text, valueOf, wholeFixture, whyOf } from './objects.fixture.ts';
import { blobRows, type StoredVersion } from './rows.ts';

const at = (key: string) => ({ bucket: 'data', key });

async function setUp() {
  const f = wholeFixture();
  await f.bucket('data');
  const key = f.keys.add('one');
  const bytesOf = async (version: StoredVersion, range?: { start: number; end: number }) => {
    const opened = valueOf(await f.objects.open(version, range ? { range } : {}));
    const all = await gather(opened, 64 * 1_024);
    if (opened.whole) expect(Buffer.from(opened.whole).equals(all)).toBe(true);
    return { all, inRow: opened.whole !== undefined };
  };
  const rowOf = async ({ object: { content } }: StoredVersion) =>
    content.kind === 'blob' ? f.store.get(blobRows, content.blob) : undefined;
  return { ...f, key, bytesOf, rowOf };
}

test('any content under any key comes back, in whole and in part, long or short', async () => {
  const { objects, key, bytesOf, blobCount } = await setUp();
  const wishes: SealWish[] = [
    { kind: 'own' },
    { kind: 'key', reference: key.arn },
    { kind: 'key', reference: key.arn, twice: true },
  ];
  const parts = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(parts, fc.constantFrom(...wishes), fc.nat(4_000), async (all, wish, cut) => {
      const content = Buffer.concat(all);
      async function* source() {
        yield* all;
      }
      const put = await objects.put(at('a'), source(), { encryption: wish });
      const { version, etag, sizeBytes } = valueOf(put);
      expect(sizeBytes).toBe(content.length);
      const md5 = createHash('md5').update(content).digest('hex');
      expect(etag === md5).toBe(wish.kind === 'own');
      const isSmall = content.length <= mostInRowBytes;
      expect(await bytesOf(version)).toEqual({ all: content, inRow: isSmall });
      expect(await blobCount()).toBe(isSmall ? 0 : 1);
      const range = { start: Math.min(cut, content.length), end: content.length };
      expect((await bytesOf(version, range)).all).toEqual(content.subarray(range.start));
    }),
    { numRuns: 60 },
  );
});

test('nothing of it is kept in clear', async () => {
  const { put, rowOf } = await setUp();
  const row = await rowOf((await put('data', 'a', 'a secret that nobody sees')).version);
  const sealed = Buffer.from(row?.sealed ?? '', 'base64');
  expect(sealed.length).toBeGreaterThan(25);
  expect(sealed.includes('secret')).toBe(false);
});

test('a changed, a cut and a moved row are found out, and serve nothing', async () => {
  const { put, rowOf, objects, store } = await setUp();
  const { version } = await put('data', 'a', 'content');
  const other = await rowOf((await put('data', 'b', 'another')).version);
  const row = await rowOf(version);
  const { content } = version.object;
  const blob = content.kind === 'blob' ? content.blob : '';
  const sealed = Buffer.from(row?.sealed ?? '', 'base64');
  const changed = Buffer.from(sealed);
  changed[sealed.length - 20] = (sealed[sealed.length - 20] ?? 0) ^ 1;
  const texts = [changed, sealed.subarray(0, 90), sealed.subarray(0, 9), Buffer.alloc(0)].map(
    (bytes) => bytes.toString('base64'),
  );
  for (const text of [...texts, other?.sealed ?? '']) {
    await store.write((tx) => tx.put(blobRows, blob, { refs: 1, sealed: text }));
    await expect(objects.open(version)).rejects.toBeInstanceOf(DamagedBlob);
  }
});

test('a disabled key stops reads at once', async () => {
  const { objects, keys, key, bytesOf } = await setUp();
  const encryption = { kind: 'key', reference: key.arn } as const;
  const { version } = valueOf(await objects.put(at('a'), text('content'), { encryption }));
  expect((await bytesOf(version)).all.toString()).toBe('content');
  keys.change(key, { state: 'Disabled' });
  expect(whyOf(await objects.open(version))).toBe('keyProblem');
});

test('a copy shares the row, and the row goes with the last of them', async () => {
  const { objects, put, bytesOf, rowOf } = await setUp();
  const { version } = await put('data', 'a', 'content');
  const description = { headers: {}, metadata: {}, tags: [] };
  const copied = valueOf(await objects.copy(version, at('b'), { description, precondition: {} }));
  expect(await rowOf(version)).toMatchObject({ refs: 2 });
  await objects.remove('data', [{ key: 'a' }]);
  expect((await bytesOf(copied.version)).all.toString()).toBe('content');
  await objects.remove('data', [{ key: 'b' }]);
  expect(await rowOf(version)).toBeUndefined();
  expect(whyOf(await objects.open(stored(copied.version)))).toBe('changed');
});

test('lent as a file it is a file', async () => {
  const { objects, put } = await setUp();
  await put('data', 'a', 'content');
  const file = await objects.asFile(at('a'));
  expect(file && (await bytesIn(file.path))).toBe('content');
  await file?.release();
});

/** The fixture's scratch is in memory: its files are real all the same. */
async function bytesIn(path: string): Promise<string> {
  return (await readFile(path)).toString();
}

test('a put whose content fails leaves nothing', async () => {
  const { objects, store, blobCount } = await setUp();
  async function* broken() {
    yield Buffer.from('a beginning');
    throw new Error('gone');
  }
  await expect(objects.put(at('a'), broken())).rejects.toThrow('gone');
  expect(await store.list(blobRows, { limit: 1 })).toEqual([]);
  expect(await blobCount()).toBe(0);
  expect(whyOf(await objects.find(at('a')))).toBe('noObject');
});

test('a put is given up while its content keeps silent', async () => {
  const { objects } = await setUp();
  const gone = new AbortController();
  async function* silent() {
    yield* once(Buffer.from('a beginning'));
    await new Promise(() => {});
  }
  const putting = objects.put(at('a'), silent(), { signal: gone.signal });
  gone.abort(new Error('given up'));
  await expect(putting).rejects.toThrow('given up');
});
