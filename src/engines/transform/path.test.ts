/** Which JSONPath is understood, what it picks, and what it refuses. */
import { expect, test } from 'vitest';
import { parsePath, pick } from './path.ts';

function picked(text: string, value: unknown): unknown {
  const path = parsePath(text);
  if (!path.ok) throw new Error(path.reason);
  const result = pick(path.value, value);
  return result.ok ? result.value : `refused: ${result.reason}`;
}

const row = ['a', 'b', 'c', 'd'];
const document = { id: 7, features: [1, [2, 3]], nested: { 'a.b': { c: true } } };

test.each([
  ['$', row, row],
  ['$[0]', row, 'a'],
  ['$[-1]', row, 'd'],
  ['$[0,2]', row, ['a', 'c']],
  ['$[0,-1]', row, ['a', 'd']],
  ['$[1:]', row, ['b', 'c', 'd']],
  ['$[:-1]', row, ['a', 'b', 'c']],
  ['$[1:3]', row, ['b', 'c']],
  ['$[0,2:]', row, ['a', 'c', 'd']],
  ['$[ 0 , 1 ]', row, ['a', 'b']],
  ['$[5:]', row, []],
  ['$[*]', row, row],
  ['$.id', document, 7],
  ["$['id']", document, 7],
  ['$["id"]', document, 7],
  ["$['id','features']", document, { id: 7, features: [1, [2, 3]] }],
  ['$.features[1][0]', document, 2],
  ["$.nested['a.b'].c", document, true],
  ['$.*', { x: 1, y: 2 }, [1, 2]],
  ['$[*].v', [{ v: 1 }, { v: 2 }], [1, 2]],
  ['$[0,1].v', [{ v: 1 }, { v: 2 }], [1, 2]],
  ['$[1:].v', [{ v: 1 }, { v: 2 }], [2]],
])('%s of %j', (text, value, expected) => {
  expect(picked(text, value)).toEqual(expected);
});

test.each([
  ['$[4]', row, 'there is no place 4 among 4'],
  ['$[-5]', row, 'there is no place -5 among 4'],
  ['$.gone', document, 'there is no member "gone"'],
  ["$['id','gone']", document, 'there is no member "gone"'],
  ['$.id[0]', document, 'a place needs a list'],
  ['$.toString', document, 'there is no member "toString"'],
  ['$.length', row, 'there is no member "length"'],
  ['$.*', 3, '* needs an object or a list'],
])('%s of %j is refused', (text, value, reason) => {
  expect(picked(text, value)).toBe(`refused: ${reason}`);
});

test.each(['', 'id', '$x', '$..id', '$.', '$[', '$[]', '$[?(@.a)]', '$[0', '$[a]', '$[1:2:3]'])(
  '%j is not understood',
  (text) => {
    expect(parsePath(text)).toMatchObject({ ok: false });
  },
);

test.each([
  ['$', true],
  ['$[0,2:]', true],
  ['$[*]', true],
  ['$.a', false],
  ['$[0].a', false],
])('%s picks by place: %j', (text, expected) => {
  expect(parsePath(text)).toMatchObject({ value: { isByPlace: expected } });
});
