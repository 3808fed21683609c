/** Objects under keys: what opens them, what no longer does, and who is told what. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { DamagedBlob } from '../sealing/sealed-store.ts';
import { minPartBytes } from './completion.ts';
import { keptMs, mostUses } from './data-keys.ts';
import type { SealWish } from './key-choice.ts';
import { makeKeyFinder } from './key-choice.ts';
import { FakeKeys } from './keys.fixture.ts';
import {
  gathered,
  sealedBlobs,
  sealedFixture,
  stored,
  text,
  valueOf,
  whyOf,
} from './objects.fixture.ts';
import { makeObjects } from './objects.ts';
import { liveRows, type StoredVersion } from './rows.ts';
import { makeKeeper } from './seals.ts';
import { ObjectAccessDenied } from './space.ts';

const description = { headers: {}, metadata: {}, tags: [] };
const md5 = (content: string) => createHash('md5').update(content).digest('hex');
const customerKey = Buffer.alloc(32, 5);

async function withKey() {
  const f = sealedFixture();
  await f.bucket('data');
  const key = f.keys.add('one');
  const wish: SealWish = { kind: 'key', reference: key.arn };
  const putUnder = async (name: string, content: string, encryption: SealWish = wish) =>
    valueOf(await f.objects.put({ bucket: 'data', key: name }, text(content), { encryption }))
      .version;
  return { ...f, key, wish, putUnder };
}

function keyOf({ object }: StoredVersion) {
  if (object.encryption?.kind !== 'key') throw new Error('not under a managed key');
  return object.encryption;
}

describe('under a managed key', () => {
  test('what was put comes back, the etag is no MD5, the context is the object', async () => {
    const { putUnder, textOf, keys, key } = await withKey();
    const version = await putUnder('a', 'abcdef');
    expect(version.object.etag).toMatch(/^[0-9a-f]{32}$/);
    expect(version.object.etag).not.toBe(md5('abcdef'));
    expect(keyOf(version)).toMatchObject({ keyArn: key.arn, bucketKey: false });
    expect(await textOf(version)).toBe('abcdef');
    expect(await textOf(version, { start: 2, end: 4 })).toBe('cd');
    expect(keys.made).toEqual([{ 'aws:s3:arn': 'arn:aws:s3:::data/a' }]);
  });

  test('what the client adds to the context is needed to open it', async () => {
    const { putUnder, textOf, keys, wish, store } = await withKey();
    const version = await putUnder('a', 'abc', { ...wish, context: { study: '7' } } as SealWish);
    expect(keys.made).toEqual([{ study: '7', 'aws:s3:arn': 'arn:aws:s3:::data/a' }]);
    expect(await textOf(version)).toBe('abc');
    const changed = { ...keyOf(version), context: { study: '8' } };
    const object = { ...version.object, encryption: changed };
    await store.write((tx) => tx.put(liveRows, 'data/a\u0001', { ...version, object }));
    const other = stored(valueOf(await (await reopened(store, keys)).find(at('a'))));
    expect(whyOf(await (await reopened(store, keys)).open(other))).toBe('keyProblem');
  });

  test('nothing of it is kept in clear', async () => {
    const { putUnder, inner, store } = await withKey();
    await putUnder('a', 'a very secret text');
    for await (const id of inner.ids()) {
      const bytes = await gather(inner.read(id), 10_000);
      expect(bytes.includes('a very secret text')).toBe(false);
    }
    const rows = JSON.stringify(await store.list(liveRows, { prefix: '', limit: 10 }));
    expect(rows).not.toContain('very secret');
  });

  test.each([
    ['Disabled', 'disabled'],
    ['PendingDeletion', 'invalidState'],
  ] as const)('%s, it opens nothing, at once and until it is enabled', async (state, problem) => {
    const { putUnder, textOf, objects, keys, key, wish } = await withKey();
    const version = await putUnder('a', 'abc');
    const shared = await putUnder('b', 'abc', { ...wish, bucketKey: true } as SealWish);
    // Read before, so that the data keys are remembered.
    for (const one of [version, shared]) expect(await textOf(one)).toBe('abc');
    keys.change(key, { state });
    const refusals = [
      await objects.open(version),
      await objects.open(shared),
      await objects.unlock(version, {}),
      await objects.put(at('c'), text('x'), { encryption: wish }),
      await objects.put(at('c'), text('x'), {
        encryption: { ...wish, bucketKey: true } as SealWish,
      }),
      await objects.uploads.begin({
        ...{ bucket: 'data', key: 'c', initiator: '', ...description, encryption: wish },
      }),
      await objects.copy(version, at('c'), { description, precondition: {} }),
    ];
    for (const refused of refusals) {
      expect(refused).toMatchObject({ ok: false, why: 'keyProblem', detail: { problem } });
      expect(refused.ok ? '' : refused.reason).toContain(key.arn);
    }
    await expect(objects.read(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
    await expect(objects.asFile(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
    keys.change(key, { state: 'Enabled' });
    for (const one of [version, shared]) expect(await textOf(one)).toBe('abc');
  });

  test('keys that are not there, are elsewhere or cannot encrypt are refused', async () => {
    const { objects, keys, blobCount } = await withKey();
    const elsewhere = keys.add('two', { region: 'eu-west-1' });
    const signing = keys.add('three', { usage: 'SIGN_VERIFY' });
    for (const [keyId, problem] of [
      ['none', 'notFound'],
      [elsewhere.arn, 'notFound'],
      [signing.id, 'invalidUsage'],
    ]) {
      const put = await objects.put(at('a'), text('x'), keyId ? { keyId } : {});
      expect(put).toMatchObject({ why: 'keyProblem', detail: { problem } });
    }
    expect(await blobCount()).toBe(0);
  });

  test('without a key named it is the service’s own, in the bucket’s account', async () => {
    const { putUnder, keys, textOf } = await withKey();
    const one = await putUnder('a', 'x', { kind: 'key' });
    const two = await putUnder('b', 'y', { kind: 'key', reference: 'alias/aws/s3' });
    expect(keyOf(one).keyArn).toBe(keyOf(two).keyArn);
    expect(keys.rows.get(keyOf(one).keyArn)?.manager).toBe('service');
    expect(await textOf(two)).toBe('y');
  });

  test('an alias may be pointed elsewhere: what was written stays under its key', async () => {
    const { putUnder, keys, key, textOf } = await withKey();
    keys.alias('alias/mine', key);
    const before = await putUnder('a', 'x', { kind: 'key', reference: 'alias/mine' });
    keys.alias('alias/mine', keys.add('two'));
    expect(keyOf(before).keyArn).toBe(key.arn);
    expect(
      keyOf(await putUnder('b', 'x', { kind: 'key', reference: 'alias/mine' })).keyArn,
    ).not.toBe(key.arn);
    expect(await textOf(before)).toBe('x');
  });

  test('a row moved to another object does not open there', async () => {
    const { putUnder, store, objects } = await withKey();
    const a = await putUnder('a', 'abc');
    await putUnder('b', 'xyz');
    await store.write((tx) => tx.put(liveRows, 'data/b\u0001', { ...a, key: 'b' }));
    const moved = await objects.open(stored(valueOf(await objects.find(at('b')))));
    expect(moved).toMatchObject({ why: 'keyProblem', detail: { problem: 'invalidCiphertext' } });
  });

  test('twice: under the data key, and under the store’s own', async () => {
    const { putUnder, textOf, wish } = await withKey();
    const both = { ...wish, twice: true, bucketKey: true } as SealWish;
    const version = await putUnder('a', 'abc', both);
    expect(keyOf(version)).toMatchObject({ twice: true, bucketKey: false });
    expect(await textOf(version, { start: 1, end: 3 })).toBe('bc');
  });

  test('a data key is opened once for many reads, and again after a while', async () => {
    const { putUnder, textOf, keys, clock } = await withKey();
    const version = await putUnder('a', 'abc');
    for (let i = 0; i < 5; i += 1) await textOf(version);
    expect(keys.opened).toHaveLength(1);
    clock.moveTo(clock.nowMs() + keptMs);
    await textOf(version);
    expect(keys.opened).toHaveLength(2);
  });
});

const at = (key: string) => ({ bucket: 'data', key });

/** As after a restart: nothing is remembered. */
async function reopened(store: ReturnType<typeof sealedFixture>['store'], keys: FakeKeys) {
  const clock = new VirtualClock(0);
  return makeObjects({ store, keys, clock, blobs: sealedBlobs().blobs, random: seededRandom(1) });
}

