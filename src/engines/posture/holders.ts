/**
 * Users and roles with all that their policies say, asked as requests are decided. Where a policy
 * looks at what is true of a request, the request is as trusted as can be: over TLS, after a second
 * factor, now. What cannot be known beforehand (addresses, tags of resources) is not there.
 */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { secondMs } from '../../kernel/clock.ts';
import { isPublicArn } from '../identity/public-policies.ts';
import { type EntityRow, nameKey, type RoleRow, type UserRow } from '../identity/rows.ts';
import { decide } from '../policy/decide.ts';
import type { PrincipalFacts, SourcedPolicy } from '../policy/types.ts';
import { couldAllow, type Documents, type Keys } from './documents.ts';
import type { Snapshot } from './types.ts';

export interface Holder {
  readonly kind: 'user' | 'role';
  readonly row: UserRow | RoleRow;
  readonly scope: Scope;
  /** ARNs of groups. */
  readonly groups: readonly string[];
  /** ARNs of the account's own managed policies that it or its groups have. */
  readonly ownPolicies: readonly string[];
  readonly policies: readonly SourcedPolicy[];
  readonly boundary?: SourcedPolicy;
  /** Why it is refused everything: policies of it that cannot be read. */
  readonly unreadable: readonly string[];
  allows(action: string, resource: string, keys?: Keys): boolean;
  /** Whether anything it has could allow the action. Cheap. */
  couldAllow(action: string): boolean;
}

export interface HolderParts {
  readonly snapshot: Snapshot;
  readonly documents: Documents;
  readonly nowMs: number;
  /** A region to ask about. */
  readonly region: string;
}

/** In order of keys, users first. Roles of services are left out: nobody else has their rights. */
export function holdersOf(parts: HolderParts): readonly Holder[] {
  const { users, roles } = parts.snapshot;
  return [
    ...[...users.values()].map((row) => holderOf(parts, 'user', row)),
    ...[...roles.values()]
      .filter(({ linkedService }) => linkedService === undefined)
      .map((row) => holderOf(parts, 'role', row)),
  ];
}

function holderOf(parts: HolderParts, kind: Holder['kind'], row: UserRow | RoleRow): Holder {
  const { snapshot, nowMs, region } = parts;
  const groups = 'groups' in row ? groupsOf(row, snapshot) : { found: [], missing: [] };
  const gathered = gather(parts, [row, ...groups.found]);
  const bounds = sourced(parts, row.boundaryArn ? [row.boundaryArn] : []);
  const [boundary] = bounds.policies;
  const unreadable = [...gathered.unreadable, ...bounds.unreadable, ...groups.missing];
  const parsed = parseArn(row.arn);
  const partition = parsed.ok ? parsed.value.partition : 'aws';
  const scope = { partition, region, account: row.account };
  const principal = factsOf(kind, row, scope);
  const general = keysOf(principal, row, { nowMs, region });
  const possible = (action: string) =>
    gathered.policies.some(({ compiled }) => couldAllow(compiled, action));
  return {
    ...{ kind, row, scope, policies: gathered.policies, unreadable },
    groups: groups.found.map(({ arn }) => arn),
    ownPolicies: [row, ...groups.found]
      .flatMap(({ attached }) => attached)
      .filter((arn) => !isPublicArn(arn)),
    ...(boundary ? { boundary } : {}),
    couldAllow: possible,
    allows(action, resource, keys = {}) {
      if (unreadable.length > 0 || !possible(action)) return false;
      const key = (name: string) => (Object.hasOwn(keys, name) ? keys[name] : general(name));
      const sets = {
        ...{ identity: gathered.policies, owner: row.account, rule: 'beside' as const },
        ...(boundary ? { boundary } : {}),
      };
      return decide({ action, resource, principal, key }, sets).effect === 'allowed';
    },
  };
}

interface Gathered {
  readonly policies: readonly SourcedPolicy[];
  readonly unreadable: readonly string[];
}

function groupsOf({ account, groups: names }: UserRow, { groups }: Snapshot) {
  const found: EntityRow[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const group = groups.get(nameKey(account, name));
    if (group) found.push(group);
    else missing.push(`there is no group ${name}`);
  }
  return { found, missing };
}

function gather(parts: HolderParts, rows: readonly EntityRow[]): Gathered {
  const all = rows.flatMap(({ inline, attached }) => {
    const own = Object.entries(inline).map(([name, text]) => {
      const made = parts.documents.compiled(text, 'identity');
      if (!made.ok) return { policies: [], unreadable: [`${name}: ${made.reason}`] };
      const policy = { id: name, type: 'user' as const, compiled: made.value };
      return { policies: [policy], unreadable: [] };
    });
    return [...own, sourced(parts, attached)];
  });
  return {
    policies: all.flatMap(({ policies }) => policies),
    unreadable: all.flatMap(({ unreadable }) => unreadable),
  };
}

function sourced({ documents }: HolderParts, arns: readonly string[]): Gathered {
  const policies: SourcedPolicy[] = [];
  const unreadable: string[] = [];
  for (const arn of arns) {
    const made = documents.managed(arn);
    if (made.ok) policies.push({ id: arn, type: 'managed', compiled: made.value });
    else unreadable.push(`${arn}: ${made.reason}`);
  }
  return { policies, unreadable };
}

function factsOf(kind: Holder['kind'], row: EntityRow, scope: Scope): PrincipalFacts {
  const { account, arn, id: uniqueId } = row;
  if (kind === 'user') return { kind, account, arn, uniqueId };
  const session = `assumed-role/${row.name}/audit`;
  const sessionArn = formatArn({ ...scope, region: '' }, 'sts', session);
  return { kind, account, arn: sessionArn, issuerArn: arn, uniqueId };
}

const factorAgeSeconds = 60;
const principalTag = 'aws:principaltag/';

function keysOf(
  { kind, account }: PrincipalFacts,
  row: UserRow | RoleRow,
  { nowMs, region }: { readonly nowMs: number; readonly region: string },
): (name: string) => KeyValue | undefined {
  const isUser = kind === 'user';
  const tags = new Map(
    Object.entries(row.tags).map(([name, value]) => [name.toLowerCase(), value] as const),
  );
  const known = new Map<string, KeyValue>([
    ['aws:securetransport', true],
    ['aws:multifactorauthpresent', true],
    ['aws:multifactorauthage', factorAgeSeconds],
    ['aws:currenttime', nowMs],
    ['aws:epochtime', String(Math.floor(nowMs / secondMs))],
    ['aws:tokenissuetime', nowMs],
    ['aws:requestedregion', region],
    ['aws:principalarn', row.arn],
    ['aws:principalaccount', account],
    ['aws:principaltype', isUser ? 'User' : 'AssumedRole'],
    ['aws:principalisawsservice', false],
    ['aws:userid', isUser ? row.id : `${row.id}:audit`],
    ['aws:resourceaccount', account],
    ['aws:viaawsservice', false],
    ...(isUser ? [['aws:username', row.name] as const] : []),
  ]);
  return (name) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(principalTag)) return tags.get(lower.slice(principalTag.length));
    return known.get(lower);
  };
}
