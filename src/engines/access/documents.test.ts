/** What is kept of documents: the same answer for the same text, within the bounds. */
import { expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import { allow, policy } from './access.fixture.ts';
import { makeDocuments } from './documents.ts';

const text = (name: string) => policy(allow(`s3:${name}`));

test('the same text is read once for each use', () => {
  const documents = makeDocuments(silentLogger);
  const first = documents.compiled(text('A'), 'identity', 'a');
  expect(documents.compiled(text('A'), 'identity', 'b')).toBe(first);
  expect(documents.compiled(text('A'), 'trust', 'b')).not.toEqual(first);
});

test('the longest unused goes first, by number and by size', () => {
  const [a, b, c] = ['A', 'B', 'C'].map(text) as [string, string, string];
  for (const limits of [
    { most: 2, mostCharacters: 10_000 },
    { most: 10, mostCharacters: 2 * a.length },
  ]) {
    const documents = makeDocuments(silentLogger, limits);
    const get = (document: string) => documents.compiled(document, 'identity', 'x');
    const [first, second] = [get(a), get(b)];
    expect(get(a)).toBe(first);
    get(c);
    expect(get(a)).toBe(first);
    expect(get(b)).not.toBe(second);
  }
});

test('what is no policy is refused and told once', () => {
  const told: unknown[] = [];
  const log: Logger = { ...silentLogger, error: (...args) => void told.push(args) };
  const documents = makeDocuments(log);
  for (let i = 0; i < 3; i += 1) {
    expect(documents.compiled('{', 'resource', 'b')).toMatchObject({ ok: false });
  }
  expect(told).toEqual([
    [expect.any(String), undefined, expect.objectContaining({ source: 'b', use: 'resource' })],
  ]);
});
