/** Documents as this service takes them and hands them out. What they mean is the engine's. */
import { sizeOf } from '../../engines/policy/limits.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import type { PolicyDocument, PolicyUse } from '../../engines/policy/types.ts';
import { faults } from './faults.ts';

/** Percent-encoded as RFC 3986 says: the original never answers a bare document. */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The document as it is read. Throws MalformedPolicyDocument with what is wrong. */
export function checkedDocument(text: string, use: PolicyUse): PolicyDocument {
  const parsed = parsePolicy(text, use);
  if (!parsed.ok) throw faults.malformedPolicy(parsed.reason);
  return parsed.value;
}

/** Throws LimitExceeded, `quota` being its name, when the document is longer; see `sizeOf`. */
export function assertShort(text: string, quota: string, most: number): void {
  if (sizeOf(text) > most) throw faults.limit(quota, most);
}

/** Together, as quotas of inline policies count. */
export function totalSize(documents: Readonly<Record<string, string>>): number {
  return Object.values(documents).reduce((total, text) => total + sizeOf(text), 0);
}
