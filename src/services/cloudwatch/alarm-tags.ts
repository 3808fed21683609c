/** Tags of alarms. */
import type {
  ListTagsForResourceInput,
  ListTagsForResourceOutput,
  Tag,
  TagResourceInput,
  UntagResourceInput,
} from '@aws-sdk/client-cloudwatch';
import { type AlarmRow, alarmKey, alarms } from '../../engines/alarms/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';

const maxTags = 50;
const reservedPrefix = 'aws:';

type Tags = AlarmRow['tags'];

export function tagsOf(list: readonly Tag[], before: Tags = {}): Tags {
  const tags = new Map(Object.entries(before));
  for (const { Key: key = '', Value: value = '' } of list) {
    if (key === '' || key.toLowerCase().startsWith(reservedPrefix)) {
      throw faults.badValue(key, 'Tags.member.Key');
    }
    tags.set(key, value);
  }
  if (tags.size > maxTags) throw faults.tooManyTags(maxTags);
  return Object.fromEntries(tags);
}

export async function tagResource(input: TagResourceInput, ctx: CloudWatchCtx): Promise<object> {
  await retag(input.ResourceARN, ctx, (tags) => tagsOf(input.Tags ?? [], tags));
  return {};
}

export async function untagResource(
  input: UntagResourceInput,
  ctx: CloudWatchCtx,
): Promise<object> {
  const gone = new Set(input.TagKeys);
  await retag(input.ResourceARN, ctx, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  );
  return {};
}

export async function listTagsForResource(
  input: ListTagsForResourceInput,
  ctx: CloudWatchCtx,
): Promise<ListTagsForResourceOutput> {
  const alarm = await ctx.store.get(alarms, keyOf(input.ResourceARN, ctx));
  if (!alarm) throw faults.noResource(input.ResourceARN ?? '');
  return { Tags: Object.entries(alarm.tags).map(([Key, Value]) => ({ Key, Value })) };
}

async function retag(
  arn: string | undefined,
  ctx: CloudWatchCtx,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const key = keyOf(arn, ctx);
  await ctx.store.write(async (tx) => {
    const alarm = await tx.get(alarms, key);
    if (!alarm) throw faults.noResource(arn ?? '');
    await tx.put(alarms, key, { ...alarm, tags: change(alarm.tags) });
  });
}

/** Only alarms of the caller's account and region can be tagged here. */
function keyOf(text = '', { scope }: CloudWatchCtx): string {
  const arn = parseArn(text);
  if (!arn.ok || arn.value.service !== 'cloudwatch') throw faults.badValue(text, 'ResourceARN');
  const { account, region, resource } = arn.value;
  const name = /^alarm:(.+)$/s.exec(resource)?.[1];
  if (name === undefined || account !== scope.account || region !== scope.region) {
    throw faults.noResource(text);
  }
  return alarmKey(scope, name);
}
