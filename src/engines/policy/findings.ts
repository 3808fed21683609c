/**
 * Findings of a policy: mistakes, holes and superfluities that its grammar permits, in the spirit
 * of Access Analyzer's policy validation. Whether a document can be read at all is decided before,
 * and what it does to one request elsewhere.
 */
import { type Outcome, ok } from '../../kernel/outcome.ts';
import { actionRules } from './findings-actions.ts';
import { conditionRules } from './findings-conditions.ts';
import { covers } from './findings-globs.ts';
import { principalRules } from './findings-principals.ts';
import { resourceRules, variablesInside } from './findings-resources.ts';
import type { Draft, Examined, Finding, Rule } from './findings-types.ts';
import { policyQuotas, sizeOf } from './limits.ts';
import { parsePolicy } from './parse.ts';
import type { PolicyDocument, PolicyUse, Statement } from './types.ts';

export type { Finding, Severity } from './findings-types.ts';

const learn =
  'https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html';
/** Findings past it are left out: a policy of so many is to be written anew. */
const mostFindings = 500;
/** Longer policies are not compared statement by statement. */
const mostCompared = 200;

const rules: readonly Rule[] = [
  ...actionRules,
  ...resourceRules,
  ...principalRules,
  ...conditionRules,
];

export interface FindingOptions {
  /** The account that the policy is for: its own root is no stranger. */
  readonly account?: string;
}

/** In order of statements; what is about the document comes first. */
export function findingsIn(
  document: PolicyDocument,
  use: PolicyUse,
  { account }: FindingOptions = {},
): readonly Finding[] {
  const about: Examined = { document, use, ...(account === undefined ? {} : { account }) };
  const found: Finding[] = [...versionFindings(document)].map((draft) => of(draft));
  for (const statement of document.statements) {
    for (const rule of rules) {
      for (const draft of rule(statement, about)) found.push(of(draft, statement));
      if (found.length >= mostFindings) return found.slice(0, mostFindings);
    }
  }
  return [...found, ...comparisons(document)].slice(0, mostFindings);
}

/** Of a resource policy that of a bucket, the largest there is. */
const quotas: Readonly<Record<PolicyUse, number>> = {
  identity: policyQuotas.managed,
  resource: 20_480,
  trust: policyQuotas.trust,
};
const nearQuota01 = 0.8;

/** Of a text that is not read yet; refused, in Amazon's words, when it cannot be. */
export function findingsInText(
  text: string,
  use: PolicyUse,
  options: FindingOptions = {},
): Outcome<readonly Finding[]> {
  const parsed = parsePolicy(text, use);
  if (!parsed.ok) return parsed;
  const size = [...sizeFindings(sizeOf(text), use)].map((draft) => of(draft));
  return ok([...size, ...findingsIn(parsed.value, use, options)].slice(0, mostFindings));
}

function* sizeFindings(characters: number, use: PolicyUse): Iterable<Draft> {
  const quota = quotas[use];
  if (characters > quota) {
    const message = `The policy has ${characters} characters; the quota is ${quota}.`;
    yield { severity: 'error', code: 'POLICY_SIZE_EXCEEDS_QUOTA', message };
  } else if (characters > quota * nearQuota01) {
    const message = `The policy has ${characters} of the ${quota} characters that it may have.`;
    yield { severity: 'suggestion', code: 'POLICY_SIZE_NEAR_QUOTA', message };
  }
}

function of(draft: Draft, statement?: Statement): Finding {
  const position = statement?.start ?? { line: 1, column: 1 };
  return { ...draft, ...(statement ? { statement: statement.index } : {}), position, learn };
}

function* versionFindings({ version, statements }: PolicyDocument): Iterable<Draft> {
  if (version === '2012-10-17') return;
  const message = 'The version is not 2012-10-17: write it, or newer elements mean nothing.';
  yield { severity: 'warning', code: 'MISSING_VERSION', message };
  if (!statements.some(variablesInside)) return;
  yield {
    severity: 'warning',
    code: 'VARIABLES_IN_OLD_VERSION',
    message: 'Without version 2012-10-17 what looks like a variable is literal text.',
  };
}

/** Statements that others make superfluous. */
function comparisons({ statements }: PolicyDocument): readonly Finding[] {
  if (statements.length > mostCompared) return [];
  return statements.flatMap((statement) => {
    const others = statements.filter((other) => other.index !== statement.index);
    const twin = others.find((other) => outweighs(other, statement));
    if (!twin) return [];
    const draft = statement.effect === twin.effect ? redundant(twin) : denied(twin);
    return [of(draft, statement)];
  });
}

function redundant({ index }: Statement): Draft {
  const message = `Statement ${index + 1} covers this one.`;
  return { severity: 'suggestion', code: 'REDUNDANT_STATEMENT', message };
}

function denied({ index }: Statement): Draft {
  const message = `Statement ${index + 1} denies all that this one allows.`;
  return { severity: 'warning', code: 'ALLOW_ALWAYS_DENIED', message };
}

/** Of two that cover each other the later one is superfluous. */
function outweighs(other: Statement, statement: Statement): boolean {
  if (!covering(other, statement)) return false;
  const mutual = other.effect === statement.effect && covering(statement, other);
  return !mutual || other.index < statement.index;
}

/** Whether `wide` says all that `narrow` says, or denies all that it allows. */
function covering(wide: Statement, narrow: Statement): boolean {
  if (narrow.effect === 'Deny' && wide.effect === 'Allow') return false;
  if (equal(wide, narrow)) return true;
  if (wide.conditions.length > 0 && text(wide.conditions) !== text(narrow.conditions)) return false;
  if (text(wide.principals) !== text(narrow.principals)) return false;
  if (wide.notPrincipals || narrow.notPrincipals) return false;
  const actions = listCovers(wide.actions?.map(lower), narrow.actions?.map(lower));
  if (!actions || wide.notResources || narrow.notResources) return false;
  if (!wide.resources && !narrow.resources) return true;
  return listCovers(wide.resources, narrow.resources);
}

function equal(a: Statement, b: Statement): boolean {
  return a.effect === b.effect && text(essence(a)) === text(essence(b));
}

function essence({ index: _index, sid: _sid, start: _start, end: _end, ...rest }: Statement) {
  return rest;
}

const lower = (value: string) => value.toLowerCase();
const text = (value: unknown) => JSON.stringify(value) ?? '';

function listCovers(wide?: readonly string[], narrow?: readonly string[]): boolean {
  if (!wide || !narrow || narrow.length === 0) return false;
  return narrow.every((one) => wide.some((other) => covers(other, one)));
}
