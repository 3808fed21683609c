/**
 * What of public access a bucket's owner keeps out. New buckets keep out everything. Lists of
 * grants do not exist here, so that what is said of them is kept and always holds.
 */
import type {
  DeletePublicAccessBlockRequest,
  GetPublicAccessBlockOutput,
  GetPublicAccessBlockRequest,
  PutPublicAccessBlockRequest,
} from '@aws-sdk/client-s3';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, valueOf } from './ground.ts';
import { publicAccessOf } from './public.ts';

export async function putPublicAccessBlock(
  input: PutPublicAccessBlockRequest,
  ctx: S3Ctx,
): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  const asked = input.PublicAccessBlockConfiguration;
  if (!asked) throw faults.malformedXml();
  const block = {
    blockAcls: asked.BlockPublicAcls ?? false,
    ignoreAcls: asked.IgnorePublicAcls ?? false,
    blockPolicy: asked.BlockPublicPolicy ?? false,
    restrictBuckets: asked.RestrictPublicBuckets ?? false,
  };
  valueOf(await ctx.objects.buckets.setPublicAccess(name, block), { bucket: name, key: '' });
}

export async function getPublicAccessBlock(
  input: GetPublicAccessBlockRequest,
  ctx: S3Ctx,
): Promise<GetPublicAccessBlockOutput> {
  const bucket = await bucketOf(input, ctx);
  const block = publicAccessOf(bucket);
  if (!block) throw faults.noPublicAccessBlock(bucket.name);
  return {
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: block.blockAcls,
      IgnorePublicAcls: block.ignoreAcls,
      BlockPublicPolicy: block.blockPolicy,
      RestrictPublicBuckets: block.restrictBuckets,
    },
  };
}

export async function deletePublicAccessBlock(
  input: DeletePublicAccessBlockRequest,
  ctx: S3Ctx,
): Promise<void> {
  const { name } = await bucketOf(input, ctx);
  valueOf(await ctx.objects.buckets.setPublicAccess(name, 'none'), { bucket: name, key: '' });
}