describe('keys of buckets', () => {
  test('many objects share one data key, for a while', async () => {
    const { putUnder, textOf, keys, clock, wish } = await withKey();
    const shared = { ...wish, bucketKey: true } as SealWish;
    const versions = [];
    for (const name of ['a', 'b', 'c']) versions.push(await putUnder(name, name, shared));
    expect(new Set(versions.map((version) => keyOf(version).sealedKey)).size).toBe(1);
    expect(keys.made).toEqual([{ 'aws:s3:arn': 'arn:aws:s3:::data' }]);
    clock.moveTo(clock.nowMs() + keptMs);
    versions.push(await putUnder('d', 'd', shared));
    expect(keys.made).toHaveLength(2);
    for (const version of versions) expect(await textOf(version)).toBe(version.key);
  });

  test('one data key serves so many objects and no more', async () => {
    const keys = new FakeKeys();
    const clock = new VirtualClock(0);
    const finder = makeKeyFinder({ keys, partition: 'aws' });
    const keeper = makeKeeper({ finder, clock, random: seededRandom(2) });
    const row = { region: 'us-east-1', createdAtMs: 0, versioning: 'off', tags: [] } as const;
    const bucket = { ...row, name: 'data', owner: '123456789012' };
    const request = { kind: 'key', reference: keys.add('one').arn, bucketKey: true } as const;
    for (let i = 0; i <= mostUses; i += 1) {
      valueOf(await keeper.begin(at(`k${i}`), bucket, request)).end();
    }
    expect(keys.made).toHaveLength(2);
  });

  test('a key rotated to new material is used for what comes next', async () => {
    const { putUnder, keys, key, wish } = await withKey();
    const shared = { ...wish, bucketKey: true } as SealWish;
    await putUnder('a', 'a', shared);
    keys.change(key, { material: 'f'.repeat(64) });
    await putUnder('b', 'b', shared);
    expect(keys.made).toHaveLength(2);
  });
});

