/** Tags of objects and of versions of them. */
import type {
  DeleteObjectTaggingOutput,
  DeleteObjectTaggingRequest,
  GetObjectTaggingOutput,
  GetObjectTaggingRequest,
  PutObjectTaggingOutput,
  PutObjectTaggingRequest,
} from '@aws-sdk/client-s3';
import type { Tag } from '../../engines/objects/rows.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import {
  addressOf,
  bucketOf,
  findObject,
  type Lookup,
  shownVersion,
  valueOf,
  versionIdOf,
} from './ground.ts';
import { objectTags, tagSet } from './tags.ts';

export async function putObjectTagging(
  input: PutObjectTaggingRequest,
  ctx: S3Ctx,
): Promise<PutObjectTaggingOutput> {
  if (!input.Tagging) throw faults.malformedXml();
  return replace(input, objectTags(input.Tagging.TagSet), ctx);
}

export async function deleteObjectTagging(
  input: DeleteObjectTaggingRequest,
  ctx: S3Ctx,
): Promise<DeleteObjectTaggingOutput> {
  return replace(input, [], ctx);
}

async function replace(input: Lookup, tags: readonly Tag[], ctx: S3Ctx) {
  const at = addressOf(input);
  const version = versionIdOf(input.VersionId);
  const bucket = await bucketOf(input, ctx);
  const tagged = valueOf(await ctx.objects.setTags(at, tags, version), { ...at, version });
  return { VersionId: shownVersion(bucket, tagged) };
}

export async function getObjectTagging(
  input: GetObjectTaggingRequest,
  ctx: S3Ctx,
): Promise<GetObjectTaggingOutput> {
  const bucket = await bucketOf(input, ctx);
  const version = await findObject(input, ctx);
  return { VersionId: shownVersion(bucket, version), TagSet: tagSet(version.object.tags) };
}
