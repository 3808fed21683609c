/** Windows by hand, the hours they overlap, and what is refused. */
import { expect, test } from 'vitest';
import { hourFolder, hoursIn } from '../../kernel/hours.ts';
import { parseCadence } from '../cron/cadence.ts';
import { type WindowRules, windowOf } from './window.ts';

const nominal = Date.parse('2020-01-09T13:00:00Z');

function rules(expression: string, over: Partial<WindowRules> = {}): WindowRules {
  const cadence = parseCadence(expression);
  if (!cadence.ok) throw new Error(cadence.reason);
  return { cadence: cadence.value, ...over };
}

const hourly = 'cron(0 * ? * * *)';
const daily = 'cron(0 13 ? * * *)';

test.each<[string, WindowRules, string, string]>([
  ['the last hour', rules(hourly), '2020-01-09T12:00', '2020-01-09T13:00'],
  ['the last day', rules(daily), '2020-01-08T13:00', '2020-01-09T13:00'],
  ['the last six hours', rules('cron(0 1/6 ? * * *)'), '2020-01-09T07:00', '2020-01-09T13:00'],
  [
    'analysis times',
    rules('NOW', { analysisStart: '-PT90M', analysisEnd: '-PT30M' }),
    '2020-01-09T11:30',
    '2020-01-09T12:30',
  ],
  [
    'offsets, as in the guide',
    rules(daily, { startTimeOffset: '-P8D', endTimeOffset: '-P1D' }),
    '2020-01-01T13:00',
    '2020-01-08T13:00',
  ],
  [
    'offsets win over analysis times',
    rules(daily, {
      ...{ analysisStart: '-PT1H', analysisEnd: 'PT0H' },
      ...{ startTimeOffset: '-PT3H', endTimeOffset: '-PT2H' },
    }),
    '2020-01-09T10:00',
    '2020-01-09T11:00',
  ],
  [
    'one offset alone',
    rules(daily, { startTimeOffset: '-PT2H' }),
    '2020-01-09T11:00',
    '2020-01-09T13:00',
  ],
])('%s', (_, given, from, to) => {
  expect(windowOf(nominal, given)).toEqual({
    ok: true,
    value: { startMs: Date.parse(`${from}Z`), endMs: Date.parse(`${to}Z`) },
  });
});

test('is of whole seconds, so that what was captured just before it ends is in it', () => {
  const window = windowOf(nominal + 961, rules('NOW', { analysisStart: '-PT1H' }));
  const value = { startMs: Date.parse('2020-01-09T12:00Z'), endMs: nominal + 1_000 };
  expect(window).toEqual({ ok: true, value });
  expect(windowOf(nominal + 961, rules('NOW'))).toMatchObject({ ok: false });
});

test.each<[WindowRules, RegExp]>([
  [rules('NOW'), /must start before it ends/],
  [rules(hourly, { analysisStart: 'PT0H', analysisEnd: '-PT1H' }), /must start before it ends/],
  [rules(hourly, { startTimeOffset: '-PT1H', endTimeOffset: '-PT1H' }), /must start before/],
  [rules(daily, { analysisStart: '-PT25H', analysisEnd: 'PT0H' }), /at most 24 hours apart/],
  [rules(hourly, { analysisStart: '1 hour' }), /^DataAnalysisStartTime: '1 hour' is not an ISO/],
  [rules(hourly, { analysisEnd: 'PT' }), /^DataAnalysisEndTime: /],
  [rules(hourly, { startTimeOffset: 'x' }), /^StartTimeOffset: /],
  [rules(hourly, { endTimeOffset: '-P' }), /^EndTimeOffset: /],
])('%j is refused', (given, reason) => {
  expect(windowOf(nominal, given)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
});

test.each([
  ['12:00', '13:00', ['12']],
  ['11:59', '13:01', ['11', '12', '13']],
  ['12:10', '12:20', ['12']],
  ['10:00', '13:00', ['10', '11', '12']],
])('from %s until %s lies in the hours %j', (from, to, hours) => {
  const ms = (time: string) => Date.parse(`2020-01-09T${time}:00Z`);
  const found = hoursIn(ms(from), ms(to)).map(hourFolder);
  expect(found).toEqual(hours.map((hour) => `2020/01/09/${hour}`));
});