describe('under a key of the client’s', () => {
  const customer = { kind: 'customer', key: customerKey } as const;

  test('only that key opens it, and it is nowhere kept', async () => {
    const { putUnder, objects, store } = await withKey();
    const version = await putUnder('a', 'abc', customer);
    expect(version.object.etag).not.toBe(md5('abc'));
    const open = (key?: Uint8Array) => objects.open(version, key ? { customerKey: key } : {});
    expect(await gathered(valueOf(await open(customerKey)))).toBe('abc');
    expect(whyOf(await open())).toBe('customerKeyMissing');
    expect(whyOf(await open(Buffer.alloc(32, 6)))).toBe('customerKeyWrong');
    expect(whyOf(await objects.unlock(version, {}))).toBe('customerKeyMissing');
    const rows = JSON.stringify(await store.list(liveRows, { prefix: '', limit: 10 }));
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(rows).not.toContain(customerKey.toString(form));
    }
    // Not as a digest either: the same key does not look the same twice.
    const again = await putUnder('b', 'abc', customer);
    expect(again.object.encryption).not.toEqual(version.object.encryption);
    await expect(objects.read(at('a'))).rejects.toBeInstanceOf(ObjectAccessDenied);
  });

  test('it opens nothing else', async () => {
    const { putUnder, objects } = await withKey();
    for (const wish of [undefined, { kind: 'own' } as const]) {
      const refused = await objects.open(await putUnder('a', 'abc', wish), { customerKey });
      expect(whyOf(refused)).toBe('customerKeyUnwanted');
    }
  });

  test('a bucket may refuse it', async () => {
    const { objects } = await withKey();
    const rule = { kind: 'own', bucketKey: false, blocksCustomerKeys: true } as const;
    await objects.buckets.setEncryption('data', rule);
    const put = await objects.put(at('a'), text('x'), { encryption: customer });
    expect(whyOf(put)).toBe('customerKeysBlocked');
  });

  test('the caller’s copy of the key may be wiped while it is used', async () => {
    const { putUnder, objects } = await withKey();
    const mine = Buffer.from(customerKey);
    const version = await putUnder('a', 'abc', { kind: 'customer', key: mine });
    const stream = valueOf(await objects.open(version, { customerKey: mine }));
    mine.fill(0);
    expect(await gathered(stream)).toBe('abc');
  });
});

