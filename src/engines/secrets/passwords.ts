/** Random passwords: every password that obeys the rules is as likely as any other. */

import { randomText } from '../../kernel/ids.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';

export interface PasswordRules {
  /** Characters, from 1 to 4,096. */
  readonly length: number;
  /** Characters that must not be in it. */
  readonly without: string;
  readonly lowercase: boolean;
  readonly uppercase: boolean;
  readonly numbers: boolean;
  readonly punctuation: boolean;
  readonly space: boolean;
  readonly eachType: boolean;
}

const alphabets = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
  space: ' ',
} as const;
/** Beyond, one of each type is placed first; only with exclusions that leave next to nothing. */
const mostDraws = 2_000;

/** Refused when no password can obey the rules. */
export function randomPassword(random: Random, rules: PasswordRules): Outcome<string> {
  const types = (Object.keys(alphabets) as (keyof typeof alphabets)[])
    .filter((type) => rules[type])
    .map((type) => [...alphabets[type]].filter((c) => !rules.without.includes(c)).join(''));
  const present = types.filter((type) => type !== '');
  const all = present.join('');
  if (all === '') return refuse('Every character is excluded from the password.');
  if (!rules.eachType) return ok(randomText(random, all, rules.length));
  if (present.length < types.length) {
    return refuse(
      'A required type of characters is excluded completely: set RequireEachIncludedType to false.',
    );
  }
  if (rules.length < present.length) {
    return refuse('Password length is too short based on the required types.');
  }
  for (let draw = 0; draw < mostDraws; draw += 1) {
    const text = randomText(random, all, rules.length);
    if (present.every((type) => [...type].some((c) => text.includes(c)))) return ok(text);
  }
  return ok(composed(random, { present, all, length: rules.length }));
}

interface Composition {
  readonly present: readonly string[];
  readonly all: string;
  readonly length: number;
}

function composed(random: Random, { present, all, length }: Composition): string {
  const left = [
    ...present.map((type) => randomText(random, type, 1)),
    ...randomText(random, all, length - present.length),
  ];
  const shuffled: string[] = [];
  while (left.length > 0) shuffled.push(...left.splice(fairIndex(random, left.length), 1));
  return shuffled.join('');
}

/** From 0 to below `count` ≤ 2^16, evenly, by rejection. */
function fairIndex(random: Random, count: number): number {
  const fair = 65_536 - (65_536 % count);
  for (;;) {
    const drawn = Buffer.from(random.bytes(2)).readUInt16BE();
    if (drawn < fair) return drawn % count;
  }
}
