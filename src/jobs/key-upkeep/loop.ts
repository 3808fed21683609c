/**
 * What becomes due for keys by itself: rotation, the expiry of imported bytes, and deletion at the
 * end of its window.
 */
import { expireMaterials } from '../../engines/keys/expiry.ts';
import type { Lifecycle } from '../../engines/keys/lifecycle.ts';
import { removeKey } from '../../engines/keys/removal.ts';
import { rotate } from '../../engines/keys/rotation.ts';
import { dueAtMs, type KeyRow, keyed, keyRows } from '../../engines/keys/rows.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type MetadataStore, sortable } from '../../ports/metadata-store.ts';

export const upkeepLoop = 'key-upkeep';

export interface KeyUpkeepParts {
  readonly store: MetadataStore;
  readonly lifecycle: Pick<Lifecycle, 'newMaterial' | 'forget'>;
}

const batch = 100;

export function makeKeyUpkeepLoop(parts: KeyUpkeepParts): Loop {
  let running = false;
  return {
    name: upkeepLoop,
    async tick(nowMs, { signal }) {
      if (running) return nowMs;
      running = true;
      try {
        while (!signal.aborted) {
          const due = await dueKeys(parts.store, nowMs);
          for (const row of due) {
            if (!signal.aborted) await upkeep(parts, row, nowMs);
          }
          if (due.length < batch) break;
        }
        return await nextDueMs(parts.store);
      } finally {
        running = false;
      }
    },
  };
}

async function dueKeys(store: MetadataStore, nowMs: number): Promise<readonly KeyRow[]> {
  const entries = await store.listBy(keyRows, {
    ...{ index: 'due', to: sortable(nowMs + 1), limit: batch },
  });
  return entries.map(({ row }) => row);
}

async function nextDueMs(store: MetadataStore): Promise<number> {
  const [first] = await store.listBy(keyRows, { index: 'due', limit: 1 });
  return first ? dueAtMs(first.row) : Number.POSITIVE_INFINITY;
}

/** It may have been changed since it was found: what is due is told again inside. */
async function upkeep(
  { store, lifecycle }: KeyUpkeepParts,
  found: KeyRow,
  nowMs: number,
): Promise<void> {
  const isRotation = workOf(found, nowMs) === 'rotate';
  const material = isRotation ? await lifecycle.newMaterial(found.spec, found.arn) : undefined;
  await store.write(async (tx) => {
    const row = await tx.get(keyRows, keyed(found, found.id));
    if (!row) return;
    const work = workOf(row, nowMs);
    if (work === 'delete') await removeKey(tx, row);
    if (work === 'expire') await expireMaterials(tx, row, nowMs);
    if (work === 'rotate' && material) await rotate(tx, row, { material, by: 'AUTOMATIC', nowMs });
  });
  lifecycle.forget(found.arn);
}

function workOf(row: KeyRow, nowMs: number): 'delete' | 'expire' | 'rotate' | undefined {
  if (dueAtMs(row) > nowMs) return undefined;
  if ((row.deleteAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) return 'delete';
  return (row.validToMs ?? Number.POSITIVE_INFINITY) <= nowMs ? 'expire' : 'rotate';
}
