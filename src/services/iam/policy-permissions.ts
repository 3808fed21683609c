/**
 * What each operation about roles and policies needs permission for. A resource that does not exist
 * is named by what was asked for: permission comes first.
 */
import type * as sdk from '@aws-sdk/client-iam';
import {
  type EntityKind,
  type EntityRow,
  instanceProfiles,
  managedPolicies,
  nameKey,
  oidcProviders,
} from '../../engines/identity/rows.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import type { IamCtx } from './context.ts';
import { arnOf, listArnOf } from './names.ts';
import { oidcArnOf } from './oidc-provider.ts';
import { findHolder } from './policy-holder.ts';
import type { policyOperations } from './policy-operations.ts';
import { linkedRoleName } from './role-linked.ts';
import { requestTagKeys, tagKeyKeys } from './tags.ts';

type Keys = Readonly<Record<string, KeyValue>>;
type Tagged = EntityRow & {
  readonly tags?: Readonly<Record<string, string>>;
  readonly boundaryArn?: string;
};

/** What the inputs say, each some of it. */
interface Said {
  readonly UserName?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly RoleName?: string | undefined;
  readonly PolicyArn?: string | undefined;
  readonly InstanceProfileName?: string | undefined;
  readonly OpenIDConnectProviderArn?: string | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: sdk.Tag[] | undefined;
  readonly TagKeys?: string[] | undefined;
}

const nameMembers = { user: 'UserName', group: 'GroupName', role: 'RoleName' } as const;

type KeysOf = (said: Said) => Keys;

const noKeys = (): Keys => ({});

/** About the user, group or role that is named; its boundary is a key unless one is asked for. */
function onHolder(kind: EntityKind, action: string, keys: KeysOf = noKeys) {
  return async (input: Said, ctx: IamCtx): Promise<Check> => {
    const name = input[nameMembers[kind]] ?? '';
    const { account } = ctx.scope;
    const row: Tagged | undefined = await findHolder(ctx.identity.reader, kind, { account, name });
    return {
      action,
      resource: row?.arn ?? arnOf(ctx.scope, kind, { name }),
      keys: { ...boundaryKeys(row?.boundaryArn), ...keys(input) },
      resourceTags: async () => row?.tags ?? {},
    };
  };
}

const onUser = (action: string, keys?: KeysOf) => onHolder('user', action, keys);
const onGroup = (action: string, keys?: KeysOf) => onHolder('group', action, keys);
const onRole = (action: string, keys?: KeysOf) => onHolder('role', action, keys);

/** About the managed policy of the ARN. */
function onPolicy(action: string, keys: KeysOf = noKeys) {
  return (input: Said, { identity }: IamCtx): Check => {
    const resource = input.PolicyArn ?? '';
    const resourceTags = async () =>
      (await identity.reader.get(managedPolicies, resource))?.tags ?? {};
    return { action, resource, keys: keys(input), resourceTags };
  };
}

/** About the instance profile that is named. */
function onProfile(action: string, keys: KeysOf = noKeys) {
  return async (input: Said, { scope, identity }: IamCtx): Promise<Check> => {
    const name = input.InstanceProfileName ?? '';
    const row = await identity.reader.get(instanceProfiles, nameKey(scope.account, name));
    return {
      action,
      resource: row?.arn ?? arnOf(scope, 'instance-profile', { name }),
      keys: keys(input),
      resourceTags: async () => row?.tags ?? {},
    };
  };
}

/** About the identity provider of the ARN. */
function onProvider(action: string, keys: KeysOf = noKeys) {
  return (input: Said, { identity }: IamCtx): Check => {
    const resource = input.OpenIDConnectProviderArn ?? '';
    const resourceTags = async () =>
      (await identity.reader.get(oidcProviders, resource))?.tags ?? {};
    return { action, resource, keys: keys(input), resourceTags };
  };
}

/** About everything the account has, or nothing of it. */
function onAccount(action: string) {
  return (): Check => ({ action, resource: '*' });
}

/** About the user, group or role that a simulation takes its policies from. */
function onSource(action: string) {
  return ({ PolicySourceArn: resource = '' }: sdk.GetContextKeysForPrincipalPolicyRequest) => ({
    action,
    resource,
  });
}

function boundaryKeys(arn: string | undefined): Keys {
  return arn === undefined ? {} : { 'iam:permissionsboundary': arn };
}

const givesTags = ({ Tags: tags }: Said) => requestTagKeys(tags);
const takesTags = ({ TagKeys: keys }: Said) => tagKeyKeys(keys);
const ofPolicy = ({ PolicyArn: arn }: Said): Keys =>
  arn === undefined ? {} : { 'iam:policyarn': arn };

