/**
 * Instants as policies write them: ISO 8601 as the W3C profiles it, or seconds since the Unix
 * epoch. Without a zone they are UTC.
 */

const time = /(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2})(?:\.(\d{1,9}))?)?/;
const zone = /(z|[+-]\d{2}(?::?\d{2})?)/;
const isoPattern = new RegExp(
  `^(-?\\d{1,9})(?:-(\\d{1,2}))?(?:-(\\d{1,2}))?(?:t(?:${time.source}${zone.source}?)?)?$`,
);
const secondsPattern = /^\d{1,19}$/;

/** Milliseconds since the epoch; undefined for what is no instant. */
export function instantOf(written: string): number | undefined {
  const text = written.toLowerCase();
  if (secondsPattern.test(text)) return Number(text) * 1_000;
  const found = isoPattern.exec(text);
  if (!found) return undefined;
  const [, year, month = '1', day = '1', hour = '0', minute = '0', second = '0'] = found;
  const [, , , , , , , fraction = '', offsetText = 'z'] = found;
  const fields = [Number(month), Number(day), Number(hour), Number(minute), Number(second)];
  const [m = 0, d = 0, h = 0, min = 0, s = 0] = fields;
  if (m < 1 || m > 12 || d < 1 || d > 31 || h > 23 || min > 59 || s > 59) return undefined;
  const offset = zoneMinutes(offsetText);
  if (offset === undefined) return undefined;
  const instant = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 and on.
  instant.setUTCFullYear(Number(year), m - 1, d);
  instant.setUTCHours(h, min - offset, s, Number(fraction.padEnd(3, '0').slice(0, 3)));
  const instantMs = instant.getTime();
  return Number.isNaN(instantMs) ? undefined : instantMs;
}

function zoneMinutes(text: string): number | undefined {
  if (text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
