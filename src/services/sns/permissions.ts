/**
 * What each operation needs permission for, by the service's authorization reference. What is about
 * a subscription is asked of its topic.
 */
import { parseTopicArn, topicArn } from '../../engines/topics/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { isRootUser } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permission, Permissions } from '../../wire/operation.ts';
import { type Ctx, isAnonymous } from './context.ts';
import type { sns } from './index.ts';

/** A policy that locks everybody out can still be taken away by the account's root user. */
const rescues = new Set([
  'sns:DeleteTopic',
  'sns:GetTopicAttributes',
  'sns:RemovePermission',
  'sns:SetTopicAttributes',
]);

type Keys = Readonly<Record<string, KeyValue>>;

/**
 * The check on the topic an ARN names; on the text itself when it names none, which the operation
 * will refuse. The usual policy is left out: it lets in services, and no request comes from one.
 */
async function topicCheck(
  action: string,
  arn: string | undefined,
  { ctx, keys = {} }: { readonly ctx: Ctx; readonly keys?: Keys },
): Promise<Check> {
  const at = parseTopicArn(arn ?? '');
  if (!at) return { action, resource: arn || '*', keys };
  const topic = await ctx.topics.find(at);
  const policy = topic?.attributes.Policy;
  const isRescued = rescues.has(action) && isRootUser(ctx.caller);
  return {
    action,
    resource: topicArn(at),
    keys,
    owner: at.account,
    ...(policy && !isRescued ? { resourcePolicy: async () => policy } : {}),
    resourceTags: async () => topic?.tags ?? {},
  };
}

interface OfTopic {
  readonly TopicArn?: string | undefined;
}

function onTopic(action: string): Permission<OfTopic, Ctx> {
  return (input, ctx) => topicCheck(action, input.TopicArn, { ctx });
}

interface OfSubscription {
  readonly SubscriptionArn: string | undefined;
}

function onSubscription(action: string): Permission<OfSubscription, Ctx> {
  return (input, ctx) => topicCheck(action, topicIn(input), { ctx });
}

/** The ARN without the subscription's id. */
function topicIn({ SubscriptionArn: arn = '' }: OfSubscription): string {
  return arn.split(':').slice(0, 6).join(':');
}

/** On every topic of the caller's: the original names no resource, and refuses in these words. */
function onAll(action: string): Permission<object, Ctx> {
  return (_, { scope }) => ({ action, resource: formatArn(scope, 'sns', '*') });
}

interface Tagged {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

function tagKeys(tags: readonly Tagged[]): Keys {
  if (tags.length === 0) return {};
  const each = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(each), 'aws:tagkeys': tags.map(({ Key = '' }) => Key) };
}

export const snsPermissions: Permissions<typeof sns, Ctx> = {
  AddPermission: onTopic('sns:AddPermission'),
  async CreateTopic({ Name = '', Tags = [] }, ctx) {
    const keys = tagKeys(Tags);
    const check = await topicCheck('sns:CreateTopic', topicArn({ ...ctx.scope, name: Name }), {
      ctx,
      keys,
    });
    return Tags.length > 0 ? [check, { ...check, action: 'sns:TagResource' }] : check;
  },
  DeleteTopic: onTopic('sns:DeleteTopic'),
  ListTopics: onAll('sns:ListTopics'),
  GetTopicAttributes: onTopic('sns:GetTopicAttributes'),
  SetTopicAttributes: onTopic('sns:SetTopicAttributes'),
  Subscribe: (input, ctx) =>
    topicCheck('sns:Subscribe', input.TopicArn, {
      ctx,
      keys: {
        'sns:protocol': input.Protocol ?? '',
        ...(input.Endpoint === undefined ? {} : { 'sns:endpoint': input.Endpoint }),
      },
    }),
  // Whoever knows the token, which only the endpoint was told, may confirm without a signature.
  ConfirmSubscription: (input, ctx) =>
    isAnonymous(ctx) ? [] : topicCheck('sns:ConfirmSubscription', input.TopicArn, { ctx }),
  // Every message carries a link that unsubscribes without a signature, unless that was barred.
  Unsubscribe: (input, ctx) =>
    isAnonymous(ctx) ? [] : topicCheck('sns:Unsubscribe', topicIn(input), { ctx }),
  ListSubscriptions: onAll('sns:ListSubscriptions'),
  ListSubscriptionsByTopic: onTopic('sns:ListSubscriptionsByTopic'),
  GetSubscriptionAttributes: onSubscription('sns:GetSubscriptionAttributes'),
  SetSubscriptionAttributes: onSubscription('sns:SetSubscriptionAttributes'),
  Publish: (input, ctx) => topicCheck('sns:Publish', input.TopicArn ?? input.TargetArn, { ctx }),
  PublishBatch: onTopic('sns:Publish'),
  RemovePermission: onTopic('sns:RemovePermission'),
  TagResource: (input, ctx) =>
    topicCheck('sns:TagResource', input.ResourceArn, { ctx, keys: tagKeys(input.Tags ?? []) }),
  UntagResource: (input, ctx) =>
    topicCheck('sns:UntagResource', input.ResourceArn, {
      ctx,
      keys: { 'aws:tagkeys': input.TagKeys ?? [] },
    }),
  ListTagsForResource: (input, ctx) =>
    topicCheck('sns:ListTagsForResource', input.ResourceArn, { ctx }),
};
