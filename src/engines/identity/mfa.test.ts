/** A code lets its user in once, and guessing gets nowhere. */
import { beforeEach, expect, test } from 'vitest';
import {
  account,
  addDevice,
  addUser,
  type TestIdentity,
  testIdentity,
} from './identity.fixture.ts';
import { mfaRefusal } from './mfa.ts';
import { mfaDevices } from './rows.ts';
import { codeAt, stepAt } from './totp.ts';

let made: TestIdentity;
let device: { readonly serial: string; readonly seed: string };
const ann = { account, userName: 'ann' };

beforeEach(async () => {
  made = testIdentity();
  device = await addDevice(made, await addUser(made, 'ann'));
});

const code = (apart = 0) => codeAt(device.seed, stepAt(made.clock.atMs) + apart);
const wrong = () => String((Number(code()) + 1) % 1_000_000).padStart(6, '0');

async function use(text: string, serial = device.serial): Promise<boolean> {
  const { mfa } = made.identity;
  const proof = await mfa.check(ann, text, serial);
  return proof.ok && mfa.consume(ann, proof.value);
}

test('a code is good once, whoever is first', async () => {
  const { mfa } = made.identity;
  const proofs = [await mfa.check(ann, code()), await mfa.check(ann, code(), device.serial)];
  const used = proofs.map(async (proof) => proof.ok && mfa.consume(ann, proof.value));
  expect((await Promise.all(used)).sort()).toEqual([false, true]);
  expect([await use(code()), await use(code(-1)), await use(code(1))]).toEqual([
    false,
    false,
    true,
  ]);
});

test('a clock that is set back does not make a used code good', async () => {
  const early = code();
  made.clock.atMs += 300_000;
  expect(await use(code())).toBe(true);
  made.clock.atMs -= 300_000;
  expect(await use(early)).toBe(false);
});

test('looking at a code changes nothing that is kept', async () => {
  const before = await made.store.get(mfaDevices, device.serial);
  expect((await made.identity.mfa.check(ann, code())).ok).toBe(true);
  expect(await made.store.get(mfaDevices, device.serial)).toEqual(before);
});

test('five wrong codes make their user wait, longer each time, for every device', async () => {
  for (let tries = 0; tries < 5; tries += 1) expect(await use(wrong())).toBe(false);
  expect(await use(code())).toBe(false);
  made.clock.atMs += 29_999;
  expect(await use(code())).toBe(false);
  made.clock.atMs += 1;
  expect(await use(wrong())).toBe(false);
  made.clock.atMs += 59_999;
  expect(await use(code())).toBe(false);
  made.clock.atMs += 1;
  expect(await use(code())).toBe(true);
});

test('guessing all at once is counted as well', async () => {
  const codes = Array.from({ length: 200 }, (_, n) => String(n).padStart(6, '0'));
  const others = codes.filter((text) => ![-1, 0, 1].some((apart) => code(apart) === text));
  await Promise.all(others.map((text) => use(text)));
  expect(await use(code())).toBe(false);
});

test('a device lets in its user alone, while it is enabled', async () => {
  const { mfa } = made.identity;
  await addUser(made, 'bob');
  const bob = { account, userName: 'bob' };
  expect(await mfa.check(bob, code(), device.serial)).toEqual({ ok: false, reason: mfaRefusal });
  const proof = await mfa.check(ann, code());
  if (!proof.ok) throw new Error(proof.reason);
  expect(await mfa.consume(bob, proof.value)).toBe(false);
  expect([await mfa.isEnabled(ann), await mfa.isEnabled(bob)]).toEqual([true, false]);
  await made.space.write(async (tx) => {
    const row = await tx.get(mfaDevices, device.serial);
    if (!row) return;
    const { userName: _user, ...disabled } = row;
    await tx.put(mfaDevices, device.serial, disabled);
  });
  expect(await mfa.consume(ann, proof.value)).toBe(false);
  expect(await mfa.isEnabled(ann)).toBe(false);
});
