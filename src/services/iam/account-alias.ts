/** The account's alias: a name for people, one at most. */
import type * as sdk from '@aws-sdk/client-iam';
import { accountRow, keepAccount } from './account-settings.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { sliceOf } from './paging.ts';

/** A second alias replaces the first, as in the original. */
export async function createAccountAlias(
  { AccountAlias: alias = '' }: sdk.CreateAccountAliasRequest,
  { scope: { account }, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const row = await accountRow(tx, account);
    if (row.alias === alias) {
      throw faults.alreadyExists(`The account alias ${alias} already exists.`);
    }
    await keepAccount(tx, account, { ...row, alias });
  });
}

export async function deleteAccountAlias(
  { AccountAlias: given = '' }: sdk.DeleteAccountAliasRequest,
  { scope: { account }, identity }: IamCtx,
): Promise<void> {
  await identity.write(async (tx) => {
    const { alias, ...rest } = await accountRow(tx, account);
    if (alias !== given) throw faults.noSuch(`Account alias ${given} cannot be found.`);
    await keepAccount(tx, account, rest);
  });
}

export async function listAccountAliases(
  input: sdk.ListAccountAliasesRequest,
  { scope: { account }, identity: { reader } }: IamCtx,
): Promise<sdk.ListAccountAliasesResponse> {
  const { alias } = await accountRow(reader, account);
  const { rows, ...page } = sliceOf(input, alias === undefined ? [] : [alias]);
  return { AccountAliases: [...rows], ...page };
}
