/**
 * Taking messages: who is next, what has expired, what was delivered too often. One call is one
 * transaction; waiting is the business of `queues.ts`.
 */
import { defined } from '../../kernel/assert.ts';
import type { Random } from '../../kernel/random.ts';
import type { Entry, Reader, Transaction } from '../../ports/metadata-store.ts';
import { type Held, move, remove, settleGroups } from './content.ts';
import { queueLimits, sweepLimit } from './limits.ts';
import { formatReceipt, parseReceipt } from './receipts.ts';
import {
  type BodyRow,
  bodyRows,
  contentOf,
  groupRows,
  later,
  type MessageRow,
  messageKey,
  messageRows,
  parseQueueArn,
  type QueueRow,
  queueKey,
  queueRows,
  upTo,
} from './rows.ts';

export interface Received extends BodyRow {
  readonly receiptHandle: string;
  readonly sequence: number;
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  /** This one included. */
  readonly receives: number;
}

export interface Taking {
  readonly nowMs: number;
  readonly limit: number;
  readonly visibilityMs: number;
  readonly random: Random;
}

export interface Taken {
  readonly received: readonly Received[];
  /** Queues that got dead letters, by key, and how many. */
  readonly moved: ReadonlyMap<string, number>;
}

/** Up to `limit` messages, each invisible to others until `nowMs + visibilityMs`. */
export async function take(tx: Transaction, queue: QueueRow, how: Taking): Promise<Taken> {
  const received: Received[] = [];
  const moved = new Map<string, number>();
  const deadLetters = await deadLetterQueue(tx, queue);
  for (;;) {
    const next = await nextMessages(tx, queue, how.nowMs, how.limit - received.length);
    if (next.length === 0) return { received, moved };
    const expired = next.filter(({ row }) => hasExpired(queue, row, how.nowMs));
    await remove(tx, contentOf(queue), expired);
    for (const held of next) {
      if (expired.includes(held)) continue;
      const spent = held.row.receives >= (queue.settings.deadLetter?.maximumReceives ?? Infinity);
      if (spent && deadLetters) {
        await move(tx, queue, { queue: deadLetters, held, nowMs: how.nowMs });
        const key = queueKey(deadLetters.address);
        moved.set(key, (moved.get(key) ?? 0) + 1);
      } else {
        received.push(await deliver(tx, queue, { held, how }));
      }
    }
    // Without hiding, another round would find the same messages again.
    if (received.length >= how.limit || how.visibilityMs === 0) return { received, moved };
  }
}

async function deliver(
  tx: Transaction,
  queue: QueueRow,
  { held, how }: { readonly held: Held; readonly how: Taking },
): Promise<Received> {
  const delivery = Buffer.from(how.random.bytes(8)).toString('hex');
  const { nowMs } = how;
  const row: MessageRow = {
    ...held.row,
    visibleAtMs: nowMs + how.visibilityMs,
    receives: held.row.receives + 1,
    firstReceivedAtMs: held.row.firstReceivedAtMs ?? nowMs,
    receivedAtMs: nowMs,
    receipt: delivery,
  };
  await tx.put(messageRows, held.key, row);
  await settleGroups(tx, [{ key: held.key, row }]);
  const sequence = Number(held.key.slice(held.key.lastIndexOf('/') + 1));
  const { id: queueId, generation } = queue;
  return {
    ...defined(await tx.get(bodyRows, held.key), 'the body of a message'),
    receiptHandle: formatReceipt({ queueId, generation, sequence, delivery }),
    sequence,
    sentAtMs: row.sentAtMs,
    firstReceivedAtMs: row.firstReceivedAtMs ?? nowMs,
    receives: row.receives,
  };
}

