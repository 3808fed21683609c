/**
 * Verifies who signed a request: version 4 in the Authorization header or in a presigned URL,
 * version 2 in a presigned S3 URL. Bodies that are streamed are verified by `body.ts`.
 */
import {
  algorithm,
  canonicalRequest,
  emptySha256,
  hmacSha256,
  isObjectService,
  sha256Hex,
} from './canonical.ts';
import { type Claims, claimedDialect, headerClaims, queryClaims, queryOf } from './claims.ts';
import { maxSkewMs, parseAmzDate } from './dates.ts';
import * as faults from './faults.ts';
import { sameText } from './text.ts';
import type { ClaimedScope, SecretOf, SignedRequest, Verified, VerifyParts } from './types.ts';
import { verifyVersion2 } from './version2.ts';

/**
 * Undefined for a request that carries no signature. Throws `Fault` with Amazon's code and words
 * for one that carries a signature which does not hold. `services` guards against a signature for
 * one service being shown to another.
 */
export async function verifySignature(
  request: SignedRequest,
  parts: VerifyParts,
): Promise<Verified | undefined> {
  const { authorization } = request.headers;
  const asked = parts.services?.[0];
  if (authorization !== undefined && !request.url.includes('?')) {
    return verifyClaims(request, headerClaims(request, { authorization, asked }), parts);
  }
  const query = queryOf(request.url);
  const version4 = query.has('X-Amz-Signature') || query.has('X-Amz-Credential');
  const version2 = query.has('AWSAccessKeyId') && query.has('Signature');
  if (authorization !== undefined) {
    if (version4 || version2) throw faults.twoMechanisms(claimedDialect(request, asked));
    return verifyClaims(request, headerClaims(request, { authorization, asked }), parts);
  }
  if (version4) return verifyClaims(request, queryClaims(request, { query, asked }), parts);
  if (!version2) return undefined;
  checkService('s3', 's3', parts.services);
  return verifyVersion2(request, query, parts);
}

async function verifyClaims(
  request: SignedRequest,
  claims: Claims,
  parts: VerifyParts,
): Promise<Verified> {
  const { dialect, scope, amzDate, mode } = claims;
  checkService(dialect, scope.service, parts.services);
  checkTime(claims, parts.nowMs);
  checkHeaders(request, claims);
  const payload = payloadOf(request, claims);
  const found = await parts.findSecret(scope.accessKeyId, claims.token);
  if (!found) throw faults.unknownKey(dialect, scope.accessKeyId);
  if ('expired' in found) throw faults.expiredToken(dialect);
  checkToken(claims, found);

  const canonical = canonicalRequest(request, {
    service: scope.service,
    signedHeaders: claims.signedHeaders,
    payload,
    ...(mode === 'query' ? { omit: 'X-Amz-Signature' } : {}),
  });
  const name = nameOf(scope);
  const signing = signingKeyOf(name, scope, found.secretAccessKey);
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = `${algorithm}\n${amzDate}\n${scopeText}\n${sha256Hex(canonical)}`;
  if (!sameText(hmacSha256(signing.key, toSign).toString('hex'), claims.signature)) {
    throw faults.doesNotMatch(dialect, {
      AWSAccessKeyId: scope.accessKeyId,
      StringToSign: toSign,
      SignatureProvided: claims.signature,
      CanonicalRequest: canonical,
    });
  }
  keepSigningKey(name, signing);
  return {
    caller: found.caller,
    accessKeyId: scope.accessKeyId,
    service: scope.service,
    region: scope.region,
    mode,
    payload,
    chain: { key: signing.key, amzDate, scope: scopeText, seed: claims.signature },
  };
}

function checkService(
  dialect: faults.Dialect,
  service: string,
  expected: readonly string[] | undefined,
): void {
  if (!expected || expected.includes(service)) return;
  // The answer is in the words of the service that was asked, not of the one that was signed for.
  const [first = ''] = expected;
  const asked = isObjectService(first) ? 's3' : dialect === 's3' ? 'query' : dialect;
  throw faults.wrongService(asked, service, first);
}

