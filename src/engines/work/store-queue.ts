/** The work queue over a metadata store: one row an item, found by when it can be claimed next. */
import { assert } from '../../kernel/assert.ts';
import { ok, refuse } from '../../kernel/outcome.ts';
import {
  type Collection,
  type MetadataStore,
  sortable,
  type Transaction,
} from '../../ports/metadata-store.ts';
import type { ClaimOptions, Lease, WorkItem, WorkQueue } from './queue.ts';

export interface WorkQueueParts {
  readonly store: MetadataStore;
  /** Unique among the queues of the server. */
  readonly name: string;
}

const pageSize = 1_000;

interface Row<Payload> {
  readonly payload: Payload;
  readonly dueAtMs: number;
  readonly attempt: number;
  /** Present while it is leased, and after that until somebody else claims it. */
  readonly lease?: { readonly holder: string; readonly untilMs: number };
}

/** Payloads must survive JSON. A lease counts until another claim, even when it has expired. */
export function makeWorkQueue<Payload>({ store, name }: WorkQueueParts): WorkQueue<Payload> {
  const items: Collection<Row<Payload>> = {
    name: `work/${name}`,
    indexes: { claimable: (row) => sortable(row.lease?.untilMs ?? row.dueAtMs) },
  };
  const held = async (tx: Transaction, lease: Lease) => {
    const row = await tx.get(items, lease.id);
    const same = row?.lease?.holder === lease.holder && row.attempt === lease.attempt;
    return same ? row : undefined;
  };
  const lost = (lease: Lease) => refuse(`the lease of ${lease.holder} on ${lease.id} was lost`);
  return {
    enqueue(id, payload, dueAtMs) {
      const row = { payload, dueAtMs: instant(dueAtMs), attempt: 0 };
      return store.write((tx) => tx.insert(items, id, row));
    },
    async claim(nowMs, options) {
      const due = { index: 'claimable', to: sortable(nowMs + 1) };
      // Asked outside a write first: most of the time there is nothing, and writes wait in line.
      if ((await store.listBy(items, { ...due, limit: 1 })).length === 0) return [];
      return store.write(async (tx) => {
        const claimed: WorkItem<Payload>[] = [];
        for (const { key, row } of await tx.listBy(items, { ...due, limit: options.limit })) {
          const next = leased(row, nowMs, options);
          await tx.put(items, key, next);
          const { payload, dueAtMs, attempt } = next;
          claimed.push({ id: key, payload, dueAtMs, attempt, holder: options.holder });
        }
        return claimed;
      });
    },
    renew: (lease, nowMs, leaseMs) =>
      store.write(async (tx) => {
        const row = await held(tx, lease);
        if (!row) return lost(lease);
        const untilMs = instant(nowMs + leaseMs);
        await tx.put(items, lease.id, { ...row, lease: { holder: lease.holder, untilMs } });
        return ok(undefined);
      }),
    complete: (lease) =>
      store.write(async (tx) => {
        if (!(await held(tx, lease))) return lost(lease);
        await tx.delete(items, lease.id);
        return ok(undefined);
      }),
    release: (lease, dueAtMs) =>
      store.write(async (tx) => {
        const row = await held(tx, lease);
        if (!row) return;
        const { payload } = row;
        // Given back is not tried: a server that is stopped in good order has broken nothing.
        const attempt = row.attempt - 1;
        await tx.put(items, lease.id, { payload, attempt, dueAtMs: instant(dueAtMs) });
      }),
    async cancel(id) {
      await store.write((tx) => tx.delete(items, id));
    },
    endLeases: () => store.write((tx) => endLeases(tx, items)),
    async nextDueMs() {
      const [first] = await store.listBy(items, { index: 'claimable', limit: 1 });
      return first ? Number(first.value) : Number.POSITIVE_INFINITY;
    },
  };
}

function leased<Payload>(row: Row<Payload>, nowMs: number, options: ClaimOptions): Row<Payload> {
  assert(options.leaseMs > 0, 'a lease must last');
  const lease = { holder: options.holder, untilMs: instant(nowMs + options.leaseMs) };
  return { ...row, attempt: row.attempt + 1, lease };
}

async function endLeases<Payload>(tx: Transaction, items: Collection<Row<Payload>>): Promise<void> {
  for (let after: string | undefined; ; ) {
    const range = { limit: pageSize, ...(after === undefined ? {} : { after }) };
    const page = await tx.list(items, range);
    for (const { key, row } of page) {
      const { lease, ...free } = row;
      if (lease) await tx.put(items, key, free);
    }
    after = page.at(-1)?.key;
    if (page.length < pageSize) return;
  }
}

function instant(ms: number): number {
  assert(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER, `not an instant: ${ms}`);
  return Math.ceil(ms);
}
