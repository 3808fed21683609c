/**
 * What each operation about users, groups, their credentials and the account needs permission for.
 * A resource that does not exist is named by what was asked for: permission comes first.
 */
import {
  accessKeys,
  type GroupRow,
  groups,
  mfaDevices,
  nameKey,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import { passwordPolicyOf } from './account-settings.ts';
import type { IamCtx } from './context.ts';
import { arnOf, listArnOf, rootArnOf } from './names.ts';
import type { principalOperations } from './principal-operations.ts';
import { requestTagKeys, tagKeyKeys } from './tags.ts';
import { callingUser, isRoot } from './user-meant.ts';

type Keys = Readonly<Record<string, KeyValue>>;

interface NamesUser {
  readonly UserName?: string | undefined;
}

interface NamesGroup {
  readonly GroupName?: string | undefined;
}

interface NamesDevice {
  readonly SerialNumber?: string | undefined;
}

/** About the user that is named. */
function onUser<Input extends NamesUser>(action: string, keys: (input: Input) => Keys = noKeys) {
  return async (input: Input, ctx: IamCtx): Promise<Check> => {
    const { account } = ctx.scope;
    const name = input.UserName ?? '';
    const row = await ctx.identity.reader.get(users, nameKey(account, name));
    return userCheck(ctx, { action, row, name, keys: keys(input) });
  };
}

/** About the user that is named, or else the caller. */
function onUserOrCaller<Input extends NamesUser>(action: string) {
  return async (input: Input, ctx: IamCtx): Promise<Check> => {
    if (input.UserName !== undefined) return onUser(action)(input, ctx);
    if (isRoot(ctx)) return { action, resource: rootArnOf(ctx.scope) };
    const row = await callingUser(ctx.identity.reader, ctx);
    return userCheck(ctx, { action, row, name: '', keys: {} });
  };
}

interface UserCheck {
  readonly action: string;
  readonly row: UserRow | undefined;
  /** For when there is no row. */
  readonly name: string;
  readonly keys: Keys;
}

function userCheck({ scope }: IamCtx, { action, row, name, keys }: UserCheck): Check {
  if (!row) return { action, resource: arnOf(scope, 'user', { name }), keys };
  const { boundaryArn } = row;
  return {
    action,
    resource: row.arn,
    // What the request itself gives as the boundary stands before the present one.
    keys: { ...(boundaryArn === undefined ? {} : boundaryKeys(boundaryArn)), ...keys },
    resourceTags: async () => row.tags,
  };
}

/** About the user under the new name as well, when it is renamed or moved. */
function onRenamedUser(action: string) {
  interface Renaming extends NamesUser {
    readonly NewUserName?: string | undefined;
    readonly NewPath?: string | undefined;
  }
  return async (input: Renaming, ctx: IamCtx): Promise<readonly Check[]> => {
    const check = await onUser(action)(input, ctx);
    if (input.NewUserName === undefined && input.NewPath === undefined) return [check];
    const row = await ctx.identity.reader.get(
      users,
      nameKey(ctx.scope.account, input.UserName ?? ''),
    );
    const resource = renamedArn(ctx, 'user', row, {
      name: input.NewUserName ?? input.UserName,
      path: input.NewPath,
    });
    return [check, { ...check, resource }];
  };
}

function onRenamedGroup(action: string) {
  interface Renaming extends NamesGroup {
    readonly NewGroupName?: string | undefined;
    readonly NewPath?: string | undefined;
  }
  return async (input: Renaming, ctx: IamCtx): Promise<readonly Check[]> => {
    const row = await groupRow(input, ctx);
    const check = groupCheck(ctx, { action, row, name: input.GroupName ?? '' });
    if (input.NewGroupName === undefined && input.NewPath === undefined) return [check];
    const resource = renamedArn(ctx, 'group', row, {
      name: input.NewGroupName ?? input.GroupName,
      path: input.NewPath,
    });
    return [check, { action, resource }];
  };
}

function renamedArn(
  { scope }: IamCtx,
  kind: 'user' | 'group',
  row: UserRow | GroupRow | undefined,
  { name = '', path }: { readonly name: string | undefined; readonly path: string | undefined },
): string {
  return arnOf(scope, kind, { name, path: path ?? row?.path });
}

/** About the group that is named. */
function onGroup<Input extends NamesGroup>(action: string) {
  return async (input: Input, ctx: IamCtx): Promise<Check> =>
    groupCheck(ctx, { action, row: await groupRow(input, ctx), name: input.GroupName ?? '' });
}

function groupRow({ GroupName: name = '' }: NamesGroup, { scope, identity }: IamCtx) {
  return identity.reader.get(groups, nameKey(scope.account, name));
}

function groupCheck(
  { scope }: IamCtx,
  { action, row, name }: { action: string; row: GroupRow | undefined; name: string },
): Check {
  return { action, resource: row?.arn ?? arnOf(scope, 'group', { name }) };
}

/** About the device that is named by its serial, which is its ARN. */
function onDevice<Input extends NamesDevice>(
  action: string,
  keys: (input: Input) => Keys = noKeys,
) {
  return async (input: Input, { scope, identity }: IamCtx): Promise<Check> => {
    const serial = input.SerialNumber ?? '';
    const resource = parseArn(serial).ok ? serial : arnOf(scope, 'mfa', { name: serial });
    const resourceTags = async () => (await identity.reader.get(mfaDevices, serial))?.tags ?? {};
    return { action, resource, keys: keys(input), resourceTags };
  };
}

/** About the account, of which there is one: nothing to name. */
function onAccount(action: string) {
  return (): Check => ({ action, resource: '*' });
}

function noKeys(): Keys {
  return {};
}

function boundaryKeys(arn: string | undefined): Keys {
  return arn === undefined ? {} : { 'iam:permissionsboundary': arn };
}

export const principalPermissions: Permissions<typeof principalOperations, IamCtx> = {
  CreateUser: (input, { scope }) => ({
    action: 'iam:CreateUser',
    resource: arnOf(scope, 'user', { name: input.UserName ?? '', path: input.Path }),
    keys: { ...boundaryKeys(input.PermissionsBoundary), ...requestTagKeys(input.Tags) },
  }),
  GetUser: onUserOrCaller('iam:GetUser'),
  UpdateUser: onRenamedUser('iam:UpdateUser'),
  DeleteUser: onUser('iam:DeleteUser'),
  ListUsers: (input, { scope }) => ({
    action: 'iam:ListUsers',
    resource: listArnOf(scope, 'user', input.PathPrefix),
  }),
  TagUser: onUser('iam:TagUser', ({ Tags }) => requestTagKeys(Tags)),
  UntagUser: onUser('iam:UntagUser', ({ TagKeys }) => tagKeyKeys(TagKeys)),
  ListUserTags: onUser('iam:ListUserTags'),
  PutUserPermissionsBoundary: onUser(
    'iam:PutUserPermissionsBoundary',
    ({ PermissionsBoundary: arn }) => boundaryKeys(arn),
  ),
  DeleteUserPermissionsBoundary: onUser('iam:DeleteUserPermissionsBoundary'),
  CreateGroup: (input, { scope }) => ({
    action: 'iam:CreateGroup',
    resource: arnOf(scope, 'group', { name: input.GroupName ?? '', path: input.Path }),
  }),
  GetGroup: onGroup('iam:GetGroup'),
  UpdateGroup: onRenamedGroup('iam:UpdateGroup'),
  DeleteGroup: onGroup('iam:DeleteGroup'),
  ListGroups: (input, { scope }) => ({
    action: 'iam:ListGroups',
    resource: listArnOf(scope, 'group', input.PathPrefix),
  }),
  AddUserToGroup: onGroup('iam:AddUserToGroup'),
  RemoveUserFromGroup: onGroup('iam:RemoveUserFromGroup'),
  ListGroupsForUser: onUser('iam:ListGroupsForUser'),
  CreateAccessKey: onUserOrCaller('iam:CreateAccessKey'),
  UpdateAccessKey: onUserOrCaller('iam:UpdateAccessKey'),
  DeleteAccessKey: onUserOrCaller('iam:DeleteAccessKey'),
  ListAccessKeys: onUserOrCaller('iam:ListAccessKeys'),
  GetAccessKeyLastUsed: async (input, ctx) => {
    const action = 'iam:GetAccessKeyLastUsed';
    const key = await ctx.identity.reader.get(accessKeys, input.AccessKeyId ?? '');
    if (key?.account !== ctx.scope.account)
      return { action, resource: listArnOf(ctx.scope, 'user') };
    return onUser(action)({ UserName: key.userName }, ctx);
  },
  CreateLoginProfile: onUserOrCaller('iam:CreateLoginProfile'),
  GetLoginProfile: onUserOrCaller('iam:GetLoginProfile'),
  UpdateLoginProfile: onUser('iam:UpdateLoginProfile'),
  DeleteLoginProfile: onUserOrCaller('iam:DeleteLoginProfile'),
  ChangePassword: async (_input, ctx) => ({
    ...(await onUserOrCaller('iam:ChangePassword')({}, ctx)),
    resourcePolicy: () => ownPasswordPolicy(ctx),
  }),
  CreateVirtualMFADevice: (input, { scope }) => ({
    action: 'iam:CreateVirtualMFADevice',
    resource: arnOf(scope, 'mfa', { name: input.VirtualMFADeviceName ?? '', path: input.Path }),
    keys: requestTagKeys(input.Tags),
  }),
  DeleteVirtualMFADevice: onDevice('iam:DeleteVirtualMFADevice'),
  ListVirtualMFADevices: (_input, { scope }) => ({
    action: 'iam:ListVirtualMFADevices',
    resource: listArnOf(scope, 'mfa'),
  }),
  TagMFADevice: onDevice('iam:TagMFADevice', ({ Tags }) => requestTagKeys(Tags)),
  UntagMFADevice: onDevice('iam:UntagMFADevice', ({ TagKeys }) => tagKeyKeys(TagKeys)),
  ListMFADeviceTags: onDevice('iam:ListMFADeviceTags'),
  EnableMFADevice: onUser('iam:EnableMFADevice'),
  DeactivateMFADevice: onUserOrCaller('iam:DeactivateMFADevice'),
  ResyncMFADevice: onUser('iam:ResyncMFADevice'),
  ListMFADevices: onUserOrCaller('iam:ListMFADevices'),
  GetMFADevice: async (input, ctx) => {
    if (input.UserName !== undefined) return onUser('iam:GetMFADevice')(input, ctx);
    const device = await ctx.identity.reader.get(mfaDevices, input.SerialNumber ?? '');
    const UserName = device?.account === ctx.scope.account ? device.userName : undefined;
    return onUserOrCaller('iam:GetMFADevice')({ UserName }, ctx);
  },
  CreateAccountAlias: onAccount('iam:CreateAccountAlias'),
  DeleteAccountAlias: onAccount('iam:DeleteAccountAlias'),
  ListAccountAliases: onAccount('iam:ListAccountAliases'),
  UpdateAccountPasswordPolicy: onAccount('iam:UpdateAccountPasswordPolicy'),
  GetAccountPasswordPolicy: onAccount('iam:GetAccountPasswordPolicy'),
  DeleteAccountPasswordPolicy: onAccount('iam:DeleteAccountPasswordPolicy'),
  GetAccountSummary: onAccount('iam:GetAccountSummary'),
  GenerateCredentialReport: onAccount('iam:GenerateCredentialReport'),
  GetCredentialReport: onAccount('iam:GetCredentialReport'),
};

/**
 * A password policy that lets users change their passwords lets each change their own, whatever
 * policies they have: it stands where a resource's policy does, so that denials still count.
 */
async function ownPasswordPolicy(ctx: IamCtx): Promise<string | undefined> {
  const { reader } = ctx.identity;
  const policy = await passwordPolicyOf(reader, ctx.scope.account);
  const user = policy?.allowUsersToChange ? await callingUser(reader, ctx) : undefined;
  if (!user) return undefined;
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: user.arn },
    Action: 'iam:ChangePassword',
    Resource: user.arn,
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
