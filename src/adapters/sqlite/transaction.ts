/** Changes rows and keeps their index entries in step, inside a transaction somebody else began. */
import type { Kysely } from 'kysely';
import { assert } from '../../kernel/assert.ts';
import type { Collection, Transaction } from '../../ports/metadata-store.ts';
import { type SqlParts, sqlReader } from './reader.ts';
import type { RowName } from './row-guard.ts';
import type { Tables } from './schema.ts';

export function sqlTransaction(tx: Kysely<Tables>, parts: SqlParts): Transaction {
  const { statements, guard } = parts;
  const stored = <Row>(collection: Collection<Row>, key: string, row: Row) => {
    const name = { collection: collection.name, key };
    return { ...name, document: guard.close(name, documentOf(collection, row)) };
  };
  return {
    ...sqlReader(tx, parts),
    async insert(into, key, row) {
      const result = await tx
        .insertInto('rows')
        .values(stored(into, key, row))
        .onConflict((conflict) => conflict.columns(['collection', 'key']).doNothing())
        .executeTakeFirst();
      if (!result.numInsertedOrUpdatedRows) return false;
      await addEntries(tx, { collection: into.name, key }, valuesOf(into, row));
      return true;
    },
    async put(into, key, row) {
      await statements.put(tx, stored(into, key, row));
      if (into.indexes) await moveEntries(tx, { collection: into.name, key }, valuesOf(into, row));
    },
    async delete(from, key) {
      if (!(await statements.remove(tx, from.name, key))) return false;
      if (from.indexes) await moveEntries(tx, { collection: from.name, key }, new Map());
      return true;
    },
  };
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
