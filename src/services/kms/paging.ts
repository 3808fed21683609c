/** Pages of lists by Marker and Limit, and the tokens between them. */
import type { Entry } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly Limit?: number | undefined;
}

/** What a list answers when nothing is asked, and the most that may be. */
export interface PageSizes {
  readonly usual: number;
  readonly most: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly Truncated: boolean;
  readonly NextMarker?: string;
}

const batch = 500;

/**
 * A page of what `read` lists in order of keys, without the rows that `keep` drops. `read` gets the
 * key to continue after and how many rows to read.
 */
export async function pageOf<Row>(
  request: PageRequest & { readonly sizes: PageSizes },
  read: (after: string | undefined, limit: number) => Promise<readonly Entry<Row>[]>,
  keep: (row: Row) => boolean = () => true,
): Promise<Page<Row>> {
  const size = sizeOf(request);
  const kept: Entry<Row>[] = [];
  let after = keyOf(request.Marker);
  while (kept.length <= size) {
    const entries = await read(after, batch);
    kept.push(...entries.filter(({ row }) => keep(row)));
    if (entries.length < batch) break;
    after = entries.at(-1)?.key;
  }
  const rows = kept.slice(0, size).map(({ row }) => row);
  const last = kept[size - 1];
  if (kept.length <= size || !last) return { rows, Truncated: false };
  return { rows, Truncated: true, NextMarker: markerOf(last.key) };
}

/** The same over a list that is already whole, in an order of its own. */
export function sliceOf<Row>(
  request: PageRequest & { readonly sizes: PageSizes },
  all: readonly Row[],
): Page<Row> {
  const size = sizeOf(request);
  const start = Number(keyOf(request.Marker) ?? '0');
  if (!Number.isSafeInteger(start) || start < 0) throw faults.invalidMarker();
  const rows = all.slice(start, start + size);
  if (start + size >= all.length) return { rows, Truncated: false };
  return { rows, Truncated: true, NextMarker: markerOf(String(start + size)) };
}

function sizeOf({
  Limit,
  sizes,
}: Pick<PageRequest, 'Limit'> & { readonly sizes: PageSizes }): number {
  if (Limit !== undefined && Limit > sizes.most) {
    throw faults.validation(`Limit must be between 1 and ${sizes.most}, not ${Limit}`);
  }
  return Limit ?? sizes.usual;
}

function markerOf(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

function keyOf(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const key = Buffer.from(marker, 'base64url').toString('utf8');
  if (key === '' || markerOf(key) !== marker) throw faults.invalidMarker();
  return key;
}
