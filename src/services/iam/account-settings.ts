/** What an account has one of: its alias and its password policy, in one row. */
import { type AccountRow, accounts, type PasswordPolicy } from '../../engines/identity/rows.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';

export async function accountRow(reader: Reader, account: string): Promise<AccountRow> {
  return (await reader.get(accounts, account)) ?? {};
}

export function keepAccount(tx: Transaction, account: string, row: AccountRow): Promise<void> {
  return tx.put(accounts, account, row);
}

/** Undefined while the account has none of its own. */
export async function passwordPolicyOf(
  reader: Reader,
  account: string,
): Promise<PasswordPolicy | undefined> {
  return (await accountRow(reader, account)).passwordPolicy;
}
