/**
 * What is stored about who there is and what they may do. Names are unique without regard to case,
 * so keys are lower case; rows keep the spelling. Documents are kept as they were given.
 */
import type { Collection } from '../../ports/metadata-store.ts';

/** What users, groups and roles have in common. */
export interface EntityRow {
  readonly account: string;
  readonly name: string;
  /** `/` or `/some/path/`. */
  readonly path: string;
  /** `AIDA…`, `AGPA…`, `AROA…`. */
  readonly id: string;
  readonly arn: string;
  readonly createdAtMs: number;
  /** Inline policies: name to document. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of attached managed policies, in the order they were attached. */
  readonly attached: readonly string[];
}

export interface UserRow extends EntityRow {
  readonly boundaryArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Names of groups, as spelled there; `memberships` holds the other direction. */
  readonly groups: readonly string[];
  readonly passwordLastUsedAtMs?: number;
}

export interface GroupRow extends EntityRow {}

export interface RoleRow extends EntityRow {
  readonly description?: string;
  readonly maxSessionSeconds: number;
  /** As given. */
  readonly trustPolicy: string;
  /**
   * Principal ARNs of the trust policy to the unique ids they had when it was written: a deleted
   * and made-again name does not regain trust.
   */
  readonly trustedIds: Readonly<Record<string, string>>;
  readonly boundaryArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastUsed?: { readonly atMs: number; readonly region: string };
  /** `monitoring.sagemaker.amazonaws.com`, … of a service-linked role. */
  readonly linkedService?: string;
}

export interface PolicyVersionRow {
  readonly document: string;
  readonly createdAtMs: number;
}

/** A managed policy of the account; those everybody has are in `public-policies.ts`. */
export interface ManagedPolicyRow {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  /** `ANPA…`. */
  readonly id: string;
  readonly arn: string;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** `v1`, … ; a number is never given twice. */
  readonly defaultVersion: string;
  readonly nextVersion: number;
  readonly versions: Readonly<Record<string, PolicyVersionRow>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** That an entity has a managed policy, or is bounded by it: the other direction of the rows. */
export interface AttachmentRow {
  readonly policyArn: string;
  readonly as: 'policy' | 'boundary';
  readonly kind: EntityKind;
  readonly name: string;
  readonly id: string;
}

export type EntityKind = 'user' | 'group' | 'role';

export interface MembershipRow {
  readonly group: string;
  readonly user: string;
}

export interface AccessKeyRow {
  readonly accessKeyId: string;
  readonly account: string;
  /** As spelled; empty for keys of the root user. */
  readonly userName: string;
  /** Sealed under the root key, bound to the key's id. */
  readonly sealedSecret: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAtMs: number;
}

/** Apart from the key, because it is written every minute and decides nothing. */
export interface KeyUseRow {
  readonly atMs: number;
  readonly service: string;
  readonly region: string;
}

export interface LoginRow {
  readonly account: string;
  readonly userName: string;
  /** A password hash in PHC form. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly mustChange: boolean;
  /** Hashes of the passwords before, newest first. */
  readonly earlier: readonly string[];
}

export interface MfaDeviceRow {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  /** `…:mfa/NAME`. */
  readonly serial: string;
  /** The seed, sealed, bound to the serial. */
  readonly sealedSeed: string;
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined until it is enabled. */
  readonly userName?: string;
  readonly enabledAtMs?: number;
  /** The last 30 s step whose code was accepted: that one and those before are never again. */
  readonly lastStep?: number;
  /** How many steps the device's clock is ahead of ours. */
  readonly driftSteps?: number;
}

export interface InstanceProfileRow {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  /** `AIPA…`. */
  readonly id: string;
  readonly arn: string;
  readonly createdAtMs: number;
  readonly roleName?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A provider of web identities (OpenID Connect). */
export interface OidcProviderRow {
  readonly account: string;
  readonly arn: string;
  /** With `https://`. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createdAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface PasswordPolicy {
  readonly minimumLength: number;
  readonly requireSymbols: boolean;
  readonly requireNumbers: boolean;
  readonly requireUppercase: boolean;
  readonly requireLowercase: boolean;
  readonly allowUsersToChange: boolean;
  readonly maxAgeDays?: number;
  readonly reusePrevention?: number;
  readonly hardExpiry?: boolean;
}

export interface AccountRow {
  readonly alias?: string;
  readonly passwordPolicy?: PasswordPolicy;
}

/** The key of what an account has one of by name. */
export function nameKey(account: string, name: string): string {
  return `${account}/${name.toLowerCase()}`;
}

/** All of one account start with it; for lists in order of names. */
export function accountPrefix(account: string): string {
  return `${account}/`;
}

export function attachmentKey(row: AttachmentRow): string {
  return `${row.policyArn}|${row.as}|${row.kind}|${row.name.toLowerCase()}`;
}

export function membershipKey(account: string, group: string, user: string): string {
  return `${nameKey(account, group)}/${user.toLowerCase()}`;
}

/** Key: `nameKey`. The index `id` finds an entity by its unique id. */
export const users: Collection<UserRow> = { name: 'identity/users', indexes: { id: (r) => r.id } };
export const groups: Collection<GroupRow> = { name: 'identity/groups' };
export const roles: Collection<RoleRow> = { name: 'identity/roles', indexes: { id: (r) => r.id } };
/** Key: the ARN. The index `name` has `nameKey`s. */
export const managedPolicies: Collection<ManagedPolicyRow> = {
  name: 'identity/policies',
  indexes: { name: (row) => nameKey(row.account, row.name) },
};
export const attachments: Collection<AttachmentRow> = { name: 'identity/attachments' };
export const memberships: Collection<MembershipRow> = { name: 'identity/memberships' };
/** Key: the access key's id. The index `user` has `nameKey`s. */
export const accessKeys: Collection<AccessKeyRow> = {
  name: 'identity/access-keys',
  indexes: { user: (row) => nameKey(row.account, row.userName) },
};
/** Key: the access key's id. */
export const keyUses: Collection<KeyUseRow> = { name: 'identity/key-uses' };
/** Key: `nameKey` of the user. */
export const logins: Collection<LoginRow> = { name: 'identity/logins' };
/** Key: the serial. The index `user` has `nameKey`s of enabled devices. */
export const mfaDevices: Collection<MfaDeviceRow> = {
  name: 'identity/mfa-devices',
  indexes: {
    user: (row) => (row.userName === undefined ? undefined : nameKey(row.account, row.userName)),
    account: (row) => row.account,
  },
};
/** Key: `nameKey`. The index `role` has `nameKey`s of roles. */
export const instanceProfiles: Collection<InstanceProfileRow> = {
  name: 'identity/instance-profiles',
  indexes: {
    role: (row) => (row.roleName === undefined ? undefined : nameKey(row.account, row.roleName)),
  },
};
/** Key: the ARN. */
export const oidcProviders: Collection<OidcProviderRow> = { name: 'identity/oidc-providers' };
/** Key: the account. */
export const accounts: Collection<AccountRow> = { name: 'identity/accounts' };
