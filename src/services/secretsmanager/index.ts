/** Secrets Manager, as a table: what the wire may call, and who answers. */
import type { OperationTable } from '../../wire/operation.ts';
import { batchGetSecretValue } from './batch.ts';
import type { Ctx } from './context.ts';
import { deleteSecret, restoreSecret } from './deletion.ts';
import { describeSecret } from './describe.ts';
import { listSecrets, listSecretVersionIds } from './list.ts';
import { getRandomPassword } from './password.ts';
import {
  removeRegionsFromReplication,
  replicateSecretToRegions,
  stopReplicationToReplica,
} from './replication.ts';
import {
  deleteResourcePolicy,
  getResourcePolicy,
  putResourcePolicy,
  validateResourcePolicy,
} from './resource-policy.ts';
import { cancelRotateSecret, rotateSecret } from './rotation.ts';
import { createSecret, updateSecret } from './secret.ts';
import { tagResource, untagResource } from './tag.ts';
import { getSecretValue, putSecretValue } from './value.ts';
import { updateSecretVersionStage } from './version-stage.ts';

export { secretsManagerPermissions } from './permissions.ts';

export const secretsManager = {
  BatchGetSecretValue: batchGetSecretValue,
  CancelRotateSecret: cancelRotateSecret,
  CreateSecret: createSecret,
  DeleteResourcePolicy: deleteResourcePolicy,
  DeleteSecret: deleteSecret,
  DescribeSecret: describeSecret,
  GetRandomPassword: getRandomPassword,
  GetResourcePolicy: getResourcePolicy,
  GetSecretValue: getSecretValue,
  ListSecretVersionIds: listSecretVersionIds,
  ListSecrets: listSecrets,
  PutResourcePolicy: putResourcePolicy,
  PutSecretValue: putSecretValue,
  RemoveRegionsFromReplication: removeRegionsFromReplication,
  ReplicateSecretToRegions: replicateSecretToRegions,
  RestoreSecret: restoreSecret,
  RotateSecret: rotateSecret,
  StopReplicationToReplica: stopReplicationToReplica,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateSecret: updateSecret,
  UpdateSecretVersionStage: updateSecretVersionStage,
  ValidateResourcePolicy: validateResourcePolicy,
} satisfies OperationTable<Ctx>;
