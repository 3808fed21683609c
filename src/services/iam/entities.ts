/** Users, groups and roles by name, or the refusal that there is none; and how they are kept. */
import {
  type GroupRow,
  groups,
  nameKey,
  type RoleRow,
  roles,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

/** Throws NoSuchEntity. Names are found without regard to case. */
export async function userNamed(reader: Reader, account: string, name: string): Promise<UserRow> {
  const row = await reader.get(users, nameKey(account, name));
  if (!row) throw faults.noSuchUser(name);
  return row;
}

/** Throws NoSuchEntity. */
export async function groupNamed(reader: Reader, account: string, name: string): Promise<GroupRow> {
  const row = await reader.get(groups, nameKey(account, name));
  if (!row) throw faults.noSuchGroup(name);
  return row;
}

/** Throws NoSuchEntity. */
export async function roleNamed(reader: Reader, account: string, name: string): Promise<RoleRow> {
  const row = await reader.get(roles, nameKey(account, name));
  if (!row) throw faults.noSuchRole(name);
  return row;
}

export function keepUser(tx: Transaction, row: UserRow): Promise<void> {
  return tx.put(users, nameKey(row.account, row.name), row);
}

export function keepGroup(tx: Transaction, row: GroupRow): Promise<void> {
  return tx.put(groups, nameKey(row.account, row.name), row);
}

export function keepRole(tx: Transaction, row: RoleRow): Promise<void> {
  return tx.put(roles, nameKey(row.account, row.name), row);
}
