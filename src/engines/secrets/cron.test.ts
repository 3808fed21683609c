/** Six-field cron expressions: when they fire, and what is refused. */
import { expect, test } from 'vitest';
import { parseCron } from './cron.ts';

const from = Date.UTC(2024, 0, 30, 12);

function firings(text: string, count = 3): readonly string[] {
  const cron = parseCron(text);
  if (!cron.ok) throw new Error(cron.reason);
  const found: string[] = [];
  for (let atMs = from; found.length < count; ) {
    atMs = cron.value.firstAfter(atMs);
    found.push(new Date(atMs).toISOString().slice(0, 13));
  }
  return found;
}

test.each([
  ['0 8 * * ? *', ['2024-01-31T08', '2024-02-01T08', '2024-02-02T08']],
  ['0 */8 ? * WED *', ['2024-01-31T00', '2024-01-31T08', '2024-01-31T16']],
  ['0 20/4 * * ? *', ['2024-01-30T20', '2024-01-31T20', '2024-02-01T20']],
  ['0 4 1 * ? *', ['2024-02-01T04', '2024-03-01T04', '2024-04-01T04']],
  ['0 4 1,15 JAN-FEB ? *', ['2024-02-01T04', '2024-02-15T04', '2025-01-01T04']],
  ['0 0 L * ? *', ['2024-01-31T00', '2024-02-29T00', '2024-03-31T00']],
  ['0 0 3W * ? *', ['2024-02-02T00', '2024-03-04T00', '2024-04-03T00']],
  ['0 16 ? * SUN *', ['2024-02-04T16', '2024-02-11T16', '2024-02-18T16']],
  ['0 16 ? * 2-3 *', ['2024-01-30T16', '2024-02-05T16', '2024-02-06T16']],
  ['0 1 ? * 6#3 *', ['2024-02-16T01', '2024-03-15T01', '2024-04-19T01']],
  ['0 1 ? * SUN#1 *', ['2024-02-04T01', '2024-03-03T01', '2024-04-07T01']],
  ['0 1 ? * 6L *', ['2024-02-23T01', '2024-03-29T01', '2024-04-26T01']],
  ['0 0 29 2 ? *', ['2024-02-29T00', '2028-02-29T00', '2032-02-29T00']],
  ['0 0 1 2/5 ? *', ['2024-02-01T00', '2024-07-01T00', '2024-12-01T00']],
])('%s', (text, expected) => {
  expect(firings(text)).toEqual(expected);
});

test('a day that never comes never fires', () => {
  const cron = parseCron('0 0 31 2 ? *');
  expect(cron.ok && cron.value.firstAfter(from)).toBe(Infinity);
});

test.each([
  ['0 8 * * ?', /six fields/],
  ['5 8 * * ? *', /minutes/],
  ['0 8 * * ? 2030', /year/],
  ['0 8 * * * *', /must be \?/],
  ['0 8 ? * ? *', /must be \?/],
  ['0 24 * * ? *', /hours/],
  ['0 9-3 * * ? *', /hours/],
  ['0 8/0 * * ? *', /hours/],
  ['0 8 32 * ? *', /days/],
  ['0 8 0W * ? *', /days/],
  ['0 8 1 13 ? *', /months/],
  ['0 8 1 FOO ? *', /months/],
  ['0 8 ? * 8 *', /days/],
  ['0 8 ? * 2#6 *', /days/],
  ['0 , * * ? *', /hours/],
])('%s is refused', (text, reason) => {
  const cron = parseCron(text);
  expect(cron.ok ? 'taken' : cron.reason).toMatch(reason);
});
