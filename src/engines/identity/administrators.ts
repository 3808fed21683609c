/**
 * Whether an account still has somebody who may do everything. An account without one could never
 * be put right again, so what would leave it so is refused by those who ask here.
 */
import type { Reader } from '../../ports/metadata-store.ts';
import { everyEntry } from './every.ts';
import { administratorPolicyArn } from './public-policies.ts';
import {
  accessKeys,
  attachments,
  groups,
  memberships,
  nameKey,
  type UserRow,
  users,
} from './rows.ts';

export interface AccountScope {
  readonly partition: string;
  readonly account: string;
}

/** More keys than a user may have. */
const mostKeys = 100;

/**
 * True when there is a user with an active access key who has AdministratorAccess, attached to them
 * or to a group of theirs, and no permissions boundary. Inside a transaction it sees its changes.
 */
export async function administratorRemains(reader: Reader, scope: AccountScope): Promise<boolean> {
  const { account } = scope;
  const policyArn = administratorPolicyArn(scope.partition);
  // Attachments are kept over all accounts: the row of the user or group itself decides.
  for await (const { row } of everyEntry(reader, attachments, `${policyArn}|policy|`)) {
    if (row.kind === 'user') {
      const user = await reader.get(users, nameKey(account, row.name));
      if (user?.attached.includes(policyArn) && (await canAct(reader, user))) return true;
    } else if (row.kind === 'group') {
      const group = await reader.get(groups, nameKey(account, row.name));
      if (group?.attached.includes(policyArn) && (await hasActor(reader, account, group.name))) {
        return true;
      }
    }
  }
  return false;
}

async function hasActor(reader: Reader, account: string, group: string): Promise<boolean> {
  for await (const { row } of everyEntry(reader, memberships, `${nameKey(account, group)}/`)) {
    const user = await reader.get(users, nameKey(account, row.user));
    if (user && (await canAct(reader, user))) return true;
  }
  return false;
}

/** Nothing limits them, and they can sign. */
async function canAct(reader: Reader, user: UserRow): Promise<boolean> {
  if (user.boundaryArn !== undefined) return false;
  const keys = await reader.listBy(accessKeys, {
    index: 'user',
    equals: nameKey(user.account, user.name),
    limit: mostKeys,
  });
  return keys.some(({ row }) => row.status === 'Active');
}
