/** Accepting messages: a row for each, and a delivery for each subscription that wants it. */
import { createHash } from 'node:crypto';
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import { sortable, type Transaction } from '../../ports/metadata-store.ts';
import { compileFilterPolicy, type FilterPolicy } from '../patterns/filter-policy.ts';
import { addDelivery } from './deliveries.ts';
import { topicLimits } from './limits.ts';
import type { TopicMessage } from './publisher.ts';
import {
  type MessageAttribute,
  type MessageRow,
  messageRows,
  type Protocol,
  type SubscriptionRow,
  seenRows,
  sequenceRows,
  subscriptionKey,
  subscriptionRows,
  type TopicRow,
} from './rows.ts';

export interface OutgoingMessage extends TopicMessage {
  /** Bodies for some protocols, in place of `message`. */
  readonly bodies?: Readonly<Partial<Record<Protocol, string>>>;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

export interface Published {
  readonly messageId: string;
  /** Of FIFO topics. */
  readonly sequence?: number;
}

export interface Publishing {
  readonly nowMs: number;
  readonly random: Random;
  readonly filters: Filters;
}

/** Compiled policies by scope and text; bounded. */
export interface Filters {
  of(subscription: Pick<SubscriptionRow, 'attributes'>): FilterPolicy | undefined;
}

const filterCacheEntries = 2_000;
const pageSize = 500;

export function makeFilters(): Filters {
  const compiled = new Map<string, FilterPolicy | undefined>();
  return {
    of({ attributes: { FilterPolicy: text, FilterPolicyScope: scope } }) {
      if (text === undefined) return undefined;
      const key = `${scope ?? ''} ${text}`;
      if (!compiled.has(key)) {
        if (compiled.size >= filterCacheEntries) compiled.clear();
        const policy = compileFilterPolicy(text, scope === 'MessageBody' ? 'body' : 'attributes');
        // What was accepted compiles; should it not, nothing is better than too much.
        compiled.set(key, policy.ok ? policy.value : { matches: () => false });
      }
      return compiled.get(key);
    },
  };
}

/** All are accepted in one transaction, in order. */
export async function publishAll(
  tx: Transaction,
  topic: TopicRow,
  {
    messages,
    publishing,
  }: {
    readonly messages: readonly OutgoingMessage[];
    readonly publishing: Publishing;
  },
): Promise<readonly Published[]> {
  const subscriptions = await confirmedSubscriptions(tx, topic);
  const published: Published[] = [];
  for (const message of messages) {
    const { row, repeated } = await accept(tx, topic, { message, publishing });
    published.push({
      messageId: row.id,
      ...(row.sequence === undefined ? {} : { sequence: row.sequence }),
    });
    if (!repeated) await deliver(tx, { row, subscriptions, publishing, at: published.length });
  }
  return published;
}

async function confirmedSubscriptions(tx: Transaction, topic: TopicRow) {
  const confirmed: SubscriptionRow[] = [];
  let after: { readonly value: string; readonly key: string } | undefined;
  for (;;) {
    const range = { index: 'topic', equals: topic.id, limit: pageSize };
    const page = await tx.listBy(subscriptionRows, { ...range, ...(after ? { after } : {}) });
    for (const { row } of page) if (row.confirmed) confirmed.push(row);
    after = page.at(-1);
    if (page.length < pageSize || after === undefined) return confirmed;
  }
}

interface Accepting {
  readonly message: OutgoingMessage;
  readonly publishing: Publishing;
}

async function accept(tx: Transaction, topic: TopicRow, { message, publishing }: Accepting) {
  const { nowMs, random } = publishing;
  const { subject, groupId } = message;
  const base: MessageRow = {
    id: uuid(random),
    topic: topic.address,
    body: message.message,
    bodies: message.bodies ?? {},
    attributes: message.attributes ?? {},
    publishedAtMs: nowMs,
    ...(subject === undefined ? {} : { subject }),
    ...(groupId === undefined ? {} : { groupId }),
  };
  if (!topic.fifo) return { row: base, repeated: false };
  await forget(tx, nowMs);
  const deduplicationId = message.deduplicationId ?? digest(message.message);
  const perGroup = topic.attributes.FifoThroughputScope === 'MessageGroup';
  const scope = perGroup ? digest(groupId ?? '') : '';
  const seenKey = `${topic.id}/${scope}/${digest(deduplicationId)}`;
  const seen = await tx.get(seenRows, seenKey);
  if (seen && seen.expiresAtMs > nowMs) {
    const row = { ...base, id: seen.messageId, sequence: seen.sequence };
    return { row, repeated: true };
  }
  const sequence = ((await tx.get(sequenceRows, topic.id))?.last ?? 0) + 1;
  await tx.put(sequenceRows, topic.id, { last: sequence });
  const expiresAtMs = nowMs + topicLimits.deduplicationMs;
  await tx.put(seenRows, seenKey, { messageId: base.id, sequence, expiresAtMs });
  return { row: { ...base, deduplicationId, sequence }, repeated: false };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function forget(tx: Transaction, nowMs: number): Promise<void> {
  const range = { index: 'expires', to: sortable(nowMs), limit: 100 };
  for (const { key } of await tx.listBy(seenRows, range)) await tx.delete(seenRows, key);
}

interface Delivering {
  readonly row: MessageRow;
  readonly subscriptions: readonly SubscriptionRow[];
  readonly publishing: Publishing;
  /** Position in the batch. */
  readonly at: number;
}

async function deliver(tx: Transaction, { row, subscriptions, publishing, at }: Delivering) {
  const { nowMs, filters } = publishing;
  let wanted = 0;
  for (const subscription of subscriptions) {
    const body = row.bodies[subscription.protocol] ?? row.body;
    const policy = filters.of(subscription);
    if (policy && !policy.matches({ body, attributes: row.attributes })) continue;
    wanted += 1;
    await addDelivery(tx, {
      // Sorts by time and by order within a batch, which is the order of delivery in a lane.
      id: `${sortable(nowMs)}-${sortable(row.sequence ?? at)}-${row.id}-${subscription.id}`,
      kind: 'Notification',
      lane: subscriptionKey(subscription),
      message: row.id,
      madeAtMs: nowMs,
      dueAtMs: nowMs,
      failures: 0,
    });
  }
  if (wanted > 0) await tx.insert(messageRows, row.id, row);
}
