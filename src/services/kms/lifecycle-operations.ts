/** The operations of a key's life: making, states, names, policies, grants, rotation, end. */
import type { OperationTable } from '../../wire/operation.ts';
import { createAlias, deleteAlias, listAliases, updateAlias } from './alias.ts';
import type { KmsCtx } from './context.ts';
import { createKey } from './create-key.ts';
import { createGrant, retireGrant, revokeGrant } from './grant.ts';
import { listGrants, listRetirableGrants } from './grant-list.ts';
import { describeKey, disableKey, enableKey, listKeys, updateKeyDescription } from './key.ts';
import { cancelKeyDeletion, scheduleKeyDeletion } from './key-deletion.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './key-policy.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './key-rotation.ts';
import { replicateKey, updatePrimaryRegion } from './region.ts';
import { listResourceTags, tagResource, untagResource } from './tag.ts';

export const lifecycleOperations = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  EnableKey: enableKey,
  DisableKey: disableKey,
  UpdateKeyDescription: updateKeyDescription,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: cancelKeyDeletion,
  CreateAlias: createAlias,
  UpdateAlias: updateAlias,
  DeleteAlias: deleteAlias,
  ListAliases: listAliases,
  GetKeyPolicy: getKeyPolicy,
  PutKeyPolicy: putKeyPolicy,
  ListKeyPolicies: listKeyPolicies,
  CreateGrant: createGrant,
  ListGrants: listGrants,
  ListRetirableGrants: listRetirableGrants,
  RetireGrant: retireGrant,
  RevokeGrant: revokeGrant,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListResourceTags: listResourceTags,
  EnableKeyRotation: enableKeyRotation,
  DisableKeyRotation: disableKeyRotation,
  GetKeyRotationStatus: getKeyRotationStatus,
  RotateKeyOnDemand: rotateKeyOnDemand,
  ListKeyRotations: listKeyRotations,
  ReplicateKey: replicateKey,
  UpdatePrimaryRegion: updatePrimaryRegion,
} satisfies OperationTable<KmsCtx>;
