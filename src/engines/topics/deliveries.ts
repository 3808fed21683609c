/**
 * What is still to be delivered: due lanes are claimed under a lease, and given back with what
 * became of their deliveries. A worker that dies loses its lease, and they are tried again.
 */
import { type MetadataStore, sortable, type Transaction } from '../../ports/metadata-store.ts';
import { topicLimits } from './limits.ts';
import {
  type DeliveryRow,
  deliveryRows,
  type LaneRow,
  laneRows,
  type MessageRow,
  messageRows,
} from './rows.ts';

const lanesAtOnce = 500;

/** What became of a delivery: over, for good or ill, or to be tried again. */
export type Result =
  | { readonly id: string; readonly end: true }
  | { readonly id: string; readonly end: false; readonly dueAtMs: number };

export interface Deliveries {
  /** Up to `limit` lanes with due deliveries, leased to the caller. */
  claim(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Due deliveries of a lane, oldest first. */
  due(
    lane: string,
    range: { readonly nowMs: number; readonly limit: number },
  ): Promise<readonly DeliveryRow[]>;
  message(id: string): Promise<MessageRow | undefined>;
  /** Records what became of deliveries and gives the lane back, not due before `notBeforeMs`. */
  settle(lane: string, results: readonly Result[], notBeforeMs: number): Promise<void>;
  /** Ends all leases: those of a process that died. For the only one who claims, before it does. */
  takeOver(): Promise<void>;
  /** When the next lane is due; `Infinity` when nothing is to be delivered. */
  nextDueMs(): Promise<number>;
}

export function makeDeliveries(store: MetadataStore): Deliveries {
  return {
    async claim(nowMs, limit) {
      const range = { index: 'due', to: sortable(nowMs + 1), limit };
      if ((await store.listBy(laneRows, { ...range, limit: 1 })).length === 0) return [];
      return store.write(async (tx) => {
        const due = await tx.listBy(laneRows, range);
        for (const { key, row } of due) {
          await tx.put(laneRows, key, { ...row, leasedUntilMs: nowMs + topicLimits.leaseMs });
        }
        return due.map(({ key }) => key);
      });
    },
    async due(lane, { nowMs, limit }) {
      const to = `${lane} ${sortable(nowMs + 1)}`;
      const range = { index: 'lane', from: `${lane} `, to, limit };
      return (await store.listBy(deliveryRows, range)).map(({ row }) => row);
    },
    message: (id) => store.get(messageRows, id),
    settle: (lane, results, notBeforeMs) =>
      store.write(async (tx) => {
        for (const result of results) await settleOne(tx, result);
        const next = await firstOf(tx, lane);
        if (next === undefined) return void (await tx.delete(laneRows, lane));
        await tx.put(laneRows, lane, { dueAtMs: Math.max(next.dueAtMs, notBeforeMs) });
      }),
    async takeOver() {
      for (let after: string | undefined; ; ) {
        const range = { limit: lanesAtOnce, ...(after === undefined ? {} : { after }) };
        const page = await store.list(laneRows, range);
        const leased = page.filter(({ row }) => row.leasedUntilMs !== undefined);
        if (leased.length > 0) {
          await store.write(async (tx) => {
            for (const { key, row } of leased) {
              await tx.put(laneRows, key, { dueAtMs: row.dueAtMs });
            }
          });
        }
        after = page.at(-1)?.key;
        if (page.length < lanesAtOnce) return;
      }
    },
    async nextDueMs() {
      const [next] = await store.listBy(laneRows, { index: 'due', limit: 1 });
      return next === undefined ? Infinity : Number(next.value);
    },
  };
}

async function settleOne(tx: Transaction, result: Result): Promise<void> {
  const row = await tx.get(deliveryRows, result.id);
  if (row === undefined) return;
  if (!result.end) {
    const failures = row.failures + 1;
    return tx.put(deliveryRows, row.id, { ...row, failures, dueAtMs: result.dueAtMs });
  }
  await tx.delete(deliveryRows, row.id);
  const others = { index: 'message', equals: row.message, limit: 1 };
  if ((await tx.listBy(deliveryRows, others)).length === 0) {
    await tx.delete(messageRows, row.message);
  }
}

async function firstOf(tx: Transaction, lane: string): Promise<DeliveryRow | undefined> {
  // '!' is the character after ' '.
  const range = { index: 'lane', from: `${lane} `, to: `${lane}!`, limit: 1 };
  return (await tx.listBy(deliveryRows, range))[0]?.row;
}

/** Adds a delivery and makes its lane due in time; a lane being worked on is settled later. */
export async function addDelivery(tx: Transaction, row: DeliveryRow): Promise<void> {
  await tx.insert(deliveryRows, row.id, row);
  const lane: LaneRow | undefined = await tx.get(laneRows, row.lane);
  if (lane && (lane.leasedUntilMs !== undefined || lane.dueAtMs <= row.dueAtMs)) return;
  await tx.put(laneRows, row.lane, { dueAtMs: row.dueAtMs });
}
