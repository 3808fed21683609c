/**
 * How topics are kept. A published message is one row, and each subscription that gets it has a
 * small delivery row. The deliveries of a subscription form a lane: lanes are claimed as a whole,
 * so that one endpoint with a backlog is one due entry among many, not thousands in front of them.
 */
import { type Arn, formatArn, parseArn } from '../../kernel/arn.ts';
import { type Collection, sortable } from '../../ports/metadata-store.ts';

export interface TopicAddress {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
}

export interface TopicRow {
  readonly address: TopicAddress;
  /** A topic made again under the same name is another one. */
  readonly id: string;
  readonly fifo: boolean;
  /** Texts as clients set them. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

export type Protocol = 'sqs' | 'http' | 'https';

export interface SubscriptionRow {
  readonly id: string;
  readonly topic: TopicAddress;
  readonly topicId: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  /** Account of whoever subscribed. */
  readonly owner: string;
  readonly principal: string;
  /** Texts as clients set them. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly confirmed: boolean;
  /** Confirmed by a signed request, not only by whoever knew the token. */
  readonly authenticated: boolean;
  readonly authenticateOnUnsubscribe: boolean;
  readonly token: string;
  readonly tokenExpiresAtMs: number;
}

/** A value with its declared type; binaries have base64 instead of text. */
export interface MessageAttribute {
  readonly type: string;
  readonly text?: string;
  readonly base64?: string;
}

export interface MessageRow {
  readonly id: string;
  readonly topic: TopicAddress;
  readonly subject?: string;
  readonly body: string;
  /** Other bodies for some protocols. */
  readonly bodies: Readonly<Partial<Record<Protocol, string>>>;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly publishedAtMs: number;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequence?: number;
}

export type DeliveryKind = 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';

export interface DeliveryRow {
  readonly id: string;
  readonly kind: DeliveryKind;
  /** The subscription's key. */
  readonly lane: string;
  /** The message's key; of the two confirmations, the id their message will have. */
  readonly message: string;
  readonly madeAtMs: number;
  readonly dueAtMs: number;
  /** Attempts that failed. */
  readonly failures: number;
}

export interface LaneRow {
  readonly dueAtMs: number;
  /** Who works on it has until then; the lane is due again when that passes. */
  readonly leasedUntilMs?: number;
}

export interface SeenRow {
  readonly messageId: string;
  readonly sequence: number;
  readonly expiresAtMs: number;
}

/** A subscription that was removed, and may be restored by its token. */
export interface FormerRow {
  readonly subscription: SubscriptionRow;
  readonly expiresAtMs: number;
}

export interface SigningRow {
  readonly name: string;
  readonly certificatePem: string;
  readonly sealedKey: string;
}

export const topicRows: Collection<TopicRow> = { name: 'topics/topic' };

export const subscriptionRows: Collection<SubscriptionRow> = {
  name: 'topics/subscription',
  indexes: {
    topic: (row) => row.topicId,
    endpoint: (row) => endpointValue(row.topicId, row.protocol, row.endpoint),
    token: (row) => row.token,
    pending: (row) => (row.confirmed ? undefined : sortable(row.tokenExpiresAtMs)),
    filtered: (row) => (row.attributes.FilterPolicy ? row.topicId : undefined),
  },
};

export const messageRows: Collection<MessageRow> = { name: 'topics/message' };

export const deliveryRows: Collection<DeliveryRow> = {
  name: 'topics/delivery',
  indexes: {
    lane: (row) => `${row.lane} ${sortable(row.dueAtMs)}`,
    message: (row) => row.message,
  },
};

export const laneRows: Collection<LaneRow> = {
  name: 'topics/lane',
  indexes: { due: (row) => sortable(row.leasedUntilMs ?? row.dueAtMs) },
};

/** By topic id and digest of the deduplication id. */
export const seenRows: Collection<SeenRow> = {
  name: 'topics/seen',
  indexes: { expires: (row) => sortable(row.expiresAtMs) },
};

/** By the key the subscription had. */
export const formerRows: Collection<FormerRow> = {
  name: 'topics/former',
  indexes: {
    token: (row) => row.subscription.token,
    expires: (row) => sortable(row.expiresAtMs),
  },
};

/** The last number of each FIFO topic, by topic id. */
export const sequenceRows: Collection<{ readonly last: number }> = { name: 'topics/sequence' };

export const signingRows: Collection<SigningRow> = { name: 'topics/signing' };

export function topicKey(at: TopicAddress): string {
  return `${at.account}/${at.region}/${at.name}`;
}

export function subscriptionKey(row: Pick<SubscriptionRow, 'topic' | 'id'>): string {
  return `${topicKey(row.topic)}/${row.id}`;
}

export function endpointValue(topicId: string, protocol: string, endpoint: string): string {
  return `${topicId} ${protocol} ${endpoint}`;
}

export function topicArn(at: TopicAddress): Arn {
  return formatArn(at, 'sns', at.name);
}

export function subscriptionArn(row: Pick<SubscriptionRow, 'topic' | 'id'>): Arn {
  return formatArn(row.topic, 'sns', `${row.topic.name}:${row.id}`);
}

/** As subscribers of FIFO topics see it: twenty digits, and never a leading zero. */
export function sequenceText(sequence: number): string {
  return `1${String(sequence).padStart(19, '0')}`;
}

/** Undefined for anything that is not a topic's ARN. */
export function parseTopicArn(arn: string): TopicAddress | undefined {
  const parsed = parseArn(arn);
  if (!parsed.ok || parsed.value.service !== 'sns') return undefined;
  const { partition, region, account, resource: name } = parsed.value;
  const isTopic = /^[A-Za-z0-9_-]{1,256}(\.fifo)?$/.test(name) && region !== '' && account !== '';
  return isTopic ? { partition, region, account, name } : undefined;
}

/** The key of the subscription an ARN names; undefined for anything else. */
export function parseSubscriptionArn(arn: string): string | undefined {
  const at = arn.lastIndexOf(':');
  const topic = parseTopicArn(arn.slice(0, at));
  const id = arn.slice(at + 1);
  return topic && /^[0-9A-Za-z-]{1,64}$/.test(id) ? subscriptionKey({ topic, id }) : undefined;
}
