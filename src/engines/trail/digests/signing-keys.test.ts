/** Keys of digests: made once, kept sealed, replaced each year and still listed. */
import { createPublicKey, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../../adapters/memory/metadata-store.ts';
import { dayMs, VirtualClock } from '../../../kernel/clock.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { keyringOf } from '../../envelope/keyring.ts';
import { makeVault } from '../../envelope/vault.ts';
import { signingKeyRows } from './rows.ts';
import { fingerprintOf, makeSigningKeys } from './signing-keys.ts';

const region = 'eu-west-1';
const year = 365 * dayMs;
/** A pair takes seconds on a machine that is busy. */
const slowMs = 60_000;

function setup() {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(Date.UTC(2026, 0, 5));
  const random = seededRandom(5);
  const keyring = keyringOf([random.bytes(32)]);
  const open = (ring = keyring) =>
    makeSigningKeys({ store, clock, vault: makeVault({ keyring: ring, random }) });
  const otherRing = keyringOf([random.bytes(32)]);
  return { store, clock, open, otherRing };
}

test('a key of a region outlives the process, and nobody reads it without the vault', {
  timeout: slowMs,
}, async () => {
  const { store, open, clock, otherRing } = setup();
  const keys = open();
  const both = await Promise.all([keys.current(region), keys.current(region)]);
  const again = await open().current(region);
  expect(both.map(({ fingerprint }) => fingerprint)).toEqual([
    again.fingerprint,
    again.fingerprint,
  ]);
  const [row] = await keys.list(region, { startMs: 0, endMs: clock.nowMs() });
  const der = Buffer.from(row?.publicKey ?? '', 'base64');
  expect(fingerprintOf(der)).toBe(again.fingerprint);
  const signature = sign('sha256', Buffer.from('text'), again.key);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
  expect(verify('sha256', Buffer.from('text'), publicKey, signature)).toBe(true);
  expect(publicKey.asymmetricKeyDetails?.modulusLength).toBe(2_048);
  const kept = JSON.stringify(await store.list(signingKeyRows, { limit: 10 }));
  const secret = again.key.export({ format: 'der', type: 'pkcs8' });
  expect(kept).not.toContain(secret.subarray(100, 160).toString('base64'));
  await expect(open(otherRing).current(region)).rejects.toThrow('another key');
});

test('a new key signs each year; the old one stays listed for what it signed', {
  timeout: slowMs,
}, async () => {
  const { open, clock } = setup();
  const keys = open();
  const { fingerprint } = await keys.current(region);
  clock.moveTo(clock.nowMs() + year);
  const next = await keys.current(region);
  expect(next.fingerprint).not.toBe(fingerprint);
  const whole = { startMs: 0, endMs: clock.nowMs() };
  const listed = await keys.list(region, whole);
  expect(listed.map((row) => row.fingerprint)).toEqual([fingerprint, next.fingerprint]);
  // What signs no more is kept no more.
  expect(listed.map(({ sealed }) => sealed === undefined)).toEqual([true, false]);
  const late = { startMs: clock.nowMs() + 7 * dayMs, endMs: clock.nowMs() + year };
  expect(await keys.list(region, late)).toHaveLength(1);
  expect(await keys.list('us-east-1', whole)).toEqual([]);
});

test('a fingerprint is that of a key printed in the documentation', () => {
  const printed =
    'MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTD' +
    'SfmmnP97mqyc7z/upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+r' +
    'FfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDL' +
    'G1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB';
  expect(fingerprintOf(Buffer.from(printed, 'base64'))).toBe('8eba5db5bea9b640d1c96a77256fe7f2');
});
