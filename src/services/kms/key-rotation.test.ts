/** Rotation: on schedule, on demand, and what is told of it. */
import { describe, expect, test } from 'vitest';
import { importMaterial } from '../../engines/keys/crypto/imported.ts';
import { codeOf, scope, setup, startMs } from './kms.fixture.ts';

const dayMs = 86_400_000;
const at = (days: number) => new Date(startMs + days * dayMs);

interface Listed {
  readonly Rotations: readonly Record<string, unknown>[];
}

async function start() {
  const made = setup();
  const { KeyId, Arn } = await made.create();
  const status = () => made.run('GetKeyRotationStatus', { KeyId });
  const list = async (more: object = {}) =>
    (await made.run<Listed & object>('ListKeyRotations', { KeyId, ...more })).Rotations;
  const material = async () => (await made.describe(KeyId))['CurrentKeyMaterialId'] as string;
  return { ...made, KeyId, Arn, status, list, material };
}

test('is off until asked for, and then each so many days', async () => {
  const { run, status, list, material, pass, KeyId, Arn } = await start();
  expect(await status()).toEqual({ KeyId: Arn, KeyRotationEnabled: false });
  await run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
  const first = await material();
  expect(await status()).toEqual({
    ...{ KeyId: Arn, KeyRotationEnabled: true, RotationPeriodInDays: 90 },
    NextRotationDate: at(90),
  });
  expect(await pass(89)).toBe(startMs + 90 * dayMs);
  expect(await material()).toBe(first);
  expect(await pass(1)).toBe(startMs + 180 * dayMs);
  const second = await material();
  expect(second).not.toBe(first);
  expect(await list()).toEqual([
    {
      ...{ KeyId: Arn, KeyMaterialId: second, KeyMaterialState: 'CURRENT' },
      ...{ RotationType: 'AUTOMATIC', RotationDate: at(90) },
    },
  ]);
  const all = await list({ IncludeKeyMaterial: 'ALL_KEY_MATERIAL' });
  expect(all).toMatchObject([
    { KeyMaterialId: first, KeyMaterialState: 'NON_CURRENT' },
    { KeyMaterialId: second },
  ]);
  await run('DisableKeyRotation', { KeyId });
  await run('DisableKeyRotation', { KeyId });
  expect(await status()).toEqual({ KeyId: Arn, KeyRotationEnabled: false });
  expect(await pass(365)).toBe(Number.POSITIVE_INFINITY);
  expect(await material()).toBe(second);
});

test('what is asked for again does not put the next one off', async () => {
  const { run, status, pass, KeyId } = await start();
  await run('EnableKeyRotation', { KeyId });
  await pass(10);
  await run('EnableKeyRotation', { KeyId });
  expect(await status()).toMatchObject({ RotationPeriodInDays: 365, NextRotationDate: at(365) });
  await run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 });
  expect(await status()).toMatchObject({ NextRotationDate: at(110) });
});

test('a key that is disabled is rotated once it is enabled again', async () => {
  const { run, list, pass, KeyId } = await start();
  await run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
  await run('DisableKey', { KeyId });
  expect(await pass(100)).toBe(Number.POSITIVE_INFINITY);
  expect(await list()).toEqual([]);
  await run('EnableKey', { KeyId });
  expect(await pass(0)).toBe(startMs + 190 * dayMs);
  expect(await list()).toMatchObject([{ RotationDate: at(100) }]);
});

test('while the key waits to be deleted it is told to be off, and is on again after', async () => {
  const { run, status, KeyId } = await start();
  await run('EnableKeyRotation', { KeyId });
  await run('ScheduleKeyDeletion', { KeyId });
  expect(await status()).toMatchObject({ KeyRotationEnabled: false });
  await run('CancelKeyDeletion', { KeyId });
  expect(await status()).toMatchObject({ KeyRotationEnabled: true });
});

describe('on demand', () => {
  test('new bytes seal at once; the schedule stays', async () => {
    const { run, status, list, material, KeyId, Arn } = await start();
    await run('EnableKeyRotation', { KeyId });
    const before = await status();
    const first = await material();
    expect(await run('RotateKeyOnDemand', { KeyId })).toEqual({ KeyId: Arn });
    expect(await material()).not.toBe(first);
    expect(await status()).toEqual(before);
    expect(await list()).toMatchObject([{ RotationType: 'ON_DEMAND', RotationDate: at(0) }]);
  });

  test('twenty-five times and no more', async () => {
    const { run, list, KeyId } = await start();
    for (let n = 0; n < 25; n += 1) await run('RotateKeyOnDemand', { KeyId });
    expect(await codeOf(run('RotateKeyOnDemand', { KeyId }))).toBe('LimitExceededException');
    expect(await list()).toHaveLength(25);
    const page = await run('ListKeyRotations', { KeyId, Limit: 10 });
    expect(page).toMatchObject({ Truncated: true, NextMarker: expect.any(String) });
  });
});

