/** Cadences against a calendar that looks at every minute of ten years, leap days and all. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCadence, parseDurationMs } from './cadence.ts';

const minuteMs = 60_000;
const dayMinutes = 1_440;
const from = Date.UTC(2023, 11, 31);
const tenYears = (Date.UTC(2034, 0, 1) - from) / minuteMs;

interface Drawn {
  readonly expression: string;
  /** What cron says of a minute of the day: minute 0 of a listed hour. */
  readonly fires: (hour: number, minute: number) => boolean;
}

/** Hours as cron lists them: `a/n` is a, a + n, … up to 23, each day anew. */
function listed(first: number, step: number): Drawn['fires'] {
  const hours = new Set(
    Array.from({ length: 24 }, (_, i) => first + i * step).filter((h) => h < 24),
  );
  return (hour, minute) => minute === 0 && hours.has(hour);
}

const hour = fc.integer({ min: 0, max: 23 });
const step = fc.integer({ min: 1, max: 24 });
const drawn: fc.Arbitrary<Drawn> = fc.oneof(
  fc.constant({ expression: 'cron(0 * ? * * *)', fires: listed(0, 1) }),
  hour.map((h) => ({ expression: `cron(0 ${h} ? * * *)`, fires: listed(h, 24) })),
  fc
    .tuple(hour, step)
    .map(([h, n]) => ({ expression: `cron(0 ${h}/${n} ? * * *)`, fires: listed(h, n) })),
);

function cadenceOf({ expression }: Drawn) {
  const cadence = parseCadence(expression);
  if (!cadence.ok) throw new Error(cadence.reason);
  return cadence.value;
}

test('every minute of ten years', () => {
  fc.assert(
    fc.property(drawn, (one) => {
      const cadence = cadenceOf(one);
      let next = cadence.firstAfter(from - 1);
      let wrong: string | undefined;
      for (let minute = 0; minute < tenYears; minute += 1) {
        const ofDay = minute % dayMinutes;
        const instantMs = from + minute * minuteMs;
        const fires = one.fires(Math.floor(ofDay / 60), ofDay % 60);
        if (fires !== (next === instantMs)) wrong ??= new Date(instantMs).toISOString();
        if (fires) next = cadence.firstAfter(instantMs);
      }
      expect([one.expression, wrong]).toEqual([one.expression, undefined]);
    }),
    { numRuns: 3 },
  );
});

test('from any millisecond, the next is the first that fires and comes later', () => {
  const anywhere = fc.integer({ min: from, max: from + tenYears * minuteMs });
  fc.assert(
    fc.property(drawn, anywhere, (one, afterMs) => {
      const next = cadenceOf(one).firstAfter(afterMs);
      expect(next).toBeGreaterThan(afterMs);
      let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
      const day = (ms: number) => new Date(ms);
      while (!one.fires(day(at).getUTCHours(), day(at).getUTCMinutes())) at += minuteMs;
      expect(next).toBe(at);
    }),
    { numRuns: 150 },
  );
});

test('any other text is refused', () => {
  const piece = fc.constantFrom(
    'cron(',
    '0 ',
    '* ',
    '? ',
    '*/',
    '24',
    '5',
    ')',
    ' ',
    'rate(',
    '-1',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (expression) => {
      const cadence = parseCadence(expression);
      const duration = parseDurationMs(expression);
      if (cadence.ok) expect(expression).toMatch(/^(NOW|cron\(0 [\d*/]+ \? \* \* \*\))$/);
      if (duration.ok) expect(Number.isSafeInteger(duration.value)).toBe(true);
    }),
  );
});
