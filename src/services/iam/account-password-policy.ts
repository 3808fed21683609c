/** The account's rules for passwords. What they mean is in the identity engine. */
import type * as sdk from '@aws-sdk/client-iam';
import { blankPolicy } from '../../engines/identity/passwords.ts';
import type { PasswordPolicy } from '../../engines/identity/rows.ts';
import { accountRow, keepAccount, passwordPolicyOf } from './account-settings.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';

/** Replaces the whole policy: what is left out goes back to the default of a policy. */
export async function updateAccountPasswordPolicy(
  input: sdk.UpdateAccountPasswordPolicyRequest,
  { scope: { account }, identity }: IamCtx,
): Promise<void> {
  const { MaxPasswordAge: age, PasswordReusePrevention: reuse, HardExpiry: hard } = input;
  const passwordPolicy: PasswordPolicy = {
    minimumLength: input.MinimumPasswordLength ?? blankPolicy.minimumLength,
    requireSymbols: input.RequireSymbols ?? blankPolicy.requireSymbols,
    requireNumbers: input.RequireNumbers ?? blankPolicy.requireNumbers,
    requireUppercase: input.RequireUppercaseCharacters ?? blankPolicy.requireUppercase,
    requireLowercase: input.RequireLowercaseCharacters ?? blankPolicy.requireLowercase,
    allowUsersToChange: input.AllowUsersToChangePassword ?? blankPolicy.allowUsersToChange,
    ...(age === undefined ? {} : { maxAgeDays: age }),
    ...(reuse === undefined ? {} : { reusePrevention: reuse }),
    ...(hard === undefined ? {} : { hardExpiry: hard }),
  };
  await identity.write(async (tx) => {
    await keepAccount(tx, account, { ...(await accountRow(tx, account)), passwordPolicy });
  });
}

export async function getAccountPasswordPolicy(
  _input: object,
  { scope: { account }, identity: { reader } }: IamCtx,
): Promise<sdk.GetAccountPasswordPolicyResponse> {
  const policy = await passwordPolicyOf(reader, account);
  if (!policy) throw faults.noPasswordPolicy(account);
  const { maxAgeDays, reusePrevention, hardExpiry } = policy;
  return {
    PasswordPolicy: {
      MinimumPasswordLength: policy.minimumLength,
      RequireSymbols: policy.requireSymbols,
      RequireNumbers: policy.requireNumbers,
      RequireUppercaseCharacters: policy.requireUppercase,
      RequireLowercaseCharacters: policy.requireLowercase,
      AllowUsersToChangePassword: policy.allowUsersToChange,
      ExpirePasswords: maxAgeDays !== undefined,
      ...(maxAgeDays === undefined ? {} : { MaxPasswordAge: maxAgeDays }),
      ...(reusePrevention === undefined ? {} : { PasswordReusePrevention: reusePrevention }),
      ...(hardExpiry === undefined ? {} : { HardExpiry: hardExpiry }),
    },
  };
}

/** The defaults hold again. */
export async function deleteAccountPasswordPolicy(
  _input: object,
  { scope: { account }, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const { passwordPolicy, ...rest } = await accountRow(tx, account);
    if (!passwordPolicy) throw faults.noPasswordPolicy(account);
    await keepAccount(tx, account, rest);
  });
}