/** What is made with tags is tagged as well: the original wants both permissions. */
function creating(
  check: Check,
  tagAction: string,
  tags: readonly sdk.Tag[] | undefined,
): readonly Check[] {
  const tagKeys = requestTagKeys(tags);
  const made = { ...check, keys: { ...check.keys, ...tagKeys } };
  const tagged = { action: tagAction, resource: check.resource, keys: tagKeys };
  return tags && tags.length > 0 ? [made, tagged] : [made];
}

export const policyPermissions: Permissions<typeof policyOperations, IamCtx> = {
  CreateRole: ({ RoleName: name = '', Path: path, PermissionsBoundary: bound, Tags }, ctx) => {
    const resource = arnOf(ctx.scope, 'role', { name, path });
    const check = { action: 'iam:CreateRole', resource, keys: boundaryKeys(bound) };
    return creating(check, 'iam:TagRole', Tags);
  },
  GetRole: onRole('iam:GetRole'),
  UpdateRole: onRole('iam:UpdateRole'),
  UpdateRoleDescription: onRole('iam:UpdateRoleDescription'),
  UpdateAssumeRolePolicy: onRole('iam:UpdateAssumeRolePolicy'),
  DeleteRole: onRole('iam:DeleteRole'),
  ListRoles: ({ PathPrefix }, { scope }) => ({
    action: 'iam:ListRoles',
    resource: listArnOf(scope, 'role', PathPrefix),
  }),
  PutRolePermissionsBoundary: onRole(
    'iam:PutRolePermissionsBoundary',
    ({ PermissionsBoundary: arn }) => boundaryKeys(arn),
  ),
  DeleteRolePermissionsBoundary: onRole('iam:DeleteRolePermissionsBoundary'),
  TagRole: onRole('iam:TagRole', givesTags),
  UntagRole: onRole('iam:UntagRole', takesTags),
  ListRoleTags: onRole('iam:ListRoleTags'),
  CreateServiceLinkedRole: ({ AWSServiceName: service = '' }, { scope }) => ({
    action: 'iam:CreateServiceLinkedRole',
    resource: arnOf(scope, 'role', {
      name: linkedRoleName(service),
      path: `/aws-service-role/${service}/`,
    }),
    keys: { 'iam:awsservicename': service },
  }),
  DeleteServiceLinkedRole: async (input, ctx) => {
    const check = await onRole('iam:DeleteServiceLinkedRole')(input, ctx);
    const [, , service] = check.resource.split('/');
    return service ? { ...check, keys: { ...check.keys, 'iam:awsservicename': service } } : check;
  },
  GetServiceLinkedRoleDeletionStatus: ({ DeletionTaskId: task = '' }, { scope }) => {
    const [, , service = '', name = ''] = task.split('/');
    const path = `/aws-service-role/${service}/`;
    return {
      action: 'iam:GetServiceLinkedRoleDeletionStatus',
      resource: arnOf(scope, 'role', { name, path }),
    };
  },
  CreatePolicy: ({ PolicyName: name = '', Path: path, Tags }, { scope }) => {
    const resource = arnOf(scope, 'policy', { name, path });
    return creating({ action: 'iam:CreatePolicy', resource }, 'iam:TagPolicy', Tags);
  },
  GetPolicy: onPolicy('iam:GetPolicy'),
  DeletePolicy: onPolicy('iam:DeletePolicy'),
  ListPolicies: ({ PathPrefix }, { scope }) => ({
    action: 'iam:ListPolicies',
    resource: listArnOf(scope, 'policy', PathPrefix),
  }),
  TagPolicy: onPolicy('iam:TagPolicy', givesTags),
  UntagPolicy: onPolicy('iam:UntagPolicy', takesTags),
  ListPolicyTags: onPolicy('iam:ListPolicyTags'),
  CreatePolicyVersion: onPolicy('iam:CreatePolicyVersion'),
  GetPolicyVersion: onPolicy('iam:GetPolicyVersion'),
  ListPolicyVersions: onPolicy('iam:ListPolicyVersions'),
  DeletePolicyVersion: onPolicy('iam:DeletePolicyVersion'),
  SetDefaultPolicyVersion: onPolicy('iam:SetDefaultPolicyVersion'),
  ListEntitiesForPolicy: onPolicy('iam:ListEntitiesForPolicy'),
  AttachUserPolicy: onUser('iam:AttachUserPolicy', ofPolicy),
  AttachGroupPolicy: onGroup('iam:AttachGroupPolicy', ofPolicy),
  AttachRolePolicy: onRole('iam:AttachRolePolicy', ofPolicy),
  DetachUserPolicy: onUser('iam:DetachUserPolicy', ofPolicy),
  DetachGroupPolicy: onGroup('iam:DetachGroupPolicy', ofPolicy),
  DetachRolePolicy: onRole('iam:DetachRolePolicy', ofPolicy),
  ListAttachedUserPolicies: onUser('iam:ListAttachedUserPolicies'),
  ListAttachedGroupPolicies: onGroup('iam:ListAttachedGroupPolicies'),
  ListAttachedRolePolicies: onRole('iam:ListAttachedRolePolicies'),
  PutUserPolicy: onUser('iam:PutUserPolicy'),
  PutGroupPolicy: onGroup('iam:PutGroupPolicy'),
  PutRolePolicy: onRole('iam:PutRolePolicy'),
  GetUserPolicy: onUser('iam:GetUserPolicy'),
  GetGroupPolicy: onGroup('iam:GetGroupPolicy'),
  GetRolePolicy: onRole('iam:GetRolePolicy'),
  DeleteUserPolicy: onUser('iam:DeleteUserPolicy'),
  DeleteGroupPolicy: onGroup('iam:DeleteGroupPolicy'),
  DeleteRolePolicy: onRole('iam:DeleteRolePolicy'),
  ListUserPolicies: onUser('iam:ListUserPolicies'),
  ListGroupPolicies: onGroup('iam:ListGroupPolicies'),
  ListRolePolicies: onRole('iam:ListRolePolicies'),
  CreateInstanceProfile: ({ InstanceProfileName: name = '', Path: path, Tags }, { scope }) => {
    const resource = arnOf(scope, 'instance-profile', { name, path });
    const check = { action: 'iam:CreateInstanceProfile', resource };
    return creating(check, 'iam:TagInstanceProfile', Tags);
  },
  GetInstanceProfile: onProfile('iam:GetInstanceProfile'),
  DeleteInstanceProfile: onProfile('iam:DeleteInstanceProfile'),
  ListInstanceProfiles: ({ PathPrefix }, { scope }) => ({
    action: 'iam:ListInstanceProfiles',
    resource: listArnOf(scope, 'instance-profile', PathPrefix),
  }),
  ListInstanceProfilesForRole: onRole('iam:ListInstanceProfilesForRole'),
  AddRoleToInstanceProfile: async (input, ctx) => [
    await onProfile('iam:AddRoleToInstanceProfile')(input, ctx),
    // Machines with the profile get the role: it is handed to their service.
    await onRole('iam:PassRole', () => ({ 'iam:passedtoservice': 'ec2.amazonaws.com' }))(
      input,
      ctx,
    ),
  ],
  RemoveRoleFromInstanceProfile: onProfile('iam:RemoveRoleFromInstanceProfile'),
  TagInstanceProfile: onProfile('iam:TagInstanceProfile', givesTags),
  UntagInstanceProfile: onProfile('iam:UntagInstanceProfile', takesTags),
  ListInstanceProfileTags: onProfile('iam:ListInstanceProfileTags'),
  CreateOpenIDConnectProvider: ({ Url = '', Tags }, ctx) => {
    const check = { action: 'iam:CreateOpenIDConnectProvider', resource: oidcArnOf(ctx, Url) };
    return creating(check, 'iam:TagOpenIDConnectProvider', Tags);
  },
  GetOpenIDConnectProvider: onProvider('iam:GetOpenIDConnectProvider'),
  DeleteOpenIDConnectProvider: onProvider('iam:DeleteOpenIDConnectProvider'),
  ListOpenIDConnectProviders: onAccount('iam:ListOpenIDConnectProviders'),
  AddClientIDToOpenIDConnectProvider: onProvider('iam:AddClientIDToOpenIDConnectProvider'),
  RemoveClientIDFromOpenIDConnectProvider: onProvider(
    'iam:RemoveClientIDFromOpenIDConnectProvider',
  ),
  UpdateOpenIDConnectProviderThumbprint: onProvider('iam:UpdateOpenIDConnectProviderThumbprint'),
  TagOpenIDConnectProvider: onProvider('iam:TagOpenIDConnectProvider', givesTags),
  UntagOpenIDConnectProvider: onProvider('iam:UntagOpenIDConnectProvider', takesTags),
  ListOpenIDConnectProviderTags: onProvider('iam:ListOpenIDConnectProviderTags'),
  SimulateCustomPolicy: onAccount('iam:SimulateCustomPolicy'),
  SimulatePrincipalPolicy: onSource('iam:SimulatePrincipalPolicy'),
  GetContextKeysForCustomPolicy: onAccount('iam:GetContextKeysForCustomPolicy'),
  GetContextKeysForPrincipalPolicy: onSource('iam:GetContextKeysForPrincipalPolicy'),
  GetAccountAuthorizationDetails: onAccount('iam:GetAccountAuthorizationDetails'),
};
