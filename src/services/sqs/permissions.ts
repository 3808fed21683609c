/**
 * What each operation needs permission for, by the service's authorization reference. A batch needs
 * what its single call needs.
 */
import { type QueueAddress, queueArn } from '../../engines/queues/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { isRootUser } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permission, Permissions } from '../../wire/operation.ts';
import { addressOf, type Ctx, namedBy } from './context.ts';
import type { sqs } from './index.ts';

/** A policy that locks everybody out can still be taken away by the account's root user. */
const rescues = new Set([
  'sqs:DeleteQueue',
  'sqs:GetQueueAttributes',
  'sqs:RemovePermission',
  'sqs:SetQueueAttributes',
]);

type Keys = Readonly<Record<string, KeyValue>>;

async function check(
  action: string,
  at: QueueAddress | undefined,
  { ctx, keys = {} }: { readonly ctx: Ctx; readonly keys?: Keys },
): Promise<Check> {
  // The operation refuses what names no queue.
  if (!at) return { action, resource: '*', keys };
  const queue = await ctx.queues.find(at);
  const policy = queue?.settings.further.Policy;
  const isRescued = rescues.has(action) && isRootUser(ctx.caller);
  return {
    action,
    resource: queueArn(at),
    keys,
    owner: at.account,
    ...(policy === undefined || isRescued ? {} : { resourcePolicy: async () => policy }),
    resourceTags: async () => queue?.tags ?? {},
  };
}

interface OfQueue {
  readonly QueueUrl: string | undefined;
}

function onQueue(action: string): Permission<OfQueue, Ctx> {
  return ({ QueueUrl }, ctx) => check(action, namedBy(QueueUrl, ctx), { ctx });
}

/** Names, the account left to the caller's. */
function named(name = '', ctx: Ctx, account = ctx.scope.account): QueueAddress {
  return { ...addressOf(name, ctx), account };
}

function tagKeys(tags: Readonly<Record<string, string | undefined>> = {}): Keys {
  const each = Object.entries(tags).map(([key, value = '']) => [`aws:requesttag/${key}`, value]);
  if (each.length === 0) return {};
  return { ...Object.fromEntries(each), 'aws:tagkeys': Object.keys(tags) };
}

export const sqsPermissions: Permissions<typeof sqs, Ctx> = {
  AddPermission: onQueue('sqs:AddPermission'),
  async CreateQueue({ QueueName, tags }, ctx) {
    const made = await check('sqs:CreateQueue', named(QueueName, ctx), {
      ctx,
      keys: tagKeys(tags),
    });
    const tagged = Object.keys(tags ?? {}).length > 0;
    return tagged ? [made, { ...made, action: 'sqs:TagQueue' }] : made;
  },
  GetQueueUrl: ({ QueueName, QueueOwnerAWSAccountId: account }, ctx) =>
    check('sqs:GetQueueUrl', named(QueueName, ctx, account), { ctx }),
  // On every queue of the caller's: the original names no resource, and refuses in these words.
  ListQueues: (_, { scope }) => ({
    action: 'sqs:ListQueues',
    resource: formatArn(scope, 'sqs', '*'),
  }),
  GetQueueAttributes: onQueue('sqs:GetQueueAttributes'),
  SetQueueAttributes: onQueue('sqs:SetQueueAttributes'),
  DeleteQueue: onQueue('sqs:DeleteQueue'),
  PurgeQueue: onQueue('sqs:PurgeQueue'),
  ListDeadLetterSourceQueues: onQueue('sqs:ListDeadLetterSourceQueues'),
  SendMessage: onQueue('sqs:SendMessage'),
  SendMessageBatch: onQueue('sqs:SendMessage'),
  ReceiveMessage: onQueue('sqs:ReceiveMessage'),
  RemovePermission: onQueue('sqs:RemovePermission'),
  DeleteMessage: onQueue('sqs:DeleteMessage'),
  DeleteMessageBatch: onQueue('sqs:DeleteMessage'),
  ChangeMessageVisibility: onQueue('sqs:ChangeMessageVisibility'),
  ChangeMessageVisibilityBatch: onQueue('sqs:ChangeMessageVisibility'),
  TagQueue: ({ QueueUrl, Tags }, ctx) =>
    check('sqs:TagQueue', namedBy(QueueUrl, ctx), { ctx, keys: tagKeys(Tags) }),
  UntagQueue: ({ QueueUrl, TagKeys = [] }, ctx) =>
    check('sqs:UntagQueue', namedBy(QueueUrl, ctx), { ctx, keys: { 'aws:tagkeys': TagKeys } }),
  ListQueueTags: onQueue('sqs:ListQueueTags'),
};
