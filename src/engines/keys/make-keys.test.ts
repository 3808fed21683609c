/** Managed keys for the rest of the server: what they seal and open, and when they do not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { defined } from '../../kernel/assert.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { makeVault } from '../envelope/vault.ts';
import { parseBlob } from './crypto/blob.ts';
import { materialKey, newMaterial } from './crypto/material.ts';
import { makeOpenedMaterials } from './crypto/opened.ts';
import { makeKeys } from './make-keys.ts';
import { insertKey, newKey } from './making.ts';
import { rotate } from './rotation.ts';
import { type KeyRow, keyed, keyRows, type MaterialRow, materialRows } from './rows.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const secret = Buffer.from('a secret');
const context = { patient: '17' };

function world() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(1_000);
  const random = seededRandom(9);
  const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  const parts = { store, clock, random, vault };
  const keys = makeKeys(parts);
  const making = {
    ...{ random, clock },
    newMaterial: (spec: KeyRow['spec'], arn: string) => newMaterial(spec, parts, arn),
  };
  async function key(more: Partial<KeyRow> = {}): Promise<KeyRow> {
    const made = await newKey(making, {
      ...{ scope, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' },
      ...{ manager: 'customer', description: '', multiRegion: false, tags: [], ...more },
    });
    await store.write((tx) => insertKey(tx, made));
    return made.key;
  }
  const put = (row: KeyRow) => store.write((tx) => tx.put(keyRows, keyed(row, row.id), row));
  const sealed = async (row: KeyRow) => {
    const answer = await keys.seal(row, secret, context);
    if (!answer.ok) throw new Error(answer.reason);
    return answer.value;
  };
  return { ...parts, keys, key, put, sealed, making };
}

test('seals and opens, and tells which key and material', async () => {
  const { keys, key, sealed } = world();
  const row = await key();
  const text = await sealed(row);
  expect(Buffer.from(text).includes(secret)).toBe(false);
  expect(await keys.open(text, { context, keyArn: row.arn })).toEqual({
    ...{ ok: true, value: { plaintext: secret, keyArn: row.arn, material: row.material } },
  });
  expect(await keys.keyOf(text)).toEqual({ ok: true, value: row });
});

test('a data key is what its sealed copy opens to', async () => {
  const { keys, key } = world();
  const made = await keys.dataKey(await key(), { context, sizeBytes: 32 });
  if (!made.ok) throw new Error(made.reason);
  expect(made.value.plaintext).toHaveLength(32);
  const opened = await keys.open(made.value.sealed, { context });
  expect(opened).toMatchObject({ value: { plaintext: Buffer.from(made.value.plaintext) } });
});

test('whatever is changed, the answer is one', async () => {
  const { keys, key, sealed } = world();
  const text = await sealed(await key({ multiRegion: true }));
  const invalid = { ok: false, problem: 'invalidCiphertext', reason: '' };
  for (let at = 0; at < text.length; at += 1) {
    const changed = Uint8Array.from(text);
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    expect([at, await keys.open(changed, { context })]).toEqual([at, invalid]);
    expect(await keys.open(text.subarray(0, at), { context })).toEqual(invalid);
  }
  for (const other of [{}, { patient: '71' }, { ...context, more: '' }]) {
    expect(await keys.open(text, { context: other })).toEqual(invalid);
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (noise) => {
      expect(await keys.open(noise, { context })).toEqual(invalid);
    }),
  );
});

test('what one key sealed does not pass for what another did', async () => {
  const { keys, key, sealed } = world();
  const [one, two] = [await key(), await key()];
  const [a, b] = [await sealed(one), await sealed(two)];
  expect(await keys.open(a, { context, keyArn: two.arn })).toMatchObject({
    problem: 'incorrectKey',
  });
  const headBytes = defined(parseBlob(a), 'the parts').header.length;
  const crossed = Buffer.concat([a.subarray(0, headBytes), b.subarray(headBytes)]);
  expect(await keys.open(crossed, { context })).toMatchObject({ problem: 'invalidCiphertext' });
});

describe('the state of a key', () => {
  test.each([
    [{ state: 'Disabled' }, 'disabled', /is disabled/],
    [{ state: 'PendingDeletion' }, 'invalidState', /is pending deletion/],
    [{ state: 'PendingImport' }, 'invalidState', /is pending import/],
    [{ validToMs: 1_000 }, 'invalidState', /is pending import/],
  ] as const)('%j is looked at each time', async (more, problem, words) => {
    const { keys, key, put, sealed } = world();
    const row = await key();
    const text = await sealed(row);
    expect((await keys.open(text, { context })).ok).toBe(true);
    const changed = { ...row, ...more };
    await put(changed);
    const refused = { problem, reason: expect.stringMatching(words) };
    expect(await keys.open(text, { context })).toMatchObject(refused);
    expect(await keys.seal(changed, secret, context)).toMatchObject(refused);
    const made = await keys.dataKey(changed, { context, sizeBytes: 32 });
    expect(made).toMatchObject(refused);
    await put(row);
    expect((await keys.open(text, { context })).ok).toBe(true);
  });
});

test('every material of a key opens what it sealed', async () => {
  const { keys, key, sealed, store, making } = world();
  let row = await key();
  const texts: Uint8Array[] = [];
  for (let round = 0; round < 4; round += 1) {
    texts.push(await sealed(row));
    const material = await making.newMaterial(row.spec, row.arn);
    const before = row;
    row = await store.write((tx) => rotate(tx, before, { material, by: 'AUTOMATIC', nowMs: 5 }));
  }
  const materials = new Set<string>();
  for (const text of texts) {
    const opened = await keys.open(text, { context });
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.value.plaintext).toEqual(secret);
    materials.add(opened.value.material);
  }
  expect(materials.size).toBe(4);
});

test('a key that was deleted opens nothing, once it is forgotten', async () => {
  const { keys, key, sealed, store } = world();
  const row = await key();
  const text = await sealed(row);
  await store.write((tx) => tx.delete(materialRows, materialKey(row, row.material ?? '')));
  keys.forget(row.arn);
  expect(await keys.open(text, { context })).toMatchObject({ problem: 'invalidCiphertext' });
  await store.write((tx) => tx.delete(keyRows, keyed(row, row.id)));
  expect(await keys.open(text, { context })).toMatchObject({ problem: 'invalidCiphertext' });
});

test('a key behind a service is made once', async () => {
  const { keys } = world();
  const made = await Promise.all([keys.ofService('s3', scope), keys.ofService('s3', scope)]);
  const [one, two] = made;
  expect(two.arn).toBe(one.arn);
  expect(one).toMatchObject({ manager: 'service', aliases: ['alias/aws/s3'] });
  expect(await keys.find('alias/aws/s3', scope)).toEqual({ ok: true, value: one });
});

describe('bytes that are open', () => {
  test('are cleared when others push them out, or the key is forgotten', async () => {
    const { key, store, vault } = world();
    const opened = makeOpenedMaterials({ reader: store, vault, limit: 2 });
    const rows = [await key(), await key(), await key()];
    const seen: Uint8Array[] = [];
    for (const row of rows) {
      await opened.withBytes(row, row.material ?? '', (bytes) => seen.push(bytes));
    }
    const isCleared = () => seen.map((bytes) => bytes.every((byte) => byte === 0));
    expect(isCleared()).toEqual([true, false, false]);
    opened.forget(defined(rows[1], 'a key').arn);
    expect(isCleared()).toEqual([true, true, false]);
  });

  test('are kept by no one who was reading while the key was forgotten', async () => {
    const { key, store, vault } = world();
    const row = await key();
    const opened = makeOpenedMaterials({ reader: store, vault });
    const seen: Uint8Array[] = [];
    const work = opened.withBytes(row, row.material ?? '', (bytes) => {
      seen.push(bytes);
      return bytes.some((byte) => byte !== 0);
    });
    opened.forget(row.arn);
    expect(await work).toBe(true);
    expect(defined(seen[0], 'the bytes').every((byte) => byte === 0)).toBe(true);
  });

  test('are in no row in clear, nor open in the place of others', async () => {
    const { key, store, vault, keys, sealed } = world();
    const [one, two] = [await key(), await key()];
    const opened = makeOpenedMaterials({ reader: store, vault });
    const plain = await opened.withBytes(one, one.material ?? '', (b) => Buffer.from(b));
    const rows = await store.list(materialRows, { limit: 10 });
    const kept = Buffer.from(defined(plain, 'the bytes'));
    for (const form of ['hex', 'base64', 'latin1'] as const) {
      expect(JSON.stringify(rows)).not.toContain(kept.toString(form));
    }
    const rowOf = async ({ id, material = '', account, region }: KeyRow) =>
      defined(await store.get(materialRows, materialKey({ id, account, region }, material)), 'row');
    const swapped: MaterialRow = { ...(await rowOf(two)), sealed: (await rowOf(one)).sealed };
    await store.write((tx) => tx.put(materialRows, materialKey(two, swapped.id), swapped));
    await expect(sealed(two)).rejects.toThrow('does not open');
    expect((await keys.seal(one, secret, context)).ok).toBe(true);
  });
});
