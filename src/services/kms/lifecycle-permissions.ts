/**
 * What each operation of a key's life needs permission for. A key that does not exist is named by
 * what was asked for: permission comes first.
 */
import type * as sdk from '@aws-sdk/client-kms';
import { withRetiring } from '../../engines/keys/policy-of.ts';
import { aliasRows, keyed } from '../../engines/keys/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import { aliasArn } from './alias.ts';
import type { KmsCtx } from './context.ts';
import { askedKind } from './create-key.ts';
import { retirable } from './grant.ts';
import { keyNeeds, needsOf } from './key-needs.ts';
import type { lifecycleOperations } from './lifecycle-operations.ts';
import { requestTagKeys } from './tags.ts';

type Keys = Readonly<Record<string, KeyValue>>;

interface NamesKey {
  readonly KeyId: string | undefined;
}

/** About the key that is named. */
function onKey<Input extends NamesKey>(operation: string, keys: (input: Input) => Keys = noKeys) {
  return (input: Input, ctx: KmsCtx): Promise<Check> =>
    keyNeeds(ctx, input.KeyId ?? '', { action: `kms:${operation}`, keys: keys(input) });
}

/** About no key in particular. */
function onNone(operation: string) {
  return (_input: object, { caller }: KmsCtx): Check => ({
    ...{ action: `kms:${operation}`, resource: '*' },
    keys: { 'kms:calleraccount': caller.account },
  });
}

function noKeys(): Keys {
  return {};
}

function createKeyNeeds(input: sdk.CreateKeyRequest, { caller, scope }: KmsCtx): readonly Check[] {
  const { spec, usage, origin } = askedKind(input);
  const isMulti = input.MultiRegion ?? false;
  const keys: Keys = {
    ...{ 'kms:calleraccount': caller.account, 'kms:keyspec': spec, 'kms:keyusage': usage },
    ...{ 'kms:keyorigin': origin, 'kms:multiregion': isMulti },
    ...(isMulti ? { 'kms:multiregionkeytype': 'PRIMARY' } : {}),
    ...bypassKeys(input),
    ...requestTagKeys(input.Tags),
  };
  const create = { action: 'kms:CreateKey', resource: '*', keys };
  if (!input.Tags?.length) return [create];
  // There is no key yet: whoever may tag all keys may tag this one.
  return [create, { action: 'kms:TagResource', resource: formatArn(scope, 'kms', 'key/*'), keys }];
}

function bypassKeys(input: { BypassPolicyLockoutSafetyCheck?: boolean | undefined }): Keys {
  return {
    'kms:bypasspolicylockoutsafetycheck': input.BypassPolicyLockoutSafetyCheck ?? false,
  };
}

function onAlias(operation: string) {
  return async (
    {
      AliasName = '',
      TargetKeyId,
    }: Pick<Partial<sdk.CreateAliasRequest>, 'AliasName' | 'TargetKeyId'>,
    ctx: KmsCtx,
  ): Promise<readonly Check[]> => {
    const action = `kms:${operation}`;
    const resource = aliasArn(ctx.scope, AliasName);
    const alias: Check = { action, resource, keys: { 'kms:calleraccount': ctx.caller.account } };
    const present = await ctx.store.get(aliasRows, keyed(ctx.scope, AliasName));
    const before = operation === 'CreateAlias' ? undefined : present?.keyId;
    const keys = [before, TargetKeyId].filter((id) => id !== undefined);
    return [alias, ...(await Promise.all(keys.map((id) => keyNeeds(ctx, id, { action }))))];
  };
}

function grantKeys(input: sdk.CreateGrantRequest): Keys {
  const { Constraints, Operations } = input;
  const grantee = input.GranteePrincipal ?? input.GranteeServicePrincipal;
  const retiring = input.RetiringPrincipal ?? input.RetiringServicePrincipal;
  const type = constraintType(Constraints);
  return {
    'kms:grantisforawsresource': false,
    ...(Operations ? { 'kms:grantoperations': Operations } : {}),
    ...(grantee === undefined ? {} : { 'kms:granteeprincipal': grantee }),
    ...(retiring === undefined ? {} : { 'kms:retiringprincipal': retiring }),
    ...(type === undefined ? {} : { 'kms:grantconstrainttype': type }),
  };
}

