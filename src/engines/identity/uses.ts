/**
 * When keys and roles were last used: noted in memory at every call, written once a minute. What
 * is written decides nothing, so it does not move the generation of identities on.
 */
import type { Caller } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import { BoundedMap } from './bounded-map.ts';
import { accessKeys, type KeyUseRow, keyUses, roles } from './rows.ts';

export interface Use {
  /** As the signature names it: `s3`, `sagemaker`, … */
  readonly service: string;
  readonly region: string;
}

export interface Uses {
  note(caller: Caller, use: Use): void;
  /** Writes what was noted since the last time. */
  flush(): Promise<void>;
}

/** Uses that wait to be written; what was noted first is lost beyond that. */
const maxNoted = 10_000;

export function makeUses(store: MetadataStore, clock: Clock): Uses {
  const ofKeys = new BoundedMap<string, KeyUseRow>(maxNoted);
  const ofRoles = new BoundedMap<string, KeyUseRow>(maxNoted);
  return {
    note({ accessKeyId, session, service }, use) {
      if (service !== undefined) return;
      const noted = { atMs: clock.nowMs(), service: use.service, region: use.region };
      // Roles that a service takes over have no key.
      if (session?.kind === 'role') ofRoles.set(session.issuerId, noted);
      if (!session && accessKeyId !== '') ofKeys.set(accessKeyId, noted);
    },
    async flush() {
      if (ofKeys.size + ofRoles.size === 0) return;
      const [keys, usedRoles] = [ofKeys.drain(), ofRoles.drain()];
      await store.write(async (tx) => {
        for (const [id, use] of keys) {
          if (await tx.get(accessKeys, id)) await tx.put(keyUses, id, use);
        }
        for (const [id, use] of usedRoles) await noteRole(tx, id, use);
      });
    },
  };
}

async function noteRole(tx: Transaction, id: string, { atMs, region }: KeyUseRow): Promise<void> {
  const [entry] = await tx.listBy(roles, { index: 'id', equals: id, limit: 1 });
  if (entry) await tx.put(roles, entry.key, { ...entry.row, lastUsed: { atMs, region } });
}
