/** The end of a key: what it sealed is lost with it. */
import type { Collection, Transaction } from '../../ports/metadata-store.ts';
import { aliasRows, grantRows, type KeyRow, keyed, keyRows, materialRows } from './rows.ts';

const batch = 500;

/** Its bytes, grants and aliases, and its row. */
export async function removeKey(tx: Transaction, key: KeyRow): Promise<void> {
  const prefix = `${keyed(key, key.id)}/`;
  await removeAll(tx, materialRows, prefix);
  await removeAll(tx, grantRows, prefix);
  for (const name of key.aliases ?? []) await tx.delete(aliasRows, keyed(key, name));
  await tx.delete(keyRows, keyed(key, key.id));
}

async function removeAll<Row>(
  tx: Transaction,
  from: Collection<Row>,
  prefix: string,
): Promise<void> {
  for (;;) {
    const entries = await tx.list(from, { prefix, limit: batch });
    for (const { key } of entries) await tx.delete(from, key);
    if (entries.length < batch) return;
  }
}
