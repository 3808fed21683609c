/**
 * Whether the policy of a resource is public: whether it lets in callers whom nothing in it fixes.
 * The meaning is that of S3's Block Public Access, on the safe side: what is not known to fix the
 * caller does not.
 */
import { isIPv6 } from 'node:net';
import type { Condition, PolicyDocument, PrincipalSet, Statement } from './types.ts';

export function isPublic({ statements }: PolicyDocument): boolean {
  return statements.some(isOpen);
}

function isOpen({ effect, principals, notPrincipals, conditions }: Statement): boolean {
  if (effect !== 'Allow') return false;
  const anybody = notPrincipals !== undefined || (principals && namesAnybody(principals));
  return anybody === true && !conditions.some(fixesCaller);
}

function namesAnybody({ everybody, byKind }: PrincipalSet): boolean {
  return everybody || Object.values(byKind).some((names) => names.includes('*'));
}

/** Keys whose fixed values tell who calls, or from where. */
const fixing = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'aws:vpceaccount',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
]);
const positive = new Set([
  'StringEquals',
  'StringEqualsIgnoreCase',
  'StringLike',
  'ArnEquals',
  'ArnLike',
]);

function fixesCaller({ operator, set, ifExists, key, values }: Condition): boolean {
  // Both hold for callers that have no such key.
  if (ifExists || set === 'all') return false;
  const name = key.toLowerCase();
  if (operator === 'IpAddress' && name === 'aws:sourceip') return values.every(isNarrow);
  if (!positive.has(operator) || !fixing.has(name)) return false;
  return values.every((value) => !/[*?]|\$\{/.test(value));
}

/** Shorter prefixes are as good as everybody. */
const leastPrefix = { v4: 8, v6: 32 };

function isNarrow(range: string): boolean {
  const [address = '', bits] = range.split('/');
  if (bits === undefined) return true;
  return Number(bits) >= (isIPv6(address) ? leastPrefix.v6 : leastPrefix.v4);
}