function checkTime({ dialect, mode, scope, amzDate, expirySeconds }: Claims, nowMs: number): void {
  const signedAtMs = parseAmzDate(amzDate);
  if (signedAtMs === undefined) {
    if (mode === 'header') throw faults.dateMissing(dialect);
    const reason = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
    throw faults.malformed(dialect, mode, reason);
  }
  if (!amzDate.startsWith(scope.date)) {
    throw faults.dateDiffers(dialect, mode, { scope: scope.date, amzDate });
  }
  if (expirySeconds === undefined) {
    if (Math.abs(nowMs - signedAtMs) <= maxSkewMs) return;
    throw faults.skewed(dialect, { signedAtMs, nowMs });
  }
  const endsAtMs = signedAtMs + expirySeconds * 1_000;
  if (nowMs > endsAtMs) throw faults.expired(dialect, endsAtMs, nowMs);
  if (nowMs < signedAtMs - maxSkewMs) throw faults.early(dialect, { signedAtMs, nowMs });
}

/** The host, and every header that can change what a request means, must be signed. */
function checkHeaders({ headers }: SignedRequest, { dialect, signed }: Claims): void {
  let open: string[] | undefined;
  if (!signed.has('host')) open = ['host'];
  for (const name of Object.keys(headers)) {
    if (!name.startsWith('x-amz-') || signed.has(name)) continue;
    open ??= [];
    open.push(name);
  }
  if (open) throw faults.headersNotSigned(dialect, open);
}

const hexSha256 = /^[0-9a-f]{64}$/;
const payloadNames = new Set([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

/** The last line of the canonical request. A hash that is claimed and wrong is refused here. */
function payloadOf({ bodySha256 }: SignedRequest, { dialect, payload }: Claims): string {
  if (payload === undefined) {
    if (dialect === 's3') throw faults.payloadMissing();
    return bodySha256 ? bodySha256() : emptySha256;
  }
  if (!hexSha256.test(payload)) {
    if (dialect === 's3' && !payloadNames.has(payload)) throw faults.unknownPayload();
    // Only S3 takes chunked bodies apart; elsewhere nothing would check their signatures.
    if (dialect !== 's3' && payload !== 'UNSIGNED-PAYLOAD') throw faults.doesNotMatch(dialect);
    return payload;
  }
  const computed = bodySha256 ? bodySha256() : payload;
  if (computed !== payload) throw faults.payloadDiffers(payload, computed);
  return payload;
}

/** Also refuses a token where the credential has none: the client takes it for another one. */
function checkToken({ dialect, scope, token }: Claims, { sessionToken }: SecretOf): void {
  if (token === undefined && sessionToken === undefined) return;
  if (token === undefined) throw faults.unknownKey(dialect, scope.accessKeyId);
  if (!sameText(sessionToken ?? '', token)) throw faults.wrongToken(dialect);
}

interface SigningKey {
  readonly secret: string;
  readonly key: Buffer;
}

/** Derived keys by scope: saves four HMACs per request. */
const keys = new Map<string, SigningKey>();
const maxKeys = 10_000;

const nameOf = (scope: ClaimedScope) =>
  `${scope.accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;

function signingKeyOf(name: string, scope: ClaimedScope, secret: string): SigningKey {
  const kept = keys.get(name);
  if (kept && kept.secret === secret) return kept;
  const steps = [scope.date, scope.region, scope.service, 'aws4_request'];
  const key = steps.reduce<Buffer>(hmacSha256, Buffer.from(`AWS4${secret}`));
  return { secret, key };
}

/** Only keys that verified something are kept, so that made-up scopes cannot push them out. */
function keepSigningKey(name: string, verified: SigningKey): void {
  if (keys.get(name) === verified) return;
  const oldest = keys.size >= maxKeys ? keys.keys().next().value : undefined;
  if (oldest !== undefined) keys.delete(oldest);
  keys.set(name, verified);
}
