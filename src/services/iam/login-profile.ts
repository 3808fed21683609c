/** Passwords of users, set by others. Kept as slow hashes only. */
import type * as sdk from '@aws-sdk/client-iam';
import { withPassword } from '../../engines/identity/passwords.ts';
import { type LoginRow, logins, nameKey } from '../../engines/identity/rows.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { acceptedPassword, loginNamed, replaceLogin } from './password.ts';
import { userMeant } from './user-meant.ts';
import { loginOf } from './user-parts.ts';

export async function createLoginProfile(
  input: sdk.CreateLoginProfileRequest,
  ctx: IamCtx,
): Promise<sdk.CreateLoginProfileResponse> {
  const { UserName, Password: password, PasswordResetRequired: mustChange = false } = input;
  if (password === undefined)
    throw faults.validation('A password is required: Password is missing.');
  const user = await userMeant(ctx.identity.reader, ctx, UserName);
  const { account, name: userName } = user;
  if (await loginOf(ctx.identity.reader, user)) throw faults.loginExists(userName);
  const hash = await acceptedPassword(ctx, { password, user });
  const nowMs = ctx.clock.nowMs();
  const row: LoginRow = {
    ...{ account, userName, hash, mustChange, createdAtMs: nowMs, changedAtMs: nowMs },
    earlier: [],
  };
  await ctx.identity.write(async (tx) => {
    // The user may have gone while the hash was computed, and another have come under the name.
    const now = await userMeant(tx, ctx, userName);
    if (now.id !== user.id) throw faults.noSuchUser(userName);
    if (!(await tx.insert(logins, nameKey(account, userName), row))) {
      throw faults.loginExists(userName);
    }
  });
  return { LoginProfile: profileOf(row) };
}

export async function getLoginProfile(
  { UserName: name }: sdk.GetLoginProfileRequest,
  ctx: IamCtx,
): Promise<sdk.GetLoginProfileResponse> {
  const { reader } = ctx.identity;
  return { LoginProfile: profileOf(await loginNamed(reader, await userMeant(reader, ctx, name))) };
}

/** Either member may be left out, and stays as it is. */
export async function updateLoginProfile(
  {
    UserName: name,
    Password: password,
    PasswordResetRequired: reset,
  }: sdk.UpdateLoginProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  const { reader } = ctx.identity;
  const user = await userMeant(reader, ctx, name);
  const row = await loginNamed(reader, user);
  const mustChange = reset ?? row.mustChange;
  if (password === undefined) return replaceLogin(ctx, row, { ...row, mustChange });
  const hash = await acceptedPassword(ctx, { password, user, login: row });
  const nowMs = ctx.clock.nowMs();
  await replaceLogin(ctx, row, withPassword(row, { hash, nowMs, mustChange }));
}

export async function deleteLoginProfile(
  { UserName: name }: sdk.DeleteLoginProfileRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await loginNamed(tx, await userMeant(tx, ctx, name));
    await tx.delete(logins, nameKey(row.account, row.userName));
  });
}

function profileOf(row: LoginRow): sdk.LoginProfile {
  return {
    UserName: row.userName,
    CreateDate: new Date(row.createdAtMs),
    PasswordResetRequired: row.mustChange,
  };
}
