/** Instance profiles: the box in which a machine is handed one role. */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import {
  accountPrefix,
  type InstanceProfileRow,
  instanceProfiles,
  nameKey,
} from '../../engines/identity/rows.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { roleNamed } from './entities.ts';
import { faults } from './faults.ts';
import { wholeList } from './limits.ts';
import { arnOf, rootPath } from './names.ts';
import { pageOf, sliceOf } from './paging.ts';
import { policyLimits } from './policy-limits.ts';
import { assertRoom } from './quota.ts';
import { changeableRole } from './role.ts';
import { roleSummary } from './role-shape.ts';
import { mergedTags, tagMember, tagPage, withoutTags } from './tags.ts';

export async function createInstanceProfile(
  input: sdk.CreateInstanceProfileRequest,
  ctx: IamCtx,
): Promise<sdk.CreateInstanceProfileResponse> {
  const { InstanceProfileName: name = '', Path: path = rootPath } = input;
  const { account } = ctx.scope;
  const row: InstanceProfileRow = {
    ...{ account, name, path },
    id: newId('instanceProfile', ctx.random),
    arn: arnOf(ctx.scope, 'instance-profile', { name, path }),
    createdAtMs: ctx.clock.nowMs(),
    tags: mergedTags({}, input.Tags),
  };
  await ctx.identity.write(async (tx) => {
    if (!(await tx.insert(instanceProfiles, nameKey(account, name), row))) {
      throw faults.alreadyExists(`Instance Profile ${name} already exists.`);
    }
    await assertRoom(tx, instanceProfiles, {
      prefix: accountPrefix(account),
      what: 'InstanceProfilesPerAccount',
      most: policyLimits.instanceProfilesPerAccount,
    });
  });
  return { InstanceProfile: await profileOf(ctx.identity.reader, row) };
}

export async function getInstanceProfile(
  { InstanceProfileName: name = '' }: sdk.GetInstanceProfileRequest,
  ctx: IamCtx,
): Promise<sdk.GetInstanceProfileResponse> {
  const { reader } = ctx.identity;
  const row = await profileNamed(reader, ctx.scope.account, name);
  return { InstanceProfile: await profileOf(reader, row) };
}

export async function deleteInstanceProfile(
  { InstanceProfileName: name = '' }: sdk.DeleteInstanceProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await profileNamed(tx, ctx.scope.account, name);
    if (row.roleName !== undefined) {
      throw faults.deleteConflict(
        'Cannot delete entity, must remove roles from instance profile first.',
      );
    }
    await tx.delete(instanceProfiles, nameKey(row.account, row.name));
  });
}

export async function listInstanceProfiles(
  input: sdk.ListInstanceProfilesRequest,
  ctx: IamCtx,
): Promise<sdk.ListInstanceProfilesResponse> {
  const { reader } = ctx.identity;
  const prefix = accountPrefix(ctx.scope.account);
  const { rows, ...page } = await pageOf<InstanceProfileRow>(
    input,
    (after, limit) =>
      reader.list(instanceProfiles, { prefix, limit, ...(after === undefined ? {} : { after }) }),
    ({ path }) => path.startsWith(input.PathPrefix ?? rootPath),
  );
  return { InstanceProfiles: await profilesOf(reader, rows), ...page };
}

export async function listInstanceProfilesForRole(
  input: sdk.ListInstanceProfilesForRoleRequest,
  ctx: IamCtx,
): Promise<sdk.ListInstanceProfilesForRoleResponse> {
  const { reader } = ctx.identity;
  const role = await roleNamed(reader, ctx.scope.account, input.RoleName ?? '');
  const { rows, ...page } = sliceOf(input, await profilesOfRole(reader, role));
  return { InstanceProfiles: await profilesOf(reader, rows), ...page };
}

/** All of a role's, for descriptions. */
export async function profilesOfRole(
  reader: Reader,
  { account, name }: { readonly account: string; readonly name: string },
): Promise<readonly InstanceProfileRow[]> {
  const equals = nameKey(account, name);
  const range = { index: 'role', equals, limit: wholeList };
  return (await reader.listBy(instanceProfiles, range)).map(({ row }) => row);
}

export function profilesOf(
  reader: Reader,
  rows: readonly InstanceProfileRow[],
): Promise<sdk.InstanceProfile[]> {
  return Promise.all(rows.map((row) => profileOf(reader, row)));
}

/** A profile holds one role at most; the original's quota cannot be raised. */
export async function addRoleToInstanceProfile(
  { InstanceProfileName: name, RoleName = '' }: sdk.AddRoleToInstanceProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProfile(ctx, name, async (row, tx) => {
    const role = await changeableRole(tx, ctx.scope.account, RoleName);
    if (row.roleName !== undefined) {
      throw faults.limit('InstanceSessionsPerInstanceProfile', 1);
    }
    return { ...row, roleName: role.name };
  });
}

export async function removeRoleFromInstanceProfile(
  { InstanceProfileName: name, RoleName = '' }: sdk.RemoveRoleFromInstanceProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProfile(ctx, name, async (row, tx) => {
    const role = await roleNamed(tx, ctx.scope.account, RoleName);
    const { roleName, ...rest } = row;
    if (roleName !== role.name) {
      throw faults.noSuch(
        `The role with name ${RoleName} is not in the instance profile ${row.name}.`,
      );
    }
    return rest;
  });
}

export async function tagInstanceProfile(
  { InstanceProfileName: name, Tags: given }: sdk.TagInstanceProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProfile(ctx, name, async (row) => ({ ...row, tags: mergedTags(row.tags, given) }));
}

export async function untagInstanceProfile(
  { InstanceProfileName: name, TagKeys: keys }: sdk.UntagInstanceProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await changeProfile(ctx, name, async (row) => ({ ...row, tags: withoutTags(row.tags, keys) }));
}

export async function listInstanceProfileTags(
  input: sdk.ListInstanceProfileTagsRequest,
  ctx: IamCtx,
): Promise<sdk.ListInstanceProfileTagsResponse> {
  const { InstanceProfileName: name = '' } = input;
  const { tags } = await profileNamed(ctx.identity.reader, ctx.scope.account, name);
  return tagPage(input, tags);
}

async function profileNamed(
  reader: Reader,
  account: string,
  name: string,
): Promise<InstanceProfileRow> {
  const row = await reader.get(instanceProfiles, nameKey(account, name));
  if (!row) throw faults.noSuchInstanceProfile(name);
  return row;
}

async function changeProfile(
  ctx: IamCtx,
  name: string | undefined,
  change: (row: InstanceProfileRow, tx: Transaction) => Promise<InstanceProfileRow>,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await profileNamed(tx, ctx.scope.account, name ?? '');
    await tx.put(instanceProfiles, nameKey(row.account, row.name), await change(row, tx));
  });
}

async function profileOf(reader: Reader, row: InstanceProfileRow): Promise<sdk.InstanceProfile> {
  const { account, roleName } = row;
  const role = roleName === undefined ? [] : [await roleNamed(reader, account, roleName)];
  return {
    Path: row.path,
    InstanceProfileName: row.name,
    InstanceProfileId: row.id,
    Arn: row.arn,
    CreateDate: new Date(row.createdAtMs),
    Roles: await Promise.all(role.map((one) => roleSummary(reader, one))),
    ...tagMember(row.tags),
  };
}
