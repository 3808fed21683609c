/** What is sealed opens again with its key and context, and with nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { open, overheadBytes, seal } from './envelope.ts';
import { keyringOf } from './keyring.ts';
import { makeVault } from './vault.ts';

const random = seededRandom(7);
const key = random.bytes(32);
const secret = Buffer.from('a secret');
const context = { purpose: 'test', owner: 'me' };
const sealed = () => seal(secret, { key, context, random });

test('anything sealed opens to what it was', () => {
  const contexts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string());
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), contexts, (plaintext, one) => {
      const envelope = seal(plaintext, { key, context: one, random });
      expect(envelope.length).toBe(plaintext.length + overheadBytes);
      const reordered = Object.fromEntries(Object.entries(one).reverse());
      const opened = open(envelope, { key, context: reordered });
      expect(opened).toEqual({ ok: true, value: Buffer.from(plaintext) });
    }),
  );
});

test('the same secret is never sealed to the same bytes, nor seen in them', () => {
  const [a, b] = [Buffer.from(sealed()), Buffer.from(sealed())];
  expect(a.equals(b)).toBe(false);
  expect(a.includes(secret)).toBe(false);
});

describe('is refused', () => {
  test('under another key', () => {
    const other = Uint8Array.from(key);
    other[31] = (other[31] ?? 0) ^ 1;
    const opened = open(sealed(), { key: other, context });
    expect(opened).toEqual({ ok: false, reason: 'sealed under another key' });
  });

  test.each([
    {},
    { purpose: 'test' },
    { purpose: 'test', owner: 'you' },
    { ...context, more: '' },
    { purpos: 'etest', owner: 'me' },
  ])('in the context %j', (other) => {
    const opened = open(sealed(), { key, context: other });
    expect(opened).toEqual({ ok: false, reason: 'corrupted, or sealed with another context' });
  });

  test('with any byte changed', () => {
    const envelope = sealed();
    for (let at = 0; at < envelope.length; at += 1) {
      const changed = Uint8Array.from(envelope);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      expect(open(changed, { key, context }).ok).toBe(false);
    }
  });

  test('at any shorter length', () => {
    const envelope = sealed();
    for (let size = 0; size < envelope.length; size += 1) {
      expect(open(envelope.subarray(0, size), { key, context }).ok).toBe(false);
    }
  });

  test('in an unknown version', () => {
    const changed = Uint8Array.from(sealed());
    changed[0] = 2;
    const opened = open(changed, { key, context });
    expect(opened).toEqual({ ok: false, reason: 'an envelope of unknown version 2' });
  });
});

test('a key of the wrong length is a bug', () => {
  expect(() => seal(secret, { key: key.subarray(1), context, random })).toThrow('32 bytes');
});

test('a vault keeps text in rows', () => {
  const vault = makeVault({ keyring: keyringOf([key]), random });
  const row = vault.seal('päss', context);
  expect(vault.open(row, context)).toEqual({ ok: true, value: 'päss' });
  expect(vault.open(row, {}).ok).toBe(false);
  expect(vault.open(`${row}!`, context)).toEqual({ ok: false, reason: 'not base64' });
  const other = makeVault({ keyring: keyringOf([random.bytes(32)]), random });
  expect(other.open(row, context)).toEqual({ ok: false, reason: 'sealed under another key' });
});
