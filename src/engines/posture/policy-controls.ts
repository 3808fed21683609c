/** Checks of what policies say: those of the account, those on resources, and trust in roles. */
import { parseArn } from '../../kernel/arn.ts';
import type { EntityRow, RoleRow } from '../identity/rows.ts';
import type { Finding, Severity as FindingSeverity } from '../policy/findings.ts';
import type { PolicyUse, Statement } from '../policy/types.ts';
import { type Control, type Facts, of } from './control.ts';
import type { Evidence, SharedResource } from './types.ts';

interface Written {
  readonly arn: string;
  /** `policy x`, for those that have no ARN of their own. */
  readonly what: string;
  readonly text: string;
  readonly use: PolicyUse;
  readonly account: string;
}

/** Every policy that somebody of the account wrote. */
function* written({ snapshot }: Facts): Iterable<Written> {
  const { policies, users, groups, roles, shared } = snapshot;
  for (const { arn, account, versions, defaultVersion } of policies.values()) {
    const text = versions[defaultVersion]?.document ?? '';
    yield { arn, what: `version ${defaultVersion}`, text, use: 'identity', account };
  }
  for (const rows of [users, groups, roles]) {
    for (const row of rows.values()) yield* inlineOf(row);
  }
  for (const { arn, account, trustPolicy: text } of roles.values()) {
    yield { arn, what: 'trust policy', text, use: 'trust', account };
  }
  for (const { arn, account, policy: text } of shared) {
    if (text) yield { arn, what: 'resource policy', text, use: 'resource', account };
  }
}

function* inlineOf({ arn, account, inline }: EntityRow): Iterable<Written> {
  for (const [name, text] of Object.entries(inline)) {
    yield { arn, what: `inline policy ${name}`, text, use: 'identity', account };
  }
}

const everybodyCode = 'TRUST_EVERYBODY';
const publicCode = 'PUBLIC_ACCESS';
/** These have checks of their own. */
const apart = new Set([everybodyCode, 'TRUST_WHOLE_ACCOUNT', publicCode]);

function findingsOf(
  facts: Facts,
  wanted: (finding: Finding, one: Written) => boolean,
): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const one of written(facts)) {
    const { arn, what, text, use, account } = one;
    for (const finding of facts.documents.findings(text, use, account)) {
      if (!apart.has(finding.code) && wanted(finding, one)) {
        found.push({ resource: arn, detail: `${what}${placed(finding)}` });
      }
    }
  }
  return found;
}

function placed({ code, message, statement }: Finding): string {
  const where = statement === undefined ? '' : `, statement ${statement + 1}`;
  return `${where}: ${code}: ${message}`;
}

const graded = (severity: FindingSeverity) => (facts: Facts) =>
  findingsOf(facts, (finding) => finding.severity === severity);

function unreadable(facts: Facts): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const { arn, what, text, use } of written(facts)) {
    const made = facts.documents.compiled(text, use);
    if (!made.ok) found.push({ resource: arn, detail: `${what} cannot be read: ${made.reason}` });
  }
  for (const { row, unreadable: reasons } of facts.holders) {
    for (const reason of reasons) found.push(of(row, `it is refused everything: ${reason}`));
  }
  return found;
}

function publicResources({ snapshot, documents }: Facts): readonly Evidence[] {
  return snapshot.shared.flatMap((one) => {
    const { arn: resource, policy, account, publicAccess } = one;
    if (!policy || publicAccess?.restricted) return [];
    return documents
      .findings(policy, 'resource', account)
      .filter((finding) => finding.code === publicCode && !namesOwner(one, finding, documents))
      .map((finding) => ({ resource, detail: `resource policy${placed(finding)}` }));
  });
}

/** Topics have such statements from the start: only what acts for the owner has the key. */
function namesOwner(
  { policy = '', account }: SharedResource,
  { statement: index }: Finding,
  { compiled }: Facts['documents'],
): boolean {
  const made = compiled(policy, 'resource');
  const statement = made.ok && made.value.document.statements.find((s) => s.index === index);
  if (!statement) return false;
  return statement.conditions.some(
    ({ operator, key, ifExists, values }) =>
      key.toLowerCase() === 'aws:sourceowner' &&
      operator === 'StringEquals' &&
      !ifExists &&
      values.every((value) => value === account),
  );
}

function trustsEverybody({ snapshot, documents }: Facts): readonly Evidence[] {
  return [...snapshot.roles.values()].flatMap((role) =>
    documents
      .findings(role.trustPolicy, 'trust', role.account)
      .filter(({ code }) => code === everybodyCode)
      .map((finding) => of(role, `trust policy${placed(finding)}`)),
  );
}

