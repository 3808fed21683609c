/**
 * Secrets out of words that are told: what a program says may hold what it was given. A help
 * against carelessness, not against a program that means to tell: what is encoded or cut up passes.
 */
import type { SecretParts } from './parts.ts';
import { versionsOf } from './parts.ts';
import { valueRows, versionKey } from './rows.ts';
import { openValue } from './values.ts';

const mask = '***';
/** Shorter values are words as others are. */
const leastChars = 4;
/** Of members and lines of a value, which are as often names and numbers. */
const leastPartChars = 6;
const mostDepth = 8;

/** The text without any value of the secret's labelled versions, or texts within them. */
export async function withoutSecrets(
  { store, keys }: Pick<SecretParts, 'store' | 'keys'>,
  secret: string,
  text: string,
): Promise<string> {
  const values: string[] = [];
  for (const { id, labels } of await versionsOf(store, secret)) {
    const row =
      labels.length === 0 ? undefined : await store.get(valueRows, versionKey(secret, id));
    const opened = row && (await openValue(row, { keys, secret, version: id }));
    // What cannot be opened now was not told to a program either.
    if (!opened?.ok) continue;
    values.push(Buffer.from(opened.value.bytes).toString('utf8'));
    opened.value.bytes.fill(0);
  }
  return maskOf(values)(text);
}

/** Takes the secrets, and longer members and lines of them, out of texts. */
export function maskOf(secrets: Iterable<string>): (text: string) => string {
  const known = new Set<string>();
  for (const secret of secrets) {
    if (secret.length >= leastChars) known.add(secret);
    const parts = [...secret.split(/\r?\n/), ...leavesOf(parsed(secret), 0)];
    for (const part of parts) if (part.trim().length >= leastPartChars) known.add(part.trim());
  }
  for (const text of [...known]) known.add(JSON.stringify(text).slice(1, -1));
  const ordered = [...known].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((said, secret) => said.replaceAll(secret, mask), text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every secret is JSON: one that is not has lines, and no members.
    return undefined;
  }
}

function leavesOf(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null || depth > mostDepth) return [];
  return Object.values(value).flatMap((one) => leavesOf(one, depth + 1));
}
