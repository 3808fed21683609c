/** What can be wrong with who is let in: everybody, strangers, a service for anybody's account. */
import { parseArn } from '../../kernel/arn.ts';
import { type Draft, type Examined, looksAt, type Rule } from './findings-types.ts';
import type { PrincipalSet, Statement } from './types.ts';

export const principalRules: readonly Rule[] = [everybody, strangers, servicesForAnybody];

/** Keys that say who calls, or for whom: with one of them `*` need not mean everybody. */
const narrowing = [
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceip',
  'aws:userid',
  'kms:calleraccount',
];

const sourceKeys = ['aws:sourcearn', 'aws:sourceaccount', 'aws:sourceorgid', 'aws:sourceorgpaths'];

function isEverybody({ everybody: all, byKind }: PrincipalSet): boolean {
  return all || (byKind['AWS'] ?? []).includes('*');
}

function* everybody(statement: Statement, { use }: Examined): Iterable<Draft> {
  const { effect, principals } = statement;
  if (effect !== 'Allow' || !principals || !isEverybody(principals)) return;
  if (looksAt(statement, narrowing)) return;
  if (use === 'trust') {
    const message = 'Everybody of every account may take this role over: name who may.';
    yield security('TRUST_EVERYBODY', message);
  } else {
    const message = 'Everybody is let in, anonymous callers included: name who is, or a condition.';
    yield security('PUBLIC_ACCESS', message);
  }
}

function* strangers(statement: Statement, { use, account }: Examined): Iterable<Draft> {
  const { effect, principals, conditions } = statement;
  if (use !== 'trust' || effect !== 'Allow' || !principals || conditions.length > 0) return;
  for (const principal of principals.byKind['AWS'] ?? []) {
    const owner = wholeAccount(principal);
    if (owner === undefined || owner === account) continue;
    const whose = account === undefined ? 'unless it is your own, ' : '';
    yield security(
      'TRUST_WHOLE_ACCOUNT',
      `Whoever account ${owner} lets in may take this role over: ${whose}` +
        'add a condition on sts:ExternalId, or name a role of that account.',
    );
  }
}

/** The account that a principal stands for as a whole. */
function wholeAccount(principal: string): string | undefined {
  if (/^\d{12}$/.test(principal)) return principal;
  const parsed = parseArn(principal);
  return parsed.ok && parsed.value.resource === 'root' ? parsed.value.account : undefined;
}

function* servicesForAnybody(statement: Statement, { use }: Examined): Iterable<Draft> {
  const services = statement.principals?.byKind['Service'] ?? [];
  if (statement.effect !== 'Allow' || services.length === 0) return;
  if (looksAt(statement, sourceKeys)) return;
  yield {
    // Not every service says for whom it takes a role over.
    severity: use === 'trust' ? 'warning' : 'security',
    code: 'RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL',
    message:
      `${services.join(', ')} is let in on behalf of any account: ` +
      'add a condition on aws:SourceArn or aws:SourceAccount.',
  };
}

function security(code: string, message: string): Draft {
  return { severity: 'security', code, message };
}
