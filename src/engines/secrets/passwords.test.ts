/** Random passwords: what is in them, how evenly, and rules that none can obey. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { type PasswordRules, randomPassword } from './passwords.ts';

const random = seededRandom(4);
const rules: PasswordRules = {
  ...{ length: 32, without: '', lowercase: true, uppercase: true, numbers: true },
  ...{ punctuation: true, space: false, eachType: true },
};
const types = { lowercase: /[a-z]/, uppercase: /[A-Z]/, numbers: /[0-9]/, space: / / };
const punctuation = /[!-/:-@[-`{-~]/;

function made(more: Partial<PasswordRules>): string {
  const answer = randomPassword(random, { ...rules, ...more });
  return answer.ok ? answer.value : `refused: ${answer.reason}`;
}

test('has the length, each type that is wanted, and none that is not', () => {
  const flags = fc.record({
    lowercase: fc.boolean(),
    uppercase: fc.boolean(),
    numbers: fc.boolean(),
    punctuation: fc.boolean(),
    space: fc.boolean(),
    length: fc.integer({ min: 5, max: 80 }),
  });
  const property = fc.property(flags, (given) => {
    fc.pre(Object.values(given).includes(true));
    const text = made(given);
    expect(text).toHaveLength(given.length);
    for (const [name, form] of Object.entries({ ...types, punctuation })) {
      expect(form.test(text)).toBe(given[name as keyof typeof given]);
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('leaves excluded characters out', () => {
  const without = 'abcdefgh01234567"@/\\';
  const text = made({ length: 4_096, without });
  expect([...text].filter((c) => without.includes(c))).toEqual([]);
});

test('every character is as likely as any other', () => {
  const counts = new Map<string, number>();
  for (const c of made({ length: 4_096 }) + made({ length: 4_096 })) {
    counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  const expected = 8_192 / 94;
  const squared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(94);
  // Of chi squared with 93 degrees of freedom, one in a thousand is above.
  expect(squared).toBeLessThan(143);
});

test('the rarest passwords are found too', () => {
  const without = 'bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ123456789';
  for (let i = 0; i < 20; i += 1) {
    const text = made({ length: 5, without, space: true });
    expect([...text].sort().join('')).toMatch(/^ [!-~]*$/);
    for (const c of 'aA0 ') expect(text).toContain(c);
    expect(text).toMatch(punctuation);
  }
});

test.each([
  [{ length: 3 }, /too short/],
  [{ length: 4, space: true }, /too short/],
  [{ without: '0123456789' }, /excluded completely/],
  [{ lowercase: false, uppercase: false, numbers: false, punctuation: false }, /Every character/],
])('%j is refused', (more, reason) => {
  expect(made(more)).toMatch(reason);
});

test('nothing is required when each type is not', () => {
  expect(made({ eachType: false, without: '0123456789', length: 1 })).toHaveLength(1);
});
