/** Users: who may have keys, passwords and devices of their own. What they may do is elsewhere. */
import type * as sdk from '@aws-sdk/client-iam';
import { newId } from '../../engines/identity/ids.ts';
import { accountPrefix, nameKey, type UserRow, users } from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { userNamed } from './entities.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { arnOf, rootArnOf, rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { boundaryAt } from './policy-lookup.ts';
import { assertRoom } from './quota.ts';
import { boundaryMember } from './role-shape.ts';
import { mergedTags, tagMember } from './tags.ts';
import { keepBoundary, takeBoundary } from './user-boundary.ts';
import { assertUserFree } from './user-conflicts.ts';
import { isRoot, userMeant } from './user-meant.ts';
import { renamedUser } from './user-rename.ts';

export async function createUser(
  input: sdk.CreateUserRequest,
  ctx: IamCtx,
): Promise<sdk.CreateUserResponse> {
  const { account } = ctx.scope;
  const { UserName: name = '', Path: path = rootPath, PermissionsBoundary: boundaryArn } = input;
  const row: UserRow = {
    ...{ account, name, path },
    id: newId('user', ctx.random),
    arn: arnOf(ctx.scope, 'user', { name, path }),
    createdAtMs: ctx.clock.nowMs(),
    inline: {},
    attached: [],
    tags: mergedTags({}, input.Tags),
    groups: [],
    ...(boundaryArn === undefined ? {} : { boundaryArn }),
  };
  await ctx.identity.write(async (tx) => {
    if (boundaryArn !== undefined) await boundaryAt(tx, account, boundaryArn);
    if (!(await tx.insert(users, nameKey(account, name), row))) throw faults.exists('User', name);
    const most = limits.usersPerAccount;
    await assertRoom(tx, users, { prefix: accountPrefix(account), what: 'UsersPerAccount', most });
    if (boundaryArn !== undefined) await keepBoundary(tx, row, boundaryArn);
  });
  return { User: { ...userOf(row), ...boundaryMember(row.boundaryArn), ...tagMember(row.tags) } };
}

export async function getUser(
  { UserName: name }: sdk.GetUserRequest,
  ctx: IamCtx,
): Promise<sdk.GetUserResponse> {
  if (name === undefined && isRoot(ctx)) return { User: await rootUser(ctx) };
  const row = await userMeant(ctx.identity.reader, ctx, name);
  return { User: { ...userOf(row), ...boundaryMember(row.boundaryArn), ...tagMember(row.tags) } };
}

/** The root user has no row: it is as old as the first user. */
async function rootUser({ scope, identity, clock }: IamCtx): Promise<sdk.User> {
  const [first] = await identity.reader.list(users, {
    prefix: accountPrefix(scope.account),
    limit: 1,
  });
  return {
    Path: rootPath,
    UserName: undefined,
    UserId: scope.account,
    Arn: rootArnOf(scope),
    CreateDate: new Date(first?.row.createdAtMs ?? clock.nowMs()),
  };
}

export async function updateUser(
  { UserName: name = '', NewUserName: newName, NewPath: newPath }: sdk.UpdateUserRequest,
  ctx: IamCtx,
): Promise<void> {
  const { account } = ctx.scope;
  await ctx.identity.write(async (tx) => {
    const row = await userNamed(tx, account, name);
    const to = { name: newName ?? row.name, path: newPath ?? row.path };
    const key = nameKey(account, to.name);
    if (key !== nameKey(account, row.name) && (await tx.get(users, key))) {
      throw faults.exists('User', to.name);
    }
    await renamedUser(tx, row, { ...to, arn: arnOf(ctx.scope, 'user', to) });
  });
}

/** Needs no guard for the last administrator: who still has keys cannot be deleted. */
export async function deleteUser(
  { UserName: name = '' }: sdk.DeleteUserRequest,
  ctx: IamCtx,
): Promise<void> {
  const { account } = ctx.scope;
  await ctx.identity.write(async (tx) => {
    const row = await userNamed(tx, account, name);
    await assertUserFree(tx, row);
    await tx.delete(users, nameKey(account, row.name));
    await takeBoundary(tx, row);
  });
}

export async function listUsers(
  input: sdk.ListUsersRequest,
  { scope, identity }: IamCtx,
): Promise<sdk.ListUsersResponse> {
  const { PathPrefix: pathPrefix = rootPath } = input;
  const prefix = accountPrefix(scope.account);
  const { rows, ...page } = await pageOf(
    input,
    (after, limit) =>
      identity.reader.list(users, { prefix, limit, ...(after === undefined ? {} : { after }) }),
    (row) => row.path.startsWith(pathPrefix),
  );
  return { Users: rows.map(userOf), ...page };
}

/** Without tags and boundary, which lists do not show. */
export function userOf(row: UserRow): sdk.User {
  const { passwordLastUsedAtMs: usedAtMs } = row;
  return {
    Path: row.path,
    UserName: row.name,
    UserId: row.id,
    Arn: row.arn,
    CreateDate: new Date(row.createdAtMs),
    ...(usedAtMs === undefined ? {} : { PasswordLastUsed: new Date(usedAtMs) }),
  };
}
