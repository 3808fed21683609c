/**
 * Subscriptions: made, confirmed by token, changed, removed, restored. HTTP endpoints are asked
 * whether they want to be subscribed, and told when they no longer are.
 */
import { uuid } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';
import { type MetadataStore, sortable, type Transaction } from '../../ports/metadata-store.ts';
import { addDelivery } from './deliveries.ts';
import { topicLimits } from './limits.ts';
import {
  type DeliveryKind,
  endpointValue,
  formerRows,
  type Protocol,
  parseTopicArn,
  type SubscriptionRow,
  subscriptionKey,
  subscriptionRows,
  type TopicAddress,
  type TopicRow,
  topicKey,
} from './rows.ts';

export interface NewSubscription {
  readonly protocol: Protocol;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly principal: string;
}

/** `differs`: the endpoint is subscribed already, with other attributes; nothing changed. */
export type Subscribed =
  | { readonly state: 'made' | 'there' | 'differs'; readonly subscription: SubscriptionRow }
  | { readonly state: 'tooManyPolicies' };

export interface Confirmation {
  readonly token: string;
  /** By a signed request. */
  readonly authenticated: boolean;
  readonly authenticateOnUnsubscribe: boolean;
}

export interface Page {
  /** Exclusive: the key of a subscription. */
  readonly after?: string;
  readonly limit: number;
}

export interface SubscriptionCounts {
  readonly confirmed: number;
  readonly pending: number;
}

export interface Subscriptions {
  /** Those of an account's region, whether their topics are there or not, by key. */
  list(at: Omit<TopicAddress, 'name'>, page: Page): Promise<readonly SubscriptionRow[]>;
  listOf(topic: TopicRow, page: Page): Promise<readonly SubscriptionRow[]>;
  count(topic: TopicRow): Promise<SubscriptionCounts>;
  find(key: string): Promise<SubscriptionRow | undefined>;
  /** As it was before it was removed, for three days. */
  findFormer(key: string): Promise<SubscriptionRow | undefined>;
  subscribe(topic: TopicRow, request: NewSubscription): Promise<Subscribed>;
  /** Undefined when the token is not known, has expired, or is of another topic. */
  confirm(topicArn: string, confirmation: Confirmation): Promise<SubscriptionRow | undefined>;
  /** Replaces the attributes. */
  update(
    key: string,
    change: (row: SubscriptionRow) => Readonly<Record<string, string>>,
  ): Promise<'done' | 'missing' | 'tooManyPolicies'>;
  /** `forbidden` when only signed requests may remove it. */
  unsubscribe(
    key: string,
    by: { readonly authenticated: boolean },
  ): Promise<'done' | 'missing' | 'forbidden'>;
}

export interface SubscriptionParts {
  readonly store: MetadataStore;
  readonly clock: { nowMs(): number };
  readonly random: Random;
  /** Called after something became due. */
  due(): void;
}

export function makeSubscriptions(parts: SubscriptionParts): Subscriptions {
  const { store, clock } = parts;
  return {
    ...reading(store),
    async subscribe(topic, request) {
      const nowMs = clock.nowMs();
      const made = await store.write((tx) => subscribe(tx, topic, { request, nowMs, parts }));
      parts.due();
      return made;
    },
    async confirm(topicArn, confirmation) {
      const at = parseTopicArn(topicArn);
      const nowMs = clock.nowMs();
      if (!at) return undefined;
      return store.write((tx) => confirm(tx, at, { confirmation, nowMs }));
    },
    update: (key, change) =>
      store.write(async (tx) => {
        const row = await tx.get(subscriptionRows, key);
        if (!row) return 'missing';
        const attributes = change(row);
        const isFirstPolicy = !row.attributes.FilterPolicy && attributes.FilterPolicy;
        if (isFirstPolicy && (await hasAllPolicies(tx, row.topicId))) return 'tooManyPolicies';
        await tx.put(subscriptionRows, key, { ...row, attributes });
        return 'done';
      }),
    async unsubscribe(key, by) {
      const nowMs = clock.nowMs();
      const result = await store.write((tx) => unsubscribe(tx, key, { by, nowMs, parts }));
      parts.due();
      return result;
    },
  };
}

type Reading = 'list' | 'listOf' | 'count' | 'find' | 'findFormer';

function reading(store: MetadataStore): Pick<Subscriptions, Reading> {
  const listOf: Subscriptions['listOf'] = async (topic, { after, limit }) => {
    const range = { index: 'topic', equals: topic.id, limit };
    const beyond = after === undefined ? {} : { after: { value: topic.id, key: after } };
    return (await store.listBy(subscriptionRows, { ...range, ...beyond })).map(({ row }) => row);
  };
  return {
    listOf,
    async list({ account, region }, page) {
      const range = { prefix: `${account}/${region}/`, ...page };
      return (await store.list(subscriptionRows, range)).map(({ row }) => row);
    },
    async count(topic) {
      const counts = { confirmed: 0, pending: 0 };
      const limit = 1_000;
      let after: string | undefined;
      for (;;) {
        const page = await listOf(topic, { limit, ...(after === undefined ? {} : { after }) });
        for (const { confirmed } of page) counts[confirmed ? 'confirmed' : 'pending'] += 1;
        const last = page.at(-1);
        if (page.length < limit || last === undefined) return counts;
        after = subscriptionKey(last);
      }
    },
    find: (key) => store.get(subscriptionRows, key),
    findFormer: async (key) => (await store.get(formerRows, key))?.subscription,
  };
}

