/** Roles: who may take them over, for how long, and within what boundary. */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import {
  accountPrefix,
  attachmentKey,
  attachments,
  instanceProfiles,
  nameKey,
  type RoleRow,
  roles,
} from '../../engines/identity/rows.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { keepRole, roleNamed } from './entities.ts';
import { faults } from './faults.ts';
import { arnOf, rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { policyLimits } from './policy-limits.ts';
import { boundaryAt } from './policy-lookup.ts';
import { assertRoom } from './quota.ts';
import { roleDescription, roleSummary } from './role-shape.ts';
import { checkedTrust } from './role-trust.ts';
import { mergedTags } from './tags.ts';

const defaultSessionSeconds = 3_600;

export async function createRole(
  input: sdk.CreateRoleRequest,
  ctx: IamCtx,
): Promise<sdk.CreateRoleResponse> {
  const { RoleName: name = '', Path: path = rootPath, Description: description } = input;
  assertOrdinary(path);
  const tags = mergedTags({}, input.Tags);
  const row = await ctx.identity.write(async (tx) => {
    const { account, partition } = ctx.scope;
    const trust = await checkedTrust(tx, partition, input.AssumeRolePolicyDocument ?? '');
    const made: RoleRow = {
      ...{ account, name, path, ...trust, tags },
      id: newId('role', ctx.random),
      arn: arnOf(ctx.scope, 'role', { name, path }),
      createdAtMs: ctx.clock.nowMs(),
      inline: {},
      attached: [],
      ...(description === undefined ? {} : { description }),
      maxSessionSeconds: input.MaxSessionDuration ?? defaultSessionSeconds,
    };
    await insertRole(tx, made);
    return input.PermissionsBoundary ? bound(tx, made, input.PermissionsBoundary) : made;
  });
  const { RoleLastUsed: _, ...Role } = await roleDescription(ctx.identity.reader, row);
  return { Role };
}

/** Policies exempt roles of these paths from much: no role gets there by its maker's choice. */
const reservedPaths = /^\/aws-(service-role|reserved)\//i;

function assertOrdinary(path: string): void {
  if (reservedPaths.test(path)) {
    throw faults.validation(`The path ${path} is reserved for roles that services make.`);
  }
}

/** Throws for a name that is taken and for one role too many. */
export async function insertRole(tx: Transaction, row: RoleRow): Promise<void> {
  if (!(await tx.insert(roles, nameKey(row.account, row.name), row))) {
    throw faults.exists('Role', row.name);
  }
  const prefix = accountPrefix(row.account);
  const quota = { prefix, what: 'RolesPerAccount', most: policyLimits.rolesPerAccount };
  await assertRoom(tx, roles, quota);
}

export async function getRole(
  { RoleName: name = '' }: sdk.GetRoleRequest,
  ctx: IamCtx,
): Promise<sdk.GetRoleResponse> {
  const { reader } = ctx.identity;
  return { Role: await roleDescription(reader, await roleNamed(reader, ctx.scope.account, name)) };
}

export async function listRoles(
  input: sdk.ListRolesRequest,
  ctx: IamCtx,
): Promise<sdk.ListRolesResponse> {
  const { reader } = ctx.identity;
  const prefix = accountPrefix(ctx.scope.account);
  const { rows, ...page } = await pageOf<RoleRow>(
    input,
    (after, limit) =>
      reader.list(roles, { prefix, limit, ...(after === undefined ? {} : { after }) }),
    ({ path }) => path.startsWith(input.PathPrefix ?? rootPath),
  );
  return { Roles: await Promise.all(rows.map((row) => roleSummary(reader, row))), ...page };
}

export async function updateRole(
  input: sdk.UpdateRoleRequest,
  ctx: IamCtx,
): Promise<sdk.UpdateRoleResponse> {
  const { Description: description, MaxSessionDuration: maxSessionSeconds } = input;
  await changeRole(ctx, input.RoleName, async () => ({
    ...(description === undefined ? {} : { description }),
    ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
  }));
  return {};
}

export async function updateRoleDescription(
  input: sdk.UpdateRoleDescriptionRequest,
  ctx: IamCtx,
): Promise<sdk.UpdateRoleDescriptionResponse> {
  const { RoleName: name, Description: description = '' } = input;
  const row = await changeRole(ctx, name, async () => ({ description }));
  return { Role: await roleSummary(ctx.identity.reader, row) };
}

export async function updateAssumeRolePolicy(
  input: sdk.UpdateAssumeRolePolicyRequest,
  ctx: IamCtx,
): Promise<void> {
  const { RoleName: name, PolicyDocument: text = '' } = input;
  await changeRole(ctx, name, (_, tx) => checkedTrust(tx, ctx.scope.partition, text));
}

export async function putRolePermissionsBoundary(
  { RoleName: name = '', PermissionsBoundary: arn = '' }: sdk.PutRolePermissionsBoundaryRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await changeableRole(tx, ctx.scope.account, name);
    await bound(tx, await unbound(tx, row), arn);
  });
}

