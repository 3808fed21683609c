/** Which cells are the same label, and which label is the positive one. */
import { expect, test } from 'vitest';
import { canonicalLabel, compareLabels, sidesOf } from './labels.ts';

test.each<[readonly (string | number | boolean | undefined)[], string | undefined]>([
  [['1', 1, '1.0', ' 1.00 ', true, 'true', 'True', '+1', '1e0'], '1'],
  [['0', 0, '0.0', '-0', false, 'false', 'False'], '0'],
  [['2', '2.0', 2, '2.'], '2'],
  [['0.5', '.5', '0.50'], '0.5'],
  [['yes', ' yes'], 'yes'],
  [['TRUE'], 'TRUE'],
  [['NaN'], 'NaN'],
  [['12345678901234567890'], '12345678901234567890'],
  [['', '  ', undefined], undefined],
])('%j is %j', (cells, label) => {
  for (const cell of cells) expect(canonicalLabel(cell)).toBe(label);
});

test('numbers are in order of size, before texts', () => {
  expect(['b', '10', 'a', '9', '-1'].sort(compareLabels)).toEqual(['-1', '9', '10', 'a', 'b']);
});

test.each<[readonly string[], string | undefined, string]>([
  [['0', '1'], undefined, '0/1'],
  [['1'], undefined, '0/1'],
  [['0'], undefined, '0/1'],
  [['yes', 'no'], 'yes', 'no/yes'],
  [['no'], 'yes', 'no/yes'],
  [['yes'], 'yes', 'not yes/yes'],
  [['1', '2'], '2.0', '1/2'],
])('of %j with %j the sides are %s', (seen, positive, expected) => {
  const sides = sidesOf(seen, positive);
  expect(sides.ok && `${sides.value.negative}/${sides.value.positive}`).toBe(expected);
});

test.each<[readonly string[], string | undefined, RegExp]>([
  [['yes', 'no'], undefined, /^the labels are no, yes: .* needs positive_label$/],
  [['1', '2'], undefined, /^the labels are 1, 2: .* needs positive_label$/],
  [['0', '1'], 'yes', /beside positive_label yes there are 2 others among 0, 1$/],
  [['a', 'b', 'c'], 'a', /there are 2 others among a, b, c$/],
])('of %j with %j there are no sides', (seen, positive, reason) => {
  expect(sidesOf(seen, positive)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});
