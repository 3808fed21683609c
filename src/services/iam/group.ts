/** Groups: rights that many users have together. A group is no principal. */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import {
  accountPrefix,
  type GroupRow,
  groups,
  memberships,
  nameKey,
  users,
} from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { groupNamed } from './entities.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { arnOf, rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { assertRoom } from './quota.ts';
import { userOf } from './user.ts';
import { renamedGroup } from './user-rename.ts';

export async function createGroup(
  { GroupName: name = '', Path: path = rootPath }: sdk.CreateGroupRequest,
  ctx: IamCtx,
): Promise<sdk.CreateGroupResponse> {
  const { account } = ctx.scope;
  const row: GroupRow = {
    ...{ account, name, path },
    id: newId('group', ctx.random),
    arn: arnOf(ctx.scope, 'group', { name, path }),
    createdAtMs: ctx.clock.nowMs(),
    inline: {},
    attached: [],
  };
  await ctx.identity.write(async (tx) => {
    if (!(await tx.insert(groups, nameKey(account, name), row))) throw faults.exists('Group', name);
    const most = limits.groupsPerAccount;
    await assertRoom(tx, groups, {
      prefix: accountPrefix(account),
      what: 'GroupsPerAccount',
      most,
    });
  });
  return { Group: groupOf(row) };
}

/** With a page of its members. */
export async function getGroup(
  input: sdk.GetGroupRequest,
  { scope, identity }: IamCtx,
): Promise<sdk.GetGroupResponse> {
  const { account } = scope;
  const { reader } = identity;
  const row = await groupNamed(reader, account, input.GroupName ?? '');
  const prefix = `${nameKey(account, row.name)}/`;
  const { rows, ...page } = await pageOf(input, (after, limit) =>
    reader.list(memberships, { prefix, limit, ...(after === undefined ? {} : { after }) }),
  );
  const members = await Promise.all(
    rows.map(({ user }) => reader.get(users, nameKey(account, user))),
  );
  const present = members.filter((member) => member !== undefined);
  return { Group: groupOf(row), Users: present.map(userOf), ...page };
}

export async function updateGroup(
  { GroupName: name = '', NewGroupName: newName, NewPath: newPath }: sdk.UpdateGroupRequest,
  ctx: IamCtx,
): Promise<void> {
  const { account } = ctx.scope;
  await ctx.identity.write(async (tx) => {
    const row = await groupNamed(tx, account, name);
    const to = { name: newName ?? row.name, path: newPath ?? row.path };
    const key = nameKey(account, to.name);
    if (key !== nameKey(account, row.name) && (await tx.get(groups, key))) {
      throw faults.exists('Group', to.name);
    }
    await renamedGroup(tx, row, { ...to, arn: arnOf(ctx.scope, 'group', to) });
  });
}

/** Needs no guard for the last administrator: a group with members cannot be deleted. */
export async function deleteGroup(
  { GroupName: name = '' }: sdk.DeleteGroupRequest,
  { scope, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const row = await groupNamed(tx, scope.account, name);
    const key = nameKey(scope.account, row.name);
    const members = await tx.list(memberships, { prefix: `${key}/`, limit: 1 });
    if (members.length > 0) throw conflict('remove users from group');
    if (row.attached.length > 0) throw conflict('detach all policies');
    if (Object.keys(row.inline).length > 0) throw conflict('delete policies');
    await tx.delete(groups, key);
  });
}

function conflict(what: string) {
  return faults.deleteConflict(`Cannot delete entity, must ${what} first.`);
}

export async function listGroups(
  input: sdk.ListGroupsRequest,
  { scope, identity }: IamCtx,
): Promise<sdk.ListGroupsResponse> {
  const { PathPrefix: pathPrefix = rootPath } = input;
  const prefix = accountPrefix(scope.account);
  const { rows, ...page } = await pageOf(
    input,
    (after, limit) =>
      identity.reader.list(groups, { prefix, limit, ...(after === undefined ? {} : { after }) }),
    (row) => row.path.startsWith(pathPrefix),
  );
  return { Groups: rows.map(groupOf), ...page };
}

export function groupOf(row: GroupRow): sdk.Group {
  return {
    Path: row.path,
    GroupName: row.name,
    GroupId: row.id,
    Arn: row.arn,
    CreateDate: new Date(row.createdAtMs),
  };
}
