/** Both spellings pick the same, and what is malformed is refused with its place. */
import { expect, test } from 'vitest';
import { jmespathQuery } from './json-query.ts';

const document = { instances: [{ features: [1, 2], 'a b': 3 }, { features: [4, 5] }], p: 0.25 };

function pick(expression: string): unknown {
  const compiled = jmespathQuery().compile(expression);
  return compiled.ok ? compiled.value(document) : compiled.reason;
}

test.each([
  [
    'instances[*].features',
    [
      [1, 2],
      [4, 5],
    ],
  ],
  [
    '$.instances[*].features',
    [
      [1, 2],
      [4, 5],
    ],
  ],
  ['instances[1].features[0]', 4],
  ["$['instances'][0]['a b']", 3],
  ['$["p"]', 0.25],
  ['$', document],
  ['absent[0].x', null],
  ['length(p)', null],
])('%s', (expression, expected) => {
  expect(pick(expression)).toEqual(expected);
});

test.each([
  ['instances[', 'is malformed'],
  ['$..features', 'more than members'],
  ['$.instances[?(@.p > 1)]', 'more than members'],
  ['x'.repeat(5_000), 'longer than 4096'],
])('%s is refused', (expression, reason) => {
  expect(pick(expression)).toContain(reason);
});
