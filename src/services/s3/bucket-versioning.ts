/** Whether a bucket keeps the versions of its objects. */
import type {
  GetBucketVersioningOutput,
  GetBucketVersioningRequest,
  PutBucketVersioningRequest,
} from '@aws-sdk/client-s3';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, valueOf } from './ground.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function putBucketVersioning(
  input: PutBucketVersioningRequest,
  ctx: S3Ctx,
): Promise<void> {
  refuseUnbuilt(input);
  const { name } = await bucketOf(input, ctx);
  const { Status, MFADelete } = input.VersioningConfiguration ?? {};
  if (MFADelete === 'Enabled') throw faults.notImplemented('MfaDelete');
  if (Status === undefined) throw faults.badVersioning();
  if (Status !== 'Enabled' && Status !== 'Suspended') throw faults.malformedXml();
  const versioning = Status === 'Enabled' ? 'enabled' : 'suspended';
  valueOf(await ctx.objects.buckets.setVersioning(name, versioning), { bucket: name, key: '' });
}

export async function getBucketVersioning(
  input: GetBucketVersioningRequest,
  ctx: S3Ctx,
): Promise<GetBucketVersioningOutput> {
  const { versioning } = await bucketOf(input, ctx);
  if (versioning === 'off') return {};
  return { Status: versioning === 'enabled' ? 'Enabled' : 'Suspended' };
}
