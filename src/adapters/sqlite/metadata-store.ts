/**
 * Metadata in one SQLite file (WAL, synchronous FULL: what was written survives a power cut). One
 * connection writes, another reads, so readers see what is committed and never wait for a write.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely';
import Database from 'libsql';
import { assert } from '../../kernel/assert.ts';
import type { Collection, MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import { sqlReader } from './reader.ts';
import { migrate, type Tables } from './schema.ts';

/** How long to wait for another process that has the file locked. */
const busyTimeoutMs = 5_000;
/** Kysely writes few distinct statements; the bound only guards against a mistake. */
const maxCachedStatements = 200;

/**
 * Opens or makes the file, whose folder must exist, and brings its tables up to date. Throws, naming
 * the path, when it is no database or was written by a newer version.
 */
export async function sqliteMetadataStore(path: string): Promise<MetadataStore> {
  assert(path !== '' && path !== ':memory:', 'the metadata store needs a file');
  let writer: Kysely<Tables> | undefined;
  try {
    writer = connect(path);
    await migrate(writer, { text: 'text' });
    return new SqliteMetadataStore(writer, connect(path));
  } catch (cause) {
    await writer?.destroy();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot open ${path}: ${reason}`, { cause });
  }
}

function connect(path: string): Kysely<Tables> {
  const database = new Database(path);
  try {
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
  } catch (cause) {
    database.close();
    throw cause;
  }
  const statements = new Map<string, SqliteStatement>();
  const prepare = (sql: string) => {
    // A deferred transaction may fail in its middle when another process writes.
    const text = sql === 'begin' ? 'begin immediate' : sql;
    const known = statements.get(text);
    if (known) return known;
    const statement: SqliteStatement = database.prepare(text);
    if (statements.size < maxCachedStatements) statements.set(text, statement);
    return statement;
  };
  const close = () => {
    statements.clear();
    database.close();
  };
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: { prepare, close } }) });
}

class SqliteMetadataStore implements MetadataStore {
  readonly #writer: Kysely<Tables>;
  readonly #reader: Kysely<Tables>;
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  readonly get: MetadataStore['get'];
  readonly list: MetadataStore['list'];
  readonly listBy: MetadataStore['listBy'];
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(writer: Kysely<Tables>, reader: Kysely<Tables>) {
    this.#writer = writer;
    this.#reader = reader;
    ({ get: this.get, list: this.list, listBy: this.listBy } = sqlReader(reader));
  }

  write: MetadataStore['write'] = (work, options) => {
    assert(!this.#closing, 'the store is closed');
    assert(!this.#inside.getStore()?.open, 'a write inside a write would wait for itself');
    const done = this.#last.then(async () => {
      options?.signal?.throwIfAborted();
      const run = { open: true };
      try {
        return await this.#writer
          .transaction()
          .execute((tx) => this.#inside.run(run, () => work(sqlTransaction(tx))));
      } finally {
        run.open = false;
      }
    });
    // The next write waits for this one, whatever its end; its caller gets the failure.
    this.#last = done.catch(() => {});
    return done;
  };

  close(): Promise<void> {
    this.#closing ??= this.#last.then(async () => {
      await this.#reader.destroy();
      await this.#writer.destroy();
    });
    return this.#closing;
  }
}

function sqlTransaction(tx: Kysely<Tables>): Transaction {
  return {
    ...sqlReader(tx),
    async insert(into, key, row) {
      const result = await tx
        .insertInto('rows')
        .values({ collection: into.name, key, document: documentOf(into, row) })
        .onConflict((conflict) => conflict.columns(['collection', 'key']).doNothing())
        .executeTakeFirst();
      if (!result.numInsertedOrUpdatedRows) return false;
      await addEntries(tx, { collection: into.name, key }, valuesOf(into, row));
      return true;
    },
    async put(into, key, row) {
      const document = documentOf(into, row);
      await tx
        .insertInto('rows')
        .values({ collection: into.name, key, document })
        .onConflict((conflict) => conflict.columns(['collection', 'key']).doUpdateSet({ document }))
        .execute();
      if (into.indexes) await moveEntries(tx, { collection: into.name, key }, valuesOf(into, row));
    },
    async delete(from, key) {
      const result = await tx
        .deleteFrom('rows')
        .where('collection', '=', from.name)
        .where('key', '=', key)
        .executeTakeFirst();
      if (!result.numDeletedRows) return false;
      if (from.indexes) await moveEntries(tx, { collection: from.name, key }, new Map());
      return true;
    },
  };
}

interface RowName {
  readonly collection: string;
  readonly key: string;
}

function documentOf<Row>(collection: Collection<Row>, row: Row): string {
  const document = JSON.stringify(row);
  assert(document !== undefined, `a row of ${collection.name} is not JSON`);
  return document;
}

function valuesOf<Row>(collection: Collection<Row>, row: Row): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, valueOf] of Object.entries(collection.indexes ?? {})) {
    const value = valueOf(row);
    if (value !== undefined) values.set(index, value);
  }
  return values;
}

async function addEntries(
  tx: Kysely<Tables>,
  row: RowName,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  if (values.size === 0) return;
  const entries = Array.from(values, ([index_name, value]) => ({ ...row, index_name, value }));
  await tx.insertInto('index_entries').values(entries).execute();
}

/** Writes only what differs: most updates of a row leave most of its entries where they are. */
async function moveEntries(
  tx: Kysely<Tables>,
  row: RowName,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  const added = new Map(values);
  const old = await tx
    .selectFrom('index_entries')
    .select(['index_name', 'value'])
    .where('collection', '=', row.collection)
    .where('key', '=', row.key)
    .execute();
  for (const { index_name: index, value } of old) {
    if (added.get(index) === value) {
      added.delete(index);
      continue;
    }
    await tx
      .deleteFrom('index_entries')
      .where('collection', '=', row.collection)
      .where('index_name', '=', index)
      .where('value', '=', value)
      .where('key', '=', row.key)
      .execute();
  }
  await addEntries(tx, row, added);
}
