/**
 * The List operations of SageMaker: the same filters, orders and page tokens for every resource.
 * Pages are stable under inserts: a token names the last item given, not a count.
 */

import { hostedPrefix } from '../../engines/hosting/names.ts';
import type { Scope } from '../../kernel/arn.ts';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { type Collection, type Reader, sortable } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

export interface Listed {
  readonly name: string;
  readonly createdAtMs: number;
  readonly modifiedAtMs?: number;
  readonly status?: string;
  /** Of monitoring executions. */
  readonly scheduledAtMs?: number;
}

/** The members that List inputs share; an operation has a subset of them. */
export interface ListQuery {
  readonly SortBy?: string | undefined;
  readonly SortOrder?: string | undefined;
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
  readonly NameContains?: string | undefined;
  readonly StatusEquals?: string | undefined;
  readonly CreationTimeBefore?: Date | undefined;
  readonly CreationTimeAfter?: Date | undefined;
  readonly LastModifiedTimeBefore?: Date | undefined;
  readonly LastModifiedTimeAfter?: Date | undefined;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextToken: string | undefined;
}

/** Amazon's default where the request names no size. */
const defaultPage = 10;
const largestPage = 100;
const readAtOnce = 1_000;
/** Resources of one kind in an account and region that a listing looks at. */
const mostRows = 100_000;

/** `SortBy` as clients say it to what is compared. */
const sortValues: Readonly<Record<string, (row: Listed) => string>> = {
  Name: (row) => row.name.toLowerCase(),
  CreationTime: (row) => sortable(row.createdAtMs),
  LastModifiedTime: (row) => sortable(row.modifiedAtMs ?? row.createdAtMs),
  Status: (row) => row.status ?? '',
  ScheduledTime: (row) => sortable(row.scheduledAtMs ?? row.createdAtMs),
};

interface Position {
  readonly value: string;
  readonly name: string;
}

/** Newest first unless asked otherwise, as Amazon does. */
export async function listPage<Row extends Listed>(
  reader: Reader,
  from: Collection<Row>,
  { scope, query }: { readonly scope: Scope; readonly query: ListQuery },
): Promise<Page<Row>> {
  return pageOf(await rowsIn(reader, from, scope), query);
}

/** The same for rows that are already at hand. */
export function pageOf<Row extends Listed>(rows: readonly Row[], query: ListQuery): Page<Row> {
  const valueOf = sortValues[query.SortBy ?? 'CreationTime'];
  if (!valueOf) throw faults.badMember('sortBy', `one of ${Object.keys(sortValues).join(', ')}`);
  const limit = query.MaxResults ?? defaultPage;
  if (!(limit >= 1 && limit <= largestPage)) {
    throw faults.badMember('maxResults', `Member must be between 1 and ${largestPage}`);
  }
  const sign = query.SortOrder === 'Ascending' ? 1 : -1;
  const compare = (a: Position, b: Position) =>
    sign * (compareUtf8(a.value, b.value) || compareUtf8(a.name, b.name));
  const after = query.NextToken === undefined ? undefined : readToken(query.NextToken);
  const sorted = rows
    .filter((row) => matches(row, query))
    .map((row) => ({ row, at: { value: valueOf(row), name: row.name.toLowerCase() } }))
    .filter(({ at }) => !after || compare(at, after) > 0)
    .sort((a, b) => compare(a.at, b.at));
  const page = sorted.slice(0, limit);
  const last = page.at(-1);
  const nextToken = last && sorted.length > limit ? writeToken(last.at) : undefined;
  return { rows: page.map(({ row }) => row), nextToken };
}

/** Every row of an account and region, up to a bound. */
export async function rowsIn<Row>(
  reader: Reader,
  from: Collection<Row>,
  scope: Scope,
): Promise<Row[]> {
  const rows: Row[] = [];
  const prefix = hostedPrefix(scope);
  let after: string | undefined;
  do {
    const range = { prefix, limit: readAtOnce, ...(after === undefined ? {} : { after }) };
    const entries = await reader.list(from, range);
    rows.push(...entries.map(({ row }) => row));
    after = entries.length === readAtOnce ? entries.at(-1)?.key : undefined;
  } while (after !== undefined && rows.length < mostRows);
  return rows;
}

/** The bounds of time exclude the instant they name. */
function matches(row: Listed, query: ListQuery): boolean {
  const { createdAtMs, modifiedAtMs = createdAtMs } = row;
  const between = (ms: number, after: Date | undefined, before: Date | undefined) =>
    (after === undefined || ms > after.getTime()) &&
    (before === undefined || ms < before.getTime());
  return (
    row.name.toLowerCase().includes((query.NameContains ?? '').toLowerCase()) &&
    (query.StatusEquals === undefined || row.status === query.StatusEquals) &&
    between(createdAtMs, query.CreationTimeAfter, query.CreationTimeBefore) &&
    between(modifiedAtMs, query.LastModifiedTimeAfter, query.LastModifiedTimeBefore)
  );
}

function writeToken({ value, name }: Position): string {
  return Buffer.from(JSON.stringify([value, name])).toString('base64url');
}

function readToken(token: string): Position {
  try {
    const [value, name] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof value === 'string' && typeof name === 'string') return { value, name };
  } catch {
    // Falls through: text that is not ours is refused below, whatever is wrong with it.
  }
  throw faults.invalid('Invalid NextToken: it was not given out by this operation.');
}
