/** One try to hand deliveries to a subscription's endpoint: a queue, or a web server. */

import { messageBytes } from '../../engines/queues/digest.ts';
import { queueLimits } from '../../engines/queues/limits.ts';
import type { Queues } from '../../engines/queues/queues.ts';
import { parseQueueArn, type QueueSettings } from '../../engines/queues/rows.ts';
import type { NewMessage } from '../../engines/queues/send.ts';
import type { DeliveryPolicy } from '../../engines/topics/retry.ts';
import {
  type DeliveryRow,
  type MessageRow,
  type SubscriptionRow,
  subscriptionArn,
  topicArn,
} from '../../engines/topics/rows.ts';
import type { SignatureVersion } from '../../engines/topics/signing.ts';
import { refuse } from '../../kernel/outcome.ts';
import type { Poster } from '../../ports/poster.ts';
import type { MayDeliver } from './admission.ts';
import { bodyFor, type Envelopes } from './envelope.ts';

export type Attempt =
  | { readonly kind: 'delivered' }
  /** Worth trying again. */
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }
  /** Would fail again. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

export interface AttemptParts {
  readonly queues: Queues;
  readonly poster: Poster;
  readonly envelopes: Envelopes;
  readonly mayDeliver: MayDeliver;
}

/** The code of what a queue's policy does not let in. */
export const accessDenied = 'AccessDenied';

/** A delivery with all it needs; the two confirmations have no message. */
export interface Parcel {
  readonly delivery: DeliveryRow;
  readonly subscription: SubscriptionRow;
  readonly message: MessageRow | undefined;
  readonly version: SignatureVersion;
  readonly policy: DeliveryPolicy;
}

const postTimeoutMs = 15_000;
const usualContentType = 'text/plain; charset=UTF-8';
const delivered: Attempt = { kind: 'delivered' };

/** What the endpoint gets as its text. */
export function textOf(parcel: Parcel, envelopes: Envelopes): Promise<string> {
  const { delivery, subscription, message, version } = parcel;
  if (!message) return envelopes.handshake(subscription, delivery, version);
  if (isRaw(subscription)) return Promise.resolve(bodyFor({ subscription, message }));
  return envelopes.notification({ subscription, message, version });
}

export function isRaw(subscription: SubscriptionRow): boolean {
  return subscription.attributes.RawMessageDelivery === 'true';
}

export async function post(
  parcel: Parcel,
  { poster, envelopes }: AttemptParts,
  signal: AbortSignal,
): Promise<Attempt> {
  const { delivery, subscription, message, policy } = parcel;
  const known = delivery.kind !== 'SubscriptionConfirmation';
  const raw = message !== undefined && isRaw(subscription);
  const headers = {
    'content-type': policy.headerContentType ?? usualContentType,
    'user-agent': 'Amazon Simple Notification Service Agent',
    'x-amz-sns-message-type': delivery.kind,
    'x-amz-sns-message-id': delivery.message,
    'x-amz-sns-topic-arn': topicArn(subscription.topic),
    ...(known ? { 'x-amz-sns-subscription-arn': subscriptionArn(subscription) } : {}),
    ...(raw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
  };
  const body = await textOf(parcel, envelopes);
  const request = { url: subscription.endpoint, headers, body, timeoutMs: postTimeoutMs };
  const answer = await poster.post(request, { signal }).catch((cause: unknown) => {
    // Cut off because the server is going down: nobody failed.
    if (signal.aborted) return refuse('the server is going down');
    throw cause;
  });
  if (!answer.ok) return { kind: 'failed', code: 'NoResponse', reason: answer.reason };
  const { status } = answer.value;
  if (status >= 200 && status < 300) return delivered;
  const permanent = status >= 400 && status < 500 && status !== 429;
  const reason = `the endpoint answered with status ${status}`;
  return { kind: permanent ? 'refused' : 'failed', code: String(status), reason };
}

/** Sends in one transaction what one queue is to get; one answer per parcel. */
export async function enqueue(
  parcels: readonly Parcel[],
  { queues, envelopes, mayDeliver }: AttemptParts,
): Promise<readonly Attempt[]> {
  // One subscription's: the topic and the queue are the same for all.
  const [first] = parcels;
  if (!first) return [];
  const at = parseQueueArn(first.subscription.endpoint);
  const queue = at && (await queues.find(at));
  const gone: Attempt = {
    kind: 'refused',
    code: 'AWS.SimpleQueueService.NonExistentQueue',
    reason: 'The specified queue does not exist.',
  };
  if (!queue) return parcels.map(() => gone);
  const refusal = await mayDeliver(first.subscription.topic, queue);
  if (refusal) {
    const { message: reason } = refusal;
    return parcels.map(() => ({ kind: 'refused', code: accessDenied, reason }));
  }
  const messages: NewMessage[] = [];
  const attempts: Attempt[] = [];
  for (const parcel of parcels) {
    const message = queueMessage(parcel, await textOf(parcel, envelopes), queue.settings);
    const mistake = mistakeOf(message, queue.settings);
    if (mistake === undefined) messages.push(message);
    attempts.push(
      mistake === undefined
        ? delivered
        : { kind: 'refused', code: 'InvalidParameterValue', reason: mistake },
    );
  }
  if (messages.length === 0) return attempts;
  const sent = await queues.send(queue.address, messages);
  return sent.ok ? attempts : parcels.map(() => gone);
}

function queueMessage(parcel: Parcel, body: string, settings: QueueSettings): NewMessage {
  const { subscription, message, delivery } = parcel;
  const attributes = isRaw(subscription) ? (message?.attributes ?? {}) : {};
  const { groupId, deduplicationId } = message ?? {};
  return {
    body,
    attributes,
    system: {},
    senderId: subscription.topic.account,
    ...(groupId === undefined ? {} : { groupId }),
    // A delivery repeated after a crash is dropped by the queue.
    deduplicationId: (settings.fifo ? deduplicationId : undefined) ?? delivery.id,
  };
}

function mistakeOf(message: NewMessage, settings: QueueSettings): string | undefined {
  const count = Object.keys(message.attributes).length;
  if (count > queueLimits.attributesPerMessage) {
    return `Number of message attributes [${count}] exceeds the allowed maximum [10].`;
  }
  const sizeBytes = messageBytes(message.body, message.attributes);
  if (sizeBytes <= settings.maximumMessageBytes) return undefined;
  return `Message must be shorter than ${settings.maximumMessageBytes} bytes.`;
}
