/**
 * Cron expressions of six fields (minutes, hours, day of the month, month, day of the week, year),
 * in UTC, as rotation schedules have them: minute 0, any year, and one of the two days `?`. Not of
 * other schedules, which know minutes and years.
 */
import { dayMs, hourMs } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface Cron {
  /** The first instant after `afterMs`, or Infinity when there is none within `horizonDays`. */
  firstAfter(afterMs: number): number;
  readonly hours: readonly number[];
}

/** Leap days that fall on a given day of the week come back after 40 years at most. */
const horizonDays = 366 * 41;
const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
/** Sunday is 1. */
const days = 'SUN MON TUE WED THU FRI SAT'.split(' ');

type DayTest = (day: Date) => boolean;

/** The text between the parentheses. */
export function parseCron(text: string): Outcome<Cron> {
  const fields = text.trim().split(/\s+/);
  const [minute, hourField = '', dayField = '', monthField = '', weekField = '', year] = fields;
  if (fields.length !== 6) return refuse('it must have six fields');
  if (minute !== '0') return refuse('its minutes must be 0');
  if (year !== '*') return refuse('its year must be *');
  if ((dayField === '?') === (weekField === '?')) {
    return refuse('either the day of the month or the day of the week must be ?');
  }
  const hours = numbersIn(hourField, { from: 0, to: 23, names: [] });
  const inMonths = numbersIn(monthField, { from: 1, to: 12, names: months });
  const day = weekField === '?' ? dayOfMonth(dayField) : dayOfWeek(weekField);
  if (!hours) return refuse(`its hours '${hourField}' are not valid`);
  if (!inMonths) return refuse(`its months '${monthField}' are not valid`);
  if (!day) return refuse(`its days '${weekField === '?' ? dayField : weekField}' are not valid`);
  const isDay: DayTest = (date) => inMonths.includes(date.getUTCMonth() + 1) && day(date);
  return ok({ hours, firstAfter: (afterMs) => firstAfter(afterMs, { hours, isDay }) });
}

interface Fires {
  readonly hours: readonly number[];
  readonly isDay: DayTest;
}

function firstAfter(afterMs: number, { hours, isDay }: Fires): number {
  const firstDayMs = Math.floor(afterMs / dayMs) * dayMs;
  for (let day = 0; day <= horizonDays; day += 1) {
    const startMs = firstDayMs + day * dayMs;
    const hour = hours.find((one) => startMs + one * hourMs > afterMs);
    if (hour !== undefined && isDay(new Date(startMs))) return startMs + hour * hourMs;
  }
  return Infinity;
}

interface FieldBounds {
  readonly from: number;
  readonly to: number;
  /** Of `from` and on, upper case. */
  readonly names: readonly string[];
}

/** Sorted; undefined for what is no list of numbers, ranges and steps. */
function numbersIn(field: string, bounds: FieldBounds): readonly number[] | undefined {
  const found = new Set<number>();
  for (const item of field.split(',')) {
    const range = rangeOf(item, bounds);
    if (!range) return undefined;
    for (let n = range.from; n <= range.to; n += range.step) found.add(n);
  }
  return [...found].sort((a, b) => a - b);
}

function rangeOf(item: string, bounds: FieldBounds) {
  const [, body = '', stepText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
  const step = stepText === undefined ? 1 : Number(stepText);
  if (body === '' || step < 1) return undefined;
  if (body === '*') return { from: bounds.from, to: bounds.to, step };
  const [first = '', last, ...rest] = body.split('-');
  const from = numberOf(first, bounds);
  const openEnd = stepText === undefined ? from : bounds.to;
  const to = last === undefined ? openEnd : numberOf(last, bounds);
  if (rest.length > 0 || from === undefined || to === undefined || from > to) return undefined;
  return { from, to, step };
}

function numberOf(text: string, { from, to, names }: FieldBounds): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  const n = named >= 0 ? named + from : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return n >= from && n <= to ? n : undefined;
}

/** `L` is the last of the month, `15W` the weekday next to the 15th within the month. */
function dayOfMonth(field: string): DayTest | undefined {
  if (field === 'L') return (day) => day.getUTCDate() === lengthOfMonth(day);
  const weekday = /^(\d{1,2})W$/.exec(field)?.[1];
  if (weekday !== undefined) {
    const wanted = Number(weekday);
    if (wanted < 1 || wanted > 31) return undefined;
    return (day) => day.getUTCDate() === nearestWeekday(day, wanted);
  }
  const numbers = numbersIn(field, { from: 1, to: 31, names: [] });
  return numbers && ((day) => numbers.includes(day.getUTCDate()));
}

/** `6#3` is the third Friday, `6L` the last. */
function dayOfWeek(field: string): DayTest | undefined {
  const bounds = { from: 1, to: 7, names: days };
  const [, name = '', nth, last] = /^([0-9A-Za-z]+?)(?:#([1-5])|(L))$/.exec(field) ?? [];
  const one = numberOf(name, bounds);
  if (nth !== undefined || last !== undefined) {
    if (one === undefined) return undefined;
    return (day) => {
      const date = day.getUTCDate();
      if (day.getUTCDay() + 1 !== one) return false;
      return last ? date + 7 > lengthOfMonth(day) : Math.ceil(date / 7) === Number(nth);
    };
  }
  const numbers = numbersIn(field === 'L' ? '7' : field, bounds);
  return numbers && ((day) => numbers.includes(day.getUTCDay() + 1));
}

function lengthOfMonth(day: Date): number {
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
}

function nearestWeekday(day: Date, wanted: number): number | undefined {
  const length = lengthOfMonth(day);
  if (wanted > length) return undefined;
  const at = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), wanted);
  const weekday = new Date(at).getUTCDay();
  if (weekday === 6) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === 0) return wanted === length ? wanted - 2 : wanted + 1;
  return wanted;
}
