/** Access policies of buckets: checked, kept, told, taken away. Nothing is decided by them here. */
import type {
  DeleteBucketPolicyRequest,
  GetBucketPolicyOutput,
  GetBucketPolicyRequest,
  GetBucketPolicyStatusOutput,
  GetBucketPolicyStatusRequest,
  PutBucketPolicyRequest,
} from '@aws-sdk/client-s3';
import type { BucketRow } from '../../engines/objects/rows.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import { glob, piecesOf } from '../../engines/policy/patterns.ts';
import { isPublic } from '../../engines/policy/public.ts';
import type { PolicyDocument } from '../../engines/policy/types.ts';
import { parseArn } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketArn, bucketOf, valueOf } from './ground.ts';
import { publicAccessOf } from './public.ts';

export const maxPolicyBytes = 20 * 1_024;

/**
 * Throws MalformedPolicy, AccessDenied. Principals need not exist: the original refuses those that
 * do not, and gives deleted ones an id that nothing matches; here a name matches by itself.
 */
export async function putBucketPolicy(input: PutBucketPolicyRequest, ctx: S3Ctx): Promise<void> {
  const bucket = await bucketOf(input, ctx);
  const text = input.Policy ?? '';
  const document = checkedPolicy(text, bucket.name);
  if (publicAccessOf(bucket)?.blockPolicy && isPublic(document)) {
    throw faults.publicPolicy(ctx.caller.arn, bucketArn(bucket.name, ctx.scope));
  }
  await setPolicy(bucket, text, ctx);
}

async function setPolicy({ name }: BucketRow, policy: string | undefined, ctx: S3Ctx) {
  valueOf(await ctx.objects.buckets.setPolicy(name, policy), { bucket: name, key: '' });
}

function checkedPolicy(text: string, bucket: string): PolicyDocument {
  if (!text.startsWith('{')) {
    throw faults.malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  }
  if (Buffer.byteLength(text) > maxPolicyBytes) {
    throw faults.malformedPolicy(
      `Normalized policy document exceeds the maximum allowed size of ${maxPolicyBytes} bytes.`,
    );
  }
  const parsed = parsePolicy(text, 'resource');
  if (!parsed.ok) throw faults.malformedPolicy(parsed.reason);
  for (const { resources, notResources, actions, notActions } of parsed.value.statements) {
    const named = [...(resources ?? []), ...(notResources ?? [])];
    if (!named.every((resource) => isWithin(resource, bucket))) {
      throw faults.malformedPolicy('Policy has invalid resource');
    }
    if (![...(actions ?? []), ...(notActions ?? [])].every((name) => /^(\*$|s3:)/i.test(name))) {
      throw faults.malformedPolicy('Policy has invalid action');
    }
  }
  return parsed.value;
}

/** Whether a pattern of resources names the bucket, or objects in it. */
function isWithin(pattern: string, bucket: string): boolean {
  const arn = parseArn(pattern);
  if (!arn.ok || arn.value.service !== 's3') return false;
  const { region, account, resource } = arn.value;
  if (region !== '' || account !== '') return false;
  const [name = ''] = resource.split('/');
  return glob(piecesOf(name))(bucket);
}

export async function getBucketPolicy(
  input: GetBucketPolicyRequest,
  ctx: S3Ctx,
): Promise<GetBucketPolicyOutput> {
  const { name, policy } = await bucketOf(input, ctx);
  if (policy === undefined) throw faults.noBucketPolicy(name);
  return { Policy: policy };
}

export async function deleteBucketPolicy(
  input: DeleteBucketPolicyRequest,
  ctx: S3Ctx,
): Promise<void> {
  await setPolicy(await bucketOf(input, ctx), undefined, ctx);
}

export async function getBucketPolicyStatus(
  input: GetBucketPolicyStatusRequest,
  ctx: S3Ctx,
): Promise<GetBucketPolicyStatusOutput> {
  const { name, policy } = await bucketOf(input, ctx);
  if (policy === undefined) throw faults.noBucketPolicy(name);
  const parsed = parsePolicy(policy, 'resource');
  assert(parsed.ok, 'what was kept was checked');
  return { PolicyStatus: { IsPublic: isPublic(parsed.value) } };
}
