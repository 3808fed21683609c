/** Reads rows and index entries, outside a transaction or inside one. */
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { assert } from '../../kernel/assert.ts';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { frozen } from '../../kernel/json.ts';
import type { Collection, Entry, IndexRange, Range, Reader } from '../../ports/metadata-store.ts';
import type { RowCache, SliceBounds } from './row-cache.ts';
import type { RowGuard, RowName } from './row-guard.ts';
import type { Tables } from './schema.ts';
import type { SliceShape, Statements } from './statements.ts';
import { asBytes, textOf } from './texts.ts';

/** One connection, and what every access to its rows needs. */
export interface SqlParts {
  readonly db: Kysely<Tables>;
  readonly statements: Statements;
  readonly guard: RowGuard;
  /** Absent inside transactions. */
  readonly cache?: RowCache;
}

export function sqlReader({ db, statements, guard, cache }: SqlParts): Reader {
  const parsed = (collection: string, key: string, stored: string) =>
    JSON.parse(guard.open({ collection, key }, stored));
  const document = (row: RowName) => {
    const known = cache?.document(row);
    if (known !== undefined) return known;
    const stored = statements.get(row.collection, row.key);
    if (stored === undefined) return undefined;
    const opened = guard.open(row, stored);
    cache?.keep(row, opened);
    return opened;
  };
  return {
    async get(from, key) {
      const found = document({ collection: from.name, key });
      return found === undefined ? undefined : JSON.parse(found);
    },
    async list<Row>(from: Collection<Row>, range: Range) {
      const { shape, values, bounds } = sliceOf(range);
      const { lower, descending } = shape;
      const asked = JSON.stringify([lower, descending, bounds.limit, ...values]);
      const known = cache?.slice(from.name, asked);
      if (known) return known as readonly Entry<Row>[];
      const found = statements.slice(shape, [from.name, ...values, bounds.limit]);
      const entries = found.map(([key, stored]) => ({
        key,
        row: parsed(from.name, key, stored) as Row,
      }));
      if (cache) {
        const characters = found.reduce((sum, [at, stored]) => sum + at.length + stored.length, 0);
        if (cache.isWanted(from.name, asked, characters)) {
          const value = { bounds, entries: frozen(entries) };
          cache.keepSlice(from.name, asked, { value, characters });
        }
      }
      return entries;
    },
    async listBy<Row>(from: Collection<Row>, range: IndexRange) {
      const valueOf = from.indexes?.[range.index];
      assert(valueOf && Object.hasOwn(from.indexes ?? {}, range.index), `no index ${range.index}`);
      const direction = range.descending ? 'desc' : 'asc';
      const found = await slicedByValue(entriesOf(db, from.name, range.index), range)
        .orderBy('index_entries.value', direction)
        .orderBy('index_entries.key', direction)
        .limit(limitOf(range))
        .execute();
      return found.map((entry) => {
        const [key, value] = [textOf(entry.key), textOf(entry.value)];
        const row = parsed(from.name, key, textOf(entry.document)) as Row;
        guard.found({ collection: from.name, key }, { value, own: valueOf(row) });
        return { key, value, row };
      });
    },
  };
}

/** A negative LIMIT means none to SQLite. */
function limitOf({ limit }: { readonly limit: number }): number {
  return Math.max(0, limit);
}

const bytesOf = (column: string) => sql<ArrayBuffer>`${sql.raw(asBytes(column))}`;

function entriesOf(db: Kysely<Tables>, collection: string, index: string) {
  return db
    .selectFrom('index_entries')
    .innerJoin('rows', (join) =>
      join
        .onRef('rows.collection', '=', 'index_entries.collection')
        .onRef('rows.key', '=', 'index_entries.key'),
    )
    .select([
      bytesOf('index_entries.key').as('key'),
      bytesOf('index_entries.value').as('value'),
      bytesOf('rows.document').as('document'),
    ])
    .where('index_entries.collection', '=', collection)
    .where('index_entries.index_name', '=', index);
}

interface Slice {
  readonly shape: SliceShape;
  readonly values: readonly string[];
  readonly bounds: SliceBounds;
}

/** One bound a side, the tighter one: SQLite seeks by only one. */
function sliceOf(range: Range): Slice {
  const { lower, upper } = boundsOf(range);
  const { after, descending = false } = range;
  const startsAfter = after !== undefined && !descending && !isBelow(after, lower);
  const endsBefore = after !== undefined && descending && !isAbove(after, upper);
  const from = startsAfter ? after : lower;
  const to = endsBefore ? after : upper;
  const shape: SliceShape = {
    lower: from === undefined ? undefined : startsAfter ? '>' : '>=',
    upper: to === undefined ? undefined : '<',
    descending,
  };
  const bounds = { lower: from, upper: to, descending, limit: limitOf(range) };
  return { shape, values: [from, to].filter((bound) => bound !== undefined), bounds };
}

function slicedByValue<Out>(
  query: SelectQueryBuilder<Tables, 'index_entries' | 'rows', Out>,
  range: IndexRange,
) {
  const { equals, after, descending } = range;
  const { lower, upper } = boundsOf(range);
  let sliced = query;
  if (equals !== undefined) sliced = sliced.where('index_entries.value', '=', equals);
  if (lower !== undefined) sliced = sliced.where('index_entries.value', '>=', lower);
  if (upper !== undefined) sliced = sliced.where('index_entries.value', '<', upper);
  if (after === undefined) return sliced;
  return sliced.where((on) =>
    on(
      on.refTuple('index_entries.value', 'index_entries.key'),
      descending ? '<' : '>',
      on.tuple(after.value, after.key),
    ),
  );
}

interface Bounds {
  readonly lower: string | undefined;
  readonly upper: string | undefined;
}

function boundsOf(range: Pick<Range, 'from' | 'to' | 'prefix'>): Bounds {
  const { from, to, prefix } = range;
  if (!prefix) return { lower: from, upper: to };
  const end = behindPrefix(prefix);
  return {
    lower: isBelow(prefix, from) ? from : prefix,
    upper: end === undefined || isAbove(end, to) ? to : end,
  };
}

const isBelow = (text: string, bound: string | undefined) =>
  bound !== undefined && compareUtf8(text, bound) < 0;
const isAbove = (text: string, bound: string | undefined) =>
  bound !== undefined && compareUtf8(text, bound) > 0;

/** The first text behind every text with this prefix; undefined when there is none. */
export function behindPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  const last = points.findLastIndex((point) => point < 0x10ffff);
  if (last < 0) return undefined;
  const next = (points[last] ?? 0) + 1;
  // The surrogates between U+D7FF and U+E000 are no characters.
  const bumped = next === 0xd800 ? 0xe000 : next;
  return String.fromCodePoint(...points.slice(0, last), bumped);
}
