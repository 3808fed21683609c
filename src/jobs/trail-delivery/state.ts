/** How far the delivery of a trail is: read and changed row by row. */
import {
  type Attempts,
  type DeliveryRow,
  deliveryRows,
  type Run,
  type TrailRow,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import type { Trail } from '../../engines/trail/trail.ts';
import type { MetadataStore, Reader, Transaction } from '../../ports/metadata-store.ts';

export interface Delivery {
  readonly trail: TrailRow;
  readonly row: DeliveryRow;
  readonly run: Run;
  readonly nextRun: Run | undefined;
}

const pageRows = 500;

/** Those with a run that is not delivered to its end. */
export async function openDeliveries(store: MetadataStore): Promise<readonly Delivery[]> {
  const found: Delivery[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list(deliveryRows, {
      limit: pageRows,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key } of page) {
      const delivery = await deliveryAt(store, key);
      if (delivery) found.push(delivery);
    }
    after = page.at(-1)?.key;
    if (page.length < pageRows) return found;
  }
}

export async function deliveryAt(reader: Reader, key: string): Promise<Delivery | undefined> {
  const trail = await reader.get(trailRows, key);
  const row = await reader.get(deliveryRows, key);
  const [run, nextRun] = row?.runs ?? [];
  if (!trail || !row || !run) return undefined;
  return { trail, row, run, nextRun };
}

/** Nothing changes, and the answer is false, when the trail was deleted meanwhile. */
export function change(
  store: MetadataStore,
  { trail }: Pick<Delivery, 'trail'>,
  next: (row: DeliveryRow) => DeliveryRow,
): Promise<boolean> {
  const key = keyOf({ trail });
  return store.write(async (tx) => {
    const row = await tx.get(deliveryRows, key);
    if (row?.createdAtMs !== trail.createdAtMs) return false;
    await tx.put(deliveryRows, key, next(row));
    return true;
  });
}

/** With the first run changed, or without it when it has ended. */
export function withRun(row: DeliveryRow, to: (run: Run) => Run): readonly Run[] {
  const [run, ...later] = row.runs;
  return run ? [to(run), ...later] : [];
}

export function succeeded(atMs: number): Attempts {
  return { attemptedAtMs: atMs, succeededAtMs: atMs };
}

export function failed(before: Attempts | undefined, atMs: number, error: string): Attempts {
  const at = before?.succeededAtMs;
  return { attemptedAtMs: atMs, error, ...(at === undefined ? {} : { succeededAtMs: at }) };
}

const pageStretches = 1_000;

/** The id of the stretch that ended last; undefined when none has. */
export async function newestStretch(trail: Trail): Promise<string | undefined> {
  for (let after: string | undefined; ; ) {
    const page = await trail.stretches(after, pageStretches);
    after = page.at(-1)?.id ?? after;
    if (page.length < pageStretches) return after;
  }
}

/** A trail logs from here on; `after` is the stretch that ended last. */
export async function beginRun(
  tx: Transaction,
  trail: TrailRow,
  { nowMs, after }: { readonly nowMs: number; readonly after: string | undefined },
): Promise<void> {
  const key = trailKey(trail, trail.name);
  const run: Run = { startedAtMs: nowMs, ...(after === undefined ? {} : { after }) };
  const there = await tx.get(deliveryRows, key);
  const fresh = { createdAtMs: trail.createdAtMs, runs: [], chains: [], written: {} };
  const row = there?.createdAtMs === trail.createdAtMs ? there : fresh;
  await tx.put(deliveryRows, key, { ...row, runs: [...row.runs, run] });
}

/** What happens from here on is delivered no more; what happened before still is. */
export async function endRun(tx: Transaction, trail: TrailRow, nowMs: number): Promise<void> {
  const key = trailKey(trail, trail.name);
  const row = await tx.get(deliveryRows, key);
  const last = row?.runs.at(-1);
  if (!row || !last || last.stoppedAtMs !== undefined) return;
  const runs = [...row.runs.slice(0, -1), { ...last, stoppedAtMs: nowMs }];
  await tx.put(deliveryRows, key, { ...row, runs });
}

export function keyOf({ trail }: Pick<Delivery, 'trail'>): string {
  return trailKey(trail, trail.name);
}
