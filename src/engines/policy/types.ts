/**
 * The vocabulary of policies: documents as they are read, what is asked of them, and what they
 * answer. No logic. The grammar and the rules are those of the public IAM user guide.
 */
import type { KeyValue } from '../../kernel/check.ts';

/**
 * Where a document is used decides its grammar: `identity` (of a user, group or role; boundaries
 * and session policies too), `resource`, `trust` (of a role).
 */
export type PolicyUse = 'identity' | 'resource' | 'trust';

export type Effect = 'Allow' | 'Deny';

/** One-based, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface PrincipalSet {
  /** `*` for everybody, or lists by kind: `AWS`, `Service`, `Federated`, `CanonicalUser`. */
  readonly everybody: boolean;
  readonly byKind: Readonly<Record<string, readonly string[]>>;
}

/** `ForAnyValue:StringLike`, `StringEqualsIfExists`, … taken apart. */
export interface Condition {
  readonly operator: string;
  readonly set?: 'all' | 'any';
  readonly ifExists: boolean;
  /** As written; compared without regard to case. */
  readonly key: string;
  readonly values: readonly string[];
}

export interface Statement {
  readonly index: number;
  readonly sid?: string;
  readonly effect: Effect;
  readonly principals?: PrincipalSet;
  readonly notPrincipals?: PrincipalSet;
  /** Exactly one of the two. */
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  /** At most one of the two; none in trust policies. */
  readonly resources?: readonly string[];
  readonly notResources?: readonly string[];
  readonly conditions: readonly Condition[];
  /** Of the statement's object in the text: its first character, and the one after its last. */
  readonly start: Position;
  readonly end: Position;
}

export interface PolicyDocument {
  readonly version: '2012-10-17' | '2008-10-17';
  readonly id?: string;
  readonly statements: readonly Statement[];
}

/** What a policy is asked about. */
export interface Question {
  /** `service:Action`. */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** Of resource and trust policies only. */
  readonly principal: PrincipalFacts;
  /** Condition keys, asked with lower-case names (tag keys keep theirs: `aws:principaltag/Team`
   *  is asked as written after the slash); undefined when the request has no such key. */
  readonly key: (name: string) => KeyValue | undefined;
}

/** The caller as resource policies name callers. */
export interface PrincipalFacts {
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'service' | 'anonymous';
  readonly account: string;
  /** The ARN of the user, the role session or the federated user; empty for the others. */
  readonly arn: string;
  /** Of a role session the role's ARN; of a GetSessionToken or federated session its user's. */
  readonly issuerArn?: string;
  /** `AIDA…` or `AROA…`: what trust policies keep in place of an ARN. */
  readonly uniqueId?: string;
  /** `sns.amazonaws.com`, … of a service. */
  readonly service?: string;
  /** The provider that vouched for a web identity: the ARN or the issuer's host and path. */
  readonly federatedProvider?: string;
}

/** How a resource policy came to name the caller; it decides what else has to allow. */
export type NamedAs =
  | 'everybody'
  | 'account'
  | 'user'
  | 'role'
  | 'session'
  | 'federated-session'
  | 'service'
  | 'provider';

/** What one compiled document says to one question. */
export interface Applied {
  /** Statements that apply, by their index. */
  readonly denies: readonly number[];
  readonly allows: readonly number[];
  /** How each of `allows` named the caller; empty for identity policies. */
  readonly namedAs: readonly NamedAs[];
}

export interface CompiledPolicy {
  readonly document: PolicyDocument;
  apply(question: Question): Applied;
  /** Lower-case names of the keys that its conditions and variables look at. */
  readonly keys: ReadonlySet<string>;
}

/** A compiled document and where it comes from. */
export interface SourcedPolicy {
  /** As SimulatePrincipalPolicy names it: the policy's name or ARN. */
  readonly id: string;
  readonly type: 'user' | 'group' | 'role' | 'managed' | 'session' | 'resource' | 'endpoint';
  readonly compiled: CompiledPolicy;
}

/** Every policy that has a say in one question. */
export interface PolicySets {
  readonly identity: readonly SourcedPolicy[];
  readonly boundary?: SourcedPolicy;
  /** Together one ceiling: what none of them allows is refused. Undefined: there is none. */
  readonly session?: readonly SourcedPolicy[];
  readonly resource?: SourcedPolicy;
  /** The account that owns the resource. */
  readonly owner: string;
  /** Of the VPC endpoint that the call came through: a ceiling. */
  readonly endpoint?: SourcedPolicy;
  /** See `Check.rule`. */
  readonly rule: 'beside' | 'trust' | 'key';
}

export type PolicyKind =
  | 'identity-based policy'
  | 'resource-based policy'
  | 'permissions boundary'
  | 'session policy'
  | 'VPC endpoint policy';

export interface Decision {
  readonly effect: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /** Of a refusal: the kind of policy that denies, or that would have had to allow. */
  readonly because?: PolicyKind;
  readonly matched: readonly Matched[];
  /** Undefined without a boundary. */
  readonly allowedByBoundary?: boolean;
  /** What failed in the evaluation, which is why the answer is no. */
  readonly failure?: string;
}

/** A statement that took part: of an explicit denial only those that deny. */
export interface Matched {
  readonly policy: SourcedPolicy;
  readonly statement: Statement;
}
