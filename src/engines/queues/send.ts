/** Accepting messages: identities, digests, and FIFO repetitions dropped. */
import { createHash } from 'node:crypto';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import { append, type Ledger, openLedger } from './content.ts';
import { attributesMd5, bodyMd5 } from './digest.ts';
import { queueLimits, sweepLimit } from './limits.ts';
import { expire } from './receive.ts';
import {
  contentOf,
  digestKey,
  type MessageAttributes,
  type QueueRow,
  seenRows,
  upTo,
} from './rows.ts';

export interface NewMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  /** Set by the sender for the system, such as a trace header. */
  readonly system: MessageAttributes;
  readonly senderId: string;
  /** The queue's own when absent. */
  readonly delaySeconds?: number;
  readonly groupId?: string;
  /** Repetitions within five minutes are dropped: of FIFO queues, and wherever it is given. */
  readonly deduplicationId?: string;
}

export interface Sent {
  readonly messageId: string;
  readonly bodyMd5: string;
  readonly attributesMd5?: string;
  readonly systemMd5?: string;
  /** Grows with each message of the queue. */
  readonly sequence: number;
}

interface Sending {
  readonly messages: readonly NewMessage[];
  readonly nowMs: number;
  readonly random: Random;
}

export async function send(tx: Transaction, queue: QueueRow, sending: Sending): Promise<Sent[]> {
  await expire(tx, queue, sending.nowMs);
  const ledger = await openLedger(tx, queue);
  const sent: Sent[] = [];
  for (const message of sending.messages) {
    sent.push(await sendOne(tx, queue, { message, sending, ledger }));
  }
  await ledger.close();
  return sent;
}

async function sendOne(
  tx: Transaction,
  queue: QueueRow,
  {
    message,
    sending,
    ledger,
  }: {
    readonly message: NewMessage;
    readonly sending: Sending;
    readonly ledger: Ledger;
  },
): Promise<Sent> {
  const { nowMs, random } = sending;
  const digest = attributesMd5(message.attributes);
  const systemMd5 = attributesMd5(message.system);
  const md5 = bodyMd5(message.body);
  const digests = {
    ...(digest === undefined ? {} : { attributesMd5: digest }),
    ...(systemMd5 === undefined ? {} : { systemMd5 }),
  };
  const deduplicationId = deduplicationIdOf(queue, message);
  const seenKey = deduplicationId && seenKeyOf(queue, message.groupId, deduplicationId);
  const seen = seenKey ? await tx.get(seenRows, seenKey) : undefined;
  if (seen && seen.expiresAtMs > nowMs) {
    return { messageId: seen.messageId, bodyMd5: md5, sequence: seen.sequence, ...digests };
  }
  const messageId = uuid(random);
  const { body, attributes, system, senderId, groupId } = message;
  const ids = {
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined || !queue.settings.fifo ? {} : { deduplicationId }),
    ...(digest === undefined ? {} : { attributesMd5: digest }),
  };
  const delaySeconds = message.delaySeconds ?? queue.settings.delaySeconds;
  const sequence = ledger.next();
  await append(tx, queue, {
    sequence,
    body: { messageId, body, bodyMd5: md5, attributes, system, senderId, ...ids },
    sentAtMs: nowMs,
    visibleAtMs: nowMs + delaySeconds * 1_000,
  });
  if (seenKey) {
    await forget(tx, queue, nowMs);
    const expiresAtMs = nowMs + queueLimits.deduplicationMs;
    const content = contentOf(queue);
    await tx.put(seenRows, seenKey, { content, messageId, sequence, expiresAtMs });
  }
  return { messageId, bodyMd5: md5, sequence, ...digests };
}

function deduplicationIdOf(queue: QueueRow, message: NewMessage): string | undefined {
  if (message.deduplicationId !== undefined) return message.deduplicationId;
  if (!queue.settings.fifo || !queue.settings.contentDeduplication) return undefined;
  return createHash('sha256').update(message.body).digest('hex');
}

function seenKeyOf(queue: QueueRow, groupId: string | undefined, id: string): string {
  const byGroup = queue.settings.deduplicationScope === 'group' && groupId !== undefined;
  const group = byGroup ? digestKey(groupId) : '';
  return `${contentOf(queue)}/${group}/${digestKey(id)}`;
}

async function forget(tx: Transaction, queue: QueueRow, nowMs: number): Promise<void> {
  const range = { index: 'expires', ...upTo(contentOf(queue), nowMs), limit: sweepLimit };
  for (const { key } of await tx.listBy(seenRows, range)) await tx.delete(seenRows, key);
}
