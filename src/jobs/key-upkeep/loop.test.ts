/** What becomes due for keys, and that it is done once and in order. */
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { materialKey } from '../../engines/keys/crypto/material.ts';
import {
  type KeyRow,
  keyed,
  keyRows,
  type MaterialRow,
  materialRows,
} from '../../engines/keys/rows.ts';
import { makeKeyUpkeepLoop } from './loop.ts';

const account = '111122223333';
const region = 'eu-west-1';

function setup() {
  const store = memoryMetadataStore();
  const forgotten: string[] = [];
  let made = 0;
  const newMaterial = async (_spec: string, key: string): Promise<MaterialRow> => {
    made += 1;
    return { key, id: `new${made}`, createdAtMs: 0, origin: 'AWS_KMS', sealed: 'bytes' };
  };
  const forget = (arn: string) => void forgotten.push(arn);
  const loop = makeKeyUpkeepLoop({ store, lifecycle: { newMaterial, forget } });
  const tick = (nowMs: number, signal = new AbortController().signal) =>
    loop.tick(nowMs, { signal });

  async function put(id: string, more: Partial<KeyRow>): Promise<KeyRow> {
    const row: KeyRow = {
      ...{ id, arn: `key ${id}`, account, region, createdAtMs: 0, manager: 'customer' },
      ...{ description: '', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
      ...{ origin: 'AWS_KMS', state: 'Enabled', multiRegion: false, policy: '', tags: [] },
      ...{ demandedRotations: 0, material: 'old', ...more },
    };
    const material: MaterialRow = {
      ...{ key: row.arn, id: 'old', createdAtMs: 0, origin: row.origin, sealed: 'bytes' },
      ...(row.validToMs === undefined ? {} : { expiresAtMs: row.validToMs }),
    };
    await store.write(async (tx) => {
      await tx.put(keyRows, keyed(row, id), row);
      await tx.put(materialRows, materialKey(row, 'old'), material);
    });
    return row;
  }
  const get = (id: string) => store.get(keyRows, keyed({ account, region }, id));
  const material = (id: string) =>
    store.get(materialRows, materialKey({ account, region, id }, 'old'));
  return { store, forgotten, tick, put, get, material, made: () => made };
}

const dayMs = 86_400_000;

test('with nothing due it sleeps', async () => {
  const { tick, put, made } = setup();
  expect(await tick(0)).toBe(Number.POSITIVE_INFINITY);
  await put('a', {});
  expect(await tick(1_000)).toBe(Number.POSITIVE_INFINITY);
  expect(made()).toBe(0);
});

test('imported bytes expire: the key waits for them, and remembers which they were', async () => {
  const { tick, put, get, material, forgotten, made } = setup();
  await put('a', { origin: 'EXTERNAL', validToMs: 100 });
  expect(await tick(99)).toBe(100);
  expect(await tick(100)).toBe(Number.POSITIVE_INFINITY);
  const row = await get('a');
  expect(row).toMatchObject({ state: 'PendingImport' });
  expect(row).not.toHaveProperty('material');
  expect(row).not.toHaveProperty('validToMs');
  expect(await material('a')).toMatchObject({ id: 'old', sealed: '' });
  expect(forgotten).toEqual(['key a']);
  expect(made()).toBe(0);
});

test('a key that waits to be deleted goes on waiting when its bytes expire', async () => {
  const { tick, put, get, material } = setup();
  await put('a', { origin: 'EXTERNAL', state: 'PendingDeletion', validToMs: 100, deleteAtMs: 200 });
  expect(await tick(100)).toBe(200);
  expect(await get('a')).toMatchObject({ state: 'PendingDeletion', deleteAtMs: 200 });
  expect(await tick(200)).toBe(Number.POSITIVE_INFINITY);
  expect(await get('a')).toBeUndefined();
  expect(await material('a')).toBeUndefined();
});

test('more keys than one batch are all done, in one go', async () => {
  const { tick, put, made, get } = setup();
  const rotation = { periodDays: 90, nextAtMs: 5 };
  for (let n = 0; n < 250; n += 1) await put(`k${n}`, { rotation });
  expect(await tick(10)).toBe(10 + 90 * dayMs);
  expect(made()).toBe(250);
  expect(await get('k249')).toMatchObject({ demandedRotations: 0, material: expect.any(String) });
});

test('when many rotations were missed one makes up for them', async () => {
  const { tick, put, made } = setup();
  await put('a', { rotation: { periodDays: 90, nextAtMs: 0 } });
  expect(await tick(1_000 * dayMs)).toBe(1_090 * dayMs);
  expect(made()).toBe(1);
});

test('it stops when told to, and goes on later', async () => {
  const { tick, put, made } = setup();
  await put('a', { rotation: { periodDays: 90, nextAtMs: 0 } });
  expect(await tick(10, AbortSignal.abort())).toBe(0);
  expect(made()).toBe(0);
  await tick(10);
  expect(made()).toBe(1);
});
