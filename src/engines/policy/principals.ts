/**
 * Whether a resource's policy means the caller, and as what: the way it names the caller decides
 * what else has to allow. Names are compared whole; there are no wildcards in them.
 */
import { splitArn } from './arns.ts';
import type { NamedAs, PrincipalFacts, PrincipalSet } from './types.ts';

/** How the set names the caller, by the name that needs least besides; undefined if it does not. */
export type NamesCaller = (principal: PrincipalFacts) => NamedAs | undefined;

export function principalMatcher(set: PrincipalSet): NamesCaller {
  if (set.everybody) return () => 'everybody';
  const sets = lookupOf(set);
  return (principal) => {
    if (principal.kind === 'service') {
      return sets.services.has(principal.service ?? '') ? 'service' : undefined;
    }
    if (byProvider(sets, principal)) return 'provider';
    if (principal.kind === 'anonymous') return undefined;
    return byName(sets.names, principal) ?? (inAccount(sets, principal) ? 'account' : undefined);
  };
}

/**
 * Whether a NotPrincipal set leaves the caller out. Every name of the caller must be in it: of a
 * session its own, its role's and its account's.
 */
export function exceptionMatcher(set: PrincipalSet): (principal: PrincipalFacts) => boolean {
  if (set.everybody) return () => true;
  const sets = lookupOf(set);
  return (principal) => {
    if (principal.kind === 'service') return sets.services.has(principal.service ?? '');
    if (byProvider(sets, principal)) return true;
    if (principal.kind === 'anonymous' || !inAccount(sets, principal)) return false;
    const { names } = sets;
    const { kind, arn, issuerArn = '', uniqueId = '' } = principal;
    if (kind === 'root') return true;
    if (kind === 'user') return names.has(arn) || names.has(uniqueId);
    if (kind === 'federated') return names.has(arn);
    return names.has(arn) && (names.has(issuerArn) || names.has(uniqueId));
  };
}

interface Lookup {
  readonly names: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly providers: ReadonlySet<string>;
}

const accountPattern = /^\d{12}$/;

function lookupOf({ byKind }: PrincipalSet): Lookup {
  const listed = byKind['AWS'] ?? [];
  return {
    // A caller without a name or an id must not be found under it.
    names: new Set(listed.filter((name) => name !== '')),
    accounts: new Set(listed.map(accountOf).filter((account) => account !== undefined)),
    services: new Set(byKind['Service']),
    providers: new Set(byKind['Federated']),
  };
}

/** The account that is meant as a whole: by its number, or by its root user. */
function accountOf(name: string): string | undefined {
  if (accountPattern.test(name)) return name;
  const [, , service, region, account, resource] = splitArn(name) ?? [];
  return service === 'iam' && region === '' && resource === 'root' ? account : undefined;
}

function inAccount({ accounts }: Lookup, { account }: PrincipalFacts): boolean {
  return accounts.has(account);
}

/** Only of callers who have nothing but a provider's word; a role's session is the role's. */
function byProvider({ providers }: Lookup, { kind, federatedProvider }: PrincipalFacts): boolean {
  if (kind !== 'anonymous' && kind !== 'federated') return false;
  return federatedProvider !== undefined && providers.has(federatedProvider);
}

function byName(
  names: ReadonlySet<string>,
  { kind, arn, issuerArn = '', uniqueId = '' }: PrincipalFacts,
): NamedAs | undefined {
  if (names.size === 0 || kind === 'root') return undefined;
  if (kind === 'user') return names.has(arn) || names.has(uniqueId) ? 'user' : undefined;
  if (names.has(arn)) return kind === 'role' ? 'session' : 'federated-session';
  if (!names.has(issuerArn) && !names.has(uniqueId)) return undefined;
  return kind === 'role' ? 'role' : 'user';
}
