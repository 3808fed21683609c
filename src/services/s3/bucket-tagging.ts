/** Tags of buckets. */
import type {
  DeleteBucketTaggingRequest,
  GetBucketTaggingOutput,
  GetBucketTaggingRequest,
  PutBucketTaggingRequest,
} from '@aws-sdk/client-s3';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, valueOf } from './ground.ts';
import { bucketTags, tagSet } from './tags.ts';

export async function putBucketTagging(input: PutBucketTaggingRequest, ctx: S3Ctx): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  if (!input.Tagging) throw faults.malformedXml();
  const tags = bucketTags(input.Tagging.TagSet);
  valueOf(await ctx.objects.buckets.setTags(name, tags), { bucket: name, key: '' });
}

export async function getBucketTagging(
  input: GetBucketTaggingRequest,
  ctx: S3Ctx,
): Promise<GetBucketTaggingOutput> {
  const { name, tags } = await bucketOf(input, ctx);
  if (tags.length === 0) throw faults.noTags(name);
  return { TagSet: tagSet(tags) };
}

export async function deleteBucketTagging(
  input: DeleteBucketTaggingRequest,
  ctx: S3Ctx,
): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  valueOf(await ctx.objects.buckets.setTags(name, []), { bucket: name, key: '' });
}
