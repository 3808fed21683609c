/** The operations about users, groups, their credentials and the account itself. */
import type { OperationTable } from '../../wire/operation.ts';
import * as accessKey from './access-key.ts';
import * as alias from './account-alias.ts';
import * as passwordPolicy from './account-password-policy.ts';
import { getAccountSummary } from './account-summary.ts';
import type { IamCtx } from './context.ts';
import { generateCredentialReport, getCredentialReport } from './credential-report.ts';
import * as group from './group.ts';
import * as member from './group-member.ts';
import * as login from './login-profile.ts';
import * as mfa from './mfa-assignment.ts';
import * as device from './mfa-device.ts';
import { changePassword } from './password.ts';
import * as user from './user.ts';
import * as boundary from './user-boundary.ts';
import * as userTag from './user-tag.ts';

export const principalOperations = {
  CreateUser: user.createUser,
  GetUser: user.getUser,
  UpdateUser: user.updateUser,
  DeleteUser: user.deleteUser,
  ListUsers: user.listUsers,
  TagUser: userTag.tagUser,
  UntagUser: userTag.untagUser,
  ListUserTags: userTag.listUserTags,
  PutUserPermissionsBoundary: boundary.putUserPermissionsBoundary,
  DeleteUserPermissionsBoundary: boundary.deleteUserPermissionsBoundary,
  CreateGroup: group.createGroup,
  GetGroup: group.getGroup,
  UpdateGroup: group.updateGroup,
  DeleteGroup: group.deleteGroup,
  ListGroups: group.listGroups,
  AddUserToGroup: member.addUserToGroup,
  RemoveUserFromGroup: member.removeUserFromGroup,
  ListGroupsForUser: member.listGroupsForUser,
  CreateAccessKey: accessKey.createAccessKey,
  UpdateAccessKey: accessKey.updateAccessKey,
  DeleteAccessKey: accessKey.deleteAccessKey,
  ListAccessKeys: accessKey.listAccessKeys,
  GetAccessKeyLastUsed: accessKey.getAccessKeyLastUsed,
  CreateLoginProfile: login.createLoginProfile,
  GetLoginProfile: login.getLoginProfile,
  UpdateLoginProfile: login.updateLoginProfile,
  DeleteLoginProfile: login.deleteLoginProfile,
  ChangePassword: changePassword,
  CreateVirtualMFADevice: device.createVirtualMfaDevice,
  DeleteVirtualMFADevice: device.deleteVirtualMfaDevice,
  ListVirtualMFADevices: device.listVirtualMfaDevices,
  TagMFADevice: device.tagMfaDevice,
  UntagMFADevice: device.untagMfaDevice,
  ListMFADeviceTags: device.listMfaDeviceTags,
  EnableMFADevice: mfa.enableMfaDevice,
  DeactivateMFADevice: mfa.deactivateMfaDevice,
  ResyncMFADevice: mfa.resyncMfaDevice,
  ListMFADevices: mfa.listMfaDevices,
  GetMFADevice: mfa.getMfaDevice,
  CreateAccountAlias: alias.createAccountAlias,
  DeleteAccountAlias: alias.deleteAccountAlias,
  ListAccountAliases: alias.listAccountAliases,
  UpdateAccountPasswordPolicy: passwordPolicy.updateAccountPasswordPolicy,
  GetAccountPasswordPolicy: passwordPolicy.getAccountPasswordPolicy,
  DeleteAccountPasswordPolicy: passwordPolicy.deleteAccountPasswordPolicy,
  GetAccountSummary: getAccountSummary,
  GenerateCredentialReport: generateCredentialReport,
  GetCredentialReport: getCredentialReport,
} satisfies OperationTable<IamCtx>;
