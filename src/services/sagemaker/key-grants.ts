/**
 * What a caller needs permission for to bring up an endpoint whose configuration names a managed
 * key: a grant of that key, through which the service comes to use it.
 */
import { hostedKey } from '../../engines/hosting/names.ts';
import { endpointConfigs } from '../../engines/hosting/rows.ts';
import { grantCheck } from '../../jobs/roles/safekeeping.ts';
import type { Check } from '../../kernel/check.ts';
import type { Ctx } from './context.ts';

/** None for a key that is not there: the endpoint will fail with that. */
export async function volumeGrants(
  { EndpointConfigName: name = '' }: { readonly EndpointConfigName?: string | undefined },
  { store, keys, caller, scope }: Ctx,
): Promise<readonly Check[]> {
  const config = await store.get(endpointConfigs, hostedKey(scope, name));
  const reference = config?.volumeKeyId;
  if (reference === undefined) return [];
  const key = await keys.find(reference, scope);
  return key.ok ? [grantCheck(keys, key.value, { caller, reference, scope })] : [];
}
