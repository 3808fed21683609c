/** Principal and NotPrincipal as they are written. Whether a principal exists is not known here. */
import { splitArn } from './arns.ts';
import type { Json } from './json-text.ts';
import { Malformed, syntaxError } from './malformed.ts';
import type { PrincipalSet } from './types.ts';

/** Kinds of principals, with the name that refusals give them. */
const kinds = {
  AWS: { told: 'AWS', valid: isAwsPrincipal },
  Service: {
    told: 'SERVICE',
    valid: (name: string) => /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(name),
  },
  Federated: { told: 'FEDERATED', valid: (name: string) => name !== '' && !hasWildcard(name) },
  CanonicalUser: { told: 'CANONICALUSER', valid: (name: string) => /^[0-9a-f]{64}$/.test(name) },
} as const;

const accountPattern = /^\d{12}$/;
/** Of users and roles: what trust policies keep in place of an ARN. */
const uniqueIdPattern = /^(AIDA|AROA)[A-Z0-9]+$/;
const resourcePattern = /^(root$|user\/.|role\/.|assumed-role\/[^/]+\/.|federated-user\/.)/;

/** Throws `Malformed`. */
export function principalsOf(json: Json): PrincipalSet {
  if (json.kind === 'text') {
    if (json.text !== '*') throw invalid(json, `"STAR":"${json.text}"`);
    return { everybody: true, byKind: {} };
  }
  if (json.kind !== 'object') throw syntaxError(json, 'a principal is "*" or an object');
  const byKind: Record<string, readonly string[]> = {};
  for (const [kind, names] of json.members) {
    if (!isKind(kind)) throw invalid(names, `"${kind}"`);
    byKind[kind] = namesOf(kind, names);
  }
  if (json.members.size === 0) throw invalid(json, '{}');
  return { everybody: byKind['AWS']?.includes('*') ?? false, byKind };
}

function namesOf(kind: keyof typeof kinds, json: Json): readonly string[] {
  const { told, valid } = kinds[kind];
  const items = json.kind === 'list' ? json.items : [json];
  if (items.length === 0) throw invalid(json, `"${told}":[]`);
  return items.map((item) => {
    if (item.kind !== 'text') throw syntaxError(item, `each ${kind} principal is a string`);
    if (!valid(item.text)) throw invalid(item, `"${told}":"${item.text}"`);
    return item.text;
  });
}

function isKind(name: string): name is keyof typeof kinds {
  return Object.hasOwn(kinds, name);
}

function invalid(at: Json, what: string): Malformed {
  return new Malformed(`Invalid principal in policy: ${what}`, at.at.start);
}

function isAwsPrincipal(name: string): boolean {
  if (name === '*' || accountPattern.test(name) || uniqueIdPattern.test(name)) return true;
  if (hasWildcard(name)) return false;
  const [prefix, partition, service, region, account, resource = ''] = splitArn(name) ?? [];
  if (prefix !== 'arn' || !partition || !account || region !== '') return false;
  return (service === 'iam' || service === 'sts') && resourcePattern.test(resource);
}

function hasWildcard(name: string): boolean {
  return name.includes('*') || name.includes('?');
}
