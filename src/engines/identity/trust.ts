/**
 * The trust policy of a role as it is evaluated: principals that it named by ARN stand under the
 * unique ids they had then, so that a deleted and made-again name does not regain trust.
 */
import type { RoleRow } from './rows.ts';

export function effectiveTrust(role: Pick<RoleRow, 'trustPolicy' | 'trustedIds'>): string {
  if (Object.keys(role.trustedIds).length === 0) return role.trustPolicy;
  const ids = role.trustedIds;
  return JSON.stringify(JSON.parse(role.trustPolicy, replaced));

  function replaced(this: unknown, name: string, value: unknown): unknown {
    if (name === 'AWS' && typeof value === 'string') return idOf(value);
    if (name === 'AWS' && Array.isArray(value)) return value.map(idOf);
    return value;
  }

  function idOf(value: unknown): unknown {
    return typeof value === 'string' && Object.hasOwn(ids, value) ? ids[value] : value;
  }
}
