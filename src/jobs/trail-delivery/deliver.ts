/** Puts the log files of a trail that are not put yet, and tells its topic about them. */
import type { DeliveryRow, LogFile } from '../../engines/trail/digests/rows.ts';
import { selectionOf } from '../../engines/trail/digests/selection.ts';
import type { TrailEvent } from '../../engines/trail/event.ts';
import type { Stretch, Trail } from '../../engines/trail/trail.ts';
import { gather } from '../../kernel/bytes.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type FileToPut, logFilesOf, secondOf, zipped } from './log-files.ts';
import { type NoticeParts, notify } from './notices.ts';
import type { PutFile } from './put.ts';
import { change, type Delivery, deliveryAt, failed, keyOf, succeeded, withRun } from './state.ts';

export interface DeliverParts extends NoticeParts {
  readonly store: MetadataStore;
  readonly trail: Trail;
  readonly put: PutFile;
}

const pageStretches = 100;
/** Of a stretch; the trail ends one long before. */
const mostStretchBytes = 512 * 1_024 ** 2;

/** Throws `NotDelivered` when one cannot be put; what was put before it stays delivered. */
export function makeDeliver(parts: DeliverParts) {
  const { store, put } = parts;
  return deliverAll;

  async function deliverAll(delivery: Delivery, nowMs: number): Promise<void> {
    const keys: string[] = [];
    for (;;) {
      const now = await deliveryAt(store, keyOf(delivery));
      if (now?.trail.createdAtMs !== delivery.trail.createdAtMs) return;
      const page = await parts.trail.stretches(now.run.after, pageStretches);
      for (const stretch of page) keys.push(...(await deliver(now, stretch, nowMs)));
      if (page.length < pageStretches) break;
    }
    if (keys.length > 0 && delivery.trail.topicArn !== undefined) {
      await tell(delivery, keys, nowMs);
    }
  }

  /** Answers the keys of what it put. */
  async function deliver(
    delivery: Delivery,
    stretch: Stretch,
    nowMs: number,
  ): Promise<readonly string[]> {
    const { trail, run, nextRun } = delivery;
    const takes = selectionOf(trail.selectors);
    const events = await eventsOf(parts.trail, stretch);
    const files = logFilesOf({ trail, takes, run, nextRun }, stretch, events);
    for (const { file, bytes } of files) await put(trail, file.key, await zipped(bytes));
    await change(store, delivery, (row) => ({
      ...(trail.validation ? listing(row, files) : unlisted(row, nowMs)),
      runs: withRun(row, (first) => ({ ...first, after: stretch.id })),
      ...(files.length > 0 ? { delivery: succeeded(nowMs) } : {}),
    }));
    return files.map(({ file }) => file.key);
  }

  async function tell(delivery: Delivery, keys: readonly string[], nowMs: number): Promise<void> {
    const error = await notify(parts, delivery.trail, keys);
    await change(store, delivery, (row) => ({
      ...row,
      notification: error === undefined ? succeeded(nowMs) : failed(row.notification, nowMs, error),
    }));
  }
}

async function eventsOf(trail: Trail, stretch: Stretch): Promise<readonly TrailEvent[]> {
  const bytes = await gather(trail.read(stretch), mostStretchBytes);
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TrailEvent);
}

function listing(row: DeliveryRow, files: readonly FileToPut[]): DeliveryRow {
  return { ...row, chains: files.reduce(withFile, row.chains) };
}

/** Of a trail without digests; when it gets them, they begin here. */
function unlisted({ pendingEndMs: _, ...row }: DeliveryRow, nowMs: number): DeliveryRow {
  return { ...row, chains: [], periodStartMs: secondOf(nowMs) };
}

function withFile(
  chains: DeliveryRow['chains'],
  { region, file }: FileToPut,
): DeliveryRow['chains'] {
  const add = (files: readonly LogFile[]) => [...files.filter(({ key }) => key !== file.key), file];
  if (!chains.some((chain) => chain.region === region)) {
    return [...chains, { region, files: [file] }];
  }
  return chains.map((chain) =>
    chain.region === region ? { ...chain, files: add(chain.files) } : chain,
  );
}
