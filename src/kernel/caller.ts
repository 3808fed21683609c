/**
 * Who makes a call, as plain data: what a signature proves, and what the session it was made under
 * carries along. Whether the caller may do a thing is not decided here.
 */
import { parseArn } from './arn.ts';

export interface Caller {
  /** Empty for calls without a signature and for callers that are services. */
  readonly accessKeyId: string;
  /**
   * The principal's ARN: of a user, of a role session (`…:assumed-role/ROLE/SESSION`), of a
   * federated user, or of the root user. Empty for anonymous callers and for services.
   */
  readonly arn: string;
  /** `AIDA…` of a user, `AROA…:SESSION` of a role session, the account for the root user. */
  readonly userId: string;
  /** Twelve digits; of a service the account that it acts for. */
  readonly account: string;
  /** Only of temporary credentials. */
  readonly session?: Session;
  /** `sns.amazonaws.com`, … when a service acts on its own behalf; never set from a request. */
  readonly service?: string;
}

/** Whether it is the root user of its account, with a session or without. */
export function isRootUser({ arn, account }: Caller): boolean {
  const parsed = parseArn(arn);
  if (!parsed.ok || parsed.value.service !== 'iam') return false;
  return parsed.value.resource === 'root' && parsed.value.account === account;
}

/** What temporary credentials stand for. Everything in it is sealed in their token. */
export interface Session {
  /**
   * `role`: AssumeRole and its kin. `user`: GetSessionToken, which has its user's own rights.
   * `federated`: GetFederationToken, limited to what the session policies allow.
   */
  readonly kind: 'role' | 'user' | 'federated';
  /** The role's ARN, or the ARN of the user who asked for the session. */
  readonly issuerArn: string;
  /** `AROA…` or `AIDA…`: a deleted and made-again name does not get old sessions back. */
  readonly issuerId: string;
  /** The role session's or the federated user's name; empty for `user`. */
  readonly name: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** When the caller gave a code of their device; absent without one. */
  readonly mfaAtMs?: number;
  /** Session tags; they stand before the role's own. */
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** Session policies as given, JSON. */
  readonly policies: readonly string[];
  /** ARNs of managed session policies. */
  readonly policyArns: readonly string[];
  /** ARN or name of the identity provider that vouched for the caller. */
  readonly federatedProvider?: string;
  /** Keys that only a web identity has (`issuer:sub`, `issuer:aud`, …), lower-case names. */
  readonly providerKeys?: Readonly<Record<string, string>>;
  /** The session was assumed by a role session: it lasts an hour at most. */
  readonly chained?: boolean;
}
