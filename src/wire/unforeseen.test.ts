/** What clients are told of failures that nobody foresaw. */
import { expect, test } from 'vitest';
import { Fault } from './operation.ts';
import { faultOf } from './unforeseen.ts';

const failure = (code: string) => Object.assign(new Error('/secret/path'), { code });

test.each([
  ['ENOSPC', 'no room left'],
  ['EDQUOT', 'no room left'],
  ['SQLITE_FULL', 'no room left'],
  ['EROFS', 'cannot be written'],
  ['SQLITE_READONLY', 'cannot be written'],
])('%s is told, whatever it is the cause of, and is temporary', (code, words) => {
  for (const error of [failure(code), new Error('outer', { cause: failure(code) })]) {
    const { status, message } = faultOf(error);
    expect([faultOf(error).code, status]).toEqual(['ServiceUnavailable', 503]);
    expect(message).toContain(words);
    expect(message).not.toContain('secret');
  }
});

test('a circle of causes, and what is no error at all, are internal failures', () => {
  const circle = new Error('round');
  circle.cause = circle;
  for (const error of [circle, failure('EACCES'), 'text', undefined]) {
    expect([faultOf(error).code, faultOf(error).status]).toEqual(['InternalFailure', 500]);
  }
});

test('a refusal stays what it is', () => {
  const refusal = new Fault('Refused', 'no', { status: 400 });
  expect(faultOf(refusal)).toBe(refusal);
});
