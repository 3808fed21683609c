/** Making, changing and deleting trails. */
import type {
  CreateTrailRequest,
  CreateTrailResponse,
  DeleteTrailRequest,
  DeleteTrailResponse,
  UpdateTrailRequest,
  UpdateTrailResponse,
} from '@aws-sdk/client-cloudtrail';
import {
  deliveryRows,
  type TrailRow,
  trailKey,
  trailRows,
} from '../../engines/trail/digests/rows.ts';
import { chooseDataEvents } from '../../jobs/trail-delivery/choice.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';
import { assertName, findHomeTrail, trailArn } from './names.ts';
import {
  assertAdmitted,
  assertBucketName,
  keyArnOf,
  prefixOf,
  refuseUnbuilt,
  topicOf,
} from './settings.ts';
import { tagsOf } from './tags.ts';
import { settingsView } from './trail-view.ts';

const mostTrails = 5;

function assertCombination({ multiRegion, includeGlobal }: TrailRow): void {
  if (multiRegion && !includeGlobal) {
    throw faults.combination('Multi-Region trail must include global service events.');
  }
}

export async function createTrail(
  input: CreateTrailRequest,
  ctx: Ctx,
): Promise<CreateTrailResponse> {
  const { Name: name = '', S3BucketName: bucket = '' } = input;
  const { account, region } = ctx.scope;
  assertName(name);
  refuseUnbuilt(input);
  assertBucketName(bucket);
  const prefix = prefixOf(input.S3KeyPrefix ?? '');
  const keyArn = await keyArnOf(input.KmsKeyId ?? '', ctx);
  const row: TrailRow = {
    ...{ name, account, region, bucket },
    arn: trailArn(ctx.scope, name),
    createdAtMs: ctx.clock.nowMs(),
    ...(prefix === undefined ? {} : { prefix }),
    ...topicOf(input.SnsTopicName ?? '', ctx),
    ...(keyArn === undefined ? {} : { keyArn }),
    includeGlobal: input.IncludeGlobalServiceEvents ?? true,
    multiRegion: input.IsMultiRegionTrail ?? false,
    validation: input.EnableLogFileValidation ?? false,
    tags: tagsOf(input.TagsList),
    logging: false,
  };
  assertCombination(row);
  await assertAdmitted(row, ctx);
  await ctx.store.write(async (tx) => {
    const prefixKey = trailKey(ctx.scope, '');
    const there = await tx.list(trailRows, { prefix: prefixKey, limit: mostTrails });
    if (there.some((entry) => entry.row.name === name)) throw faults.trailExists(name, account);
    if (there.length >= mostTrails) throw faults.tooManyTrails(account, mostTrails);
    await tx.put(trailRows, trailKey(row, name), row);
  });
  return settingsView(row);
}

export async function updateTrail(
  input: UpdateTrailRequest,
  ctx: Ctx,
): Promise<UpdateTrailResponse> {
  const { Name: name = '' } = input;
  const before = await findHomeTrail(name, ctx);
  refuseUnbuilt(input);
  const changed = await changedBy(input, ctx);
  const candidate = changed(before);
  assertCombination(candidate);
  await assertAdmitted(candidate, ctx);
  return ctx.store.write(async (tx) => {
    const row = changed(await findHomeTrail(name, ctx, tx));
    await tx.put(trailRows, trailKey(row, row.name), row);
    return settingsView(row);
  });
}

/** What is not given stays as it is; an empty text takes away. */
async function changedBy(
  input: UpdateTrailRequest,
  ctx: Ctx,
): Promise<(row: TrailRow) => TrailRow> {
  const { S3BucketName: bucket, S3KeyPrefix, SnsTopicName, KmsKeyId } = input;
  if (bucket !== undefined) assertBucketName(bucket);
  const prefix = S3KeyPrefix === undefined ? undefined : prefixOf(S3KeyPrefix);
  const topic = SnsTopicName === undefined ? undefined : topicOf(SnsTopicName, ctx);
  const keyArn = KmsKeyId === undefined ? undefined : await keyArnOf(KmsKeyId, ctx);
  return (row) => {
    const { prefix: oldPrefix, topicName, topicArn, keyArn: oldKey, ...rest } = row;
    const kept = { topicName, topicArn };
    const nextPrefix = S3KeyPrefix === undefined ? oldPrefix : prefix;
    const nextKey = KmsKeyId === undefined ? oldKey : keyArn;
    const next = topic ?? (topicArn === undefined ? {} : kept);
    return {
      ...rest,
      ...(bucket === undefined ? {} : { bucket }),
      ...(nextPrefix === undefined ? {} : { prefix: nextPrefix }),
      ...withoutUndefined(next),
      ...(nextKey === undefined ? {} : { keyArn: nextKey }),
      includeGlobal: input.IncludeGlobalServiceEvents ?? row.includeGlobal,
      multiRegion: input.IsMultiRegionTrail ?? row.multiRegion,
      validation: input.EnableLogFileValidation ?? row.validation,
    };
  };
}

function withoutUndefined({
  topicName,
  topicArn,
}: {
  readonly topicName?: string | undefined;
  readonly topicArn?: string | undefined;
}): Pick<TrailRow, 'topicName' | 'topicArn'> {
  return {
    ...(topicName === undefined ? {} : { topicName }),
    ...(topicArn === undefined ? {} : { topicArn }),
  };
}

export async function deleteTrail(
  { Name = '' }: DeleteTrailRequest,
  ctx: Ctx,
): Promise<DeleteTrailResponse> {
  await ctx.store.write(async (tx) => {
    const row = await findHomeTrail(Name, ctx, tx);
    const key = trailKey(row, row.name);
    await tx.delete(trailRows, key);
    await tx.delete(deliveryRows, key);
  });
  await chooseDataEvents(ctx);
  return {};
}
