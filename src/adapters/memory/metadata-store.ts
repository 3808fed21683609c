/**
 * Metadata in memory, for tests and servers that keep nothing. Rows are kept as JSON text, so no
 * caller shares an object with the store. A transaction collects its changes aside: readers outside
 * see them when it has ended, all at once.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { assert } from '../../kernel/assert.ts';
import { frozen } from '../../kernel/json.ts';
import type {
  Abortable,
  Collection,
  Entry,
  IndexEntry,
  IndexRange,
  MetadataStore,
  Range,
  Reader,
  Transaction,
} from '../../ports/metadata-store.ts';
import { comparePositions, type Position, place, type Slice, SortedPositions } from './sorted.ts';

/** A row as kept: its text, and where each order has it. The order named '' is that of the keys. */
interface Stored {
  readonly json: string;
  readonly values: ReadonlyMap<string, string>;
}

interface Table {
  readonly rows: Map<string, Stored>;
  readonly orders: Map<string, SortedPositions>;
}

/** What a transaction did to one collection; null is a deleted row. */
type Changes = Map<string, Stored | null>;

const keyOrder = '';

export function memoryMetadataStore(): MetadataStore {
  return new MemoryMetadataStore();
}

class MemoryMetadataStore implements MetadataStore {
  readonly #tables = new Map<string, Table>();
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  readonly #reader = reader((name) => this.#table(name));
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  get<Row>(from: Collection<Row>, key: string): Promise<Row | undefined> {
    return this.#reader.get(from, key);
  }

  list<Row>(from: Collection<Row>, range: Range): Promise<readonly Entry<Row>[]> {
    return this.#reader.list(from, range);
  }

  listBy<Row>(from: Collection<Row>, range: IndexRange): Promise<readonly IndexEntry<Row>[]> {
    return this.#reader.listBy(from, range);
  }

  async write<T>(work: (tx: Transaction) => Promise<T>, options?: Abortable): Promise<T> {
    assert(!this.#closed, 'the store is closed');
    assert(!this.#inside.getStore()?.open, 'a write inside a write would wait for itself');
    const done = this.#last.then(async () => {
      options?.signal?.throwIfAborted();
      const changes = new Map<string, Changes>();
      const run = { open: true };
      try {
        const result = await this.#inside.run(run, () => work(this.#transaction(changes)));
        for (const [name, changed] of changes) apply(this.#table(name), changed);
        return result;
      } finally {
        run.open = false;
      }
    });
    // The next write waits for this one, whatever its end; its caller gets the failure.
    this.#last = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  #transaction(all: Map<string, Changes>): Transaction {
    const changesOf = (name: string) => {
      const changes = all.get(name) ?? new Map();
      all.set(name, changes);
      return changes;
    };
    const read = reader(
      (name) => this.#table(name),
      (name) => all.get(name),
    );
    const has = (name: string, key: string) => {
      const changed = all.get(name)?.get(key);
      return changed === undefined ? this.#table(name).rows.has(key) : changed !== null;
    };
    return {
      ...read,
      async insert(into, key, row) {
        if (has(into.name, key)) return false;
        changesOf(into.name).set(key, stored(into, key, row));
        return true;
      },
      async put(into, key, row) {
        changesOf(into.name).set(key, stored(into, key, row));
      },
      async delete(from, key) {
        if (!has(from.name, key)) return false;
        changesOf(from.name).set(key, null);
        return true;
      },
    };
  }

  #table(name: string): Table {
    const table = this.#tables.get(name) ?? { rows: new Map(), orders: new Map() };
    this.#tables.set(name, table);
    return table;
  }
}

function stored<Row>(collection: Collection<Row>, key: string, row: Row): Stored {
  const json = JSON.stringify(row);
  assert(json !== undefined, `a row of ${collection.name} is not JSON`);
  const values = new Map([[keyOrder, key]]);
  for (const [index, valueOf] of Object.entries(collection.indexes ?? {})) {
    assert(index !== keyOrder, 'an index needs a name');
    const value = valueOf(row);
    if (value !== undefined) values.set(index, value);
  }
  return { json, values };
}

function apply(table: Table, changes: Changes): void {
  for (const [key, next] of changes) {
    for (const [order, value] of table.rows.get(key)?.values ?? []) {
      table.orders.get(order)?.remove({ value, key });
    }
    if (next === null) {
      table.rows.delete(key);
      continue;
    }
    table.rows.set(key, next);
    for (const [order, value] of next.values) {
      const positions = table.orders.get(order) ?? new SortedPositions();
      table.orders.set(order, positions);
      positions.add({ value, key });
    }
  }
}

function reader(
  tableOf: (name: string) => Table,
  changesOf: (name: string) => Changes | undefined = () => undefined,
): Reader {
  const find = (name: string, key: string) => {
    const changed = changesOf(name)?.get(key);
    return changed === undefined ? tableOf(name).rows.get(key) : (changed ?? undefined);
  };
  const page = <Row>(name: string, order: string, slice: Slice) => {
    const base = tableOf(name).orders.get(order)?.slice(slice) ?? [];
    const entries: { key: string; value: string; row: Row }[] = [];
    if (slice.limit <= 0) return entries;
    for (const { key, value } of overlay(base, changesOf(name), { order, slice })) {
      const json = find(name, key)?.json;
      assert(json !== undefined, `${name} lists a row it does not have`);
      entries.push({ key, value, row: JSON.parse(json) });
      if (entries.length >= slice.limit) break;
    }
    return entries;
  };
  return {
    async get(from, key) {
      const json = find(from.name, key)?.json;
      return json === undefined ? undefined : JSON.parse(json);
    },
    async list<Row>(from: Collection<Row>, { after, ...range }: Range) {
      const at = after === undefined ? undefined : { value: after, key: after };
      const entries = page<Row>(from.name, keyOrder, { ...range, after: at });
      return frozen(entries.map(({ key, row }) => ({ key, row })));
    },
    async listBy<Row>(from: Collection<Row>, range: IndexRange) {
      assert(Object.hasOwn(from.indexes ?? {}, range.index), `no index ${range.index}`);
      return page<Row>(from.name, range.index, range);
    },
  };
}

/** What the store has, with what the transaction changed laid over it, in the slice's direction. */
function* overlay(
  base: Iterable<Position>,
  changes: Changes | undefined,
  { order, slice }: { readonly order: string; readonly slice: Slice },
): Iterable<Position> {
  if (!changes?.size) return yield* base;
  const sign = slice.descending ? -1 : 1;
  const added: Position[] = [];
  for (const [key, next] of changes) {
    const value = next?.values.get(order);
    if (value !== undefined && place({ value, key }, slice) === 0) added.push({ value, key });
  }
  added.sort((a, b) => sign * comparePositions(a, b));
  let at = 0;
  for (const position of base) {
    if (changes.has(position.key)) continue;
    for (let next = added[at]; next && sign * comparePositions(next, position) < 0; ) {
      yield next;
      next = added[++at];
    }
    yield position;
  }
  yield* added.slice(at);
}