export async function deleteRolePermissionsBoundary(
  { RoleName: name = '' }: sdk.DeleteRolePermissionsBoundaryRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await changeableRole(tx, ctx.scope.account, name);
    if (row.boundaryArn === undefined) {
      throw faults.noSuch(`The role with name ${row.name} has no permissions boundary.`);
    }
    await keepRole(tx, await unbound(tx, row));
  });
}

export async function deleteRole(
  { RoleName: name = '' }: sdk.DeleteRoleRequest,
  ctx: IamCtx,
): Promise<void> {
  const { account } = ctx.scope;
  await ctx.identity.write(async (tx) => {
    const row = await changeableRole(tx, account, name);
    const key = nameKey(account, row.name);
    const profiles = await tx.listBy(instanceProfiles, { index: 'role', equals: key, limit: 1 });
    const conflict = conflictOf(row, profiles.length > 0);
    if (conflict) throw faults.deleteConflict(`Cannot delete entity, must ${conflict} first.`);
    await unbound(tx, row);
    await tx.delete(roles, key);
  });
}

function conflictOf(row: RoleRow, inProfile: boolean): string | undefined {
  if (inProfile) return 'remove roles from instance profile';
  if (row.attached.length > 0) return 'detach all policies';
  return Object.keys(row.inline).length > 0 ? 'delete policies' : undefined;
}

/** Throws NoSuchEntity, and UnmodifiableEntity for service-linked roles. */
export async function changeableRole(
  tx: Transaction,
  account: string,
  name: string,
): Promise<RoleRow> {
  const row = await roleNamed(tx, account, name);
  if (row.linkedService !== undefined) throw faults.protectedRole(row.name);
  return row;
}

/** Reads, changes and keeps a role in one transaction. */
export function changeRole(
  ctx: IamCtx,
  name: string | undefined,
  change: (row: RoleRow, tx: Transaction) => Promise<Partial<RoleRow>>,
): Promise<RoleRow> {
  return ctx.identity.write(async (tx) => {
    const row = await changeableRole(tx, ctx.scope.account, name ?? '');
    const changed = { ...row, ...(await change(row, tx)) };
    await keepRole(tx, changed);
    return changed;
  });
}

async function bound(tx: Transaction, row: RoleRow, arn: string): Promise<RoleRow> {
  const policy = await boundaryAt(tx, row.account, arn);
  const changed = { ...row, boundaryArn: policy.arn };
  const attachment = boundaryOf(changed, policy.arn);
  await tx.put(attachments, attachmentKey(attachment), attachment);
  await keepRole(tx, changed);
  return changed;
}

/** The row without its boundary, which is not kept yet. */
async function unbound(tx: Transaction, row: RoleRow): Promise<RoleRow> {
  const { boundaryArn, ...rest } = row;
  if (boundaryArn === undefined) return row;
  await tx.delete(attachments, attachmentKey(boundaryOf(row, boundaryArn)));
  return rest;
}

function boundaryOf({ name, id }: RoleRow, policyArn: string) {
  return { policyArn, as: 'boundary', kind: 'role', name, id } as const;
}
