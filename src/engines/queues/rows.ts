/**
 * How queues are kept: rows, their keys and indexes. A message is two rows, so that a receive
 * rewrites a few fields and not its body. Messages of a purged or deleted queue belong to a content
 * nobody refers to any more, and are removed in pages.
 */
import { createHash } from 'node:crypto';
import { type Arn, formatArn, parseArn } from '../../kernel/arn.ts';
import { type Collection, sortable } from '../../ports/metadata-store.ts';

/** Where a queue is; names are unique within an account's region. */
export interface QueueAddress {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
}

export interface QueueSettings {
  readonly delaySeconds: number;
  readonly maximumMessageBytes: number;
  readonly retentionSeconds: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number;
  readonly deadLetter?: { readonly targetArn: string; readonly maximumReceives: number };
  /** Keeps the order within each group, and drops repetitions for five minutes. */
  readonly fifo: boolean;
  /** The digest of the body stands for a missing deduplication id. */
  readonly contentDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'group';
  /** Texts kept for the client: access policy, encryption, … */
  readonly further: Readonly<Record<string, string>>;
}

export interface QueueRow {
  readonly address: QueueAddress;
  readonly id: string;
  /** Grows when the queue is purged. */
  readonly generation: number;
  readonly settings: QueueSettings;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

/** A value with its declared type; exactly one of text and base64 is there. */
export interface MessageAttribute {
  readonly type: string;
  readonly text?: string;
  readonly base64?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What changes while a message is delivered. */
export interface MessageRow {
  readonly content: string;
  readonly sentAtMs: number;
  readonly visibleAtMs: number;
  readonly receives: number;
  readonly firstReceivedAtMs?: number;
  readonly receivedAtMs?: number;
  /** Part of the newest receipt handle. */
  readonly receipt?: string;
  /** The group's key, in FIFO queues only. */
  readonly group?: string;
}

/** What does not. */
export interface BodyRow {
  readonly messageId: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes;
  readonly attributesMd5?: string;
  readonly system: MessageAttributes;
  readonly senderId: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly deadLetterSourceArn?: string;
}

/** A FIFO group with messages; it is ready when its head is visible and nothing is in flight. */
export interface GroupRow {
  readonly content: string;
  readonly readyAtMs: number;
  readonly head: string;
}

export interface TallyRow {
  readonly messages: number;
  readonly nextSequence: number;
}

export interface SeenRow {
  readonly content: string;
  readonly messageId: string;
  readonly sequence: number;
  readonly expiresAtMs: number;
}

const spot = (content: string, ms: number) => `${content}/${sortable(ms)}`;

export const queueRows: Collection<QueueRow> = {
  name: 'queues/queue',
  indexes: { deadLetter: (row) => row.settings.deadLetter?.targetArn },
};

/** By content and sequence, like their bodies. */
export const messageRows: Collection<MessageRow> = {
  name: 'queues/message',
  indexes: {
    visible: (row) => spot(row.content, row.visibleAtMs),
    sent: (row) => spot(row.content, row.sentAtMs),
    group: (row) => (row.group === undefined ? undefined : `${row.content}/${row.group}`),
  },
};

export const bodyRows: Collection<BodyRow> = { name: 'queues/body' };

export const groupRows: Collection<GroupRow> = {
  name: 'queues/group',
  indexes: { ready: (row) => `${spot(row.content, row.readyAtMs)}/${row.head}` },
};

export const tallyRows: Collection<TallyRow> = { name: 'queues/tally' };

export const seenRows: Collection<SeenRow> = {
  name: 'queues/seen',
  indexes: { expires: (row) => spot(row.content, row.expiresAtMs) },
};

/** Contents whose messages are to be removed. */
export const doomedRows: Collection<{ readonly content: string }> = { name: 'queues/doomed' };

export function queueKey(at: QueueAddress): string {
  return `${at.account}/${at.region}/${at.name}`;
}

export function contentOf(queue: QueueRow): string {
  return `${queue.id}.${queue.generation}`;
}

export function messageKey(content: string, sequence: number): string {
  return `${content}/${sortable(sequence)}`;
}

/** Index values of one content from the beginning to `untilMs`, inclusive. */
export function upTo(content: string, untilMs: number): { from: string; to: string } {
  return { from: `${content}/`, to: spot(content, untilMs + 1) };
}

/** Index values of one content after `afterMs`, exclusive. */
export function later(content: string, afterMs: number): { from: string; to: string } {
  // '0' is the character after '/'.
  return { from: spot(content, afterMs + 1), to: `${content}0` };
}

export function queueArn(at: QueueAddress): Arn {
  return formatArn(at, 'sqs', at.name);
}

/** Undefined for anything that is not a queue's ARN. */
export function parseQueueArn(arn: string): QueueAddress | undefined {
  const parsed = parseArn(arn);
  if (!parsed.ok || parsed.value.service !== 'sqs') return undefined;
  const { partition, region, account, resource: name } = parsed.value;
  return region === '' || account === '' ? undefined : { partition, region, account, name };
}

/** Group and deduplication ids may hold any character; keys hold their digest. */
export function digestKey(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
