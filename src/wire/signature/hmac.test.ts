/** The quick way to an HMAC gives what Node's own gives. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { macUnder } from './hmac.ts';

const byNode = (key: Uint8Array, text: string) =>
  createHmac('sha256', key).update(text).digest('hex');

test('what Node makes of any key of up to a block, and of texts of any length', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.integer({ min: 0, max: 3_000 }).map((length) => 'ü'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(texts), (key, all) => {
      const mac = macUnder(key);
      for (const text of all) expect(mac(text)).toBe(byNode(key, text));
    }),
  );
});

test('a key longer than a block is a mistake', () => {
  expect(() => macUnder(new Uint8Array(65))).toThrow('a key of one block');
});
