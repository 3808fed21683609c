/** Who may do everything, and who can come to more rights than they were given. */
import { formatArn } from '../../kernel/arn.ts';
import { type EscalationPath, escalationPaths } from '../policy/escalation.ts';
import { type Method, methods, type TargetKind } from '../policy/escalation-methods.ts';
import { glob, piecesOf } from '../policy/patterns.ts';
import type { CompiledPolicy } from '../policy/types.ts';
import { statementsAllowing } from './documents.ts';
import type { Holder } from './holders.ts';

export interface Escalation {
  readonly holder: Holder;
  /**
   * Those that end in more rights: all but those that stay within a boundary, and the passing of
   * certain roles none of which may do everything.
   */
  readonly open: readonly EscalationPath[];
  readonly limited: readonly EscalationPath[];
}

/** Nobody has it: who may do this as well may do everything. */
const unknownAction = 'audit:AnythingAtAll';
const somebody = 'somebody-else';

export function isAdministrator({ allows, scope }: Holder): boolean {
  const iam = { ...scope, region: '' };
  return (
    allows(unknownAction, formatArn(scope, 'audit', 'any/thing')) &&
    allows('iam:AttachUserPolicy', formatArn(iam, 'iam', `user/${somebody}`)) &&
    allows('iam:CreateUser', formatArn(iam, 'iam', `user/${somebody}`))
  );
}

type Others = 'user' | 'group' | 'role';

/**
 * Of everybody but the administrators, who need no way. The rights of each are asked about a
 * bounded number of others: those that their policies name come first.
 */
export function escalationsOf(
  holders: readonly Holder[],
  administrators: ReadonlySet<Holder>,
  groupArns: readonly string[],
): readonly Escalation[] {
  const arnsOf = (kind: Holder['kind']) =>
    // Administrators first: to reach one of them is the worst that can be.
    [...holders]
      .filter((holder) => holder.kind === kind)
      .sort((a, b) => Number(administrators.has(b)) - Number(administrators.has(a)))
      .map(({ row }) => row.arn);
  const reach = makeReach({ user: arnsOf('user'), group: groupArns, role: arnsOf('role') });
  const powerful = new Set([...administrators].map(({ row }) => row.arn));
  return holders.flatMap((holder) => {
    if (administrators.has(holder)) return [];
    const paths = pathsOf(holder, reach);
    if (paths.length === 0) return [];
    const isOpen = (path: EscalationPath) => endsInMore(path, holder, powerful);
    return [{ holder, open: paths.filter(isOpen), limited: paths.filter((p) => !isOpen(p)) }];
  });
}

function pathsOf(holder: Holder, reach: Reach): readonly EscalationPath[] {
  const { kind, row, groups, ownPolicies, boundary, scope, allows } = holder;
  const possible = methods.filter(({ steps }) =>
    steps.every(({ action }) => holder.couldAllow(action)),
  );
  // Nearly everybody ends here.
  if (possible.length === 0) return [];
  const others = (over: Others) =>
    possible.some((method) => method.over === over) ? reach(holder, over) : [];
  return escalationPaths({
    suspect: {
      ...{ kind, arn: row.arn, groups, policies: ownPolicies },
      hasBoundary: boundary !== undefined,
    },
    scope,
    others: { users: others('user'), groups: others('group'), roles: others('role') },
    allows,
  });
}

const passing = 'iam:PassRole';

function endsInMore(
  { severity, steps: [first] }: EscalationPath,
  { allows, scope }: Holder,
  powerful: ReadonlySet<string>,
): boolean {
  if (severity === 'warning') return false;
  if (first?.action !== passing || powerful.has(first.resource)) return true;
  const anyRole = formatArn({ ...scope, region: '' }, 'iam', `role/${somebody}`);
  return allows(passing, anyRole, { 'iam:passedtoservice': 'sagemaker.amazonaws.com' });
}

type Reach = (holder: Holder, kind: Others) => readonly string[];

/** Others that are tried for one pattern of a policy, and for one principal. */
const mostReached = 25;
const mostTried = 50;

/** Whom the policies of a holder name among those there are. */
function makeReach(known: Readonly<Record<Others, readonly string[]>>): Reach {
  const sets = {
    user: new Set(known.user),
    group: new Set(known.group),
    role: new Set(known.role),
  };
  const byPattern = new Map<string, readonly string[]>();
  const byPolicy = new Map<CompiledPolicy, Partial<Record<Others, readonly string[]>>>();
  const actionsOn = (kind: Others) => methods.flatMap((method) => targetActions(method, kind));
  const actions = { user: actionsOn('user'), group: actionsOn('group'), role: actionsOn('role') };

  function matching(pattern: string, kind: Others): readonly string[] {
    if (!/[*?]|\$\{/.test(pattern)) return sets[kind].has(pattern) ? [pattern] : [];
    const key = `${kind} ${pattern}`;
    const found = byPattern.get(key);
    if (found) return found;
    const matches = glob(piecesOf(pattern.replace(/\$\{[^}]*\}/g, '*')));
    const made: string[] = [];
    for (const arn of known[kind]) {
      if (matches(arn)) made.push(arn);
      if (made.length >= mostReached) break;
    }
    byPattern.set(key, made);
    return made;
  }

  function ofPolicy(policy: CompiledPolicy, kind: Others): readonly string[] {
    const kept = byPolicy.get(policy) ?? {};
    byPolicy.set(policy, kept);
    kept[kind] ??= [
      ...new Set(
        statementsAllowing(policy, actions[kind])
          .flatMap(({ resources }) => resources ?? ['*'])
          .flatMap((pattern) => matching(pattern, kind)),
      ),
    ];
    return kept[kind];
  }

  return ({ policies }, kind) =>
    [...new Set(policies.flatMap(({ compiled }) => ofPolicy(compiled, kind)))].slice(0, mostTried);
}

/** Actions of a method that are about its target, not about what a service makes. */
function targetActions({ over, steps }: Method, kind: TargetKind): readonly string[] {
  return over === kind ? steps.filter(({ on }) => !on).map(({ action }) => action) : [];
}