test('what an old version sealed still opens', async () => {
  const { run, parts, pass, KeyId } = await start();
  const { keys } = parts;
  await run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
  const plaintext = Buffer.from('kept');
  const sealed: Uint8Array[] = [];
  for (const rotates of [
    () => pass(90),
    () => run('RotateKeyOnDemand', { KeyId }),
    async () => {},
  ]) {
    const found = await keys.find(KeyId, scope);
    if (!found.ok) throw new Error(found.reason);
    const made = await keys.seal(found.value, plaintext, { a: 'b' });
    if (!made.ok) throw new Error(made.reason);
    sealed.push(made.value);
    await rotates();
  }
  const materials = new Set<string>();
  for (const blob of sealed) {
    const opened = await keys.open(blob, { context: { a: 'b' } });
    expect(opened).toMatchObject({ ok: true });
    if (!opened.ok) continue;
    expect(Buffer.from(opened.value.plaintext).toString()).toBe('kept');
    materials.add(opened.value.material);
  }
  expect(materials.size).toBe(3);
});

describe('keys that do not rotate', () => {
  const unsupported = 'UnsupportedOperationException';
  test.each([
    'EnableKeyRotation',
    'GetKeyRotationStatus',
    'RotateKeyOnDemand',
    'ListKeyRotations',
  ] as const)('HMAC: %s', async (operation) => {
    const { run, create } = setup();
    const { KeyId } = await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    expect(await codeOf(run(operation, { KeyId }))).toBe(unsupported);
  });
});

describe('imported bytes', () => {
  async function imported() {
    const made = setup();
    const { KeyId } = await made.create({ Origin: 'EXTERNAL' });
    const { store, vault, clock } = made.parts;
    const give = (fill: number, more: object = {}) =>
      store.write(async (tx) => {
        const found = await made.parts.keys.find(KeyId, scope);
        if (!found.ok) throw new Error(found.reason);
        const bytes = Buffer.alloc(32, fill);
        return importMaterial({ tx, vault, clock }, found.value, { bytes, ...more });
      });
    const rotate = () => made.run('RotateKeyOnDemand', { KeyId });
    const list = async () => {
      const IncludeKeyMaterial = 'ALL_KEY_MATERIAL';
      const input = { KeyId, IncludeKeyMaterial };
      return (await made.run<Listed & object>('ListKeyRotations', input)).Rotations;
    };
    await give(1, { description: 'first' });
    return { ...made, KeyId, give, rotate, list };
  }

  test('rotate to what waits for it, and to nothing else', async () => {
    const { describe: described, give, rotate, list, KeyId } = await imported();
    expect(await codeOf(rotate())).toBe('KMSInvalidStateException');
    const before = (await described(KeyId))['CurrentKeyMaterialId'];
    await give(2, { type: 'new', expiresAtMs: startMs + 5 * dayMs });
    const never = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
    expect(await list()).toMatchObject([
      { KeyMaterialId: before, KeyMaterialState: 'CURRENT', KeyMaterialDescription: 'first' },
      { KeyMaterialState: 'PENDING_ROTATION', ImportState: 'IMPORTED', ValidTo: at(5) },
    ]);
    await rotate();
    const after = await described(KeyId);
    expect(after['CurrentKeyMaterialId']).not.toBe(before);
    expect(after).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: at(5) });
    expect(await list()).toMatchObject([
      { KeyMaterialState: 'NON_CURRENT', ExpirationModel: never },
      { KeyMaterialState: 'CURRENT', RotationType: 'ON_DEMAND', RotationDate: at(0) },
    ]);
  });

  test('that expire leave the key waiting for the same ones', async () => {
    const { run, describe: described, give, rotate, list, pass, KeyId } = await imported();
    await give(2, { type: 'new', expiresAtMs: startMs + 5 * dayMs });
    await rotate();
    expect(await pass(5)).toBe(Number.POSITIVE_INFINITY);
    expect(await described(KeyId)).toMatchObject({ KeyState: 'PendingImport', Enabled: false });
    expect(await list()).toMatchObject([
      { ImportState: 'IMPORTED' },
      { ImportState: 'PENDING_IMPORT', KeyMaterialState: 'NON_CURRENT' },
    ]);
    expect(await codeOf(run('EnableKey', { KeyId }))).toBe('KMSInvalidStateException');
    expect(await give(3)).toMatchObject({ kind: 'other' });
    expect(await give(2)).toMatchObject({ kind: 'done' });
    expect(await described(KeyId)).toMatchObject({ KeyState: 'Enabled' });
  });
});
