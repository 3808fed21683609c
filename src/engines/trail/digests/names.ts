/**
 * Names of log files and digests in a bucket. Source: "CloudTrail log file examples" and
 * "CloudTrail digest file structure" in the CloudTrail User Guide.
 */

export interface Place {
  /** Without a slash at its end. */
  readonly prefix?: string | undefined;
  readonly account: string;
  /** Whose events they are about. */
  readonly region: string;
}

const logFolder = 'CloudTrail';
const digestFolder = 'CloudTrail-Digest';
/** Characters of a log file's name that tell it from others of the same minute. */
export const uniqueChars = 16;

/** Ends in a slash. */
export function accountFolder({ prefix, account }: Omit<Place, 'region'>): string {
  return `${prefix ? `${prefix}/` : ''}AWSLogs/${account}/`;
}

/** Ends in a slash. */
export function logFolderOf(place: Omit<Place, 'region'>): string {
  return `${accountFolder(place)}${logFolder}/`;
}

/** Ends in a slash. */
export function digestFolderOf(place: Omit<Place, 'region'>): string {
  return `${accountFolder(place)}${digestFolder}/`;
}

export function logKey(place: Place, { atMs, unique }: { atMs: number; unique: string }): string {
  const { account, region } = place;
  const minute = `${basic(atMs).slice(0, -3)}Z`;
  const name = `${account}_${logFolder}_${region}_${minute}_${unique}.json.gz`;
  return `${logFolderOf(place)}${region}/${dayFolder(atMs)}/${name}`;
}

export interface DigestName {
  readonly trail: string;
  readonly homeRegion: string;
  readonly endMs: number;
}

export function digestKey(place: Place, { trail, homeRegion, endMs }: DigestName): string {
  const { account, region } = place;
  const name = [account, digestFolder, region, trail, homeRegion, basic(endMs)].join('_');
  return `${digestFolderOf(place)}${region}/${dayFolder(endMs)}/${name}.json.gz`;
}

export interface ParsedDigestKey extends DigestName {
  readonly region: string;
}

/** Undefined for keys that are none of the account's digests. */
export function parseDigestKey(
  key: string,
  place: Omit<Place, 'region'>,
): ParsedDigestKey | undefined {
  const folder = digestFolderOf(place);
  if (!key.startsWith(folder)) return undefined;
  const pattern = /^([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/(.+)_(\d{8}T\d{6}Z)\.json\.gz$/;
  const [, region = '', head = '', stamp = ''] = pattern.exec(key.slice(folder.length)) ?? [];
  const start = `${place.account}_${digestFolder}_${region}_`;
  const cut = head.lastIndexOf('_');
  const endMs = instantOf(stamp);
  if (endMs === undefined || !head.startsWith(start) || cut < start.length) return undefined;
  const parsed = { region, trail: head.slice(start.length, cut), homeRegion: head.slice(cut + 1) };
  const named = { ...parsed, endMs };
  // Anything else that the pattern lets through, such as another day's folder.
  return digestKey({ ...place, region }, named) === key ? named : undefined;
}

/** The region in a log file's key; undefined for keys that are none of the account's log files. */
export function regionOfLogKey(key: string, place: Omit<Place, 'region'>): string | undefined {
  const folder = logFolderOf(place);
  if (!key.startsWith(folder)) return undefined;
  return /^([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/./.exec(key.slice(folder.length))?.[1];
}

/** `2026-01-05T10:00:00Z` */
export function isoSeconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** `20260105T100000Z` */
function basic(atMs: number): string {
  return isoSeconds(atMs).replace(/[-:]/g, '');
}

function dayFolder(atMs: number): string {
  return isoSeconds(atMs).slice(0, 10).replaceAll('-', '/');
}

function instantOf(stamp: string): number | undefined {
  const iso = stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const atMs = Date.parse(iso);
  return Number.isNaN(atMs) ? undefined : atMs;
}
