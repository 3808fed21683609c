/** Subscriptions: made, confirmed, listed, described, changed, ended. */
import type * as sns from '@aws-sdk/client-sns';
import { parseQueueArn } from '../../engines/queues/rows.ts';
import { topicLimits } from '../../engines/topics/limits.ts';
import { effectivePolicy } from '../../engines/topics/retry.ts';
import {
  type Protocol,
  parseSubscriptionArn,
  parseTopicArn,
  type SubscriptionRow,
  subscriptionArn,
  subscriptionKey,
  topicArn,
} from '../../engines/topics/rows.ts';
import type { Topic } from '../../engines/topics/topics.ts';
import { checkUrl } from '../../kernel/addresses.ts';
import { addressIn, type Ctx, isAnonymous, pageTokens, topicAt } from './context.ts';
import { faults } from './faults.ts';
import { changedAttributes } from './subscription-attribute.ts';

const built: readonly Protocol[] = ['sqs', 'http', 'https'];
const others = ['email', 'email-json', 'sms', 'application', 'lambda', 'firehose'];

export async function subscribe(
  input: sns.SubscribeInput,
  ctx: Ctx,
): Promise<sns.SubscribeResponse> {
  const topic = await topicAt(addressIn(input.TopicArn, ctx), ctx);
  const protocol = protocolOf(input.Protocol ?? '');
  const endpoint = input.Endpoint ?? '';
  checkEndpoint(topic, protocol, endpoint);
  const account = topic.address.account;
  const place = { account, protocol, fifoTopic: topic.fifo };
  const changed = changedAttributes({}, input.Attributes ?? {}, place);
  if ('mistake' in changed) throw faults.invalid(`Attributes Reason: ${changed.mistake}`);
  const result = await ctx.topics.subscriptions.subscribe(topic, {
    protocol,
    endpoint,
    attributes: changed.attributes,
    owner: ctx.scope.account,
    principal: ctx.caller.arn,
  });
  if (result.state === 'tooManyPolicies') throw faults.tooManyPolicies();
  if (result.state === 'differs') {
    throw faults.invalid(
      'Attributes Reason: Subscription already exists with different attributes',
    );
  }
  const shown = result.subscription.confirmed || input.ReturnSubscriptionArn === true;
  return { SubscriptionArn: shown ? subscriptionArn(result.subscription) : 'pending confirmation' };
}

function protocolOf(text: string): Protocol {
  const protocol = built.find((name) => name === text);
  if (protocol) return protocol;
  if (others.includes(text)) throw faults.notBuilt(`Subscribe with the protocol ${text}`);
  throw faults.invalid(`Amazon SNS does not support this protocol string: ${text}`);
}

function checkEndpoint(topic: Topic, protocol: Protocol, endpoint: string): void {
  if (protocol === 'sqs') {
    const queue = parseQueueArn(endpoint);
    if (!queue) throw faults.invalid('SQS endpoint ARN');
    if (queue.account !== topic.address.account) {
      throw faults.invalid('Endpoint Reason: The queue must belong to the account of the topic');
    }
    if (!topic.fifo && queue.name.endsWith('.fifo')) {
      throw faults.invalid(
        'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to ' +
          'standard SNS topics',
      );
    }
    return;
  }
  if (topic.fifo) throw faults.invalid(`Invalid protocol type: ${protocol}`);
  if (!endpoint.startsWith(`${protocol}://`)) {
    throw faults.invalid('Endpoint must match the specified protocol');
  }
  // The URL parser drops white space and line breaks without a word; they are no part of a URL.
  if (endpoint.length > 2_048 || /[\s\p{Cc}]/u.test(endpoint) || !URL.canParse(endpoint)) {
    throw faults.invalid('Endpoint');
  }
  const judged = checkUrl(new URL(endpoint), { allowPrivate: true });
  if (!judged.ok) throw faults.invalid(`Endpoint Reason: ${judged.reason}`);
}

/** May be called by anyone who knows the token. */
export async function confirmSubscription(
  input: sns.ConfirmSubscriptionInput,
  ctx: Ctx,
): Promise<sns.ConfirmSubscriptionResponse> {
  const { TopicArn: arn = '', Token: token = '' } = input;
  if (!parseTopicArn(arn)) throw faults.invalid('Topic');
  const confirmed = await ctx.topics.subscriptions.confirm(arn, {
    token,
    authenticated: !isAnonymous(ctx),
    authenticateOnUnsubscribe: input.AuthenticateOnUnsubscribe === 'true',
  });
  if (!confirmed) throw faults.invalid('Token');
  return { SubscriptionArn: subscriptionArn(confirmed) };
}

/** May be called by anyone who knows the ARN, unless the subscriber asked for signed requests. */
export async function unsubscribe(input: sns.UnsubscribeInput, ctx: Ctx): Promise<void> {
  const arn = input.SubscriptionArn ?? '';
  const key = keyIn(arn, 'SubscriptionArn Reason: ');
  const account = key.split('/')[0];
  if (!isAnonymous(ctx) && account !== ctx.scope.account) throw faults.notAuthorized(arn);
  const authenticated = !isAnonymous(ctx);
  const result = await ctx.topics.subscriptions.unsubscribe(key, { authenticated });
  if (result === 'forbidden') throw faults.notAuthorized(arn);
}

