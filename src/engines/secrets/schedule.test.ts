/** Windows of rotation: where they begin and end, and rules that make none. */
import { expect, test } from 'vitest';
import { parseRules, type RotationRules } from './schedule.ts';

const from = Date.UTC(2024, 4, 14, 10, 20);

function windows(rules: RotationRules, count = 2): readonly string[] {
  const schedule = parseRules(rules);
  if (!schedule.ok || !schedule.value) throw new Error('no schedule');
  const found: string[] = [];
  for (let atMs = from; found.length < count; ) {
    const next = schedule.value.firstAfter(atMs);
    if (!next) break;
    const iso = (ms: number) => new Date(ms).toISOString().slice(5, 13);
    found.push(`${iso(next.startMs)} ${iso(next.endMs)}`);
    atMs = next.startMs;
  }
  return found;
}

test.each([
  [{ afterDays: 1 }, ['05-15T00 05-16T00', '05-16T00 05-17T00']],
  [{ afterDays: 30, duration: '3h' }, ['06-13T00 06-13T03', '07-13T00 07-13T03']],
  [{ expression: 'rate(10 days)' }, ['05-24T00 05-25T00', '06-03T00 06-04T00']],
  [{ expression: 'rate(4 hours)' }, ['05-14T14 05-14T15', '05-14T18 05-14T19']],
  [{ expression: 'rate(14 hours)', duration: '6h' }, ['05-15T00 05-15T06', '05-15T14 05-15T20']],
  [{ expression: 'rate(13 hours)', duration: '6h' }, ['05-14T23 05-15T00', '05-15T12 05-15T18']],
  [{ expression: 'cron(0 16 ? * SUN *)' }, ['05-19T16 05-20T00', '05-26T16 05-27T00']],
  [{ expression: 'cron(0 8/8 * * ? *)' }, ['05-14T16 05-14T17', '05-15T08 05-15T09']],
  [{ expression: 'cron(0 4 1 * ? *)', duration: '2h' }, ['06-01T04 06-01T06', '07-01T04 07-01T06']],
])('%j', (rules, expected) => {
  expect(windows(rules)).toEqual(expected);
});

test('no rules make no windows', () => {
  expect(parseRules({})).toEqual({ ok: true, value: undefined });
});

test.each([
  [{ afterDays: 3, expression: 'rate(3 days)' }, /not both/],
  [{ afterDays: 0 }, /1 to 1000 days/],
  [{ expression: 'rate(1001 days)' }, /1 to 1000 days/],
  [{ expression: 'rate(3 hours)' }, /every 4 hours/],
  [{ expression: 'rate(0 hours)' }, /every 4 hours/],
  [{ expression: 'rate(5 minutes)' }, /neither/],
  [{ expression: 'at(2024-01-01)' }, /neither/],
  [{ expression: 'cron(0 */3 * * ? *)' }, /every 4 hours/],
  [{ expression: 'cron(0 1,22 * * ? *)' }, /every 4 hours/],
  [{ expression: 'cron(5 8 * * ? *)' }, /minutes/],
  [{ expression: 'cron(0 20 * * ? *)', duration: '5h' }, /next day/],
  [{ expression: 'cron(0 0/4 * * ? *)', duration: '4h' }, undefined],
  [{ expression: 'cron(0 0/4 ? * MON *)', duration: '5h' }, /next/],
  [{ expression: 'rate(4 hours)', duration: '5h' }, /next one/],
  [{ afterDays: 1, duration: '25h' }, /between 1h and 24h/],
  [{ afterDays: 1, duration: '0h' }, /between 1h and 24h/],
  [{ afterDays: 1, duration: 'h' }, /between 1h and 24h/],
])('%j', (rules, reason) => {
  const schedule = parseRules(rules);
  if (reason === undefined) expect(schedule.ok).toBe(true);
  else expect(schedule.ok ? 'taken' : schedule.reason).toMatch(reason);
});
