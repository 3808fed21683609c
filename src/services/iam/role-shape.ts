/** Roles as answers show them. */
import type * as sdk from '@aws-sdk/client-iam';
import type { RoleRow } from '../../engines/identity/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { encoded } from './policy-document.ts';
import { shownTrust } from './role-trust.ts';
import { tagMember } from './tags.ts';

/** Without what only a description of one role has: tags, boundary and last use. */
export async function roleSummary(reader: Reader, row: RoleRow): Promise<sdk.Role> {
  return {
    Path: row.path,
    RoleName: row.name,
    RoleId: row.id,
    Arn: row.arn,
    CreateDate: new Date(row.createdAtMs),
    AssumeRolePolicyDocument: encoded(await shownTrust(reader, row)),
    ...(row.description === undefined ? {} : { Description: row.description }),
    MaxSessionDuration: row.maxSessionSeconds,
  };
}

export async function roleDescription(reader: Reader, row: RoleRow): Promise<sdk.Role> {
  return {
    ...(await roleSummary(reader, row)),
    ...boundaryMember(row.boundaryArn),
    ...tagMember(row.tags),
    RoleLastUsed: lastUsedOf(row),
  };
}

export function lastUsedOf({ lastUsed }: RoleRow): sdk.RoleLastUsed {
  if (!lastUsed) return {};
  return { LastUsedDate: new Date(lastUsed.atMs), Region: lastUsed.region };
}

/** Spread it: without a boundary there is no member. */
export function boundaryMember(arn: string | undefined): {
  readonly PermissionsBoundary?: sdk.AttachedPermissionsBoundary;
} {
  if (arn === undefined) return {};
  const type = 'PermissionsBoundaryPolicy';
  return {
    PermissionsBoundary: { PermissionsBoundaryType: type, PermissionsBoundaryArn: arn },
  };
}
