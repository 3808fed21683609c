/** Keys of many Regions: they can be made, but a server is one Region, and says so. */
import type * as sdk from '@aws-sdk/client-kms';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { ownKey } from './key-named.ts';

export async function replicateKey(
  { KeyId = '', ReplicaRegion = '' }: sdk.ReplicateKeyRequest,
  ctx: KmsCtx,
): Promise<sdk.ReplicateKeyResponse> {
  return refused(KeyId, ReplicaRegion, ctx);
}

export async function updatePrimaryRegion(
  { KeyId = '', PrimaryRegion = '' }: sdk.UpdatePrimaryRegionRequest,
  ctx: KmsCtx,
): Promise<object> {
  return refused(KeyId, PrimaryRegion, ctx);
}

async function refused(keyId: string, region: string, { store, scope }: KmsCtx): Promise<never> {
  const { arn, multiRegion } = await ownKey(store, keyId, scope);
  if (!multiRegion) throw faults.unsupported(`${arn} is not a multi-Region primary key.`);
  throw faults.unsupported(
    `${arn} cannot go to ${region}: this server is the one Region ${scope.region}.`,
  );
}