/** The key an ARN names. */
function keyIn(arn: string, prefix = ''): string {
  const elements = arn.split(':').length;
  if (elements < 6) {
    throw faults.invalid(`${prefix}An ARN must have at least 6 elements, not ${elements}`);
  }
  const key = parseSubscriptionArn(arn);
  if (!key) throw faults.invalid('SubscriptionId');
  return key;
}

async function subscriptionAt(arn: string | undefined, ctx: Ctx): Promise<SubscriptionRow> {
  const key = keyIn(arn ?? '', 'SubscriptionArn Reason: ');
  if (!key.startsWith(`${ctx.scope.account}/`)) throw faults.notAuthorized(arn ?? '');
  const subscription = await ctx.topics.subscriptions.find(key);
  if (!subscription) throw faults.noSuchSubscription();
  return subscription;
}

export async function listSubscriptions(
  input: sns.ListSubscriptionsInput,
  ctx: Ctx,
): Promise<sns.ListSubscriptionsResponse> {
  const page = { limit: topicLimits.pageEntries, ...pageTokens.key(input.NextToken) };
  return shownPage(await ctx.topics.subscriptions.list(ctx.scope, page));
}

export async function listSubscriptionsByTopic(
  input: sns.ListSubscriptionsByTopicInput,
  ctx: Ctx,
): Promise<sns.ListSubscriptionsByTopicResponse> {
  const topic = await topicAt(addressIn(input.TopicArn, ctx), ctx);
  const page = { limit: topicLimits.pageEntries, ...pageTokens.key(input.NextToken) };
  return shownPage(await ctx.topics.subscriptions.listOf(topic, page));
}

function shownPage(subscriptions: readonly SubscriptionRow[]) {
  const last = subscriptions.at(-1);
  const isFull = subscriptions.length === topicLimits.pageEntries;
  return {
    Subscriptions: subscriptions.map((row) => ({
      SubscriptionArn: row.confirmed ? subscriptionArn(row) : 'PendingConfirmation',
      Owner: row.owner,
      Protocol: row.protocol,
      Endpoint: row.endpoint,
      TopicArn: topicArn(row.topic),
    })),
    ...(last && isFull ? { NextToken: pageTokens.of(subscriptionKey(last)) } : {}),
  };
}

export async function getSubscriptionAttributes(
  input: sns.GetSubscriptionAttributesInput,
  ctx: Ctx,
): Promise<sns.GetSubscriptionAttributesResponse> {
  const row = await subscriptionAt(input.SubscriptionArn, ctx);
  const { attributes } = row;
  const filtered = attributes.FilterPolicy !== undefined;
  const { FilterPolicyScope: scope = 'MessageAttributes', ...plain } = attributes;
  return {
    Attributes: {
      SubscriptionArn: subscriptionArn(row),
      TopicArn: topicArn(row.topic),
      Owner: row.owner,
      Protocol: row.protocol,
      Endpoint: row.endpoint,
      PendingConfirmation: String(!row.confirmed),
      ConfirmationWasAuthenticated: String(row.authenticated),
      SubscriptionPrincipal: row.principal,
      RawMessageDelivery: 'false',
      ...plain,
      ...(filtered ? { FilterPolicyScope: scope } : {}),
      ...(row.protocol === 'sqs' ? {} : await effectiveDelivery(row, ctx)),
    },
  };
}

async function effectiveDelivery(row: SubscriptionRow, ctx: Ctx) {
  const topic = await ctx.topics.find(row.topic);
  const own = row.attributes.DeliveryPolicy;
  const policy = effectivePolicy(own, topic?.attributes.DeliveryPolicy);
  const { healthyRetryPolicy, maxReceivesPerSecond: rate, headerContentType } = policy;
  const text = JSON.stringify({
    healthyRetryPolicy,
    ...(rate === undefined ? {} : { throttlePolicy: { maxReceivesPerSecond: rate } }),
    requestPolicy: { headerContentType: headerContentType ?? 'text/plain; charset=UTF-8' },
  });
  return { EffectiveDeliveryPolicy: text };
}

export async function setSubscriptionAttributes(
  input: sns.SetSubscriptionAttributesInput,
  ctx: Ctx,
): Promise<void> {
  const row = await subscriptionAt(input.SubscriptionArn, ctx);
  const { AttributeName: name = '', AttributeValue: text = '' } = input;
  const { protocol, topic } = row;
  const place = { account: topic.account, protocol, fifoTopic: topic.name.endsWith('.fifo') };
  const result = await ctx.topics.subscriptions.update(subscriptionKey(row), (now) => {
    const changed = changedAttributes(now.attributes, { [name]: text }, place);
    if ('mistake' in changed) throw faults.invalid(changed.mistake);
    return changed.attributes;
  });
  if (result === 'missing') throw faults.noSuchSubscription();
  if (result === 'tooManyPolicies') throw faults.tooManyPolicies();
}