describe('the bucket’s rule', () => {
  test('holds for what does not say, and for that alone', async () => {
    const { objects, put, key, textOf, putUnder } = await withKey();
    const rule = { kind: 'key', key: key.id, bucketKey: true } as const;
    valueOf(await objects.buckets.setEncryption('data', rule));
    const { version } = await put('data', 'a', 'abc');
    expect(keyOf(version)).toMatchObject({ keyArn: key.arn, bucketKey: true });
    expect(await textOf(version)).toBe('abc');
    const own = await putUnder('b', 'abc', { kind: 'own' });
    expect(own.object).toMatchObject({ encryption: { kind: 'own' }, etag: md5('abc') });
    const single = await putUnder('c', 'abc', { kind: 'default', bucketKey: false });
    expect(keyOf(single)).toMatchObject({ keyArn: key.arn, bucketKey: false });
    // A key named by the request still goes by the bucket where it says nothing of that.
    expect(keyOf(await putUnder('d', 'x', { kind: 'key' })).bucketKey).toBe(true);
    valueOf(await objects.buckets.setEncryption('data', undefined));
    expect((await put('data', 'e', 'x')).version.object.encryption).toEqual({ kind: 'own' });
  });

  test('a server without managed keys refuses to write under one', async () => {
    const { blobs } = sealedBlobs();
    const [store, clock] = [memoryMetadataStore(), new VirtualClock(0)];
    const objects = makeObjects({ store, blobs, clock, random: seededRandom(1) });
    await objects.buckets.create({ name: 'data', owner: '1', region: 'us-east-1' });
    expect(whyOf(await objects.put(at('a'), text('x'), { keyId: 'k' }))).toBe('keyProblem');
    expect(whyOf(await objects.put(at('a'), text('x')))).toBeUndefined();
  });
});

describe('copies', () => {
  test('are encrypted as their bucket has it, whatever the source was', async () => {
    const { objects, putUnder, wish, textOf, blobCount } = await withKey();
    const request = { description, precondition: {} };
    const source = await putUnder('a', 'abc');
    const plain = valueOf(await objects.copy(source, at('b'), request)).version;
    expect(plain.object).toMatchObject({ encryption: { kind: 'own' }, etag: md5('abc') });
    // Two of the store's own share their bytes.
    expect(await blobCount()).toBe(2);
    valueOf(await objects.copy(plain, at('c'), request));
    expect(await blobCount()).toBe(2);
    const again = valueOf(await objects.copy(plain, at('d'), { ...request, encryption: wish }));
    expect(keyOf(again.version)).toBeDefined();
    expect(await textOf(again.version)).toBe('abc');
  });

  test('onto itself moves an object to another key', async () => {
    const { objects, putUnder, keys, textOf } = await withKey();
    const source = await putUnder('a', 'abc');
    const encryption = { kind: 'key', reference: keys.add('two').arn } as const;
    const request = { description, precondition: {}, encryption };
    const { version } = valueOf(await objects.copy(source, at('a'), request));
    expect(keyOf(version).keyArn).not.toBe(keyOf(source).keyArn);
    expect(await textOf(version)).toBe('abc');
  });

  test('of what is under a key of the client’s need that key', async () => {
    const { objects, putUnder, textOf } = await withKey();
    const source = await putUnder('a', 'abc', { kind: 'customer', key: customerKey });
    const request = { description, precondition: {} };
    expect(whyOf(await objects.copy(source, at('b'), request))).toBe('customerKeyMissing');
    const copy = await objects.copy(source, at('b'), { ...request, sourceKey: customerKey });
    expect(await textOf(valueOf(copy).version)).toBe('abc');
  });
});