function constraintType(given: sdk.GrantConstraints | undefined): string | undefined {
  if (given?.EncryptionContextEquals) return 'EncryptionContextEquals';
  return given?.EncryptionContextSubset ? 'EncryptionContextSubset' : undefined;
}

function createGrantNeeds(input: sdk.CreateGrantRequest, ctx: KmsCtx): Promise<Check> {
  const { EncryptionContextEquals, EncryptionContextSubset } = input.Constraints ?? {};
  const context = EncryptionContextEquals ?? EncryptionContextSubset;
  const need = { action: 'kms:CreateGrant', context, keys: grantKeys(input) };
  return keyNeeds(ctx, input.KeyId ?? '', need);
}

/** Whom the grant itself lets retire it may, besides those whom the key's policy lets. */
async function retireGrantNeeds(input: sdk.RetireGrantRequest, ctx: KmsCtx): Promise<Check> {
  const action = 'kms:RetireGrant';
  const found = await retirable(input, ctx);
  if (found === 'malformed') return { action, resource: '*' };
  if (!found) return keyNeeds(ctx, input.KeyId ?? '*', { action });
  const check = needsOf(ctx, found.key, { action });
  const resourcePolicy = async () =>
    withRetiring(await ctx.keys.policyOf(found.key, ctx.caller), found.grant);
  return { ...check, resourcePolicy };
}

export const lifecyclePermissions: Permissions<typeof lifecycleOperations, KmsCtx> = {
  CreateKey: createKeyNeeds,
  DescribeKey: onKey('DescribeKey'),
  ListKeys: onNone('ListKeys'),
  EnableKey: onKey('EnableKey'),
  DisableKey: onKey('DisableKey'),
  UpdateKeyDescription: onKey('UpdateKeyDescription'),
  ScheduleKeyDeletion: onKey('ScheduleKeyDeletion', ({ PendingWindowInDays = 30 }: Deleting) => ({
    'kms:schedulekeydeletionpendingwindowindays': PendingWindowInDays,
  })),
  CancelKeyDeletion: onKey('CancelKeyDeletion'),
  CreateAlias: onAlias('CreateAlias'),
  UpdateAlias: onAlias('UpdateAlias'),
  DeleteAlias: onAlias('DeleteAlias'),
  ListAliases: onNone('ListAliases'),
  GetKeyPolicy: onKey('GetKeyPolicy'),
  PutKeyPolicy: onKey('PutKeyPolicy', (input: sdk.PutKeyPolicyRequest) => bypassKeys(input)),
  ListKeyPolicies: onKey('ListKeyPolicies'),
  CreateGrant: createGrantNeeds,
  ListGrants: onKey('ListGrants', () => ({ 'kms:grantisforawsresource': false })),
  ListRetirableGrants: onNone('ListRetirableGrants'),
  RetireGrant: retireGrantNeeds,
  RevokeGrant: onKey('RevokeGrant', () => ({ 'kms:grantisforawsresource': false })),
  TagResource: onKey('TagResource', ({ Tags }: sdk.TagResourceRequest) => requestTagKeys(Tags)),
  UntagResource: onKey('UntagResource', ({ TagKeys }: sdk.UntagResourceRequest) =>
    TagKeys && TagKeys.length > 0 ? { 'aws:tagkeys': TagKeys } : {},
  ),
  ListResourceTags: onKey('ListResourceTags'),
  EnableKeyRotation: onKey('EnableKeyRotation', (input: sdk.EnableKeyRotationRequest) => ({
    'kms:rotationperiodindays': input.RotationPeriodInDays ?? 365,
  })),
  DisableKeyRotation: onKey('DisableKeyRotation'),
  GetKeyRotationStatus: onKey('GetKeyRotationStatus'),
  RotateKeyOnDemand: onKey('RotateKeyOnDemand'),
  ListKeyRotations: onKey('ListKeyRotations'),
  ReplicateKey: onKey('ReplicateKey', ({ ReplicaRegion = '' }: sdk.ReplicateKeyRequest) => ({
    'kms:replicaregion': ReplicaRegion,
  })),
  UpdatePrimaryRegion: onKey('UpdatePrimaryRegion', (input: sdk.UpdatePrimaryRegionRequest) => ({
    'kms:primaryregion': input.PrimaryRegion ?? '',
  })),
};

type Deleting = sdk.ScheduleKeyDeletionRequest;
