/** What a version 4 signature claims, taken apart and checked for form. Verifies nothing. */
import { algorithm, splitUrl } from './canonical.ts';
import { amzDateOf, maxExpirySeconds } from './dates.ts';
import { type Dialect, dateMissing, dialectOf, malformed, unsupportedMechanism } from './faults.ts';
import type { ClaimedScope, SignedRequest } from './types.ts';

export interface Claims {
  readonly dialect: Dialect;
  readonly mode: 'header' | 'query';
  readonly scope: ClaimedScope;
  /** Lower case, in the order they were signed in. */
  readonly signedHeaders: readonly string[];
  /** The same. */
  readonly signed: ReadonlySet<string>;
  /** As sent; only ever compared. */
  readonly signature: string;
  readonly amzDate: string;
  readonly token: string | undefined;
  /** What the client says about its body, if it says anything. */
  readonly payload: string | undefined;
  /** Life of a presigned URL. */
  readonly expirySeconds: number | undefined;
}

const defaultExpirySeconds = 900;

/** The claimed scope in the Authorization header or the query; undefined when there is none. */
export function claimedScope(
  headers: Readonly<Record<string, string>>,
  url: string,
): ClaimedScope | undefined {
  const header = headers.authorization;
  const credential =
    header === undefined
      ? queryOf(url).get('X-Amz-Credential')
      : /\bCredential=([^,\s]+)/.exec(header)?.[1];
  return credential ? parseCredential(credential) : undefined;
}

const noQuery = new URLSearchParams();

/** For reading only. */
export function queryOf(url: string): URLSearchParams {
  const [, query] = splitUrl(url);
  return query === '' ? noQuery : new URLSearchParams(query);
}

/** `key/YYYYMMDD/region/service/aws4_request`. */
function parseCredential(text: string): ClaimedScope | undefined {
  const [accessKeyId, date, region, service, end, ...rest] = text.split('/');
  if (!accessKeyId || !date || !region || !service) return undefined;
  if (end !== 'aws4_request' || rest.length > 0 || !/^\d{8}$/.test(date)) return undefined;
  return { accessKeyId, date, region, service };
}

/** Regions end up in ARNs and in keys of what is stored. */
const region = /^[A-Za-z0-9-]{1,64}$/;
const badRegion = 'Credential should be scoped to a valid region.';
const badCredential =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';

/**
 * In whose words a request is refused, before its signature is known to be whole: those of the
 * service it claims, else of the one it was routed to (`asked`), else of what it looks like.
 */
export function claimedDialect(request: SignedRequest, asked?: string): Dialect {
  return dialectBy(claimedScope(request.headers, request.url), request, asked);
}

function dialectBy(
  scope: ClaimedScope | undefined,
  request: SignedRequest,
  asked: string | undefined,
): Dialect {
  return dialectOf(scope?.service ?? asked ?? guessService(request), request);
}

/** All of an Authorization header but the signature; a client sends the same for a day. */
interface Head {
  readonly scope: ClaimedScope;
  readonly signedHeaders: readonly string[];
  readonly signed: ReadonlySet<string>;
}

/** By the text before the signature. */
const heads = new Map<string, Head>();
const mostHeads = 1_000;
const mostHeadCharacters = 1_000;
/** What a signature in a header ends with. */
const hexSignature = /^[0-9a-f]{64}$/;
const signatureCharacters = 64;

interface HeaderParts extends Head {
  readonly signature: string;
}

/** An Authorization header; throws when it is not a whole version 4 one. */
export function headerClaims(
  request: SignedRequest,
  { authorization, asked }: { readonly authorization: string; readonly asked?: string | undefined },
): Claims {
  const { headers } = request;
  const { scope, signedHeaders, signed, signature } =
    knownParts(authorization) ?? headerParts(request, authorization, asked);
  const dialect = dialectOf(scope.service, request);
  const amzDate = amzDateOf(headers['x-amz-date'] ?? headers.date ?? '');
  if (amzDate === undefined) throw dateMissing(dialect);
  return {
    dialect,
    mode: 'header',
    scope,
    signedHeaders,
    signed,
    signature,
    amzDate,
    token: headers['x-amz-security-token'],
    payload: headers['x-amz-content-sha256'],
    expirySeconds: undefined,
  };
}

/** Of a header that was whole before, but for its signature. */
function knownParts(authorization: string): HeaderParts | undefined {
  const head = heads.get(authorization.slice(0, -signatureCharacters));
  if (!head) return undefined;
  const signature = authorization.slice(-signatureCharacters);
  if (!hexSignature.test(signature)) return undefined;
  const { scope, signedHeaders, signed } = head;
  return { scope, signedHeaders, signed, signature };
}

