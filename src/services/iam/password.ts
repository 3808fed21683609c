/** A user's own password changed by the user, and what every change of a password has in common. */
import type * as sdk from '@aws-sdk/client-iam';
import { isReused, passwordFault, withPassword } from '../../engines/identity/passwords.ts';
import { type LoginRow, logins, nameKey, type UserRow } from '../../engines/identity/rows.ts';
import type { IdentitySpace } from '../../engines/identity/space.ts';
import { makeThrottle, type Throttle } from '../../engines/identity/throttle.ts';
import { hourMs, secondMs } from '../../kernel/clock.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { passwordPolicyOf } from './account-settings.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { callingUser } from './user-meant.ts';
import { loginOf } from './user-parts.ts';

export async function changePassword(
  { OldPassword: before = '', NewPassword: password = '' }: sdk.ChangePasswordRequest,
  ctx: IamCtx,
): Promise<void> {
  const { reader } = ctx.identity;
  const user = await callingUser(reader, ctx);
  if (!user) throw faults.invalidUserType('Only IAM Users can change their own password.');
  const row = await loginNamed(reader, user);
  await assertOldPassword(ctx, { before, row, userId: user.id });
  const hash = await acceptedPassword(ctx, { password, user, login: row });
  const changed = withPassword(row, { hash, nowMs: ctx.clock.nowMs(), mustChange: false });
  await replaceLogin(ctx, row, changed);
}

/** Who holds a user's keys must not find out the password with them: guessing gets slower. */
const guessing = { free: 5, firstWaitMs: secondMs, longestWaitMs: hourMs } as const;
const triesOf = new WeakMap<IdentitySpace, Throttle>();

async function assertOldPassword(
  { identity, clock, passwords }: IamCtx,
  { before, row, userId }: { before: string; row: LoginRow; userId: string },
): Promise<void> {
  const tries = triesOf.get(identity) ?? makeThrottle(clock, guessing);
  triesOf.set(identity, tries);
  if (tries.attempt(userId) > 0) throw faults.tooManyTries();
  if (!(await passwords.verify(before, row.hash))) throw faults.wrongPassword();
  tries.succeeded(userId);
}

export interface NewPassword {
  readonly password: string;
  readonly user: UserRow;
  /** What the user has now, for a change. */
  readonly login?: LoginRow;
}

/** The hash of a password that the account's policy accepts. Throws PasswordPolicyViolation. */
export async function acceptedPassword(
  { identity, passwords: hasher }: IamCtx,
  { password, user, login }: NewPassword,
): Promise<string> {
  const policy = await passwordPolicyOf(identity.reader, user.account);
  const fault = passwordFault(password, { userName: user.name, policy });
  if (fault !== undefined) throw faults.passwordPolicy(fault);
  if (login && (await isReused(password, login, { policy, hasher }))) {
    throw faults.passwordPolicy(
      'Policy constraint violation with password reuse prevention during password change.',
    );
  }
  return hasher.hash(password);
}

/** Throws NoSuchEntity when the user has no password. */
export async function loginNamed(
  reader: Reader,
  user: Pick<UserRow, 'account' | 'name'>,
): Promise<LoginRow> {
  const row = await loginOf(reader, user);
  if (!row) throw faults.noSuch(`Login Profile for User ${user.name} cannot be found.`);
  return row;
}

/**
 * Hashes take long and are computed outside the transaction: what was changed by somebody else
 * meanwhile is refused with EntityTemporarilyUnmodifiable.
 */
export async function replaceLogin(ctx: IamCtx, seen: LoginRow, row: LoginRow): Promise<void> {
  const key = nameKey(row.account, row.userName);
  await ctx.identity.write(async (tx) => {
    const now = await tx.get(logins, key);
    if (now?.hash !== seen.hash) throw faults.busyLogin(row.userName);
    await tx.put(logins, key, row);
  });
}
