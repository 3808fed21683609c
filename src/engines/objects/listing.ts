/**
 * Listing with a prefix, a delimiter and pages, over any rows ordered by locator. Keys with the
 * same text up to the delimiter after the prefix appear once, as that text; what lies under it is
 * skipped by a seek, never walked.
 */
import { defined } from '../../kernel/assert.ts';
import { compareUtf8 } from '../../kernel/bytes.ts';
import type { Collection, Entry, Range, Reader } from '../../ports/metadata-store.ts';
import { locatorOf, pastLocator, prefixOf, successor, versionOrder } from './keys.ts';
import { liveRows, pastRows, type VersionRow } from './rows.ts';
import { versionOf } from './versions.ts';

export interface ListQuery {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter?: string;
  /** Exclusive: a key or a common prefix, and everything the latter stands for. */
  readonly after?: string;
  readonly limit: number;
}

export type Listed<Row> =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'prefix'; readonly prefix: string };

export interface Page<Row> {
  readonly entries: readonly Listed<Row>[];
  /** There is more after the last entry. */
  readonly truncated: boolean;
}

/** Rows in order of their store keys. */
export type Source<Row> = (range: Range) => Promise<readonly Entry<Row>[]>;

export function rowsOf<Row>(reader: Reader, collection: Collection<Row>): Source<Row> {
  return (range) => reader.list(collection, range);
}

/** Where a walk begins: an inclusive (`from`) or an exclusive (`after`) store key. */
export type Start = { readonly from: string } | { readonly after: string } | undefined;

/** Reads this many rows at a time where most of them may turn out to share a prefix. */
const rollUpPageRows = 64;

/** The text up to and with the first delimiter after the prefix; undefined when there is none. */
export function commonPrefix(
  key: string,
  { prefix, delimiter }: Pick<ListQuery, 'prefix' | 'delimiter'>,
): string | undefined {
  if (!delimiter || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** After every row of a key, or after everything a common prefix stands for. */
export function startAfter(query: ListQuery): Start {
  if (query.after === undefined) return undefined;
  const common = commonPrefix(query.after, query);
  if (common === undefined) return { from: pastLocator(query.bucket, query.after) };
  return { from: defined(successor(prefixOf(query.bucket, common)), 'what follows a prefix') };
}

export async function walk<Row extends { readonly key: string }>(
  source: Source<Row>,
  query: ListQuery,
  start: Start = startAfter(query),
): Promise<Page<Row>> {
  const { bucket, limit } = query;
  const storePrefix = prefixOf(bucket, query.prefix);
  const entries: Listed<Row>[] = [];
  if (limit <= 0) return { entries, truncated: false };
  let position = start;
  // One more than asked for tells whether there is more.
  while (entries.length <= limit) {
    const missing = limit + 1 - entries.length;
    const rows = query.delimiter ? Math.min(missing, rollUpPageRows) : missing;
    const page = await source({ prefix: storePrefix, limit: rows, ...position });
    const skipped = rollUp(page, query, entries);
    const last = page.at(-1);
    if (!last || page.length < rows) break;
    const beyond = skipped === undefined ? undefined : successor(prefixOf(bucket, skipped));
    position = beyond === undefined ? { after: last.key } : { from: beyond };
  }
  return { entries: entries.slice(0, limit), truncated: entries.length > limit };
}

/** Adds a page's rows; answers the common prefix the last of them fell under, if it did. */
function rollUp<Row extends { readonly key: string }>(
  page: readonly Entry<Row>[],
  query: ListQuery,
  entries: Listed<Row>[],
): string | undefined {
  let common: string | undefined;
  for (const { row } of page) {
    if (common !== undefined && row.key.startsWith(common)) continue;
    common = commonPrefix(row.key, query);
    entries.push(common === undefined ? { kind: 'row', row } : { kind: 'prefix', prefix: common });
  }
  return common;
}

/** Every version of every key, newest first within a key. */
export function allVersions(reader: Reader): Source<VersionRow> {
  return async (range) => {
    const [live, past] = await Promise.all([
      reader.list(liveRows, range),
      reader.list(pastRows, range),
    ]);
    const merged: Entry<VersionRow>[] = [...live, ...past].sort((a, b) =>
      compareUtf8(a.key, b.key),
    );
    return merged.slice(0, range.limit);
  };
}

/**
 * After one version of a key. When it has been deleted since it was listed, from the key's newest
 * version again, so that nothing is left out.
 */
export async function startAfterVersion(
  reader: Reader,
  bucket: string,
  marker: { readonly key: string; readonly version: string },
): Promise<Start> {
  const at = { bucket, key: marker.key };
  const locator = locatorOf(bucket, marker.key);
  const row = await versionOf(reader, at, marker.version);
  if (!row) return { from: locator };
  const live = await reader.get(liveRows, locator);
  return { after: live?.id === row.id ? locator : locator + versionOrder(row.seq) };
}