async function nextMessages(
  tx: Reader,
  queue: QueueRow,
  nowMs: number,
  limit: number,
): Promise<readonly Entry<MessageRow>[]> {
  const bounds = upTo(contentOf(queue), nowMs);
  if (!queue.settings.fifo) {
    return tx.listBy(messageRows, { index: 'visible', ...bounds, limit });
  }
  const [group] = await tx.listBy(groupRows, { index: 'ready', ...bounds, limit: 1 });
  if (group === undefined) return [];
  const line = await tx.listBy(messageRows, { index: 'group', equals: group.key, limit });
  // What is delayed holds back what comes after it.
  const end = line.findIndex(({ row }) => row.visibleAtMs > nowMs);
  return end === -1 ? line : line.slice(0, end);
}

/** Whether a receive would find anything, without a transaction. */
export async function isReady(store: Reader, queue: QueueRow, nowMs: number): Promise<boolean> {
  return (await nextMessages(store, queue, nowMs, 1)).length > 0;
}

/** When the next message becomes visible by itself; `Infinity` when none is hidden. */
export async function nextVisibleMs(store: Reader, queue: QueueRow, nowMs: number) {
  const bounds = { ...later(contentOf(queue), nowMs), limit: 1 };
  if (queue.settings.fifo) {
    const [group] = await store.listBy(groupRows, { index: 'ready', ...bounds });
    return group?.row.readyAtMs ?? Infinity;
  }
  const [message] = await store.listBy(messageRows, { index: 'visible', ...bounds });
  return message?.row.visibleAtMs ?? Infinity;
}

async function deadLetterQueue(tx: Reader, queue: QueueRow): Promise<QueueRow | undefined> {
  const at = parseQueueArn(queue.settings.deadLetter?.targetArn ?? '');
  return at && (await tx.get(queueRows, queueKey(at)));
}

function hasExpired(queue: QueueRow, row: MessageRow, nowMs: number): boolean {
  return row.sentAtMs + queue.settings.retentionSeconds * 1_000 <= nowMs;
}

/** Removes some of what is older than the queue keeps. */
export async function expire(tx: Transaction, queue: QueueRow, nowMs: number): Promise<number> {
  const oldestMs = nowMs - queue.settings.retentionSeconds * 1_000;
  if (oldestMs < 0) return 0;
  const range = { index: 'sent', ...upTo(contentOf(queue), oldestMs), limit: sweepLimit };
  const expired = await tx.listBy(messageRows, range);
  if (expired.length > 0) await remove(tx, contentOf(queue), expired);
  return expired.length;
}

export type Settled = 'done' | 'stale' | 'invalid' | 'tooLong';

/**
 * Deletes what a handle names. `stale` when the message is gone or was delivered again since;
 * `invalid` when the handle is of another queue or of none.
 */
export async function settle(tx: Transaction, queue: QueueRow, handle: string): Promise<Settled> {
  const found = await lookUp(tx, queue, handle);
  if (typeof found === 'string') return found;
  await remove(tx, contentOf(queue), [found]);
  return 'done';
}

/** Hides a message in flight for so long from now; `tooLong` past twelve hours in all. */
export async function hide(
  tx: Transaction,
  queue: QueueRow,
  change: { readonly handle: string; readonly forMs: number; readonly nowMs: number },
): Promise<Settled> {
  const found = await lookUp(tx, queue, change.handle);
  if (typeof found === 'string') return found;
  const { key, row } = found;
  if (row.visibleAtMs <= change.nowMs) return 'stale';
  const visibleAtMs = change.nowMs + change.forMs;
  const longestMs = queueLimits.visibilitySeconds.most * 1_000;
  if (visibleAtMs > (row.receivedAtMs ?? change.nowMs) + longestMs) return 'tooLong';
  const next = { ...row, visibleAtMs };
  await tx.put(messageRows, key, next);
  await settleGroups(tx, [{ key, row: next }]);
  return 'done';
}

async function lookUp(
  tx: Reader,
  queue: QueueRow,
  handle: string,
): Promise<Held | 'stale' | 'invalid'> {
  const receipt = parseReceipt(handle);
  if (receipt?.queueId !== queue.id) return 'invalid';
  if (receipt.generation !== queue.generation) return 'stale';
  const key = messageKey(contentOf(queue), receipt.sequence);
  const row = await tx.get(messageRows, key);
  return row?.receipt === receipt.delivery ? { key, row } : 'stale';
}
