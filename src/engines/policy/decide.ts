/**
 * One decision over every policy that has a say, by the rules of the IAM user guide: an applicable
 * Deny anywhere refuses; else somebody must allow, within every ceiling. Gathering the policies
 * and the facts is not done here.
 */
import { reasonOf } from '../../kernel/outcome.ts';
import type {
  Decision,
  Matched,
  NamedAs,
  PolicyKind,
  PolicySets,
  PrincipalFacts,
  Question,
  SourcedPolicy,
} from './types.ts';

/**
 * Never throws: what cannot be evaluated is refused, as `implicitDeny` with the kind of policy that
 * failed and `failure`. `matched` has the statements that deny or, when none does, those of the
 * caller's and the resource's policies that allow; ceilings are not in it.
 */
export function decide(question: Question, sets: PolicySets): Decision {
  const findings = new Findings(question);
  try {
    return decided(question.principal, sets, findings);
  } catch (cause) {
    const failure = reasonOf(cause);
    return { effect: 'implicitDeny', because: findings.stage, matched: [], failure };
  }
}

function decided(principal: PrincipalFacts, sets: PolicySets, findings: Findings): Decision {
  // Only principals that an account keeps have policies of their own; the root user needs none.
  const bounded = principal.kind !== 'root' && isOfAccount(principal);
  const identity = bounded && findings.add('identity-based policy', sets.identity);
  const named = findings.addResource(sets.resource);
  const boundary = bounded ? findings.ceiling('permissions boundary', sets.boundary) : undefined;
  const session = bounded ? findings.ceiling('session policy', sets.session) : undefined;
  const endpoint = findings.ceiling('VPC endpoint policy', sets.endpoint);
  const effects = {
    identity: identity || principal.kind === 'root',
    named,
    boundary: boundary !== false,
    session: session !== false,
    endpoint: endpoint !== false,
  };
  const told = boundary === undefined ? {} : { allowedByBoundary: boundary };
  const { deniedBy } = findings;
  if (deniedBy) {
    return { effect: 'explicitDeny', because: deniedBy, matched: findings.denies, ...told };
  }
  const because = lacking(principal, sets, effects);
  if (because === undefined) return { effect: 'allowed', matched: findings.allows, ...told };
  return { effect: 'implicitDeny', because, matched: findings.allows, ...told };
}

interface Effects {
  readonly identity: boolean;
  /** Strongest first is not promised. */
  readonly named: readonly NamedAs[];
  readonly boundary: boolean;
  readonly session: boolean;
  readonly endpoint: boolean;
}

/** The kind of policy whose permission is missing; undefined when none is. */
function lacking(
  principal: PrincipalFacts,
  { rule, owner }: PolicySets,
  effects: Effects,
): PolicyKind | undefined {
  if (!effects.endpoint) return 'VPC endpoint policy';
  const grant = strongestGrant(effects.named, principal);
  if (!isOfAccount(principal)) return grant === 'whole' ? undefined : 'resource-based policy';
  const ceilings = () => {
    if (!effects.boundary) return 'permissions boundary';
    return effects.session ? undefined : 'session policy';
  };
  if (principal.account !== owner) {
    // Of another account: its own policies must allow as well, however it is named.
    if (!effects.identity) return 'identity-based policy';
    return ceilings() ?? (grant ? undefined : 'resource-based policy');
  }
  if (grant === 'whole') return undefined;
  if (grant === 'limited') return ceilings();
  if (rule !== 'beside' && !grant) return 'resource-based policy';
  return effects.identity ? ceilings() : 'identity-based policy';
}

/**
 * What a resource's policy is worth by how it named the caller: `whole` needs nothing besides,
 * `limited` stays within the boundary and the session, `delegated` leaves it to the account.
 */
type Grant = 'whole' | 'limited' | 'delegated';

function strongestGrant(named: readonly NamedAs[], principal: PrincipalFacts): Grant | undefined {
  let strongest: Grant | undefined;
  for (const name of named) {
    const grant = grantOf(name, principal);
    if (grant === 'whole') return grant;
    if (grant === 'limited' || !strongest) strongest = grant;
  }
  return strongest;
}

function grantOf(name: NamedAs, { kind }: PrincipalFacts): Grant {
  if (name === 'account') return 'delegated';
  if (name === 'role') return 'limited';
  // A federated session of a user who is named is not the user.
  return name === 'user' && kind !== 'user' ? 'limited' : 'whole';
}

function isOfAccount({ kind }: PrincipalFacts): boolean {
  return kind !== 'service' && kind !== 'anonymous';
}

const none: readonly NamedAs[] = [];

/** What the policies of one question have said so far. */
class Findings {
  readonly denies: Matched[] = [];
  readonly allows: Matched[] = [];
  /** The first kind that denies. */
  deniedBy: PolicyKind | undefined;
  /** What is being evaluated. */
  stage: PolicyKind = 'identity-based policy';
  readonly #question: Question;

  constructor(question: Question) {
    this.#question = question;
  }

  /** Whether any allows. */
  add(kind: PolicyKind, policies: readonly SourcedPolicy[]): boolean {
    this.stage = kind;
    let allowed = false;
    for (const policy of policies) {
      const { denies, allows } = policy.compiled.apply(this.#question);
      if (denies.length > 0) this.#deny(policy, denies);
      if (allows.length === 0) continue;
      allowed = true;
      collect(this.allows, policy, allows);
    }
    return allowed;
  }

  /** How it names the caller where it allows. */
  addResource(policy: SourcedPolicy | undefined): readonly NamedAs[] {
    this.stage = 'resource-based policy';
    if (!policy) return none;
    const { denies, allows, namedAs } = policy.compiled.apply(this.#question);
    if (denies.length > 0) this.#deny(policy, denies);
    collect(this.allows, policy, allows);
    return namedAs;
  }

  /** Whether any of them allows; undefined when there is no such ceiling. */
  ceiling(
    kind: PolicyKind,
    given: SourcedPolicy | readonly SourcedPolicy[] | undefined,
  ): boolean | undefined {
    if (given === undefined) return undefined;
    this.stage = kind;
    let allowed = false;
    for (const policy of isList(given) ? given : [given]) {
      const { denies, allows } = policy.compiled.apply(this.#question);
      if (denies.length > 0) this.#deny(policy, denies);
      else if (allows.length > 0) allowed = true;
    }
    return allowed;
  }

  #deny(policy: SourcedPolicy, statements: readonly number[]): void {
    this.deniedBy ??= this.stage;
    collect(this.denies, policy, statements);
  }
}

function isList(
  given: SourcedPolicy | readonly SourcedPolicy[],
): given is readonly SourcedPolicy[] {
  return Array.isArray(given);
}

function collect(into: Matched[], policy: SourcedPolicy, statements: readonly number[]): void {
  for (const index of statements) {
    const statement = policy.compiled.document.statements[index];
    if (statement) into.push({ policy, statement });
  }
}
