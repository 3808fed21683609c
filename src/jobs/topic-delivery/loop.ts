/**
 * Delivers what topics accepted: each subscription's deliveries in turn, many subscriptions side by
 * side, failures again as its policy says, and what cannot be delivered to its dead letters.
 * Delivering twice is possible after a crash, losing is not.
 */
import type { Access } from '../../engines/access/access.ts';
import type { Queues } from '../../engines/queues/queues.ts';
import { parseQueueArn } from '../../engines/queues/rows.ts';
import type { NewMessage } from '../../engines/queues/send.ts';
import type { Result } from '../../engines/topics/deliveries.ts';
import { topicLimits } from '../../engines/topics/limits.ts';
import { effectivePolicy, retryDelaySeconds } from '../../engines/topics/retry.ts';
import {
  type DeliveryRow,
  type SubscriptionRow,
  subscriptionArn,
  topicArn,
} from '../../engines/topics/rows.ts';
import type { Topics } from '../../engines/topics/topics.ts';
import type { Clock } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import type { Random } from '../../kernel/random.ts';
import type { Poster } from '../../ports/poster.ts';
import { type MayDeliver, makeAdmission } from './admission.ts';
import {
  type Attempt,
  accessDenied,
  enqueue,
  isRaw,
  type Parcel,
  post,
  textOf,
} from './attempt.ts';
import { type Closed, makeClosed } from './closed.ts';
import { type Envelopes, makeEnvelopes } from './envelope.ts';

export interface TopicDeliveryParts {
  readonly topics: Topics;
  readonly queues: Queues;
  /** Decides whether queues let topics in. */
  readonly access: Access;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** `http://host:port` as subscribers reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
}

/** Subscriptions served at a time, and deliveries to one of them at a time. */
const laneLimit = 32;
const postsPerLane = 4;
const messagesPerQueueTurn = 10;

export const topicDeliveryLoop = 'topics/delivery';

export function makeTopicDelivery(parts: TopicDeliveryParts): Loop {
  const { topics, clock, log } = parts;
  const serve = makeLaneServer(parts);
  let wake = () => {};
  let tookOver = false;
  topics.onDue(() => wake());
  return {
    name: topicDeliveryLoop,
    async tick(nowMs, { signal }) {
      // One server works on a folder: what one before it had claimed, nobody has.
      if (!tookOver) await topics.deliveries.takeOver();
      tookOver = true;
      const running = new Set<Promise<void>>();
      for (;;) {
        // Armed before looking, so that nothing published meanwhile waits for a slow endpoint.
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const atMs = Math.max(nowMs, clock.nowMs());
        const free = signal.aborted ? 0 : laneLimit - running.size;
        const lanes = free > 0 ? await topics.deliveries.claim(atMs, free) : [];
        for (const lane of lanes) {
          const run: Promise<void> = serve(lane, { nowMs: atMs, signal })
            // Its lease ends by itself, and the lane is served again.
            .catch((cause: unknown) => log.error('a lane was not served', cause, { lane }))
            .finally(() => running.delete(run));
          running.add(run);
        }
        if (running.size === 0) return topics.deliveries.nextDueMs();
        await Promise.race([woken, ...running]);
      }
    },
  };
}

