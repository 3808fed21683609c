/** The permission that an operation on one key needs, whether there is such a key or not. */

import { aliasMeant, arnMeant, findKey, meantBy } from '../../engines/keys/finding.ts';
import type { EncryptionContext } from '../../engines/keys/keys.ts';
import { keyCheck } from '../../engines/keys/permission.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { KmsCtx } from './context.ts';

export interface Need {
  /** `kms:Decrypt`, … */
  readonly action: string;
  readonly context?: EncryptionContext | undefined;
  readonly keys?: Readonly<Record<string, KeyValue>>;
}

/** By key id, key ARN, alias name or alias ARN. */
export async function keyNeeds(ctx: KmsCtx, reference: string, need: Need): Promise<Check> {
  const found = await findKey(ctx.store, reference, ctx.scope);
  if (!found.ok) return needsOfNothing(ctx, reference, need);
  const alias = aliasMeant(reference, ctx.scope);
  return needsOf(ctx, found.value, alias === undefined ? need : { ...need, alias });
}

/** The same for a key that was found. */
export function needsOf(
  { keys, caller }: KmsCtx,
  key: KeyRow,
  { context, keys: more, alias, action }: Need & { readonly alias?: string },
): Check {
  return keyCheck(key, {
    ...{ action, caller, policy: () => keys.policyOf(key, caller) },
    ...(alias === undefined ? {} : { alias }),
    ...(context === undefined ? {} : { context }),
    ...(more === undefined ? {} : { keys: more }),
  });
}

/** A key that is not there has no policy: the caller's own decide whether it may learn of that. */
function needsOfNothing(
  { scope, caller }: KmsCtx,
  reference: string,
  { action, keys }: Need,
): Check {
  return {
    action,
    resource: arnMeant(reference, scope),
    owner: meantBy(reference, scope)?.scope.account ?? scope.account,
    keys: { 'kms:calleraccount': caller.account, ...keys },
  };
}
