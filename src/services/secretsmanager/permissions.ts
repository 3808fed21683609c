/**
 * What each operation needs permission for, by the service's authorization reference; and of the
 * key, where the secret has one of a customer's own.
 */
import type * as sm from '@aws-sdk/client-secrets-manager';
import {
  absentArn,
  secretCheck,
  type ValueKeyUse,
  valueKeyChecks,
} from '../../engines/secrets/permission.ts';
import { labels, type SecretRow } from '../../engines/secrets/rows.ts';
import { trialVersion } from '../../engines/secrets/values.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import { Fault, type Permission, type Permissions } from '../../wire/operation.ts';
import { batched } from './batch.ts';
import type { Ctx } from './context.ts';
import type { secretsManager } from './index.ts';

type Keys = Readonly<Record<string, KeyValue>>;
type KeyInput = Readonly<Record<string, KeyValue | undefined>>;

interface OfSecret {
  readonly SecretId?: string | undefined;
}

interface Found {
  readonly secret: SecretRow | undefined;
  readonly check: Check;
}

interface Asked {
  readonly reference: string | undefined;
  readonly keys?: KeyInput;
  readonly item?: string;
}

async function about(operation: string, asked: Asked, ctx: Ctx): Promise<Found> {
  const { reference = '', keys = {}, item } = asked;
  const secret = await ctx.secrets.life.find(reference, ctx.scope);
  const check = secretCheck({
    ...{ action: `secretsmanager:${operation}`, reference, secret, scope: ctx.scope },
    keys: stated(keys),
    ...(item === undefined ? {} : { item }),
  });
  return { secret, check };
}

/** The condition keys that the request has. */
function stated(keys: KeyInput): Keys {
  const present = Object.entries(keys).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(present);
}

/** An operation on one secret, with the condition keys of its input. */
function onSecret<In extends OfSecret>(
  operation: string,
  keysOf: (input: In) => KeyInput = () => ({}),
): Permission<In, Ctx> {
  return async (input, ctx) => {
    const asked = { reference: input.SecretId, keys: keysOf(input) };
    return (await about(operation, asked, ctx)).check;
  };
}

function onAll(operation: string): Permission<object, Ctx> {
  return () => ({ action: `secretsmanager:${operation}`, resource: '*' });
}

function tagKeys(tags: readonly sm.Tag[] = []): KeyInput {
  if (tags.length === 0) return {};
  const each = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(each), 'aws:tagkeys': tags.map(({ Key = '' }) => Key) };
}

const writing = ['kms:GenerateDataKey', 'kms:Decrypt'];
const reading = ['kms:Decrypt'];

async function keyChecks(
  found: ValueKeyUse['secret'] | undefined,
  use: Pick<ValueKeyUse, 'actions' | 'item'> & { readonly version?: string | undefined },
  ctx: Ctx,
): Promise<readonly Check[]> {
  if (!found) return [];
  const { version, ...others } = use;
  return await valueKeyChecks(ctx.secrets.keys, {
    ...{ secret: found, caller: ctx.caller, scope: ctx.scope, ...others },
    ...(version === undefined ? {} : { version }),
  });
}

async function creating(input: sm.CreateSecretRequest, ctx: Ctx): Promise<readonly Check[]> {
  const { Name: name = '', KmsKeyId: keyId, Description, Tags = [], AddReplicaRegions } = input;
  const replicas = AddReplicaRegions?.map(({ Region = '' }) => Region);
  const keys = stated({
    'secretsmanager:name': name,
    'secretsmanager:description': Description,
    'secretsmanager:kmskeyid': keyId,
    'secretsmanager:addreplicaregions': replicas,
    ...tagKeys(Tags),
  });
  const arn = absentArn(name, ctx.scope);
  const check = { action: 'secretsmanager:CreateSecret', resource: arn, keys };
  const tagged = Tags.length > 0 ? [{ ...check, action: 'secretsmanager:TagResource' }] : [];
  if (!keyId) return [check, ...tagged];
  const { account, region } = ctx.scope;
  const version = input.ClientRequestToken ?? trialVersion;
  const use = { actions: writing, version };
  return [check, ...tagged, ...(await keyChecks({ arn, account, region, keyId }, use, ctx))];
}

async function updating(input: sm.UpdateSecretRequest, ctx: Ctx): Promise<readonly Check[]> {
  const { SecretId: reference, Description, KmsKeyId, ClientRequestToken } = input;
  const keys = {
    'secretsmanager:description': Description,
    'secretsmanager:kmskeyid': KmsKeyId,
  };
  const { secret, check } = await about('UpdateSecret', { reference, keys }, ctx);
  const hasValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
  const isOtherKey = KmsKeyId !== undefined && KmsKeyId !== (secret?.keyId ?? '');
  if (!secret || !(hasValue || isOtherKey)) return [check];
  const version = ClientRequestToken ?? trialVersion;
  if (!isOtherKey) return [check, ...(await keyChecks(secret, { actions: writing, version }, ctx))];
  const { keyId: before, ...others } = secret;
  const next = KmsKeyId === '' ? others : { ...others, keyId: KmsKeyId };
  const old = before === undefined ? others : { ...others, keyId: before };
  return [
    check,
    ...(await keyChecks(next, { actions: writing, version }, ctx)),
    ...(await keyChecks(old, { actions: reading }, ctx)),
  ];
}

async function putting(input: sm.PutSecretValueRequest, ctx: Ctx): Promise<readonly Check[]> {
  const { SecretId: reference, VersionStages, ClientRequestToken: version } = input;
  const keys = { 'secretsmanager:versionstage': VersionStages };
  const { secret, check } = await about('PutSecretValue', { reference, keys }, ctx);
  return [check, ...(await keyChecks(secret, { actions: writing, version }, ctx))];
}

