/**
 * A real token where there is one: SoftHSM 2 (Debian `softhsm2`) and the package `pkcs11js`.
 * Without them only what is said about their absence is tested.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { KeyDevice } from '../../ports/key-device.ts';
import { pkcs11Devices } from './key-device.ts';
import {
  makeTokens,
  softhsmModule as module,
  noSofthsm,
  softhsmPin as pin,
} from './softhsm.fixture.ts';

const random = seededRandom(3);
const binding = Buffer.from('binding');
const secret = random.bytes(32);
let tokens: Awaited<ReturnType<typeof makeTokens>>;

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

test('without the package it says how to have it', async () => {
  const open = pkcs11Devices(random, () => ({ ok: false, reason: 'npm install pkcs11js' }));
  const opened = await open({ module: '/none.so', token: 't', key: 'k', pin });
  expect(opened).toEqual({ ok: false, reason: 'npm install pkcs11js' });
});

describe.skipIf(noSofthsm !== '')(`SoftHSM ${noSofthsm}`, () => {
  beforeAll(async () => {
    tokens = await makeTokens('first', 'second');
  });
  afterAll(() => tokens.remove());

  const at = (token: string, key = 'root') => pkcs11Devices(random)({ module, token, key, pin });

  async function using<T>(token: string, work: (device: KeyDevice) => Promise<T>): Promise<T> {
    const device = value(await at(token));
    try {
      return await work(device);
    } finally {
      await device.close();
    }
  }

  test('what its key wraps, that key alone unwraps, also later', async () => {
    const wrapped = await using('first', async (device) => {
      expect(await device.ensureKey()).toMatchObject({ ok: true });
      return value(await device.wrap(secret, binding));
    });
    expect(Buffer.from(wrapped).includes(Buffer.from(secret))).toBe(false);
    await using('first', async (device) => {
      expect(await device.ensureKey()).toMatchObject({ ok: true });
      expect(value(await device.unwrap(wrapped, binding))).toEqual(Uint8Array.from(secret));
      expect(await device.unwrap(wrapped, Buffer.from('other'))).toMatchObject({ ok: false });
      const changed = Uint8Array.from(wrapped);
      changed[20] = (changed[20] ?? 0) ^ 1;
      expect(await device.unwrap(changed, binding)).toMatchObject({ ok: false });
      expect(await device.unwrap(wrapped.subarray(0, 20), binding)).toMatchObject({ ok: false });
    });
    await using('second', async (device) => {
      const refused = await device.unwrap(wrapped, binding);
      expect(refused).toMatchObject({ reason: expect.stringContaining('no key labelled root') });
      await device.ensureKey();
      expect(await device.unwrap(wrapped, binding)).toMatchObject({ ok: false });
    });
  });

  test('a token or a PIN that is not right is refused by name', async () => {
    expect(await at('third')).toMatchObject({ reason: expect.stringContaining('labelled third') });
    const open = pkcs11Devices(random);
    const wrongPin = { module, token: 'first', key: 'root' };
    expect(await open({ ...wrongPin, pin: '9999' })).toMatchObject({
      reason: expect.stringMatching(/does not open with this PIN: .*CKR_PIN_INCORRECT/),
    });
    const missing = await open({ ...wrongPin, module: join(tokens.folder, 'none.so'), pin });
    expect(missing).toMatchObject({ reason: expect.stringContaining('no PKCS #11 module') });
    const noModule = await open({ ...wrongPin, module: join(tokens.folder, 'softhsm2.conf'), pin });
    expect(noModule).toMatchObject({ reason: expect.stringContaining('cannot be used') });
  });
});
