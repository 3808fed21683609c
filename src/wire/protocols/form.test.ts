/** Forms are read as the standard reads them, by a quicker way. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formPairs } from './form.ts';

const pieces = fc.oneof(
  fc.constantFrom(
    '&',
    '=',
    '+',
    '%',
    '%2',
    '%20',
    '%C3%BC',
    '%c3',
    '%FF',
    '?',
    'a',
    'ü',
    '\u{1f600}',
  ),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);

test('a form is read as URLSearchParams reads it', () => {
  let quick = 0;
  const check = (text: string) => {
    const pairs = formPairs(text);
    if (Array.isArray(pairs)) quick += 1;
    expect([...pairs]).toEqual([...new URLSearchParams(text)]);
  };
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => check(parts.join(''))),
    { numRuns: 2_000, examples: [[['?a=1']], [['a', '=', '%FF']], [['a', '&', '&', '=b']]] },
  );
  // Or else this compares the slower way with itself.
  expect(quick).toBeGreaterThan(0);
});