function trustsAccounts({ snapshot, documents }: Facts): readonly Evidence[] {
  return [...snapshot.roles.values()].flatMap((role) => {
    const made = documents.compiled(role.trustPolicy, 'trust');
    return made.ok
      ? made.value.document.statements.flatMap((statement) => strangersIn(statement, role))
      : [];
  });
}

function strangersIn(statement: Statement, role: RoleRow): readonly Evidence[] {
  const { effect, principals, conditions, index } = statement;
  if (effect !== 'Allow') return [];
  const external = conditions.some(({ key }) => key.toLowerCase() === 'sts:externalid');
  const condition = external ? 'with an external id' : 'without an external id';
  const named: readonly string[] = principals?.byKind['AWS'] ?? [];
  return named
    .filter((name) => (accountOf(name) ?? role.account) !== role.account)
    .map((name) => of(role, `trust policy, statement ${index + 1}: ${name}, ${condition}`));
}

/** Undefined for unique ids and for everybody. */
function accountOf(principal: string): string | undefined {
  if (/^\d{12}$/.test(principal)) return principal;
  const parsed = parseArn(principal);
  return parsed.ok ? parsed.value.account : undefined;
}

function unattached({ snapshot }: Facts): readonly Evidence[] {
  const { users, groups, roles, policies } = snapshot;
  const used = new Set<string>();
  for (const { attached } of [...users.values(), ...groups.values(), ...roles.values()]) {
    for (const arn of attached) used.add(arn);
  }
  for (const { boundaryArn } of [...users.values(), ...roles.values()]) {
    if (boundaryArn) used.add(boundaryArn);
  }
  return [...policies.values()]
    .filter(({ arn }) => !used.has(arn))
    .map((row) => of(row, 'nobody has it, and nobody is bounded by it'));
}

function openBuckets({ snapshot }: Facts): readonly Evidence[] {
  return snapshot.shared.flatMap(({ arn: resource, publicAccess }) => {
    const open = publicAccess?.open ?? [];
    return open.length === 0 ? [] : [{ resource, detail: `not set: ${open.join(', ')}` }];
  });
}

export const policyControls: readonly Control[] = [
  {
    id: 'public-resources',
    title: 'No bucket, queue or topic lets everybody in',
    severity: 'high',
    advice: 'Name the principals in the policy, or set a condition that only they fulfil.',
    find: publicResources,
  },
  {
    id: 'roles-trust-everybody',
    title: 'No role may be taken over by everybody',
    severity: 'high',
    advice: 'Name in the trust policy who may take the role over.',
    find: trustsEverybody,
  },
  {
    id: 'policy-holes',
    title: 'No policy allows more than it seems to',
    severity: 'high',
    advice: 'Narrow the statement; `modelkeep role check FILE` examines a policy before it is set.',
    find: graded('security'),
  },
  {
    id: 'policies-unreadable',
    title: 'Every policy can be read',
    severity: 'medium',
    advice: 'Whoever has such a policy is refused everything: write it anew, or take it away.',
    find: unreadable,
  },
  {
    id: 'policy-errors',
    title: 'Every policy can do what it says',
    severity: 'medium',
    advice: 'Correct the statement: as it is, a part of it never applies.',
    find: graded('error'),
  },
  {
    id: 'roles-trust-accounts',
    title: 'No role may be taken over from other accounts',
    severity: 'medium',
    advice: 'Keep those that are meant, for a role of that account and with an external id.',
    find: trustsAccounts,
  },
  {
    id: 'public-access-block',
    title: 'Every bucket keeps public access out',
    severity: 'medium',
    advice: 'Set all four settings with PutPublicAccessBlock.',
    find: openBuckets,
  },
  {
    id: 'policy-warnings',
    title: 'No policy has a part that may not do what was meant',
    severity: 'low',
    advice: 'Look at the statement; `modelkeep role check FILE` tells where to read more.',
    find: graded('warning'),
  },
  {
    id: 'policies-unattached',
    title: 'Every policy of the account is in use',
    severity: 'low',
    advice: 'Delete those that nobody needs, before somebody attaches one by mistake.',
    find: unattached,
  },
  {
    id: 'policy-suggestions',
    title: 'No policy can be simpler',
    severity: 'info',
    advice: 'Take out what another part of the policy says already.',
    find: graded('suggestion'),
  },
];
