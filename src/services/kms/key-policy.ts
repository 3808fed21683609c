/** Key policies: one to a key, always called `default`. */
import type * as sdk from '@aws-sdk/client-kms';
import { policyWith } from '../../engines/keys/policy-of.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { putKey } from './key.ts';
import { managedKey, ownKey } from './key-named.ts';
import { sliceOf } from './paging.ts';
import { checkedPolicy } from './policy-guard.ts';
import { shownIds } from './policy-principals.ts';

const onlyName = 'default';

export async function getKeyPolicy(
  { KeyId = '', PolicyName = onlyName }: sdk.GetKeyPolicyRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.GetKeyPolicyResponse> {
  const row = await ownKey(store, KeyId, scope);
  if (PolicyName !== onlyName) throw faults.notFound('No such policy exists');
  const trustedIds = await shownIds(store, row.trustedIds ?? {});
  return { Policy: policyWith({ ...row, trustedIds }, []), PolicyName };
}

export async function putKeyPolicy(
  {
    KeyId = '',
    Policy: policy = '',
    PolicyName = onlyName,
    BypassPolicyLockoutSafetyCheck: bypass,
  }: sdk.PutKeyPolicyRequest,
  ctx: KmsCtx,
) {
  const { store, scope } = ctx;
  const { arn: keyArn } = await managedKey(store, KeyId, scope);
  if (PolicyName !== onlyName) throw faults.validation(`PolicyName must be ${onlyName}`);
  const written = await checkedPolicy(ctx, { policy, keyArn, bypass });
  await store.write(async (tx) => {
    await putKey(tx, { ...(await managedKey(tx, KeyId, scope)), ...written });
  });
}

export async function listKeyPolicies(
  { KeyId = '', ...page }: sdk.ListKeyPoliciesRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListKeyPoliciesResponse> {
  await ownKey(store, KeyId, scope);
  const sizes = { usual: 100, most: 1_000 };
  const { rows, ...more } = sliceOf({ ...page, sizes }, [onlyName]);
  return { PolicyNames: [...rows], ...more };
}
