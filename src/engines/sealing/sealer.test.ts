/** A piece opens where it was sealed, and nowhere else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { makeSealer } from './sealer.ts';

const random = seededRandom(3);
const [a, b] = [random.bytes(32), random.bytes(32)];
const over = (...keys: Uint8Array[]) =>
  makeSealer({ keyring: keyringOf(keys), random, purpose: 'test' });

test('what is sealed opens, in this process and in later ones, and is not seen', () => {
  const sealer = over(a);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 99 }), fc.string(), (piece, binding) => {
      const sealed = sealer.seal(piece, binding);
      expect(sealed.length).toBe(piece.length + sealer.overheadBytes);
      for (const opener of [sealer, over(a), over(b, a)]) {
        const opened = opener.open(sealed, binding);
        expect(opened.ok && Buffer.from(opened.value).equals(piece)).toBe(true);
      }
    }),
  );
  const piece = Buffer.from('seen by nobody');
  expect(Buffer.from(sealer.seal(piece, '')).includes('nobody')).toBe(false);
});

test('the same piece is never sealed to the same bytes', () => {
  const sealer = over(a);
  const all = Array.from({ length: 500 }, () =>
    Buffer.from(sealer.seal(Buffer.from('x'), 'here')).toString('hex'),
  );
  expect(new Set(all).size).toBe(500);
});

test('any changed or missing byte is noticed', () => {
  const sealer = over(a);
  const sealed = sealer.seal(Buffer.from('content'), 'here');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 4;
    expect(sealer.open(changed, 'here').ok).toBe(false);
    expect(sealer.open(sealed.subarray(0, at), 'here').ok).toBe(false);
  }
});

test.each([
  ['another place', over(a), 'there', 'changed, or sealed for another place'],
  ['another ring', over(b), 'here', 'sealed under another key'],
])('for %s it does not open', (_, opener, binding, reason) => {
  const sealed = over(a).seal(Buffer.from('x'), 'here');
  expect(opener.open(sealed, binding)).toEqual({ ok: false, reason });
});

test('another purpose is another key', () => {
  const other = makeSealer({ keyring: keyringOf([a]), random, purpose: 'other' });
  expect(other.open(over(a).seal(Buffer.from('x'), 'here'), 'here').ok).toBe(false);
});

test('pieces of more processes than are remembered open', () => {
  const sealed = Array.from({ length: 200 }, (_, i) => over(a).seal(Buffer.from(`${i}`), 'here'));
  const opener = over(a);
  for (let round = 0; round < 2; round += 1) {
    for (const [i, piece] of sealed.entries()) {
      const opened = opener.open(piece, 'here');
      expect(opened.ok && Buffer.from(opened.value).toString()).toBe(`${i}`);
    }
  }
});

test('a ring that is rotated while it is used seals under its new key', () => {
  let current = a;
  const ring = keyringOf([b, a]);
  const turning = {
    all: ring.all,
    find: ring.find,
    get current() {
      return current;
    },
  };
  const sealer = makeSealer({ keyring: turning, random, purpose: 'test' });
  const before = sealer.seal(Buffer.from('x'), 'here');
  current = b;
  const after = sealer.seal(Buffer.from('x'), 'here');
  expect(over(b).open(before, 'here').ok).toBe(false);
  expect(over(b).open(after, 'here').ok).toBe(true);
  expect(sealer.open(before, 'here').ok).toBe(true);
});
