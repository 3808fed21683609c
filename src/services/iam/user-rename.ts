/**
 * Users and groups under another name or path. The unique id stays, and so do policies, keys,
 * logins, devices and memberships: everything that names the entity follows in the same
 * transaction.
 */
import { everyEntry } from '../../engines/identity/every.ts';
import {
  type AttachmentRow,
  accessKeys,
  attachmentKey,
  attachments,
  type EntityRow,
  type GroupRow,
  groups,
  logins,
  membershipKey,
  memberships,
  mfaDevices,
  nameKey,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import { keepGroup, keepUser } from './entities.ts';
import { devicesOf, keysOf, loginOf } from './user-parts.ts';

export interface Renamed {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
}

/** The new name must be free. */
export async function renamedUser(tx: Transaction, row: UserRow, to: Renamed): Promise<void> {
  const { account } = row;
  await tx.delete(users, nameKey(account, row.name));
  await keepUser(tx, { ...row, ...to });
  if (to.name === row.name) return;
  const bounds = row.boundaryArn === undefined ? [] : [row.boundaryArn];
  await moveAttachments(tx, row, { kind: 'user', as: 'policy', of: row.attached, name: to.name });
  await moveAttachments(tx, row, { kind: 'user', as: 'boundary', of: bounds, name: to.name });
  for (const group of row.groups) {
    await tx.delete(memberships, membershipKey(account, group, row.name));
    await tx.put(memberships, membershipKey(account, group, to.name), { group, user: to.name });
  }
  await moveOwned(tx, row, to.name);
}

async function moveOwned(tx: Transaction, user: UserRow, userName: string): Promise<void> {
  for (const key of await keysOf(tx, user)) {
    await tx.put(accessKeys, key.accessKeyId, { ...key, userName });
  }
  for (const device of await devicesOf(tx, user)) {
    await tx.put(mfaDevices, device.serial, { ...device, userName });
  }
  const login = await loginOf(tx, user);
  if (!login) return;
  await tx.delete(logins, nameKey(user.account, user.name));
  await tx.put(logins, nameKey(user.account, userName), { ...login, userName });
}

/** The new name must be free. */
export async function renamedGroup(tx: Transaction, row: GroupRow, to: Renamed): Promise<void> {
  const { account } = row;
  await tx.delete(groups, nameKey(account, row.name));
  await keepGroup(tx, { ...row, ...to });
  if (to.name === row.name) return;
  await moveAttachments(tx, row, { kind: 'group', as: 'policy', of: row.attached, name: to.name });
  const members: string[] = [];
  const prefix = `${nameKey(account, row.name)}/`;
  for await (const entry of everyEntry(tx, memberships, prefix)) members.push(entry.row.user);
  for (const user of members) {
    await tx.delete(memberships, membershipKey(account, row.name, user));
    await tx.put(memberships, membershipKey(account, to.name, user), { group: to.name, user });
    await renameGroupOf(tx, { account, user }, { from: row.name, to: to.name });
  }
}

async function renameGroupOf(
  tx: Transaction,
  { account, user }: { readonly account: string; readonly user: string },
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const row = await tx.get(users, nameKey(account, user));
  if (!row) return;
  await keepUser(tx, { ...row, groups: row.groups.map((name) => (name === from ? to : name)) });
}

interface Moved extends Pick<AttachmentRow, 'kind' | 'as' | 'name'> {
  /** ARNs of the policies. */
  readonly of: readonly string[];
}

async function moveAttachments(
  tx: Transaction,
  { name: before, id }: EntityRow,
  { kind, as, of, name }: Moved,
): Promise<void> {
  for (const policyArn of of) {
    await tx.delete(attachments, attachmentKey({ policyArn, as, kind, name: before, id }));
    const moved = { policyArn, as, kind, name, id };
    await tx.put(attachments, attachmentKey(moved), moved);
  }
}
