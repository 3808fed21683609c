/** Unique ids of principals and keys: a prefix that says the kind, and chance. */
import { randomText } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const idLength = 17;

export const idPrefixes = {
  user: 'AIDA',
  group: 'AGPA',
  role: 'AROA',
  policy: 'ANPA',
  instanceProfile: 'AIPA',
} as const;

/** `random` must be fit for keys: an id must not be guessed before it is given. */
export function newId(kind: keyof typeof idPrefixes, random: Random): string {
  return `${idPrefixes[kind]}${randomText(random, base32, idLength)}`;
}
