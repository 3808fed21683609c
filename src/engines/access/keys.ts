/**
 * Condition keys of a request: those that every request has, the caller's and the check's own.
 * Each is worked out when a policy looks at it. Instants are in milliseconds.
 */
import type { Caller } from '../../kernel/caller.ts';
import type { Check, KeyValue, RequestFacts } from '../../kernel/check.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { Principal } from './principals.ts';

export interface KeyFacts {
  readonly check: Check;
  readonly caller: Caller;
  readonly principal: Principal;
  readonly request: RequestFacts;
  /** Of the resource. */
  readonly owner: string;
  /** Undefined as long as no policy has looked at them. */
  readonly resourceTags: Readonly<Record<string, string>> | undefined;
}

export type KeyLookup = (name: string) => KeyValue | undefined;
type Rule = (facts: KeyFacts) => KeyValue | undefined;

const principalTag = 'aws:principaltag/';
const resourceTagPattern = /^[a-z0-9-]+:resourcetag\//;

/** Values are left out (undefined) where the original leaves them out. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['aws:sourceip', ({ request }) => request.sourceAddress],
  ['aws:securetransport', ({ request }) => request.secure],
  ['aws:currenttime', ({ request }) => request.nowMs],
  // Seconds, as text: operators of dates and of numbers both read it as such.
  ['aws:epochtime', ({ request }) => String(Math.floor(request.nowMs / secondMs))],
  ['aws:useragent', ({ request }) => request.userAgent],
  ['aws:referer', ({ request }) => request.referer],
  ['aws:requestedregion', ({ request }) => request.region || undefined],
  ['aws:principalarn', principalArn],
  ['aws:principalaccount', principalAccount],
  ['aws:principaltype', ({ principal }) => principalTypes[principal.facts.kind]],
  ['aws:principalisawsservice', ({ caller }) => caller.service !== undefined],
  ['aws:principalservicename', ({ caller }) => caller.service],
  ['aws:userid', ({ caller }) => caller.userId || undefined],
  ['aws:username', ({ principal }) => principal.userName],
  ['aws:tokenissuetime', ({ caller }) => caller.session?.issuedAtMs],
  ['aws:multifactorauthpresent', mfaPresent],
  ['aws:multifactorauthage', mfaAgeSeconds],
  ['aws:sourceidentity', ({ caller }) => caller.session?.sourceIdentity],
  ['aws:federatedprovider', ({ caller }) => caller.session?.federatedProvider],
  ['aws:resourceaccount', ({ owner }) => owner],
  // No service calls another with the rights of whoever asked it: `aws:CalledVia` has no value.
  ['aws:viaawsservice', () => false],
]);

const principalTypes = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  anonymous: 'Anonymous',
  service: undefined,
} as const;

/** Of a role session the role's. */
function principalArn({ principal }: KeyFacts): string | undefined {
  const { kind, arn, issuerArn } = principal.facts;
  return (kind === 'role' ? issuerArn : arn) || undefined;
}

function principalAccount({ principal }: KeyFacts): string | undefined {
  const { kind, account } = principal.facts;
  if (kind === 'service') return undefined;
  return kind === 'anonymous' ? 'anonymous' : account;
}

/** Keys that last have no such key at all, which is not the same as false. */
function mfaPresent({ caller: { session } }: KeyFacts): boolean | undefined {
  return session && session.mfaAtMs !== undefined;
}

function mfaAgeSeconds({ caller, request }: KeyFacts): number | undefined {
  const atMs = caller.session?.mfaAtMs;
  return atMs === undefined ? undefined : Math.floor((request.nowMs - atMs) / secondMs);
}

/** The keys of one question, and what of them was asked for. */
export interface WatchedKeys {
  readonly key: KeyLookup;
  /** Whether any was. */
  asked(): boolean;
  /** Whether a tag of the resource was, while the tags were not known. */
  missedTags(): boolean;
}

export function keysOf(facts: KeyFacts): WatchedKeys {
  const { keys = {} } = facts.check;
  const provider = facts.caller.session?.providerKeys ?? {};
  let asked = false;
  let missedTags = false;
  const key: KeyLookup = (name) => {
    asked = true;
    // What the operation says comes first: of AssumeRole the code of a device is proven just now.
    if (Object.hasOwn(keys, name)) return keys[name];
    const rule = rules.get(name);
    if (rule) return rule(facts);
    if (Object.hasOwn(provider, name)) return provider[name];
    if (!name.includes('/')) return undefined;
    missedTags ||= facts.resourceTags === undefined && looksAtResourceTags(name.toLowerCase());
    return tagValue(name, facts);
  };
  return { key, asked: () => asked, missedTags: () => missedTags };
}

/** The case of a tag's key does not matter, but the very spelling goes first. */
function tagValue(name: string, { check, principal, resourceTags }: KeyFacts) {
  const key = name.slice(name.indexOf('/') + 1);
  const lower = name.toLowerCase();
  if (lower.startsWith(principalTag)) return valueOf(principal.tags, key);
  if (looksAtResourceTags(lower) && resourceTags) return valueOf(resourceTags, key);
  return valueOf(check.keys ?? {}, name);
}

function valueOf<T>(among: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(among, name)) return among[name];
  const lower = name.toLowerCase();
  const [, value] = Object.entries(among).findLast(([key]) => key.toLowerCase() === lower) ?? [];
  return value;
}

/** `aws:resourcetag/…`, and the like of single services. */
function looksAtResourceTags(key: string): boolean {
  return resourceTagPattern.test(key);
}

/** What a refusal's details tell of the request; tags and the check's own keys are added. */
export const toldKeys: readonly string[] = [...rules.keys()];
