/** GetAccessKeyInfo: the account that a long-term access key belongs to. */
import type { GetAccessKeyInfoRequest, GetAccessKeyInfoResponse } from '@aws-sdk/client-sts';
import { accessKeys } from '../../engines/identity/rows.ts';
import type { StsCtx } from './context.ts';
import { faults } from './faults.ts';

export async function getAccessKeyInfo(
  { AccessKeyId = '' }: GetAccessKeyInfoRequest,
  { space }: StsCtx,
): Promise<GetAccessKeyInfoResponse> {
  const key = await space.reader.get(accessKeys, AccessKeyId);
  if (!key) throw faults.validation(`The access key ${AccessKeyId} belongs to no account here.`);
  return { Account: key.account };
}
