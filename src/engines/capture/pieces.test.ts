/** Bytes that come now and then, as one stream. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { Pieces } from './pieces.ts';

test('whatever is added, in whatever lengths, is what the reader gets', async () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 0, max: 12 }), async (sizes, before) => {
      const pieces = new Pieces();
      const parts = sizes.map((size, number) => Buffer.alloc(size, number + 1));
      for (const part of parts.slice(0, before)) pieces.add(part);
      const reading = gather(pieces.stream(), 2_000_000);
      for (const part of parts.slice(before)) {
        pieces.add(part);
        await Promise.resolve();
      }
      pieces.end();
      expect((await reading).equals(Buffer.concat(parts))).toBe(true);
      expect(pieces.waitingBytes).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('what is added stays as it was, whatever becomes of where it came from', async () => {
  const pieces = new Pieces();
  const bytes = Buffer.from('abc');
  pieces.add(bytes);
  bytes.fill(0);
  pieces.end();
  pieces.add(Buffer.from('late'));
  expect((await gather(pieces.stream(), 10)).toString()).toBe('abc');
});

test('a reader learns that nothing more comes of what was dropped', async () => {
  const pieces = new Pieces();
  const reading = gather(pieces.stream(), 1_000_000);
  pieces.add(Buffer.alloc(100_000));
  pieces.drop();
  pieces.add(Buffer.alloc(100));
  expect(pieces.waitingBytes).toBe(0);
  await expect(reading).rejects.toThrow('dropped');
});
