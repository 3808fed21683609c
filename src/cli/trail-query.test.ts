/** What of a trail query is told from its arguments alone, and how rows are printed. */
import { expect, test } from 'vitest';
import { trail } from './trail.ts';
import { tableLines } from './trail-query.ts';

test('what was recorded cannot move the cursor of a terminal', () => {
  const lines = tableLines(
    ['a', 'b'],
    [
      ['\u001b[2J\nforged', null],
      ['x', ['y']],
    ],
  );
  expect(lines).toEqual(['a            b', '?[2J?forged', 'x            ["y"]']);
});

test('long cells are cut', () => {
  expect(tableLines(['a'], [['x'.repeat(200)]])[1]).toHaveLength(80);
});

test.each([
  [[], 'needs one of query and verify'],
  [['query', 'SELECT', '1'], "unexpected argument '1': quote the SQL"],
  [['query', 'SELECT 1', '--who', 'eve'], 'stand without SQL'],
  [['query', '--whom', 'eve'], '--whom'],
])('%j is refused', (args, reason) => {
  const parsed = trail.parse(args);
  expect(parsed).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test.each([[['query', 'SELECT 1']], [['query', '--who', 'eve', '--since', '7d']]])(
  '%j can be asked',
  (args) => {
    expect(trail.parse(args).ok).toBe(true);
  },
);
