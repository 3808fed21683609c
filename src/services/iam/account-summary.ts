/** How many of everything the account has, and may have. Quotas that are not kept are left out. */
import type * as sdk from '@aws-sdk/client-iam';
import { everyEntry } from '../../engines/identity/every.ts';
import {
  accountPrefix,
  groups,
  instanceProfiles,
  managedPolicies,
  mfaDevices,
  oidcProviders,
  roles,
  users,
} from '../../engines/identity/rows.ts';
import type { Collection, Reader } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { limits } from './limits.ts';
import { policyLimits } from './policy-limits.ts';

export async function getAccountSummary(
  _input: object,
  { scope: { account }, identity: { reader } }: IamCtx,
): Promise<sdk.GetAccountSummaryResponse> {
  const named = <Row>(of: Collection<Row>) =>
    counted(reader, of, { prefix: accountPrefix(account) });
  const owned = <Row extends { readonly account: string }>(of: Collection<Row>) =>
    counted(reader, of, { keep: (row) => row.account === account });
  let versions = 0;
  for await (const { row } of everyEntry(reader, managedPolicies, '')) {
    if (row.account === account) versions += Object.keys(row.versions).length;
  }
  const devicesInUse = await counted(reader, mfaDevices, {
    keep: (row) => row.account === account && row.userName !== undefined,
  });
  return {
    SummaryMap: {
      Users: await named(users),
      Groups: await named(groups),
      Roles: await named(roles),
      Policies: await owned(managedPolicies),
      PolicyVersionsInUse: versions,
      InstanceProfiles: await named(instanceProfiles),
      MFADevices: await owned(mfaDevices),
      MFADevicesInUse: devicesInUse,
      Providers: await owned(oidcProviders),
      ServerCertificates: 0,
      ...rootUser,
      ...quotas,
    },
  };
}

/** The root user has no password, keys, certificates or device here. */
const rootUser = {
  AccountAccessKeysPresent: 0,
  AccountMFAEnabled: 0,
  AccountPasswordPresent: 0,
  AccountSigningCertificatesPresent: 0,
} as const;

const quotas = {
  UsersQuota: limits.usersPerAccount,
  GroupsQuota: limits.groupsPerAccount,
  GroupsPerUserQuota: limits.groupsPerUser,
  AccessKeysPerUserQuota: limits.accessKeysPerUser,
  RolesQuota: policyLimits.rolesPerAccount,
  PoliciesQuota: policyLimits.policiesPerAccount,
  InstanceProfilesQuota: policyLimits.instanceProfilesPerAccount,
  PolicySizeQuota: policyLimits.managedSize,
  AssumeRolePolicySizeQuota: policyLimits.trustSize,
  UserPolicySizeQuota: policyLimits.inlineTotal.user,
  GroupPolicySizeQuota: policyLimits.inlineTotal.group,
  RolePolicySizeQuota: policyLimits.inlineTotal.role,
  VersionsPerPolicyQuota: policyLimits.versionsPerPolicy,
  AttachedPoliciesPerUserQuota: policyLimits.attachedPerEntity,
  AttachedPoliciesPerGroupQuota: policyLimits.attachedPerEntity,
  AttachedPoliciesPerRoleQuota: policyLimits.attachedPerEntity,
  GlobalEndpointTokenVersion: 2,
} as const;

interface Counting<Row> {
  readonly prefix?: string;
  readonly keep?: (row: Row) => boolean;
}

async function counted<Row>(
  reader: Reader,
  of: Collection<Row>,
  { prefix = '', keep = () => true }: Counting<Row>,
): Promise<number> {
  let count = 0;
  for await (const { row } of everyEntry(reader, of, prefix)) if (keep(row)) count += 1;
  return count;
}
