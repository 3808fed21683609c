/** Changes rows and keeps their index entries in step, inside a transaction somebody else began. */
import { assert } from '../../kernel/assert.ts';
import type { Collection, Transaction } from '../../ports/metadata-store.ts';
import { type SqlParts, sqlReader } from './reader.ts';
import type { RowName } from './row-guard.ts';
import type { Statements } from './statements.ts';

/** Told of each row that is written or deleted. */
export type OnChange = (row: RowName) => void;

export function sqlTransaction(parts: SqlParts, onChange: OnChange): Transaction {
  const { statements, guard } = parts;
  const stored = <Row>(collection: Collection<Row>, key: string, row: Row) => {
    const name = { collection: collection.name, key };
    onChange(name);
    return { ...name, document: guard.close(name, documentOf(collection, row)) };
  };
  return {
    ...sqlReader(parts),
    async insert(into, key, row) {
      const made = stored(into, key, row);
      if (!statements.insert(made)) return false;
      for (const value of valuesOf(into, row)) statements.addEntry(made, value);
      return true;
    },
    async put(into, key, row) {
      const made = stored(into, key, row);
      statements.put(made);
      if (into.indexes) moveEntries(statements, made, valuesOf(into, row));
    },
    async delete(from, key) {
      const name = { collection: from.name, key };
      onChange(name);
      if (!statements.remove(name)) return false;
      if (from.indexes) moveEntries(statements, name, new Map());
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

/** Writes only what differs: most updates of a row leave most of its entries where they are. */
function moveEntries(
  statements: Statements,
  row: RowName,
  values: ReadonlyMap<string, string>,
): void {
  const added = new Map(values);
  for (const [index, value] of statements.entries(row)) {
    if (added.get(index) === value) added.delete(index);
    else statements.removeEntry(row, [index, value]);
  }
  for (const value of added) statements.addEntry(row, value);
}
