/** What a key sealed opens with the same material and context, and with nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../../../kernel/assert.ts';
import { seededRandom } from '../../../kernel/random.ts';
import { type BlobOwner, openBlob, parseBlob, sealBlob } from './blob.ts';

const random = seededRandom(11);
const bytes = random.bytes(32);
const owner: BlobOwner = {
  ...{ id: '1234abcd-12ab-34cd-56ef-1234567890ab', account: '012345678901' },
  ...{ region: 'ap-southeast-2', material: 'ab'.repeat(32) },
};
const context = { patient: '17', ward: 'b' };
const sealed = (plaintext: Uint8Array = Buffer.from('a secret')) =>
  sealBlob(plaintext, { owner, bytes, context, random });

const opened = (blob: Uint8Array, more: { context?: Record<string, string> } = {}) => {
  const parsed = parseBlob(blob);
  return parsed && openBlob(parsed, { bytes, context, ...more });
};

test('anything sealed opens to what it was, and tells whose it is', () => {
  const owners = fc.record({
    id: fc.oneof(
      fc.uuid(),
      fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((n) => `mrk-${Buffer.from(n).toString('hex')}`),
    ),
    account: fc.integer({ min: 0, max: 999_999_999_999 }).map((n) => String(n).padStart(12, '0')),
    region: fc.constantFrom('eu-west-1', 'us-gov-east-1', 'x', 'r'.repeat(64)),
    material: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((n) => Buffer.from(n).toString('hex')),
  });
  const contexts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string());
  fc.assert(
    fc.property(fc.uint8Array(), contexts, owners, (plaintext, one, whose) => {
      const blob = sealBlob(plaintext, { owner: whose, bytes, context: one, random });
      const parsed = defined(parseBlob(blob), 'the parts');
      expect(parsed).toMatchObject(whose);
      const reordered = Object.fromEntries(Object.entries(one).reverse());
      expect(openBlob(parsed, { bytes, context: reordered })).toEqual(Buffer.from(plaintext));
    }),
  );
});

test('the same plaintext is never sealed to the same bytes, nor seen in them', () => {
  const [a, b] = [sealed(), sealed()];
  expect(a.equals(b)).toBe(false);
  expect(a.includes('a secret')).toBe(false);
});

describe('does not open', () => {
  test('with any bit changed', () => {
    const blob = sealed();
    for (let at = 0; at < blob.length * 8; at += 1) {
      const changed = Buffer.from(blob);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect([at, opened(changed)]).toEqual([at, undefined]);
    }
  });

  test('at any other length', () => {
    const blob = sealed();
    for (let size = 0; size < blob.length; size += 1) {
      expect(opened(blob.subarray(0, size))).toBeUndefined();
      expect(opened(blob.subarray(size + 1))).toBeUndefined();
    }
    expect(opened(Buffer.concat([blob, Uint8Array.of(0)]))).toBeUndefined();
  });

  test('spliced from two', () => {
    const [a, b] = [sealed(Buffer.from('one secret')), sealed(Buffer.from('two secret'))];
    for (let at = 1; at < a.length; at += 1) {
      const spliced = Buffer.concat([a.subarray(0, at), b.subarray(at)]);
      if (spliced.equals(a) || spliced.equals(b)) continue;
      expect([at, opened(spliced)]).toEqual([at, undefined]);
    }
  });

  test.each([{}, { patient: '17' }, { patient: '17', ward: 'c' }, { patient: '17w', ard: 'b' }])(
    'in the context %j',
    (other) => {
      expect(opened(sealed(), { context: other })).toBeUndefined();
    },
  );

  test('with other bytes', () => {
    const parsed = defined(parseBlob(sealed()), 'the parts');
    expect(openBlob(parsed, { bytes: random.bytes(32), context })).toBeUndefined();
  });
});

test('contexts that look alike when written in a row are told apart', () => {
  const blob = sealBlob(bytes, { owner, bytes, context: { a: 'bc' }, random });
  const parsed = defined(parseBlob(blob), 'the parts');
  expect(openBlob(parsed, { bytes, context: { ab: 'c' } })).toBeUndefined();
  expect(openBlob(parsed, { bytes, context: { a: 'bc' } })).toEqual(Buffer.from(bytes));
});

test('random bytes are no ciphertext', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), (noise) => {
      expect(opened(noise)).toBeUndefined();
    }),
  );
});
