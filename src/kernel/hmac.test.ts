/** Short ways to an HMAC end where the long one does. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortHmac } from './hmac.ts';

const part = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom('\ud800', 'é€𝄞'.repeat(9_000), 'x'.repeat(49_152), new Uint8Array(50_000)),
);

test('it is that of Node, for any key and any parts', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('sha256' as const, 'sha512' as const),
      fc.uint8Array({ maxLength: 140 }),
      fc.array(part, { maxLength: 4 }),
      (algorithm, key, parts) => {
        const hmac = createHmac(algorithm, key);
        for (const one of parts) hmac.update(one);
        expect(shortHmac(algorithm, key, parts)).toBe(hmac.digest('binary'));
      },
    ),
  );
});
