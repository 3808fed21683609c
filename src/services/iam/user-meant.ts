/** Which user a request is about when it may leave the name out: then it is the caller. */
import { type UserRow, users } from '../../engines/identity/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';
import { userNamed } from './entities.ts';
import { faults } from './faults.ts';

/** Throws `Fault` when there is no such user, or no name and the caller is no user. */
export async function userMeant(
  reader: Reader,
  call: Pick<Call, 'scope' | 'caller'>,
  name: string | undefined,
): Promise<UserRow> {
  if (name !== undefined) return userNamed(reader, call.scope.account, name);
  const own = await callingUser(reader, call);
  if (!own) {
    throw faults.validation('Must specify userName when calling with non-User credentials');
  }
  return own;
}

/**
 * The user who calls, with keys of their own or in a session of theirs. Found by the unique id,
 * which stays when the user is renamed and never comes back when the user is deleted.
 */
export async function callingUser(
  reader: Reader,
  { scope, caller }: Pick<Call, 'scope' | 'caller'>,
): Promise<UserRow | undefined> {
  if (caller.session && caller.session.kind !== 'user') return undefined;
  const range = { index: 'id', equals: caller.userId, limit: 1 };
  const [found] = await reader.listBy(users, range);
  return found?.row.account === scope.account ? found.row : undefined;
}

/** Whether the caller is the account's root user. */
export function isRoot({ scope, caller }: Pick<Call, 'scope' | 'caller'>): boolean {
  return caller.userId === scope.account && caller.arn.endsWith(':root');
}
