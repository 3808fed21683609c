/**
 * Ways in which a principal can come to more rights than it was given. Asks only whether actions
 * are allowed, so that boundaries, denials and conditions count as they do in decisions. The
 * methods are those publicly known of IAM, and those that jobs with roles of their own open.
 */
import { formatArn, type Scope } from '../../kernel/arn.ts';
import type { KeyValue } from '../../kernel/check.ts';
import { type Method, methods, type Step, type TargetKind } from './escalation-methods.ts';

export interface Suspect {
  readonly kind: 'user' | 'role';
  /** Of the user or of the role (not of its session). */
  readonly arn: string;
  /** ARNs of the user's groups. */
  readonly groups: readonly string[];
  /** ARNs of the account's managed policies that it or its groups have. */
  readonly policies: readonly string[];
  /** What it gains for itself stays within its boundary. */
  readonly hasBoundary: boolean;
}

export interface EscalationQuestion {
  readonly suspect: Suspect;
  /** Partition and account of the principal, and a region to try. */
  readonly scope: Scope;
  /**
   * Who else there is, by ARN. Others with made-up names are tried as well: rights often reach
   * further than what exists today.
   */
  readonly others?: {
    readonly users?: readonly string[];
    readonly groups?: readonly string[];
    readonly roles?: readonly string[];
  };
  allows(action: string, resource: string, keys?: Readonly<Record<string, KeyValue>>): boolean;
}

export interface EscalationStep {
  readonly action: string;
  readonly resource: string;
  /** What it gives the principal. */
  readonly gains: string;
}

export interface EscalationPath {
  readonly severity: 'security' | 'warning';
  readonly code: string;
  /** One sentence: who gets what by which actions. */
  readonly message: string;
  readonly steps: readonly EscalationStep[];
}

/** Others of a kind that are tried, beyond the made-up one. */
const mostTried = 200;
const madeUp = 'somebody-else';

/** One path of each method that is open; in the order of the table of methods. */
export function escalationPaths(question: EscalationQuestion): readonly EscalationPath[] {
  return methods.flatMap((method) => pathOf(method, question) ?? []);
}

function pathOf(method: Method, question: EscalationQuestion): EscalationPath | undefined {
  const { suspect } = question;
  for (const target of targetsOf(method.over, question)) {
    const steps = method.steps.map((step) => resolved(step, target, question.scope));
    const open = steps.every(({ action, resource, keys }) =>
      question.allows(action, resource, keys),
    );
    if (!open) continue;
    const bounded = suspect.hasBoundary && method.staysWithinBoundary === true;
    const limit = bounded ? ' What it gains stays within its permissions boundary.' : '';
    const by = steps.map(({ action, resource }) => `${action} on ${resource}`).join(', then ');
    return {
      severity: bounded ? 'warning' : 'security',
      code: method.code,
      message: `${suspect.arn} ${method.gains}: ${by}.${limit}`,
      steps: steps.map(({ action, resource, gains }) => ({ action, resource, gains })),
    };
  }
  return undefined;
}

function targetsOf(kind: TargetKind, question: EscalationQuestion): readonly string[] {
  const { suspect, others = {}, scope } = question;
  const iam = (resource: string) =>
    formatArn({ partition: scope.partition, region: '', account: scope.account }, 'iam', resource);
  const apart = (list: readonly string[] = []) =>
    list.filter((arn) => arn !== suspect.arn).slice(0, mostTried);
  switch (kind) {
    case 'own-user':
      return suspect.kind === 'user' ? [suspect.arn] : [];
    case 'own-role':
      return suspect.kind === 'role' ? [suspect.arn] : [];
    case 'own-group':
      return suspect.kind === 'user' ? suspect.groups : [];
    case 'own-policy':
      return suspect.policies;
    case 'user':
      return [...apart(others.users), iam(`user/${madeUp}`)];
    case 'group':
      if (suspect.kind !== 'user') return [];
      return [
        ...apart(others.groups).filter((arn) => !suspect.groups.includes(arn)),
        iam(`group/${madeUp}`),
      ];
    case 'role':
      return [...apart(others.roles), iam(`role/${madeUp}`)];
  }
}

interface ResolvedStep extends EscalationStep {
  readonly keys: Readonly<Record<string, KeyValue>>;
}

function resolved(step: Step, target: string, scope: Scope): ResolvedStep {
  const { action, gains, keys = {} } = step;
  if (step.on === undefined) return { action, gains, keys, resource: target };
  const service = action.split(':')[0] ?? '';
  return { action, gains, keys, resource: formatArn(scope, service, `${step.on}/${madeUp}`) };
}
