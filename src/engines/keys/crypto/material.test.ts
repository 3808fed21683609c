/** New bytes of each spec: of their size, sealed, each time others. */
import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../kernel/clock.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { keyringOf } from '../../envelope/keyring.ts';
import { makeVault } from '../../envelope/vault.ts';
import { newMaterial, openMaterial, privateKeyOf } from './material.ts';
import { makePairMaker, type Pair, PairsBusy } from './pairs.ts';

const random = seededRandom(1);
const vault = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
const parts = { vault, random, clock: new VirtualClock(5) };
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/x';

async function opened(spec: Parameters<typeof newMaterial>[0]) {
  const row = await newMaterial(spec, parts, arn);
  expect(row).toMatchObject({ key: arn, origin: 'AWS_KMS', createdAtMs: 5 });
  expect(row.id).toMatch(/^[0-9a-f]{64}$/);
  const bytes = openMaterial(row, vault);
  if (!bytes.ok) throw new Error(bytes.reason);
  return { row, bytes: bytes.value };
}

test.each([
  ['SYMMETRIC_DEFAULT', 32],
  ['HMAC_224', 28],
  ['HMAC_256', 32],
  ['HMAC_384', 48],
  ['HMAC_512', 64],
] as const)('%s has %d bytes', async (spec, sizeBytes) => {
  const { row, bytes } = await opened(spec);
  expect(bytes).toHaveLength(sizeBytes);
  expect(row.publicKey).toBeUndefined();
  expect(row.sealed).not.toContain(bytes.toString('base64'));
  expect((await opened(spec)).bytes.equals(bytes)).toBe(false);
});

test.each([
  ['RSA_2048', { modulusLength: 2_048 }],
  ['ECC_NIST_P256', { namedCurve: 'prime256v1' }],
  ['ECC_NIST_P384', { namedCurve: 'secp384r1' }],
  ['ECC_NIST_P521', { namedCurve: 'secp521r1' }],
  ['ECC_SECG_P256K1', { namedCurve: 'secp256k1' }],
  ['ECC_NIST_EDWARDS25519', {}],
] as const)('%s has a private and a public half', async (spec, details) => {
  const { row, bytes } = await opened(spec);
  const secret = privateKeyOf(bytes);
  expect(secret.asymmetricKeyDetails).toMatchObject(details);
  const half = createPublicKey(secret).export({ type: 'spki', format: 'der' });
  expect(half.toString('base64')).toBe(row.publicKey);
});

test('opens in no other place than its own', async () => {
  const { row } = await opened('SYMMETRIC_DEFAULT');
  expect(openMaterial({ ...row, key: `${arn}y` }, vault).ok).toBe(false);
  expect(openMaterial({ ...row, id: 'ab'.repeat(32) }, vault).ok).toBe(false);
});

test('pairs are made two at a time, and refused when too many wait', async () => {
  const ends: (() => void)[] = [];
  const pair: Pair = { privateKey: Buffer.alloc(1), publicKey: Buffer.alloc(1) };
  let most = 0;
  let running = 0;
  const make = makePairMaker(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running -= 1;
    return pair;
  });
  const asked = Array.from({ length: 66 }, () => make('RSA_4096'));
  await expect(make('RSA_4096')).rejects.toThrow(PairsBusy);
  for (let done = 0; done < asked.length; done += 1) {
    while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    ends.shift()?.();
  }
  expect(await Promise.all(asked)).toHaveLength(66);
  expect(most).toBe(2);
});
