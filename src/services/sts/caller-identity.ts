/** Who the caller is. Every signed request may ask; no permission is needed. */
import type { GetCallerIdentityRequest, GetCallerIdentityResponse } from '@aws-sdk/client-sts';
import type { Call } from '../../wire/operation.ts';

export async function getCallerIdentity(
  _input: GetCallerIdentityRequest,
  { caller }: Call,
): Promise<GetCallerIdentityResponse> {
  return { UserId: caller.userId, Account: caller.account, Arn: caller.arn };
}
