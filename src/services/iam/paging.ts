/** Pages of lists by Marker and MaxItems, and the tokens between them. */
import type { Entry } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

export const defaultPageSize = 100;
/** Rows read at a time while a filter drops some. */
const batch = 500;

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

export const markers = {
  of: (key: string) => Buffer.from(key, 'utf8').toString('base64url'),
  /** The key after which the page starts. Throws `Fault` for what is no marker of ours. */
  key(marker: string | undefined): string | undefined {
    if (marker === undefined) return undefined;
    const key = Buffer.from(marker, 'base64url').toString('utf8');
    if (key === '' || markers.of(key) !== marker) throw faults.validation('Invalid Marker.');
    return key;
  },
};

/**
 * A page of what `read` lists in order of keys, without the rows that `keep` drops. `read` gets the
 * key to continue after and how many rows to read.
 */
export async function pageOf<Row>(
  request: PageRequest,
  read: (after: string | undefined, limit: number) => Promise<readonly Entry<Row>[]>,
  keep: (row: Row) => boolean = () => true,
): Promise<Page<Row>> {
  const size = request.MaxItems ?? defaultPageSize;
  const kept: Entry<Row>[] = [];
  let after = markers.key(request.Marker);
  while (kept.length <= size) {
    const entries = await read(after, batch);
    kept.push(...entries.filter(({ row }) => keep(row)));
    if (entries.length < batch) break;
    after = entries.at(-1)?.key;
  }
  const rows = kept.slice(0, size).map(({ row }) => row);
  const last = kept[size - 1];
  if (kept.length <= size || !last) return { rows, IsTruncated: false };
  return { rows, IsTruncated: true, Marker: markers.of(last.key) };
}

/** The same over a list that is already whole, in an order of its own. */
export function sliceOf<Row>(request: PageRequest, all: readonly Row[]): Page<Row> {
  const size = request.MaxItems ?? defaultPageSize;
  const start = Number(markers.key(request.Marker) ?? '0');
  if (!Number.isSafeInteger(start) || start < 0) throw faults.validation('Invalid Marker.');
  const rows = all.slice(start, start + size);
  if (start + size >= all.length) return { rows, IsTruncated: false };
  return { rows, IsTruncated: true, Marker: markers.of(String(start + size)) };
}
