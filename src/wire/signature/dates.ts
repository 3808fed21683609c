/** Dates as signatures write them, and how far they may be from the server's. */

/** A signed request may be this much older or newer than the server's clock. */
export const maxSkewMs = 15 * 60_000;
/** Seven days: the longest life of a presigned URL. */
export const maxExpirySeconds = 604_800;

const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Requests of one second carry the same date. */
let lastText: string | undefined;
let lastMs = 0;

/** `YYYYMMDDTHHMMSSZ` as milliseconds; undefined when it is no such date. */
export function parseAmzDate(text: string): number | undefined {
  if (text === lastText) return lastMs;
  const iso = text.replace(compact, '$1-$2-$3T$4:$5:$6Z');
  if (iso === text) return undefined;
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return undefined;
  lastText = text;
  lastMs = ms;
  return ms;
}

/** An HTTP `Date` header in the form that is signed; undefined when it is no date. */
export function amzDateOf(header: string): string | undefined {
  if (header === lastText || compact.test(header)) return header;
  const ms = Date.parse(header);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
