/**
 * What temporary credentials may not call at all, whatever policies say. Source: the comparison of
 * the operations of STS in the public IAM user guide.
 */
import type { Caller } from '../../kernel/caller.ts';

const ofUserSessions = new Set(['AssumeRole', 'GetCallerIdentity']);
const neverBySessions = new Set(['GetSessionToken', 'GetFederationToken']);

/** Why this caller may not call this operation; undefined when only policies have a say. */
export function sessionLimits(
  { session }: Pick<Caller, 'session'>,
  service: string,
  operation: string,
): string | undefined {
  if (!session) return undefined;
  if (service === 'sts' && neverBySessions.has(operation)) {
    return `Cannot call ${operation} with session credentials`;
  }
  if (session.kind === 'role') return undefined;
  if (session.kind === 'federated') {
    const free = service !== 'iam' && (service !== 'sts' || operation === 'GetCallerIdentity');
    return free ? undefined : `Cannot call ${operation} with federated user credentials`;
  }
  if (service === 'iam' && session.mfaAtMs === undefined) {
    return `Cannot call ${operation} with session credentials that no MFA device vouched for`;
  }
  if (service !== 'sts' || ofUserSessions.has(operation)) return undefined;
  return `Cannot call ${operation} with session credentials`;
}
