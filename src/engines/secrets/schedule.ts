/**
 * When a secret is rotated by itself: rules as clients write them, and the windows they make. A
 * window stays within its day (UTC), and is as long as the client says: unless said, an hour for
 * schedules in hours, and until midnight for schedules in days.
 */
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { parseCron } from './cron.ts';

/** As the client wrote it. */
export interface RotationRules {
  readonly afterDays?: number;
  /** `3h` */
  readonly duration?: string;
  /** `rate(10 days)`, `cron(0 16 ? * SUN *)` */
  readonly expression?: string;
}

export interface RotationWindow {
  readonly startMs: number;
  readonly endMs: number;
}

export interface RotationSchedule {
  /** The first window that begins after the instant; undefined when there is none any more. */
  firstAfter(afterMs: number): RotationWindow | undefined;
  /** The client said when on the day: a rotation that missed its window waits for the next. */
  readonly strict: boolean;
}

const mostDays = 1_000;
const leastHours = 4;
/** Firings that are looked at to find the shortest gap. */
const probed = 200;

/** Undefined rules are those without any schedule; refused with the field and the rule. */
export function parseRules(rules: RotationRules): Outcome<RotationSchedule | undefined> {
  const { afterDays, duration, expression } = rules;
  if (afterDays !== undefined && expression !== undefined) {
    return refuse(
      'You can specify either AutomaticallyAfterDays or ScheduleExpression in RotationRules, ' +
        'but not both.',
    );
  }
  const hours = duration === undefined ? undefined : Number(/^(\d+)h$/.exec(duration)?.[1]);
  if (hours !== undefined && !(hours >= 1 && hours <= 24)) {
    return refuse(`The Duration '${duration}' must be between 1h and 24h.`);
  }
  if (afterDays !== undefined) return everyDays(afterDays, hours);
  if (expression === undefined) return ok(undefined);
  const rate = /^rate\((\d{1,5}) (hours?|days?)\)$/.exec(expression);
  const cron = /^cron\((.*)\)$/.exec(expression);
  if (rate) {
    const [, count, unit = ''] = rate;
    return unit.startsWith('day')
      ? everyDays(Number(count), hours)
      : everyHours(Number(count), hours);
  }
  if (cron?.[1] !== undefined) return byCron(cron[1], { expression, hours });
  return refuse(
    `The ScheduleExpression '${expression}' is neither rate(N hours), rate(N days) nor ` +
      'cron(0 HOURS DAY MONTH WEEKDAY *).',
  );
}

function everyDays(count: number, hours: number | undefined): Outcome<RotationSchedule> {
  if (count < 1 || count > mostDays) {
    return refuse(`A secret can be rotated every 1 to ${mostDays} days, not every ${count}.`);
  }
  const firstAfter = (afterMs: number) => {
    const startMs = (Math.floor(afterMs / dayMs) + count) * dayMs;
    return { startMs, endMs: startMs + (hours ?? 24) * hourMs };
  };
  return ok({ firstAfter, strict: hours !== undefined });
}

function everyHours(count: number, hours: number | undefined): Outcome<RotationSchedule> {
  if (count < leastHours || count > mostDays * 24) {
    return refuse(`A secret can be rotated every ${leastHours} hours at most, not every ${count}.`);
  }
  const lengthHours = hours ?? 1;
  if (lengthHours > count) return refuse(longerThanGap(lengthHours));
  const firstAfter = (afterMs: number) => {
    const startMs = (Math.floor(afterMs / hourMs) + count) * hourMs;
    // A window that would cross midnight ends there.
    const midnightMs = (Math.floor(startMs / dayMs) + 1) * dayMs;
    return { startMs, endMs: Math.min(startMs + lengthHours * hourMs, midnightMs) };
  };
  return ok({ firstAfter, strict: false });
}

function byCron(
  text: string,
  { expression, hours }: { readonly expression: string; readonly hours: number | undefined },
): Outcome<RotationSchedule> {
  const cron = parseCron(text);
  if (!cron.ok)
    return refuse(`The ScheduleExpression '${expression}' is not valid: ${cron.reason}.`);
  const isHourly = cron.value.hours.length > 1;
  const lastHour = cron.value.hours.at(-1) ?? 0;
  if (hours !== undefined && lastHour + hours > 24) {
    return refuse(`A window of ${hours} hours from ${lastHour}:00 would cross into the next day.`);
  }
  const gapMs = shortestGapMs(cron.value.firstAfter);
  if (gapMs < leastHours * hourMs) {
    return refuse(`A secret can be rotated every ${leastHours} hours at most: '${expression}'.`);
  }
  if ((hours ?? 0) * hourMs > gapMs) return refuse(longerThanGap(hours ?? 0));
  const firstAfter = (afterMs: number) => {
    const startMs = cron.value.firstAfter(afterMs);
    if (startMs === Infinity) return undefined;
    const midnightMs = (Math.floor(startMs / dayMs) + 1) * dayMs;
    const lengthHours = hours ?? (isHourly ? 1 : undefined);
    return {
      startMs,
      endMs: lengthHours === undefined ? midnightMs : startMs + lengthHours * hourMs,
    };
  };
  return ok({ firstAfter, strict: true });
}

function longerThanGap(hours: number): string {
  return `A window of ${hours} hours would reach into the next one.`;
}

/** Over the days of any month and leap years; Infinity when it fires once or never. */
function shortestGapMs(firstAfter: (afterMs: number) => number): number {
  let shortestMs = Infinity;
  let atMs = firstAfter(0);
  for (let i = 0; i < probed && atMs < Infinity; i += 1) {
    const nextMs = firstAfter(atMs);
    shortestMs = Math.min(shortestMs, nextMs - atMs);
    atMs = nextMs;
  }
  return shortestMs;
}
