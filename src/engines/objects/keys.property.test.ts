/** Keys of objects: any text is one, in the order of its bytes, and never taken for another. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { escapeKey, locatorOf, pastLocator, prefixOf, successor } from './keys.ts';
import { clip } from './reading.ts';

const character = fc.constantFrom(
  ...['a', 'b', '/', '.', '%', '\\', ' ', '\u0000', '\u0001', '\u0002', '\u0003', '\u0004'],
  ...['\u007f', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'],
);
const key = fc.oneof(
  fc.array(character, { maxLength: 6 }).map((all) => all.join('')),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const sign = (n: number) => Math.sign(n);
const bytes = (text: string) => Buffer.from(text);

test('escaping keeps order, prefixes, and differences', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const [one, other] = [escapeKey(a), escapeKey(b)];
      expect(sign(compareUtf8(one, other))).toBe(sign(Buffer.compare(bytes(a), bytes(b))));
      expect(one.startsWith(other)).toBe(a.startsWith(b));
      for (const ours of ['\u0000', '\u0001']) expect(one).not.toContain(ours);
    }),
    { numRuns: 1_000 },
  );
});

test('what extends a locator is before what follows the key, and of no other key', () => {
  fc.assert(
    fc.property(key, key, fc.string({ unit: 'binary', maxLength: 3 }), (a, b, version) => {
      const extended = locatorOf('bucket', a) + version;
      expect(compareUtf8(extended, pastLocator('bucket', a))).toBeLessThan(0);
      expect(extended.startsWith(locatorOf('bucket', b))).toBe(a === b);
      expect(extended.startsWith(prefixOf('bucket', b))).toBe(a.startsWith(b));
    }),
    { numRuns: 1_000 },
  );
});

test('the successor of a prefix is above all that start with it, and next to them', () => {
  fc.assert(
    fc.property(key, key, key, (prefix, rest, other) => {
      const next = successor(prefix);
      if (next === undefined) {
        expect(prefix).toMatch(/^\u{10ffff}*$/u);
        return;
      }
      expect(Buffer.compare(bytes(prefix + rest), bytes(next))).toBeLessThan(0);
      const between =
        Buffer.compare(bytes(other), bytes(prefix)) >= 0 &&
        Buffer.compare(bytes(other), bytes(next)) < 0;
      expect(between).toBe(other.startsWith(prefix));
    }),
    { numRuns: 1_000 },
  );
});

test('a range of an object in pieces is the bytes that a range of the whole has', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.nat(40), fc.nat(40), (each, start, end) => {
      const name = (blob: string, at: number) => `${blob}.${at}`;
      const segments = each.map((size, i) => ({
        blob: `b${i}`,
        range: { start: 2, end: 2 + size },
      }));
      const whole = each.flatMap((size, i) =>
        Array.from({ length: size }, (_, at) => name(`b${i}`, at + 2)),
      );
      const taken = clip(segments, { start, end }).flatMap(({ blob, range }) =>
        Array.from({ length: range.end - range.start }, (_, at) => name(blob, range.start + at)),
      );
      expect(taken).toEqual(whole.slice(start, Math.max(start, end)));
    }),
    { numRuns: 500 },
  );
});
