/**
 * Every way a signature is refused, in the words and codes of the kind of service asked: S3, the
 * query services, JSON over RPC and JSON over REST each have their own.
 */
import { Fault } from '../operation.ts';
import { isObjectService } from './canonical.ts';
import { maxSkewMs } from './dates.ts';
import type { SignedRequest } from './types.ts';

export type Dialect = 's3' | 'query' | 'json' | 'rest';

const queryServices = new Set(['iam', 'sts', 'sns', 'sqs', 'monitoring', 'ec2']);

export function dialectOf(service: string, request: SignedRequest): Dialect {
  if (isObjectService(service)) return 's3';
  // SQS and CloudWatch answer JSON clients with the codes of the query protocol they had before.
  if (queryServices.has(service)) return 'query';
  const { headers, url } = request;
  if ('x-amz-target' in headers || 'smithy-protocol' in headers) return 'json';
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return isForm || /[?&]Action=/.test(url) ? 'query' : 'rest';
}

type Answer = readonly [code: string, status: number];

const incomplete: Record<Dialect, Answer> = {
  s3: ['AuthorizationHeaderMalformed', 400],
  query: ['IncompleteSignature', 400],
  json: ['IncompleteSignatureException', 400],
  rest: ['IncompleteSignatureException', 403],
};
const mismatch: Record<Dialect, Answer> = {
  s3: ['SignatureDoesNotMatch', 403],
  query: ['SignatureDoesNotMatch', 403],
  json: ['InvalidSignatureException', 400],
  rest: ['InvalidSignatureException', 403],
};
const unknown: Record<Dialect, Answer> = {
  s3: ['InvalidAccessKeyId', 403],
  query: ['InvalidClientTokenId', 403],
  json: ['UnrecognizedClientException', 400],
  rest: ['UnrecognizedClientException', 403],
};

const tokenExpired: Record<Dialect, Answer> = {
  s3: ['ExpiredToken', 400],
  query: ['ExpiredToken', 403],
  json: ['ExpiredTokenException', 400],
  rest: ['ExpiredTokenException', 403],
};

function fault([code, status]: Answer, message: string, members: Members = {}): Fault {
  return new Fault(code, message, { status, members });
}

type Members = Readonly<Record<string, string>>;

const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** What is wrong with how a signature is given. `where` decides S3's code. */
export function malformed(dialect: Dialect, where: 'header' | 'query', reason: string): Fault {
  if (dialect !== 's3') return fault(incomplete[dialect], reason);
  if (where === 'query') return fault(['AuthorizationQueryParametersError', 400], reason);
  return fault(incomplete.s3, `The authorization header is malformed; ${reason}`);
}

export function unsupportedMechanism(dialect: Dialect): Fault {
  const message =
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
  return fault(dialect === 's3' ? ['InvalidRequest', 400] : incomplete[dialect], message);
}

export function twoMechanisms(dialect: Dialect): Fault {
  const message =
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query ' +
    'string parameter or the Authorization header should be specified';
  return fault(dialect === 's3' ? ['InvalidArgument', 400] : incomplete[dialect], message);
}

export function dateMissing(dialect: Dialect): Fault {
  if (dialect === 's3') {
    const message = 'AWS authentication requires a valid Date or x-amz-date header';
    return fault(['AccessDenied', 403], message);
  }
  return fault(
    incomplete[dialect],
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
  );
}

/** The scope's date is not that of the request. */
export function dateDiffers(
  dialect: Dialect,
  where: 'header' | 'query',
  dates: { readonly scope: string; readonly amzDate: string },
): Fault {
  const day = dates.amzDate.slice(0, 8);
  if (dialect === 's3') {
    const reason =
      `Invalid credential date "${dates.scope}". ` +
      `This date is not the same as X-Amz-Date: "${day}".`;
    return malformed(dialect, where, reason);
  }
  return fault(
    mismatch[dialect],
    'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
      `'${dates.scope}' != '${day}', from '${dates.amzDate}'.`,
  );
}

export interface Instants {
  readonly signedAtMs: number;
  readonly nowMs: number;
}