interface Reading {
  readonly SecretId?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly VersionStage?: string | undefined;
}

async function gettingOne(input: Reading, ctx: Ctx, item?: string): Promise<readonly Check[]> {
  const { SecretId: reference, VersionId, VersionStage } = input;
  const stage = VersionStage ?? (VersionId === undefined ? labels.current : undefined);
  const keys = { 'secretsmanager:versionid': VersionId, 'secretsmanager:versionstage': stage };
  const one = item === undefined ? {} : { item };
  const { secret, check } = await about('GetSecretValue', { reference, keys, ...one }, ctx);
  const version = secret && (VersionId ?? (await holderId(secret, stage, ctx)));
  return [check, ...(await keyChecks(secret, { actions: reading, version, ...one }, ctx))];
}

async function holderId(
  secret: SecretRow,
  stage: string | undefined,
  { secrets }: Ctx,
): Promise<string | undefined> {
  if (secret.keyId === undefined || stage === undefined) return undefined;
  const versions = await secrets.versions.list(secret);
  return versions.find((version) => version.labels.includes(stage))?.id;
}

/** Each secret is asked for by itself: one that may not be read is left out of the answer. */
async function gettingMany(
  input: sm.BatchGetSecretValueRequest,
  ctx: Ctx,
): Promise<readonly Check[]> {
  const all = [{ action: 'secretsmanager:BatchGetSecretValue', resource: '*' }];
  if (input.Filters) all.push({ action: 'secretsmanager:ListSecrets', resource: '*' });
  const references = await referencesOf(input, ctx);
  const each = references.map((reference) => gettingOne({ SecretId: reference }, ctx, reference));
  return [...all, ...(await Promise.all(each)).flat()];
}

async function referencesOf(
  input: sm.BatchGetSecretValueRequest,
  ctx: Ctx,
): Promise<readonly string[]> {
  try {
    return (await batched(input, ctx)).references;
  } catch (cause) {
    // The operation will refuse it in the same words.
    if (cause instanceof Fault) return [];
    throw cause;
  }
}

async function rotating(input: sm.RotateSecretRequest, ctx: Ctx): Promise<readonly Check[]> {
  const { SecretId: reference, RotationLambdaARN: functionArn, RotationRules } = input;
  const keys = {
    'secretsmanager:rotationlambdaarn': functionArn,
    'secretsmanager:rotateimmediately': input.RotateImmediately ?? true,
    'secretsmanager:modifyrotationrules': RotationRules !== undefined,
  };
  const { check } = await about('RotateSecret', { reference, keys }, ctx);
  if (!functionArn) return [check];
  // Who lets a function loose on a secret must be one who may call it.
  return [check, { action: 'lambda:InvokeFunction', resource: functionArn }];
}

export const secretsManagerPermissions: Permissions<typeof secretsManager, Ctx> = {
  BatchGetSecretValue: gettingMany,
  CancelRotateSecret: onSecret('CancelRotateSecret'),
  CreateSecret: creating,
  DeleteResourcePolicy: onSecret('DeleteResourcePolicy'),
  DeleteSecret: onSecret<sm.DeleteSecretRequest>('DeleteSecret', (input) => ({
    'secretsmanager:recoverywindowindays':
      input.RecoveryWindowInDays === undefined ? undefined : Number(input.RecoveryWindowInDays),
    'secretsmanager:forcedeletewithoutrecovery': input.ForceDeleteWithoutRecovery,
  })),
  DescribeSecret: onSecret('DescribeSecret'),
  GetRandomPassword: onAll('GetRandomPassword'),
  GetResourcePolicy: onSecret('GetResourcePolicy'),
  GetSecretValue: (input, ctx) => gettingOne(input, ctx),
  ListSecretVersionIds: onSecret('ListSecretVersionIds'),
  ListSecrets: onAll('ListSecrets'),
  PutResourcePolicy: onSecret<sm.PutResourcePolicyRequest>('PutResourcePolicy', (input) => ({
    'secretsmanager:blockpublicpolicy': input.BlockPublicPolicy,
  })),
  PutSecretValue: putting,
  RemoveRegionsFromReplication: onSecret('RemoveRegionsFromReplication'),
  ReplicateSecretToRegions: onSecret<sm.ReplicateSecretToRegionsRequest>(
    'ReplicateSecretToRegions',
    (input) => ({
      'secretsmanager:addreplicaregions': input.AddReplicaRegions?.map(({ Region = '' }) => Region),
    }),
  ),
  RestoreSecret: onSecret('RestoreSecret'),
  RotateSecret: rotating,
  StopReplicationToReplica: onSecret('StopReplicationToReplica'),
  TagResource: onSecret<sm.TagResourceRequest>('TagResource', ({ Tags }) => tagKeys(Tags)),
  UntagResource: onSecret<sm.UntagResourceRequest>('UntagResource', ({ TagKeys }) => ({
    'aws:tagkeys': TagKeys,
  })),
  UpdateSecret: updating,
  UpdateSecretVersionStage: onSecret<sm.UpdateSecretVersionStageRequest>(
    'UpdateSecretVersionStage',
    ({ VersionStage }) => ({ 'secretsmanager:versionstage': VersionStage }),
  ),
  ValidateResourcePolicy: (input, ctx) =>
    input.SecretId === undefined
      ? { action: 'secretsmanager:ValidateResourcePolicy', resource: '*' }
      : onSecretNow('ValidateResourcePolicy', input, ctx),
};

async function onSecretNow(operation: string, { SecretId }: OfSecret, ctx: Ctx): Promise<Check> {
  return (await about(operation, { reference: SecretId }, ctx)).check;
}
