/** What has to be gone before a user can be deleted, in the original's order and words. */
import type { UserRow } from '../../engines/identity/rows.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { devicesOf, keysOf, loginOf } from './user-parts.ts';

/** Throws DeleteConflict. */
export async function assertUserFree(tx: Transaction, user: UserRow): Promise<void> {
  const left = await whatIsLeft(tx, user);
  if (left) throw faults.deleteConflict(`Cannot delete entity, must ${left} first.`);
}

async function whatIsLeft(tx: Transaction, user: UserRow): Promise<string | undefined> {
  if (user.attached.length > 0) return 'detach all policies';
  if (Object.keys(user.inline).length > 0) return 'delete policies';
  if (user.groups.length > 0) return 'remove users from group';
  if ((await keysOf(tx, user)).length > 0) return 'delete access keys';
  if (await loginOf(tx, user)) return 'delete login profile';
  if ((await devicesOf(tx, user)).length > 0) return 'delete MFA device';
  return undefined;
}
