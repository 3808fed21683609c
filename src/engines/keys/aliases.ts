/** Names of keys: each alias is a row of its own, and the key knows the names it has. */
import type { Transaction } from '../../ports/metadata-store.ts';
import { type AliasRow, aliasRows, type KeyRow, keyed, keyRows } from './rows.ts';

export const aliasesPerKey = 50;

/** Puts the alias on the key, taking it from the one that had it. */
export async function linkAlias(
  tx: Transaction,
  key: KeyRow,
  { name, nowMs }: { readonly name: string; readonly nowMs: number },
): Promise<void> {
  const { account, region } = key;
  const before = await tx.get(aliasRows, keyed(key, name));
  if (before && before.keyId !== key.id) await dropName(tx, before);
  await tx.put(aliasRows, keyed(key, name), {
    ...{ name, account, region, keyId: key.id },
    ...{ createdAtMs: before?.createdAtMs ?? nowMs, updatedAtMs: nowMs },
  });
  const aliases = [...new Set([...(key.aliases ?? []), name])];
  await tx.put(keyRows, keyed(key, key.id), { ...key, aliases });
}

export async function unlinkAlias(tx: Transaction, alias: AliasRow): Promise<void> {
  await dropName(tx, alias);
  await tx.delete(aliasRows, keyed(alias, alias.name));
}

async function dropName(tx: Transaction, alias: AliasRow): Promise<void> {
  const at = keyed(alias, alias.keyId);
  const key = await tx.get(keyRows, at);
  if (!key) return;
  const { aliases = [], ...rest } = key;
  await tx.put(keyRows, at, { ...rest, aliases: aliases.filter((name) => name !== alias.name) });
}
