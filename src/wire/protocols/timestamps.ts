/** Instants as the protocols write them. The only place that knows these formats. */
import { unreachable } from '../../kernel/assert.ts';
import type { TimestampFormat } from '../model/types.ts';

const epochSeconds = /^-?\d{1,13}(\.\d{1,9})?([eE]\+?\d{1,2})?$/;
const isoDateTime =
  /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?)?$/;
const httpDate = /^[A-Za-z]{3,9}, \d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2}(\.\d+)? GMT$/;

/** Any of the three formats, as the original's front ends accept them; undefined for others. */
export function parseTimestamp(text: string): Date | undefined {
  if (epochSeconds.test(text)) return fromEpochSeconds(Number(text));
  if (!isoDateTime.test(text) && !httpDate.test(text)) return undefined;
  const bare = isoDateTime.test(text) && text.length > 10 && !/([Zz]|[+-]\d{2}:?\d{2})$/.test(text);
  const date = new Date(bare ? `${text}Z` : text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function fromEpochSeconds(seconds: number): Date | undefined {
  const date = new Date(Math.round(seconds * 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function formatTimestamp(date: Date, format: TimestampFormat): string {
  switch (format) {
    case 'date-time':
      return isoText(date);
    case 'http-date':
      return date.toUTCString();
    case 'epoch-seconds':
      return String(date.getTime() / 1000);
    default:
      return unreachable(format);
  }
}

const dayMs = 86_400_000;
/** `00` to `99`. */
const twoDigits = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
let lastDay = { number: Number.NaN, text: '' };

/** As `toISOString` without `.000`; lists have thousands of instants, most of few days. */
function isoText(date: Date): string {
  const ms = date.getTime();
  const day = Math.floor(ms / dayMs);
  if (day !== lastDay.number) {
    lastDay = { number: day, text: date.toISOString().slice(0, -'00:00:00.000Z'.length) };
  }
  const rest = ms - day * dayMs;
  const hours = twoDigits[Math.floor(rest / 3_600_000)];
  const minutes = twoDigits[Math.floor(rest / 60_000) % 60];
  const seconds = twoDigits[Math.floor(rest / 1_000) % 60];
  const fraction = rest % 1_000 === 0 ? '' : `.${String(rest % 1_000).padStart(3, '0')}`;
  return `${lastDay.text}${hours}:${minutes}:${seconds}${fraction}Z`;
}
