/**
 * The tables of the metadata store and how they came to be. Kept to SQL that PostgreSQL takes too;
 * what differs between databases is a parameter.
 */
import { type Kysely, sql } from 'kysely';

export interface Tables {
  /** `document` is JSON text. */
  readonly rows: { readonly collection: string; readonly key: string; readonly document: string };
  /** What an index has of a row: rows without a value for the index have no entry. */
  readonly index_entries: {
    readonly collection: string;
    readonly index_name: string;
    readonly value: string;
    readonly key: string;
  };
  /** One row: how many of the migrations were done. */
  readonly schema_version: { readonly version: number };
}

export interface SqlFlavor {
  /** Text in order of its UTF-8 bytes (SQLite: `text`; PostgreSQL: `text collate "C"`). */
  readonly text: string;
}

type Migration = (db: Kysely<Tables>, flavor: SqlFlavor) => Promise<void>;

/** In order, never changed once released: a new need is a new migration at the end. */
const migrations: readonly Migration[] = [rowsAndIndexes];

async function rowsAndIndexes(db: Kysely<Tables>, flavor: SqlFlavor): Promise<void> {
  const text = sql.raw(flavor.text);
  await db.schema
    .createTable('rows')
    .addColumn('collection', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('document', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('rows_key', ['collection', 'key'])
    .execute();
  await db.schema
    .createTable('index_entries')
    .addColumn('collection', text, (column) => column.notNull())
    .addColumn('index_name', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('index_entries_key', ['collection', 'index_name', 'value', 'key'])
    .execute();
  await db.schema
    .createIndex('index_entries_of_row')
    .on('index_entries')
    // Wider than the look-up needs: on (collection, key) alone SQLite prefers the primary key and
    // reads the whole collection.
    .columns(['collection', 'key', 'index_name', 'value'])
    .execute();
}

/** Brings the tables up to date; throws, changing nothing, when they are newer than this code. */
export async function migrate(db: Kysely<Tables>, flavor: SqlFlavor): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.schema
      .createTable('schema_version')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.notNull())
      .execute();
    const found = await tx.selectFrom('schema_version').select('version').executeTakeFirst();
    const version = found?.version ?? 0;
    if (version > migrations.length) {
      throw new Error(
        `the database has schema ${version}, this program knows ${migrations.length}: ` +
          'it was written by a newer version and is left as it is',
      );
    }
    if (version === migrations.length) return;
    for (const migration of migrations.slice(version)) await migration(tx, flavor);
    await tx.deleteFrom('schema_version').execute();
    await tx.insertInto('schema_version').values({ version: migrations.length }).execute();
  });
}