function keepParts(authorization: string, { signature, ...head }: HeaderParts): void {
  const text = authorization.slice(0, -signatureCharacters);
  const ends = hexSignature.test(signature) && authorization.endsWith(`Signature=${signature}`);
  if (!ends || text.length > mostHeadCharacters) return;
  if (heads.size >= mostHeads) heads.clear();
  heads.set(text, head);
}

function headerParts(
  request: SignedRequest,
  authorization: string,
  asked: string | undefined,
): HeaderParts {
  const scope = claimedScope(request.headers, request.url);
  const dialect = dialectBy(scope, request, asked);
  const [scheme = ''] = authorization.trim().split(/\s/, 1);
  if (scheme !== algorithm) throw unsupportedMechanism(dialect);
  const fields = new Map<string, string>();
  for (const part of authorization.trim().slice(scheme.length).split(',')) {
    const [name = '', ...value] = part.trim().split('=');
    if (fields.has(name)) throw malformed(dialect, 'header', `'${name}' is given twice.`);
    fields.set(name, value.join('='));
  }
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !fields.get(name));
  if (missing.length > 0) {
    const reasons = missing.map((name) => `Authorization header requires '${name}' parameter.`);
    throw malformed(dialect, 'header', reasons.join(' '));
  }
  if (!scope) throw malformed(dialect, 'header', badCredential);
  if (!region.test(scope.region)) throw malformed(dialect, 'header', badRegion);
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';');
  const signed = new Set(signedHeaders);
  const parts = { scope, signedHeaders, signed, signature: fields.get('Signature') ?? '' };
  keepParts(authorization, parts);
  return parts;
}

/** Without a scope: S3 is what is left when nothing names a protocol. */
function guessService({ headers, url }: SignedRequest): string {
  const named = 'x-amz-target' in headers || 'smithy-protocol' in headers;
  return named || /[?&]Action=/.test(url) || headers['content-type']?.includes('form') ? '' : 's3';
}

const needed = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
] as const;

/** A presigned URL; throws when a parameter is missing, given twice or out of range. */
export function queryClaims(
  request: SignedRequest,
  { query, asked }: { readonly query: URLSearchParams; readonly asked?: string | undefined },
): Claims {
  const scope = parseCredential(query.get('X-Amz-Credential') ?? '');
  const dialect = dialectOf(scope?.service ?? asked ?? guessService(request), request);
  const refuse = (reason: string) => malformed(dialect, 'query', reason);
  const optional = dialect === 's3' ? undefined : 'X-Amz-Expires';
  if (needed.some((name) => name !== optional && !query.get(name))) {
    const list = `${needed.slice(0, -1).join(', ')}, and ${needed.at(-1)}`;
    throw refuse(`Query-string authentication version 4 requires the ${list} parameters.`);
  }
  const twice = [...needed, 'X-Amz-Security-Token'].find((name) => query.getAll(name).length > 1);
  if (twice) throw refuse(`${twice} is given twice.`);
  if (query.get('X-Amz-Algorithm') !== algorithm) {
    throw refuse(`X-Amz-Algorithm only supports "${algorithm}"`);
  }
  if (!scope) throw refuse(`Error parsing the X-Amz-Credential parameter; ${badCredential}`);
  if (!region.test(scope.region)) throw refuse(badRegion);
  const amzDate = query.get('X-Amz-Date') ?? '';
  const signedHeaders = (query.get('X-Amz-SignedHeaders') ?? '').split(';');
  const sentHash = query.get('X-Amz-Content-Sha256') ?? request.headers['x-amz-content-sha256'];
  return {
    dialect,
    mode: 'query',
    scope,
    signedHeaders,
    signed: new Set(signedHeaders),
    signature: query.get('X-Amz-Signature') ?? '',
    amzDate,
    token: query.get('X-Amz-Security-Token') ?? undefined,
    payload: sentHash ?? (dialect === 's3' ? 'UNSIGNED-PAYLOAD' : undefined),
    expirySeconds: expiryOf(query.get('X-Amz-Expires'), refuse),
  };
}

function expiryOf(text: string | null, refuse: (reason: string) => Error): number {
  if (text === null) return defaultExpirySeconds;
  if (!/^-?\d+$/.test(text)) throw refuse('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 1) throw refuse('X-Amz-Expires must be positive');
  if (seconds > maxExpirySeconds) {
    throw refuse(
      'X-Amz-Expires must be less than a week (in seconds); ' +
        `that is, the given X-Amz-Expires must be less than ${maxExpirySeconds} seconds`,
    );
  }
  return seconds;
}
