/** Tags of queues. */
import type * as sqs from '@aws-sdk/client-sqs';
import { queueLimits } from '../../engines/queues/limits.ts';
import { addressIn, type Ctx, found, queueAt } from './context.ts';
import { faults } from './faults.ts';

type Tags = Readonly<Record<string, string>>;

/** The tags with those added, within the limits of a queue. */
export function checkTags(
  present: Tags,
  added: Readonly<Record<string, string | undefined>>,
): Tags {
  for (const [key, value = ''] of Object.entries(added)) {
    const rule = 'Tag keys must be between 1 and 128 characters in length.';
    if (key.length < 1 || key.length > 128) throw faults.invalid(rule);
    if (value.length > 256) throw faults.invalid('Tag values must be at most 256 characters.');
    const reserved = /^aws:/i.test(key);
    if (reserved) throw faults.invalid('Tag keys must not start with the reserved prefix aws:.');
  }
  const entries = Object.entries(added).map(([key, value]) => [key, value ?? ''] as const);
  const tags = { ...present, ...Object.fromEntries(entries) };
  if (Object.keys(tags).length <= queueLimits.tags) return tags;
  throw faults.invalid(`A queue can have at most ${queueLimits.tags} tags.`);
}

export async function tagQueue(input: sqs.TagQueueRequest, ctx: Ctx): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  const added = input.Tags ?? {};
  found(await ctx.queues.update(at, ({ tags }) => ({ tags: checkTags(tags, added) })));
}

export async function untagQueue(input: sqs.UntagQueueRequest, ctx: Ctx): Promise<void> {
  const at = addressIn(input.QueueUrl, ctx);
  const gone = new Set(input.TagKeys ?? []);
  const without = (tags: Tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key)));
  found(await ctx.queues.update(at, ({ tags }) => ({ tags: without(tags) })));
}

export async function listQueueTags(
  input: sqs.ListQueueTagsRequest,
  ctx: Ctx,
): Promise<sqs.ListQueueTagsResult> {
  const { tags } = await queueAt(addressIn(input.QueueUrl, ctx), ctx);
  return Object.keys(tags).length === 0 ? {} : { Tags: { ...tags } };
}