/** A signed header request outside the window around now. */
export function skewed(dialect: Dialect, { signedAtMs, nowMs }: Instants): Fault {
  if (dialect === 's3') {
    const message = 'The difference between the request time and the current time is too large.';
    return fault(['RequestTimeTooSkewed', 403], message, {
      RequestTime: iso(signedAtMs),
      ServerTime: iso(nowMs),
      MaxAllowedSkewMilliseconds: String(maxSkewMs),
    });
  }
  const compact = (ms: number) => iso(ms).replace(/[-:]/g, '');
  const minutes = maxSkewMs / 60_000;
  const [signedAt, now] = [compact(signedAtMs), compact(nowMs)];
  const message =
    signedAtMs < nowMs
      ? `Signature expired: ${signedAt} is now earlier than ${compact(nowMs - maxSkewMs)} ` +
        `(${now} - ${minutes} min.)`
      : `Signature not yet current: ${signedAt} is still later than ` +
        `${compact(nowMs + maxSkewMs)} (${now} + ${minutes} min.)`;
  return fault(mismatch[dialect], message);
}

/** A presigned URL past its time. */
export function expired(dialect: Dialect, endsAtMs: number, nowMs: number): Fault {
  if (dialect !== 's3') {
    const compact = (ms: number) => iso(ms).replace(/[-:]/g, '');
    const message = `Signature expired: ${compact(endsAtMs)} is now earlier than ${compact(nowMs)}`;
    return fault(mismatch[dialect], message);
  }
  const members = { Expires: iso(endsAtMs), ServerTime: iso(nowMs) };
  return fault(['AccessDenied', 403], 'Request has expired', members);
}

/** A presigned URL before its time. */
export function early(dialect: Dialect, instants: Instants): Fault {
  if (dialect !== 's3') return skewed(dialect, instants);
  return fault(['AccessDenied', 403], 'Request is not valid yet');
}

export function unknownKey(dialect: Dialect, accessKeyId: string): Fault {
  if (dialect === 's3') {
    const message = 'The AWS Access Key Id you provided does not exist in our records.';
    return fault(unknown.s3, message, { AWSAccessKeyId: accessKeyId });
  }
  return fault(unknown[dialect], 'The security token included in the request is invalid.');
}

/** The session token is not the credential's, or there should be none. */
export function wrongToken(dialect: Dialect): Fault {
  if (dialect === 's3') {
    const message = 'The provided token is malformed or otherwise invalid.';
    return fault(['InvalidToken', 400], message);
  }
  return fault(unknown[dialect], 'The security token included in the request is invalid.');
}

/** The credentials were good, and their session is over: clients get new ones at these codes. */
export function expiredToken(dialect: Dialect): Fault {
  if (dialect === 's3') return fault(tokenExpired.s3, 'The provided token has expired.');
  return fault(tokenExpired[dialect], 'The security token included in the request is expired');
}

export function headersNotSigned(dialect: Dialect, names: readonly string[]): Fault {
  if (dialect === 's3') {
    const message = 'There were headers present in the request which were not signed';
    return fault(['AccessDenied', 403], message, { HeadersNotSigned: names.join(', ') });
  }
  const list = names.map((name) => (name === 'host' ? "'Host' or ':authority'" : `'${name}'`));
  const message = `${list.join(', ')} must be a 'SignedHeader' in the AWS Authorization.`;
  return fault(mismatch[dialect], message);
}

/** The credential scope names another service than the one asked. */
export function wrongService(dialect: Dialect, claimed: string, expected: string): Fault {
  if (dialect === 's3') {
    const reason = `incorrect service "${claimed}". This endpoint belongs to "${expected}".`;
    return malformed(dialect, 'header', reason);
  }
  const message = `Credential should be scoped to correct service: '${expected}'. `;
  return fault(mismatch[dialect], message);
}

/** `members` help S3's clients find what they signed differently. */
export function doesNotMatch(dialect: Dialect, members: Members = {}): Fault {
  const message = 'The request signature we calculated does not match the signature you provided. ';
  if (dialect === 's3') {
    return fault(mismatch.s3, `${message}Check your key and signing method.`, members);
  }
  return fault(
    mismatch[dialect],
    `${message}Check your AWS Secret Access Key and signing method. ` +
      'Consult the service documentation for details.',
  );
}

export function accessDenied(message: string): Fault {
  return fault(['AccessDenied', 403], message);
}

/** What `x-amz-content-sha256` may say. */
export function unknownPayload(): Fault {
  return fault(
    ['InvalidArgument', 400],
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER ' +
      'or a valid sha256 value.',
  );
}

export function payloadMissing(): Fault {
  const message = 'Missing required header for this request: x-amz-content-sha256';
  return fault(['InvalidRequest', 400], message);
}

export function payloadDiffers(claimed: string, computed: string): Fault {
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  return fault(['XAmzContentSHA256Mismatch', 400], message, {
    ClientComputedContentSHA256: claimed,
    S3ComputedContentSHA256: computed,
  });
}
