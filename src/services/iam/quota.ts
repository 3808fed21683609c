/** Whether there is room for one more of what an account has a quota of. */
import type { Collection, Transaction } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

export interface Quota {
  /** Of the keys of all that count. */
  readonly prefix: string;
  /** As the refusal names it: `UsersPerAccount`. */
  readonly what: string;
  readonly most: number;
}

/** After one was added: throws LimitExceeded when it was one too many. */
export async function assertRoom<Row>(
  tx: Transaction,
  of: Collection<Row>,
  { prefix, what, most }: Quota,
): Promise<void> {
  const found = await tx.list(of, { prefix, limit: most + 1 });
  if (found.length > most) throw faults.limit(what, most);
}
