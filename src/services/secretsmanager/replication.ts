/** Replicas in other Regions, of which there are none here: said, never pretended. */
import type * as sm from '@aws-sdk/client-secrets-manager';
import { type Ctx, secretOf } from './context.ts';
import { faults } from './faults.ts';

export async function replicateSecretToRegions(
  input: sm.ReplicateSecretToRegionsRequest,
  ctx: Ctx,
): Promise<sm.ReplicateSecretToRegionsResponse> {
  await secretOf(input.SecretId, ctx);
  throw faults.oneRegion('Replication to other Regions');
}

export async function removeRegionsFromReplication(
  input: sm.RemoveRegionsFromReplicationRequest,
  ctx: Ctx,
): Promise<sm.RemoveRegionsFromReplicationResponse> {
  await secretOf(input.SecretId, ctx);
  throw faults.oneRegion('The removal of replicas');
}

export async function stopReplicationToReplica(
  input: sm.StopReplicationToReplicaRequest,
  ctx: Ctx,
): Promise<sm.StopReplicationToReplicaResponse> {
  await secretOf(input.SecretId, ctx);
  throw faults.notAReplica();
}
