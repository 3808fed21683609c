/**
 * What a queue holds, inside one transaction: appending, removing, moving, and the readiness of
 * FIFO groups. Every function leaves rows, groups and tally in agreement.
 */
import type { Transaction } from '../../ports/metadata-store.ts';
import { queueLimits } from './limits.ts';
import {
  type BodyRow,
  bodyRows,
  contentOf,
  digestKey,
  groupRows,
  type MessageRow,
  messageKey,
  messageRows,
  type QueueRow,
  queueArn,
  tallyRows,
} from './rows.ts';

/** A message of a content, by its key. */
export interface Held {
  readonly key: string;
  readonly row: MessageRow;
}

/** Numbers messages of one content; what it handed out counts once it is closed. */
export interface Ledger {
  next(): number;
  close(): Promise<void>;
}

export async function openLedger(tx: Transaction, queue: QueueRow): Promise<Ledger> {
  const content = contentOf(queue);
  const tally = await tx.get(tallyRows, content);
  const first = tally?.nextSequence ?? 1;
  let nextSequence = first;
  return {
    next() {
      nextSequence += 1;
      return nextSequence - 1;
    },
    async close() {
      if (nextSequence === first) return;
      const messages = (tally?.messages ?? 0) + nextSequence - first;
      await tx.put(tallyRows, content, { messages, nextSequence });
    },
  };
}

/** Adds one message at the end, under a number of the queue's ledger. */
export async function append(
  tx: Transaction,
  queue: QueueRow,
  item: {
    readonly sequence: number;
    readonly body: BodyRow;
    readonly sentAtMs: number;
    readonly visibleAtMs: number;
  },
): Promise<void> {
  const content = contentOf(queue);
  const { sequence } = item;
  const key = messageKey(content, sequence);
  const { groupId } = item.body;
  const group = queue.settings.fifo && groupId !== undefined ? digestKey(groupId) : undefined;
  const row: MessageRow = {
    content,
    sentAtMs: item.sentAtMs,
    visibleAtMs: item.visibleAtMs,
    receives: 0,
    ...(group === undefined ? {} : { group }),
  };
  await tx.insert(messageRows, key, row);
  await tx.insert(bodyRows, key, item.body);
  // A group that has messages already keeps its head and its readiness.
  if (group !== undefined) {
    const first = { content, readyAtMs: item.visibleAtMs, head: key };
    await tx.insert(groupRows, `${content}/${group}`, first);
  }
}

/** Removes messages of one content. */
export async function remove(tx: Transaction, content: string, held: readonly Held[]) {
  if (held.length === 0) return;
  let removed = 0;
  for (const { key } of held) {
    if (await tx.delete(messageRows, key)) removed += 1;
    await tx.delete(bodyRows, key);
  }
  const tally = await tx.get(tallyRows, content);
  if (tally) await tx.put(tallyRows, content, { ...tally, messages: tally.messages - removed });
  await settleGroups(tx, held);
}

/** Brings the groups of changed messages up to date. */
export async function settleGroups(tx: Transaction, changed: readonly Held[]) {
  const touched = new Map<string, string>();
  for (const { row } of changed) {
    if (row.group !== undefined) touched.set(`${row.content}/${row.group}`, row.content);
  }
  for (const [key, content] of touched) await settleGroup(tx, content, key);
}

async function settleGroup(tx: Transaction, content: string, key: string): Promise<void> {
  // INVARIANT: what is in flight of a group came from one receive, so it is among its first ten.
  const first = await tx.listBy(messageRows, {
    index: 'group',
    equals: key,
    limit: queueLimits.batchEntries,
  });
  const head = first[0];
  if (head === undefined) return void (await tx.delete(groupRows, key));
  const inFlight = first.filter(({ row }) => row.receives > 0).map(({ row }) => row.visibleAtMs);
  const readyAtMs = Math.max(head.row.visibleAtMs, ...inFlight);
  await tx.put(groupRows, key, { content, readyAtMs, head: head.key });
}

/** Moves one message to the end of another queue, as one that was never received. */
export async function move(
  tx: Transaction,
  from: QueueRow,
  to: { readonly queue: QueueRow; readonly held: Held; readonly nowMs: number },
): Promise<void> {
  const { queue, held, nowMs } = to;
  const body = await tx.get(bodyRows, held.key);
  await remove(tx, contentOf(from), [held]);
  if (body === undefined) return;
  const ledger = await openLedger(tx, queue);
  await append(tx, queue, {
    sequence: ledger.next(),
    body: { ...body, deadLetterSourceArn: queueArn(from.address) },
    // Retention goes on counting in a standard queue, and starts again in a FIFO one.
    sentAtMs: queue.settings.fifo ? nowMs : held.row.sentAtMs,
    visibleAtMs: nowMs,
  });
  await ledger.close();
}
