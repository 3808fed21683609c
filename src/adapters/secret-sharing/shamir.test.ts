/** Any shares that are enough give the secret back; fewer say nothing of it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shamirSharing } from './shamir.ts';

const { split, combine } = shamirSharing;
const sizes = fc
  .integer({ min: 2, max: 9 })
  .chain((count) =>
    fc.record({ count: fc.constant(count), threshold: fc.integer({ min: 2, max: count }) }),
  );
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('any of them that are enough, in any order, give the secret', async () => {
  await fc.assert(
    fc.asyncProperty(secrets, sizes, fc.nat(), async (secret, into, seed) => {
      const shares = [...(await split(secret, into))];
      expect(shares).toHaveLength(into.count);
      expect(shares.every(({ length }) => length === secret.length + 1)).toBe(true);
      const order = shares.map((share, i) => ({ share, at: (seed * (i + 7) * 31) % 97 }));
      const some = order.sort((a, b) => a.at - b.at).slice(0, into.threshold);
      expect(await combine(some.map(({ share }) => share))).toEqual({ ok: true, value: secret });
    }),
    { numRuns: 50 },
  );
});

test('whatever kind of bytes they come in', async () => {
  const shares = await split(Buffer.from('secret'), { count: 3, threshold: 2 });
  const combined = await combine(shares.slice(1).map((share) => Buffer.from(share)));
  expect(combined.ok && Buffer.from(combined.value).toString()).toBe('secret');
});

test('one too few leaves every secret as likely as any other', async () => {
  // With all but one share fixed, the 256 values that the last may have for a byte are the 256
  // values of the secret: none of them is ruled out by the shares that are known.
  for (const threshold of [2, 3, 5]) {
    const shares = await split(Uint8Array.of(42), { count: 5, threshold });
    const known = shares.slice(0, threshold - 1);
    const place = shares[threshold - 1]?.[1] ?? 0;
    const secrets = new Set<number>();
    for (let value = 0; value < 256; value += 1) {
      const combined = await combine([...known, Uint8Array.of(value, place)]);
      if (combined.ok) secrets.add(combined.value[0] ?? -1);
    }
    expect(secrets.size).toBe(256);
  }
});

test('shares that cannot be of one secret are refused', async () => {
  const [a, b] = await split(Uint8Array.of(1, 2), { count: 2, threshold: 2 });
  const one = a ?? new Uint8Array();
  expect((await combine([one])).ok).toBe(false);
  expect((await combine([one, one])).ok).toBe(false);
  expect((await combine([one, (b ?? one).subarray(1)])).ok).toBe(false);
});