interface Turn {
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Serves one claimed lane once and gives it back. */
function makeLaneServer(parts: TopicDeliveryParts) {
  const { topics, clock } = parts;
  const envelopes = makeEnvelopes(topics.signer, parts.publicUrl);
  const mayDeliver = makeAdmission(parts);
  const attemptParts = { ...parts, envelopes, mayDeliver };
  const closed = makeClosed(parts.log);

  return async function serve(lane: string, { nowMs, signal }: Turn): Promise<void> {
    const present = await topics.subscriptions.find(lane);
    const subscription = present ?? (await topics.subscriptions.findFormer(lane));
    const topic = subscription && (await topics.find(subscription.topic));
    const own = subscription?.attributes.DeliveryPolicy;
    const policy = effectivePolicy(own, topic?.attributes.DeliveryPolicy);
    const rate = policy.maxReceivesPerSecond;
    const isQueue = subscription?.protocol === 'sqs';
    const limit = isQueue ? messagesPerQueueTurn : Math.min(postsPerLane, rate ?? postsPerLane);
    const due = await topics.deliveries.due(lane, { nowMs, limit: Math.max(1, limit) });
    const version = topic?.attributes.SignatureVersion === '2' ? '2' : '1';
    const { parcels, idle } = await pack(topics, due, {
      subscription,
      left: !present,
      policy,
      version,
    });
    const attempts = isQueue
      ? await enqueue(parcels, attemptParts)
      : await Promise.all(
          parcels.map(async (parcel) =>
            isTooOld(parcel, nowMs) ? tooOld : post(parcel, attemptParts, signal),
          ),
        );
    if (subscription && isQueue) closed.note(subscription, attempts);
    const results: Result[] = idle.map(({ id }) => ({ id, end: true }));
    for (const [i, parcel] of parcels.entries()) {
      const attempt = attempts[i];
      if (attempt) results.push(...(await conclude(parcel, attempt, signal)));
    }
    const pauseMs = rate === undefined || isQueue ? 0 : (parcels.length / rate) * 1_000;
    await topics.deliveries.settle(lane, results, nowMs + pauseMs);
  };

  /** No result leaves a delivery as it was: the server is going down, nobody failed. */
  async function conclude(
    parcel: Parcel,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<readonly Result[]> {
    const { id, failures } = parcel.delivery;
    if (attempt.kind === 'delivered') return [{ id, end: true }];
    if (attempt.kind === 'failed') {
      if (signal.aborted) return [];
      const seconds = retryDelaySeconds(parcel.policy.healthyRetryPolicy, failures + 1);
      if (seconds !== undefined) {
        return [{ id, end: false, dueAtMs: clock.nowMs() + seconds * 1_000 }];
      }
    }
    await bury(parcel, attempt, { ...attemptParts, closed });
    return [{ id, end: true }];
  }
}

const tooOld: Attempt = {
  kind: 'refused',
  code: 'Expired',
  reason: 'the endpoint did not keep up with the messages for a day',
};

/** Keeps the backlog of an endpoint that answers slower than messages come within bounds. */
function isTooOld({ delivery }: Parcel, nowMs: number): boolean {
  return delivery.madeAtMs + topicLimits.deliveryMs < nowMs;
}

interface Packing {
  readonly subscription: SubscriptionRow | undefined;
  /** Removed, so that only the notice of it is still wanted. */
  readonly left: boolean;
  readonly policy: Parcel['policy'];
  readonly version: Parcel['version'];
}

/** Joins deliveries with what they need; `idle` are those whose subscription left meanwhile. */
async function pack(topics: Topics, due: readonly DeliveryRow[], with_: Packing) {
  const parcels: Parcel[] = [];
  const idle: DeliveryRow[] = [];
  const { subscription, left, policy, version } = with_;
  for (const delivery of due) {
    const isNotification = delivery.kind === 'Notification';
    const message = isNotification ? await topics.deliveries.message(delivery.message) : undefined;
    const wanted = delivery.kind === 'UnsubscribeConfirmation' ? left : !left;
    if (!subscription || !wanted || (isNotification && !message)) idle.push(delivery);
    else parcels.push({ delivery, subscription, message, policy, version });
  }
  return { parcels, idle };
}

interface BuryingParts extends TopicDeliveryParts {
  readonly envelopes: Envelopes;
  readonly mayDeliver: MayDeliver;
  readonly closed: Closed;
}

/** To the dead letters, where the subscription has a queue for them; else lost, and said so. */
async function bury(
  parcel: Parcel,
  attempt: Exclude<Attempt, { kind: 'delivered' }>,
  { queues, log, random, envelopes, mayDeliver, closed }: BuryingParts,
): Promise<void> {
  const { subscription, message, delivery } = parcel;
  const fields = {
    topic: topicArn(subscription.topic),
    subscription: subscriptionArn(subscription),
    messageId: delivery.message,
    code: attempt.code,
    reason: attempt.reason,
  };
  const arn = deadLetterArn(subscription) ?? '';
  const at = message && parseQueueArn(arn);
  if (!at) {
    // Those that are refused entrance were told about, once for all of them.
    if (attempt.code !== accessDenied) log.warn('a delivery was given up', fields);
    return;
  }
  const queue = await queues.find(at);
  const refusal = queue && (await mayDeliver(subscription.topic, queue));
  if (refusal) return closed.tell(subscription, arn, refusal.message);
  const body = await textOf(parcel, envelopes);
  const letter = deadLetter(parcel, attempt, { body, requestId: uuid(random) });
  const sent = await queues.send(at, [letter]);
  if (!sent.ok) log.warn('a delivery was given up: its dead-letter queue is not there', fields);
}

/** What could not be delivered, with the reason beside it. */
function deadLetter(
  { subscription, message, delivery }: Parcel,
  { code, reason }: Exclude<Attempt, { kind: 'delivered' }>,
  { body, requestId }: { readonly body: string; readonly requestId: string },
): NewMessage {
  const text = (value: string) => ({ type: 'String', text: value });
  const { groupId, deduplicationId } = message ?? {};
  return {
    body,
    attributes: {
      ...(isRaw(subscription) ? message?.attributes : {}),
      RequestID: text(requestId),
      ErrorCode: text(code),
      ErrorMessage: text(reason),
    },
    system: {},
    senderId: subscription.topic.account,
    ...(groupId === undefined ? {} : { groupId }),
    deduplicationId: deduplicationId ?? delivery.id,
  };
}

function deadLetterArn({ attributes }: SubscriptionRow): string | undefined {
  const policy = JSON.parse(attributes.RedrivePolicy || '{}') as Record<string, unknown>;
  const arn = policy.deadLetterTargetArn;
  return typeof arn === 'string' ? arn : undefined;
}
