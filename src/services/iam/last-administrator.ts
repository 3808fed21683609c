/** Changes that may take rights away, and the refusal of those that leave no administrator. */
import { administratorRemains } from '../../engines/identity/administrators.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Transaction } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';

/**
 * Runs the change. Throws UnmodifiableEntity, which rolls the transaction back, when there was an
 * administrator before and there is none after.
 */
export async function sparingAdministrator<T>(
  tx: Transaction,
  scope: Scope,
  change: () => Promise<T>,
): Promise<T> {
  const before = await administratorRemains(tx, scope);
  const result = await change();
  if (before && !(await administratorRemains(tx, scope))) {
    throw faults.unmodifiable(
      'This would leave the account without an administrator: at least one user must keep an ' +
        'active access key and AdministratorAccess without a permissions boundary.',
    );
  }
  return result;
}
