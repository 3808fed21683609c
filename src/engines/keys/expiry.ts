/**
 * The end of imported bytes at their time: the key waits for them to be imported again, and opens
 * nothing until then.
 */
import type { Transaction } from '../../ports/metadata-store.ts';
import { removeMaterial } from './crypto/imported.ts';
import { materialKey } from './crypto/material.ts';
import { type KeyRow, keyed, keyRows, materialRows } from './rows.ts';

/** More than a key can be given. */
const mostMaterials = 1_000;

/** Takes away all bytes of the key whose time is over. */
export async function expireMaterials(tx: Transaction, key: KeyRow, nowMs: number): Promise<void> {
  const clock = { nowMs: () => nowMs };
  const prefix = materialKey(key, '');
  for (const { row } of await tx.list(materialRows, { prefix, limit: mostMaterials })) {
    if (row.expiresAtMs === undefined || row.expiresAtMs > nowMs) continue;
    // Each removal writes the key anew.
    const present = await tx.get(keyRows, keyed(key, key.id));
    if (present) await removeMaterial({ tx, clock }, present, row.id);
  }
}
