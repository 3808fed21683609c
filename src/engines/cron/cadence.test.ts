/** Cadences against hand-written instants. */
import { expect, test } from 'vitest';
import { parseCadence, parseDurationMs } from './cadence.ts';

const at = (text: string) => Date.parse(`${text}Z`);

const firing: readonly (readonly [string, string, string])[] = [
  ['cron(0 * ? * * *)', '2001-02-03T04:00:00', '2001-02-03T05:00:00'],
  ['cron(0 * ? * * *)', '2001-02-03T04:59:59', '2001-02-03T05:00:00'],
  ['cron(0 0 ? * * *)', '2001-02-28T00:00:00', '2001-03-01T00:00:00'],
  ['cron(0 17 ? * * *)', '2001-02-28T16:59:59', '2001-02-28T17:00:00'],
  ['cron(0 0/6 ? * * *)', '2001-02-28T05:00:00', '2001-02-28T06:00:00'],
  ['cron(0 17/6 ? * * *)', '2001-02-28T17:00:00', '2001-02-28T23:00:00'],
  ['cron(0 17/6 ? * * *)', '2001-02-28T23:00:00', '2001-03-01T17:00:00'],
  ['cron(0 0/5 ? * * *)', '2001-02-28T20:00:00', '2001-03-01T00:00:00'],
];

test.each(firing)('%s after %s is %s', (expression, after, next) => {
  const cadence = parseCadence(expression);
  expect(cadence.ok && new Date(cadence.value.firstAfter(at(after))).toISOString()).toBe(
    new Date(at(next)).toISOString(),
  );
});

test('the period is the window a run looks back on', () => {
  const periods = ['cron(0 * ? * * *)', 'cron(0 3 ? * * *)', 'cron(0 3/4 ? * * *)'].map((e) => {
    const cadence = parseCadence(e);
    return cadence.ok && cadence.value.periodMs / 3_600_000;
  });
  expect(periods).toEqual([1, 24, 4]);
});

test.each(['rate(1 hour)', 'cron(5 * ? * * *)', 'cron(0 24 ? * * *)', 'cron(0 0/25 ? * * *)', ''])(
  '%s is refused',
  (expression) => {
    expect(parseCadence(expression)).toMatchObject({ ok: false });
  },
);

test.each([
  ['-PT1H', -3_600_000],
  ['PT0H', 0],
  ['-P8D', -691_200_000],
  ['P1DT2H3M4S', 93_784_000],
  ['-P1W', -604_800_000],
])('duration %s is %d ms', (text, durationMs) => {
  expect(parseDurationMs(text)).toEqual({ ok: true, value: durationMs });
});

test.each(['P', '-PT', '1H', 'PT1.5H', ''])('duration %s is refused', (text) => {
  expect(parseDurationMs(text)).toMatchObject({ ok: false });
});
