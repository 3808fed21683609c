/** What of public access a bucket lets in, whatever its policy says. */
import type { BucketRow, PublicAccessBlock } from '../../engines/objects/rows.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import { isPublic } from '../../engines/policy/public.ts';
import type { Caller } from '../../kernel/caller.ts';

const everything: PublicAccessBlock = {
  blockAcls: true,
  ignoreAcls: true,
  blockPolicy: true,
  restrictBuckets: true,
};

/** Undefined once it was taken away; new buckets are closed. */
export function publicAccessOf({ publicAccess }: BucketRow): PublicAccessBlock | undefined {
  if (publicAccess === 'none') return undefined;
  return publicAccess ?? everything;
}

/** The policy as it counts for the caller: a public one, restricted, is for the owner's own. */
export function policyFor(bucket: BucketRow, caller: Caller): string | undefined {
  const { owner, policy } = bucket;
  const own = caller.service !== undefined || (caller.arn !== '' && caller.account === owner);
  if (policy === undefined || own || !publicAccessOf(bucket)?.restrictBuckets) return policy;
  const document = parsePolicy(policy, 'resource');
  // Strangers need the policy to let them in: without it they are refused.
  return document.ok && !isPublic(document.value) ? policy : undefined;
}
