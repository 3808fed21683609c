/** The operations about roles, policies, and what they are made known by, in the model's words. */
import type { OperationTable } from '../../wire/operation.ts';
import { getAccountAuthorizationDetails } from './authorization-details.ts';
import type { IamCtx } from './context.ts';
import * as inline from './inline-policy.ts';
import * as profile from './instance-profile.ts';
import * as policy from './managed-policy.ts';
import * as oidc from './oidc-provider.ts';
import * as attachment from './policy-attachment.ts';
import { listEntitiesForPolicy } from './policy-entities.ts';
import * as version from './policy-version.ts';
import * as role from './role.ts';
import * as linked from './role-linked.ts';
import * as roleTag from './role-tag.ts';
import * as simulation from './simulate.ts';

export const policyOperations = {
  CreateRole: role.createRole,
  GetRole: role.getRole,
  UpdateRole: role.updateRole,
  UpdateRoleDescription: role.updateRoleDescription,
  UpdateAssumeRolePolicy: role.updateAssumeRolePolicy,
  DeleteRole: role.deleteRole,
  ListRoles: role.listRoles,
  PutRolePermissionsBoundary: role.putRolePermissionsBoundary,
  DeleteRolePermissionsBoundary: role.deleteRolePermissionsBoundary,
  TagRole: roleTag.tagRole,
  UntagRole: roleTag.untagRole,
  ListRoleTags: roleTag.listRoleTags,
  CreateServiceLinkedRole: linked.createServiceLinkedRole,
  DeleteServiceLinkedRole: linked.deleteServiceLinkedRole,
  GetServiceLinkedRoleDeletionStatus: linked.getServiceLinkedRoleDeletionStatus,
  CreatePolicy: policy.createPolicy,
  GetPolicy: policy.getPolicy,
  DeletePolicy: policy.deletePolicy,
  ListPolicies: policy.listPolicies,
  TagPolicy: policy.tagPolicy,
  UntagPolicy: policy.untagPolicy,
  ListPolicyTags: policy.listPolicyTags,
  CreatePolicyVersion: version.createPolicyVersion,
  GetPolicyVersion: version.getPolicyVersion,
  ListPolicyVersions: version.listPolicyVersions,
  DeletePolicyVersion: version.deletePolicyVersion,
  SetDefaultPolicyVersion: version.setDefaultPolicyVersion,
  ListEntitiesForPolicy: listEntitiesForPolicy,
  AttachUserPolicy: attachment.attachUserPolicy,
  AttachGroupPolicy: attachment.attachGroupPolicy,
  AttachRolePolicy: attachment.attachRolePolicy,
  DetachUserPolicy: attachment.detachUserPolicy,
  DetachGroupPolicy: attachment.detachGroupPolicy,
  DetachRolePolicy: attachment.detachRolePolicy,
  ListAttachedUserPolicies: attachment.listAttachedUserPolicies,
  ListAttachedGroupPolicies: attachment.listAttachedGroupPolicies,
  ListAttachedRolePolicies: attachment.listAttachedRolePolicies,
  PutUserPolicy: inline.putUserPolicy,
  PutGroupPolicy: inline.putGroupPolicy,
  PutRolePolicy: inline.putRolePolicy,
  GetUserPolicy: inline.getUserPolicy,
  GetGroupPolicy: inline.getGroupPolicy,
  GetRolePolicy: inline.getRolePolicy,
  DeleteUserPolicy: inline.deleteUserPolicy,
  DeleteGroupPolicy: inline.deleteGroupPolicy,
  DeleteRolePolicy: inline.deleteRolePolicy,
  ListUserPolicies: inline.listUserPolicies,
  ListGroupPolicies: inline.listGroupPolicies,
  ListRolePolicies: inline.listRolePolicies,
  CreateInstanceProfile: profile.createInstanceProfile,
  GetInstanceProfile: profile.getInstanceProfile,
  DeleteInstanceProfile: profile.deleteInstanceProfile,
  ListInstanceProfiles: profile.listInstanceProfiles,
  ListInstanceProfilesForRole: profile.listInstanceProfilesForRole,
  AddRoleToInstanceProfile: profile.addRoleToInstanceProfile,
  RemoveRoleFromInstanceProfile: profile.removeRoleFromInstanceProfile,
  TagInstanceProfile: profile.tagInstanceProfile,
  UntagInstanceProfile: profile.untagInstanceProfile,
  ListInstanceProfileTags: profile.listInstanceProfileTags,
  CreateOpenIDConnectProvider: oidc.createOpenIDConnectProvider,
  GetOpenIDConnectProvider: oidc.getOpenIDConnectProvider,
  DeleteOpenIDConnectProvider: oidc.deleteOpenIDConnectProvider,
  ListOpenIDConnectProviders: oidc.listOpenIDConnectProviders,
  AddClientIDToOpenIDConnectProvider: oidc.addClientIDToOpenIDConnectProvider,
  RemoveClientIDFromOpenIDConnectProvider: oidc.removeClientIDFromOpenIDConnectProvider,
  UpdateOpenIDConnectProviderThumbprint: oidc.updateOpenIDConnectProviderThumbprint,
  TagOpenIDConnectProvider: oidc.tagOpenIDConnectProvider,
  UntagOpenIDConnectProvider: oidc.untagOpenIDConnectProvider,
  ListOpenIDConnectProviderTags: oidc.listOpenIDConnectProviderTags,
  SimulateCustomPolicy: simulation.simulateCustomPolicy,
  SimulatePrincipalPolicy: simulation.simulatePrincipalPolicy,
  GetContextKeysForCustomPolicy: simulation.getContextKeysForCustomPolicy,
  GetContextKeysForPrincipalPolicy: simulation.getContextKeysForPrincipalPolicy,
  GetAccountAuthorizationDetails: getAccountAuthorizationDetails,
} satisfies OperationTable<IamCtx>;