describe('uploads in parts', () => {
  async function uploaded(encryption: SealWish, more: object = {}) {
    const f = await withKey();
    const { objects } = f;
    const begun = { bucket: 'data', key: 'big', initiator: '', ...description, encryption };
    const { uploadId } = valueOf(await objects.uploads.begin(begun));
    const upload = { ...at('big'), uploadId };
    const contents = [Buffer.alloc(minPartBytes, 'a'), Buffer.alloc(minPartBytes, 'b')];
    const parts = [];
    for (const [i, content] of contents.entries()) {
      const part = { number: i + 1, ...more };
      parts.push(valueOf(await objects.uploads.putPart(upload, once(content), part)));
    }
    return { ...f, upload, parts, whole: Buffer.concat(contents) };
  }

  test('each part is under the upload’s key, and ranges cross them', async () => {
    const { objects, upload, parts, whole, textOf, keys } = await uploaded({ kind: 'key' });
    const version = valueOf(await objects.uploads.complete(upload, { parts, precondition: {} }));
    expect(version.object.etag).toMatch(/^[0-9a-f]{32}-2$/);
    expect(keyOf(version).keyArn).toContain('own-s3');
    expect(keys.made).toHaveLength(1);
    const range = { start: minPartBytes - 3, end: minPartBytes + 3 };
    expect(await textOf(version, range)).toBe('aaabbb');
    const file = await objects.asFile(at('big'));
    await file?.release();
    expect((await textOf(version)) === whole.toString()).toBe(true);
  });

  test('parts in one another’s place are found out', async () => {
    for (const wish of [{ kind: 'key' }, { kind: 'own' }] as const) {
      const { objects, upload, parts, inner, textOf } = await uploaded(wish);
      const version = valueOf(await objects.uploads.complete(upload, { parts, precondition: {} }));
      const [one = '', two = ''] = parts.map((part) => part.blob);
      const [first, second] = [await bytesOf(inner, one), await bytesOf(inner, two)];
      await inner.delete(one);
      await inner.delete(two);
      await inner.put(once(second), { id: one });
      await inner.put(once(first), { id: two });
      await expect(textOf(version)).rejects.toBeInstanceOf(DamagedBlob);
    }
  });

  test('a disabled key takes no more parts and completes nothing', async () => {
    const { objects, upload, parts, keys, key } = await uploaded({ kind: 'key' });
    const own = [...keys.rows.values()].find((row) => row.manager === 'service') ?? key;
    keys.change(own, { state: 'Disabled' });
    const part = await objects.uploads.putPart(upload, text('x'), { number: 3 });
    expect(whyOf(part)).toBe('keyProblem');
    const completing = () => objects.uploads.complete(upload, { parts, precondition: {} });
    expect(whyOf(await completing())).toBe('keyProblem');
    keys.change(own, { state: 'Enabled' });
    expect(whyOf(await completing())).toBeUndefined();
  });

  test('parts under a key of the client’s need the key that it was begun with', async () => {
    const customer = { kind: 'customer', key: customerKey } as const;
    const { objects, upload, parts, whole } = await uploaded(customer, { customerKey });
    const put = async (more: object) =>
      whyOf(await objects.uploads.putPart(upload, text('x'), { number: 3, ...more }));
    expect(await put({})).toBe('customerKeyMissing');
    expect(await put({ customerKey: Buffer.alloc(32, 9) })).toBe('customerKeyWrong');
    const version = valueOf(await objects.uploads.complete(upload, { parts, precondition: {} }));
    expect(whyOf(await objects.open(version))).toBe('customerKeyMissing');
    const stream = valueOf(await objects.open(version, { customerKey }));
    expect((await gather(stream, whole.length)).equals(whole)).toBe(true);
  });
});

test('a key is zeroed at its end, and is no use after it', async () => {
  const finder = makeKeyFinder({ keys: undefined, partition: 'aws' });
  const keeper = makeKeeper({ finder, clock: new VirtualClock(0), random: seededRandom(2) });
  const row = { region: 'us-east-1', createdAtMs: 0, versioning: 'off', tags: [] } as const;
  const bucket = { ...row, name: 'data', owner: '1' };
  const request = { kind: 'customer', key: customerKey } as const;
  const seal = valueOf(await keeper.begin(at('a'), bucket, request));
  const { key = new Uint8Array() } = seal.options();
  seal.end();
  expect([...key].every((byte) => byte === 0)).toBe(true);
  expect(() => seal.options()).toThrow('used after its end');
  expect(customerKey.every((byte) => byte === 5)).toBe(true);
});

async function bytesOf(
  store: ReturnType<typeof sealedFixture>['inner'],
  id: string,
): Promise<Buffer> {
  return gather(store.read(id), 2 * minPartBytes);
}
