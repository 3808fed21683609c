/**
 * The public keys of issuers: found through the discovery document, fetched within bounds of time
 * and size, without redirects, from allowed addresses only, and kept for a while.
 */
import { lookup } from 'node:dns';
import * as jose from 'jose';
import { Agent, request } from 'undici';
import { type AddressPolicy, checkUrl, guardedLookup } from '../../kernel/addresses.ts';
import { gather } from '../../kernel/bytes.ts';
import { type Clock, hourMs, minuteMs, secondMs } from '../../kernel/clock.ts';
import { reasonOf } from '../../kernel/outcome.ts';

export interface IssuerKeys {
  /** Throws `BadIssuer` when they cannot be had. */
  of(issuer: string): Promise<KeySet>;
  /** Fetched again; undefined when they were fetched a moment ago. */
  refreshed(issuer: string): Promise<KeySet | undefined>;
}

export type KeySet = ReturnType<typeof jose.createLocalJWKSet>;

/** The issuer's keys could not be had; the message says why. */
export class BadIssuer extends Error {
  override readonly name = 'BadIssuer';
}

export interface IssuerKeysParts {
  readonly clock: Clock;
  readonly allow: AddressPolicy;
  readonly httpOnLoopback?: boolean;
}

const keptMs = hourMs;
/** Tokens with made-up key ids must not make us hammer an issuer. */
const refreshEveryMs = 30 * secondMs;
/** After a failure the issuer is left alone for a while, too. */
const failureKeptMs = minuteMs / 6;
const timeoutMs = 5_000;
const maxAnswerBytes = 262_144;
const maxIssuers = 100;

interface Fetched {
  readonly atMs: number;
  readonly keys: Promise<KeySet>;
  failed: boolean;
}

export function makeIssuerKeys(parts: IssuerKeysParts): IssuerKeys {
  const { clock, allow } = parts;
  const dispatcher = new Agent({
    pipelining: 0,
    connect: { lookup: guardedLookup(allow, lookup) },
  });
  const fetched = new Map<string, Fetched>();

  function fetchNow(issuer: string): Promise<KeySet> {
    const entry: Fetched = {
      atMs: clock.nowMs(),
      keys: fetchKeys(issuer, { ...parts, dispatcher }),
      failed: false,
    };
    entry.keys.catch(() => {
      entry.failed = true;
    });
    fetched.delete(issuer);
    fetched.set(issuer, entry);
    const [oldest] = fetched.size > maxIssuers ? fetched.keys() : [];
    if (oldest !== undefined) fetched.delete(oldest);
    return entry.keys;
  }

  /** How long ago; a clock that was set back counts as long ago. */
  function ageMs({ atMs }: Fetched): number {
    const age = clock.nowMs() - atMs;
    return age < 0 ? Number.POSITIVE_INFINITY : age;
  }

  return {
    async of(issuer) {
      const kept = fetched.get(issuer);
      const isFresh = kept && ageMs(kept) < (kept.failed ? failureKeptMs : keptMs);
      return isFresh ? kept.keys : fetchNow(issuer);
    },
    async refreshed(issuer) {
      const kept = fetched.get(issuer);
      return kept && ageMs(kept) < refreshEveryMs ? undefined : fetchNow(issuer);
    },
  };
}

type FetchParts = IssuerKeysParts & { readonly dispatcher: Agent };

async function fetchKeys(issuer: string, parts: FetchParts): Promise<KeySet> {
  const base = issuer.replace(/\/$/, '');
  const about = await fetchJson(`${base}/.well-known/openid-configuration`, parts);
  if (about.issuer !== issuer) {
    throw new BadIssuer(`the discovery document of ${issuer} is another issuer's`);
  }
  if (typeof about.jwks_uri !== 'string') {
    throw new BadIssuer(`the discovery document of ${issuer} names no jwks_uri`);
  }
  const document = await fetchJson(about.jwks_uri, parts);
  try {
    return jose.createLocalJWKSet(document as unknown as jose.JSONWebKeySet);
  } catch (cause) {
    throw new BadIssuer(`the keys of ${issuer} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

async function fetchJson(text: string, parts: FetchParts): Promise<Record<string, unknown>> {
  const url = allowedUrl(text, parts);
  try {
    const { dispatcher } = parts;
    const answer = await request(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) });
    const body = await gather(answer.body, maxAnswerBytes);
    if (answer.statusCode !== 200) throw new Error(`it answers with status ${answer.statusCode}`);
    return objectOf(body.toString('utf8'));
  } catch (cause) {
    throw new BadIssuer(`${url.origin} cannot be asked: ${reasonOf(cause)}`, { cause });
  }
}

/** Says nothing of what was answered: the address may have been another's than an issuer's. */
function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error('it answers no JSON', { cause });
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Error('it answers no JSON object');
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/** https, or what `httpOnLoopback` lets in. */
function allowedUrl(text: string, { allow, httpOnLoopback }: IssuerKeysParts): URL {
  if (!URL.canParse(text)) throw new BadIssuer('the issuer names an address that is no URL');
  const url = new URL(text);
  const isLocal = httpOnLoopback === true && loopbackNames.has(url.hostname);
  if (url.protocol !== 'https:' && !isLocal) throw new BadIssuer(`${url.origin} is not https`);
  const judged = checkUrl(url, allow);
  if (!judged.ok) throw new BadIssuer(judged.reason);
  return url;
}
