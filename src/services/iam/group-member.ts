/** Who is in which group. */
import type * as sdk from '@aws-sdk/client-iam';
import { groups, membershipKey, memberships, nameKey } from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { groupNamed, keepUser, userNamed } from './entities.ts';
import { faults } from './faults.ts';
import { groupOf } from './group.ts';
import { sparingAdministrator } from './last-administrator.ts';
import { limits } from './limits.ts';
import { sliceOf } from './paging.ts';

/** Adding a member again changes nothing. */
export async function addUserToGroup(
  { GroupName = '', UserName = '' }: sdk.AddUserToGroupRequest,
  { scope: { account }, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const group = await groupNamed(tx, account, GroupName);
    const user = await userNamed(tx, account, UserName);
    if (user.groups.includes(group.name)) return;
    const most = limits.groupsPerUser;
    if (user.groups.length >= most) throw faults.limit('GroupsPerUser', most);
    const membership = { group: group.name, user: user.name };
    await tx.put(memberships, membershipKey(account, group.name, user.name), membership);
    await keepUser(tx, { ...user, groups: [...user.groups, group.name] });
  });
}

/** A user who is not in the group is left as they are. */
export async function removeUserFromGroup(
  { GroupName = '', UserName = '' }: sdk.RemoveUserFromGroupRequest,
  { scope, identity }: IamCtx,
): Promise<void> {
  const { account } = scope;
  await identity.write((tx) =>
    sparingAdministrator(tx, scope, async () => {
      const group = await groupNamed(tx, account, GroupName);
      const user = await userNamed(tx, account, UserName);
      await tx.delete(memberships, membershipKey(account, group.name, user.name));
      const left = user.groups.filter((name) => name !== group.name);
      await keepUser(tx, { ...user, groups: left });
    }),
  );
}

export async function listGroupsForUser(
  input: sdk.ListGroupsForUserRequest,
  { scope: { account }, identity: { reader } }: IamCtx,
): Promise<sdk.ListGroupsForUserResponse> {
  const user = await userNamed(reader, account, input.UserName ?? '');
  const { rows, ...page } = sliceOf(input, user.groups);
  const found = await Promise.all(rows.map((name) => reader.get(groups, nameKey(account, name))));
  return { Groups: found.filter((row) => row !== undefined).map(groupOf), ...page };
}
