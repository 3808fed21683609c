/**
 * Tokens of OpenID Connect issuers, verified with keys that are fetched as OpenID Connect Discovery
 * 1.0 says and kept for a while. Only signatures with public keys; nothing is fetched for issuers
 * that nobody expects, nor from addresses that are not allowed.
 */
import * as jose from 'jose';
import type { AddressPolicy } from '../../kernel/addresses.ts';
import type { Clock } from '../../kernel/clock.ts';
import { reasonOf } from '../../kernel/outcome.ts';
import type { WebIdentities, WebIdentity, WebIdentityRefusal } from '../../ports/web-identities.ts';
import { BadIssuer, type IssuerKeys, makeIssuerKeys } from './issuer-keys.ts';

export interface WebIdentitiesParts {
  readonly clock: Clock;
  readonly allow: AddressPolicy;
  /** For tests and machines of one's own: issuers at `http://localhost`, `127.0.0.1`, `[::1]`. */
  readonly httpOnLoopback?: boolean;
}

/** None with a shared secret: whoever knows a client's secret could make tokens. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512'],
];
const maxTokenChars = 20_000;
/** How far an issuer's clock may be from ours. */
const toleranceSeconds = 60;
const issuerPattern = /^https?:\/\/[^\s?#@]{1,1000}$/;
const ownClaims = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'azp', 'amr']);

export function makeWebIdentities(parts: WebIdentitiesParts): WebIdentities {
  const keys = makeIssuerKeys(parts);
  return {
    async verify(token, expected) {
      const issuer = claimedIssuer(token);
      if (issuer === undefined)
        return refusal('invalid', 'The ID Token provided is not a valid JWT.');
      if (!(await expected(issuer))) {
        const reason = `No OpenIDConnect provider found in your account for ${issuer}`;
        return refusal('invalid', reason);
      }
      try {
        const payload = await verified(token, issuer, { keys, nowMs: parts.clock.nowMs() });
        const fault = claimFault(payload);
        if (fault !== undefined) return refusal('invalid', fault);
        return { ok: true, value: identityOf(issuer, payload) };
      } catch (cause) {
        return refusalOf(cause);
      }
    },
  };
}

/** Before anything is verified: enough to know whose keys to ask for. */
function claimedIssuer(token: string): string | undefined {
  if (token.length > maxTokenChars) return undefined;
  try {
    const { iss } = jose.decodeJwt(token);
    return typeof iss === 'string' && issuerPattern.test(iss) ? iss : undefined;
  } catch (cause) {
    if (cause instanceof jose.errors.JOSEError) return undefined;
    throw cause;
  }
}

/** Keys that are new at the issuer are asked for once, when a token names one that is not known. */
async function verified(
  token: string,
  issuer: string,
  { keys, nowMs }: { readonly keys: IssuerKeys; readonly nowMs: number },
): Promise<jose.JWTPayload> {
  const options = {
    ...{ algorithms, issuer, clockTolerance: toleranceSeconds, currentDate: new Date(nowMs) },
    requiredClaims: ['sub', 'aud', 'exp'],
  };
  try {
    return (await jose.jwtVerify(token, await keys.of(issuer), options)).payload;
  } catch (cause) {
    if (!(cause instanceof jose.errors.JWKSNoMatchingKey)) throw cause;
    const fresh = await keys.refreshed(issuer);
    if (!fresh) throw cause;
    return (await jose.jwtVerify(token, fresh, options)).payload;
  }
}

/** Its issuer signed it; that does not make it well-formed: any JSON may stand in a claim. */
function claimFault({ sub, aud }: jose.JWTPayload): string | undefined {
  if (!isText(sub)) return 'The claim sub must be a text.';
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const isGood = audiences.length > 0 && audiences.every(isText);
  return isGood ? undefined : 'The claim aud must be a text, or a list of texts.';
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';

function identityOf(issuer: string, payload: jose.JWTPayload): WebIdentity {
  const { sub = '', aud = [], exp = 0, azp, amr } = payload;
  const audiences = typeof aud === 'string' ? [aud] : aud;
  const plain = Object.entries(payload).flatMap(([name, value]): [string, string][] =>
    !ownClaims.has(name) && ['string', 'number', 'boolean'].includes(typeof value)
      ? [[name, String(value)]]
      : [],
  );
  const isList = Array.isArray(amr) && amr.every((method) => typeof method === 'string');
  return {
    ...{ issuer, subject: sub, audiences, expiresAtMs: exp * 1_000 },
    claims: Object.fromEntries(plain),
    ...(typeof azp === 'string' ? { authorizedParty: azp } : {}),
    ...(isList ? { methods: amr } : {}),
  };
}

function refusal(kind: WebIdentityRefusal['kind'], reason: string): WebIdentityRefusal {
  return { ok: false, kind, reason };
}

/** The words of the library name claims and rules, never what is in the token. */
function refusalOf(cause: unknown): WebIdentityRefusal {
  if (cause instanceof BadIssuer) return refusal('unreachable', cause.message);
  if (cause instanceof jose.errors.JWTExpired) return refusal('expired', 'its time is over');
  if (cause instanceof jose.errors.JOSEError) return refusal('invalid', reasonOf(cause));
  throw cause;
}
