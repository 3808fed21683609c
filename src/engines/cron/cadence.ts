/**
 * How often a monitoring schedule runs, in the three forms monitoring accepts, and `NOW`.
 * Not general cron: anything else is refused with the forms that are accepted.
 */
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface Cadence {
  /** `NOW`: one run, as soon as possible. */
  readonly once: boolean;
  /** The length of the window a run looks back on, unless the schedule says otherwise. */
  readonly periodMs: number;
  /** The first nominal instant strictly after `afterMs`, in UTC; for `NOW` that is `afterMs`. */
  firstAfter(afterMs: number): number;
}

const cronForm = /^cron\(0 (\*|\d{1,2})(?:\/(\d{1,2}))? \? \* \* \*\)$/;
const accepted =
  'cron(0 * ? * * *) for hourly, cron(0 H ? * * *) for daily at hour H, ' +
  'cron(0 H/N ? * * *) for every N hours from hour H (N from 1 to 24), or NOW';

export function parseCadence(expression: string): Outcome<Cadence> {
  if (expression === 'NOW')
    return ok({ once: true, periodMs: 0, firstAfter: (afterMs) => afterMs });
  const match = cronForm.exec(expression);
  if (!match) return refuse(`'${expression}' is not one of ${accepted}`);
  const [, from = '*', step] = match;
  const firstHour = from === '*' ? 0 : Number(from);
  const everyHours = step === undefined ? (from === '*' ? 1 : 24) : Number(step);
  if (firstHour > 23) return refuse(`hour ${firstHour} in '${expression}' is not from 0 to 23`);
  if (everyHours < 1 || everyHours > 24) {
    return refuse(`N = ${everyHours} in '${expression}' is not from 1 to 24`);
  }
  return ok(everyHoursFrom(firstHour, everyHours));
}

/** As cron counts: the steps start anew each day, so the last gap of a day may be shorter. */
function everyHoursFrom(firstHour: number, everyHours: number): Cadence {
  return {
    once: false,
    periodMs: everyHours * hourMs,
    firstAfter(afterMs) {
      const dayStartMs = Math.floor(afterMs / dayMs) * dayMs;
      for (let hour = firstHour; hour < 24; hour += everyHours) {
        const instantMs = dayStartMs + hour * hourMs;
        if (instantMs > afterMs) return instantMs;
      }
      return dayStartMs + dayMs + firstHour * hourMs;
    },
  };
}

const durationForm = /^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** An ISO-8601 duration of weeks, days, hours, minutes and seconds, signed, in milliseconds. */
export function parseDurationMs(text: string): Outcome<number> {
  const match = durationForm.exec(text);
  const parts = match?.slice(2) ?? [];
  if (!match || parts.every((part) => part === undefined)) {
    return refuse(`'${text}' is not an ISO-8601 duration such as -PT1H or -P1D`);
  }
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((p) =>
    Number(p ?? 0),
  );
  const totalMs = (weeks * 7 + days) * dayMs + hours * hourMs + minutes * 60_000 + seconds * 1_000;
  return ok(match[1] === '-' ? -totalMs : totalMs);
}