function newToken(random: Random): string {
  return Buffer.from(random.bytes(144)).toString('hex');
}

/** The question or the notice to an HTTP endpoint, as a delivery of its lane. */
async function tell(
  tx: Transaction,
  row: SubscriptionRow,
  {
    kind,
    nowMs,
    random,
  }: {
    readonly kind: DeliveryKind;
    readonly nowMs: number;
    readonly random: Random;
  },
): Promise<void> {
  const message = uuid(random);
  await addDelivery(tx, {
    id: `${sortable(nowMs)}-${sortable(0)}-${message}`,
    kind,
    lane: subscriptionKey(row),
    message,
    madeAtMs: nowMs,
    dueAtMs: nowMs,
    failures: 0,
  });
}

interface Subscribing {
  readonly request: NewSubscription;
  readonly nowMs: number;
  readonly parts: SubscriptionParts;
}

async function subscribe(
  tx: Transaction,
  topic: TopicRow,
  { request, nowMs, parts: { random } }: Subscribing,
): Promise<Subscribed> {
  await forgetPending(tx, nowMs);
  const equals = endpointValue(topic.id, request.protocol, request.endpoint);
  const [found] = await tx.listBy(subscriptionRows, { index: 'endpoint', equals, limit: 1 });
  const fresh = { token: newToken(random), tokenExpiresAtMs: nowMs + topicLimits.tokenMs };
  const ask = { kind: 'SubscriptionConfirmation', nowMs, random } as const;
  if (found) {
    const differs = Object.entries(request.attributes).some(
      ([name, text]) => found.row.attributes[name] !== text,
    );
    if (differs) return { state: 'differs', subscription: found.row };
    if (found.row.confirmed) return { state: 'there', subscription: found.row };
    const again = { ...found.row, ...fresh };
    await tx.put(subscriptionRows, found.key, again);
    await tell(tx, again, ask);
    return { state: 'there', subscription: again };
  }
  if (request.attributes.FilterPolicy && (await hasAllPolicies(tx, topic.id))) {
    return { state: 'tooManyPolicies' };
  }
  const confirmed = request.protocol === 'sqs';
  const subscription: SubscriptionRow = {
    ...request,
    ...fresh,
    id: uuid(random),
    topic: topic.address,
    topicId: topic.id,
    confirmed,
    authenticated: confirmed,
    authenticateOnUnsubscribe: false,
  };
  await tx.put(subscriptionRows, subscriptionKey(subscription), subscription);
  if (!confirmed) await tell(tx, subscription, ask);
  return { state: 'made', subscription };
}

async function forgetPending(tx: Transaction, nowMs: number): Promise<void> {
  const to = sortable(Math.max(0, nowMs - topicLimits.pendingMs));
  const old = await tx.listBy(subscriptionRows, { index: 'pending', to, limit: 100 });
  for (const { key } of old) await tx.delete(subscriptionRows, key);
}

async function hasAllPolicies(tx: Transaction, topicId: string): Promise<boolean> {
  const limit = topicLimits.policiesPerTopic;
  const range = { index: 'filtered', equals: topicId, limit };
  return (await tx.listBy(subscriptionRows, range)).length >= limit;
}

async function confirm(
  tx: Transaction,
  at: TopicAddress,
  { confirmation, nowMs }: { readonly confirmation: Confirmation; readonly nowMs: number },
): Promise<SubscriptionRow | undefined> {
  const { token, authenticated } = confirmation;
  const byToken = { index: 'token', equals: token, limit: 1 };
  const [present] = await tx.listBy(subscriptionRows, byToken);
  const [former] = present ? [] : await tx.listBy(formerRows, byToken);
  const row = present?.row ?? former?.row.subscription;
  if (!row || topicKey(row.topic) !== topicKey(at)) return undefined;
  if ((former?.row.expiresAtMs ?? row.tokenExpiresAtMs) <= nowMs) return undefined;
  if (row.confirmed && present) return row;
  const next = {
    ...row,
    confirmed: true,
    authenticated,
    // Whoever only knows the token may not bar others from unsubscribing.
    authenticateOnUnsubscribe: authenticated && confirmation.authenticateOnUnsubscribe,
  };
  await tx.put(subscriptionRows, subscriptionKey(next), next);
  await tx.delete(formerRows, subscriptionKey(next));
  return next;
}

interface Unsubscribing {
  readonly by: { readonly authenticated: boolean };
  readonly nowMs: number;
  readonly parts: SubscriptionParts;
}

async function unsubscribe(
  tx: Transaction,
  key: string,
  { by, nowMs, parts: { random } }: Unsubscribing,
): Promise<'done' | 'missing' | 'forbidden'> {
  const row = await tx.get(subscriptionRows, key);
  if (!row) return 'missing';
  if (row.authenticateOnUnsubscribe && !by.authenticated) return 'forbidden';
  await tx.delete(subscriptionRows, key);
  const old = { index: 'expires', to: sortable(nowMs), limit: 100 };
  for (const { key: gone } of await tx.listBy(formerRows, old)) await tx.delete(formerRows, gone);
  if (row.protocol === 'sqs' || !row.confirmed) return 'done';
  const expiresAtMs = nowMs + topicLimits.restorableMs;
  const subscription = { ...row, token: newToken(random) };
  await tx.put(formerRows, key, { subscription, expiresAtMs });
  await tell(tx, subscription, { kind: 'UnsubscribeConfirmation', nowMs, random });
  return 'done';
}
