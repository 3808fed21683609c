/** Topics: made, listed, described, changed, removed. */
import type * as sns from '@aws-sdk/client-sns';
import { policyOf } from '../../engines/topics/access.ts';
import { topicLimits } from '../../engines/topics/limits.ts';
import { effectivePolicy } from '../../engines/topics/retry.ts';
import { type TopicAddress, topicArn } from '../../engines/topics/rows.ts';
import type { Topic } from '../../engines/topics/topics.ts';
import { addressIn, type Ctx, pageTokens, topicAt } from './context.ts';
import { faults } from './faults.ts';
import { checkTags, tagsOf } from './tag.ts';
import { checkTopicAttribute } from './topic-attribute.ts';

export async function createTopic(
  input: sns.CreateTopicInput,
  ctx: Ctx,
): Promise<sns.CreateTopicResponse> {
  const name = input.Name ?? '';
  const { FifoTopic: fifoText, ...attributes } = input.Attributes ?? {};
  const fifo = fifoText === 'true';
  checkName(name, fifo);
  for (const [attribute, text] of Object.entries(attributes)) {
    const mistake = checkTopicAttribute(attribute, text, fifo);
    if (mistake !== undefined) throw faults.invalid(`Attributes Reason: ${mistake}`);
  }
  if (input.DataProtectionPolicy) throw faults.notBuilt('DataProtectionPolicy');
  const tags = checkTags({}, input.Tags ?? []);
  const at: TopicAddress = { ...ctx.scope, name };
  const { topic, made } = await ctx.topics.create(at, { fifo, attributes, tags });
  if (!made) checkSame(topic, attributes, input.Tags && tags);
  return { TopicArn: topicArn(at) };
}

function checkName(name: string, fifo: boolean): void {
  if (fifo) {
    if (name.length <= 256 && /^[A-Za-z0-9_-]+\.fifo$/.test(name)) return;
    throw faults.invalid(
      'Fifo Topic names must end with .fifo and must be made up of only uppercase and ' +
        'lowercase ASCII letters, numbers, underscores, and hyphens, and must be between ' +
        '1 and 256 characters long.',
    );
  }
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw faults.invalid('Topic Name');
}

type Texts = Readonly<Record<string, string>>;

/** A topic that is there must be what was asked for. */
function checkSame(topic: Topic, attributes: Texts, tags: Texts | undefined): void {
  const differs = Object.entries(attributes).some(
    ([name, text]) => (topic.attributes[name] ?? usualTexts[name] ?? '') !== text,
  );
  if (differs) {
    throw faults.invalid('Attributes Reason: Topic already exists with different attributes');
  }
  if (tags && !sameTexts(tags, topic.tags)) {
    throw faults.invalid('Tags Reason: Topic already exists with different tags');
  }
}

function sameTexts(a: Texts, b: Texts): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

const usualTexts: Texts = {
  ContentBasedDeduplication: 'false',
  SignatureVersion: '1',
  TracingConfig: 'PassThrough',
};

export async function deleteTopic(input: sns.DeleteTopicInput, ctx: Ctx): Promise<void> {
  await ctx.topics.remove(addressIn(input.TopicArn, ctx));
}

export async function listTopics(
  input: sns.ListTopicsInput,
  ctx: Ctx,
): Promise<sns.ListTopicsResponse> {
  const limit = topicLimits.pageEntries;
  const page = { limit, ...pageTokens.key(input.NextToken) };
  const topics = await ctx.topics.list(ctx.scope, page);
  const last = topics.at(-1);
  return {
    Topics: topics.map(({ address }) => ({ TopicArn: topicArn(address) })),
    ...(last && topics.length === limit ? { NextToken: pageTokens.of(last.address.name) } : {}),
  };
}

export async function getTopicAttributes(
  input: sns.GetTopicAttributesInput,
  ctx: Ctx,
): Promise<sns.GetTopicAttributesResponse> {
  const topic = await topicAt(addressIn(input.TopicArn, ctx), ctx);
  const counts = await ctx.topics.subscriptions.count(topic);
  const { address, attributes, fifo } = topic;
  return {
    Attributes: {
      TopicArn: topicArn(address),
      Owner: address.account,
      Policy: policyOf(topic),
      DisplayName: '',
      SubscriptionsConfirmed: String(counts.confirmed),
      SubscriptionsPending: String(counts.pending),
      SubscriptionsDeleted: '0',
      EffectiveDeliveryPolicy: effectiveText(attributes.DeliveryPolicy),
      ...(fifo ? { FifoTopic: 'true', ContentBasedDeduplication: 'false' } : {}),
      ...attributes,
    },
  };
}

function effectiveText(own: string | undefined): string {
  const policy = effectivePolicy(undefined, own);
  const { maxReceivesPerSecond, headerContentType = 'text/plain; charset=UTF-8' } = policy;
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: policy.healthyRetryPolicy,
      disableSubscriptionOverrides: false,
      ...(maxReceivesPerSecond === undefined
        ? {}
        : { defaultThrottlePolicy: { maxReceivesPerSecond } }),
      defaultRequestPolicy: { headerContentType },
    },
  });
}

export async function setTopicAttributes(
  input: sns.SetTopicAttributesInput,
  ctx: Ctx,
): Promise<void> {
  const at = addressIn(input.TopicArn, ctx);
  const { AttributeName: name = '', AttributeValue: text = '' } = input;
  const { fifo } = await topicAt(at, ctx);
  const mistake = checkTopicAttribute(name, text, fifo);
  if (mistake !== undefined) throw faults.invalid(mistake);
  const changed = await ctx.topics.update(at, ({ attributes }) => {
    const { [name]: _, ...others } = attributes;
    return { attributes: text === '' ? others : { ...others, [name]: text } };
  });
  if (!changed) throw faults.noSuchTopic();
}

export async function listTagsForResource(
  input: sns.ListTagsForResourceRequest,
  ctx: Ctx,
): Promise<sns.ListTagsForResourceResponse> {
  const topic = await ctx.topics.find(addressIn(input.ResourceArn, ctx));
  if (!topic) throw faults.noSuchResource();
  return { Tags: tagsOf(topic.tags) };
}

export async function tagResource(
  input: sns.TagResourceRequest,
  ctx: Ctx,
): Promise<sns.TagResourceResponse> {
  const at = addressIn(input.ResourceArn, ctx);
  const added = input.Tags ?? [];
  const topic = await ctx.topics.update(at, ({ tags }) => ({ tags: checkTags(tags, added) }));
  if (!topic) throw faults.noSuchResource();
  return {};
}

export async function untagResource(
  input: sns.UntagResourceRequest,
  ctx: Ctx,
): Promise<sns.UntagResourceResponse> {
  const gone = new Set(input.TagKeys ?? []);
  const topic = await ctx.topics.update(addressIn(input.ResourceArn, ctx), ({ tags }) => ({
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  }));
  if (!topic) throw faults.noSuchResource();
  return {};
}
