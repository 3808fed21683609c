/**
 * Tokens of OpenID Connect issuers, verified: signature, expiry and issuer. Audience and subject
 * are the caller's to check.
 */
import type { Refusal } from '../kernel/outcome.ts';

export interface WebIdentity {
  /** The issuer as in the token, `https://…`. */
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** `azp`, where the token has one. */
  readonly authorizedParty?: string;
  readonly expiresAtMs: number;
  /** Other claims with values of text, number or truth. */
  readonly claims: Readonly<Record<string, string>>;
  /** `amr`: how the subject proved who they are, where the token says so. */
  readonly methods?: readonly string[];
}

/** `expired`: the token was good once. `unreachable`: the issuer's keys could not be had. */
export interface WebIdentityRefusal extends Refusal {
  readonly kind: 'invalid' | 'expired' | 'unreachable';
}

export type VerifiedIdentity = { readonly ok: true; readonly value: WebIdentity };

export interface WebIdentities {
  /**
   * `expected` issuers only: nothing is fetched for a token of another one. The keys of an issuer
   * are fetched from its discovery document and cached. The reason of a refusal names no secret.
   */
  verify(token: string, expected: IssuerLookup): Promise<VerifiedIdentity | WebIdentityRefusal>;
}

/** Whether tokens of the issuer (`https://…`) are taken at all. */
export type IssuerLookup = (issuer: string) => Promise<boolean>;
