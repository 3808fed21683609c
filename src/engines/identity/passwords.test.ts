/** What passwords must be and how long they last, by the account's policy or without one. */
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../kernel/clock.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import {
  blankPolicy,
  changeDueMs,
  isReused,
  passwordFault,
  passwordState,
  withPassword,
} from './passwords.ts';
import type { LoginRow, PasswordPolicy } from './rows.ts';

const userName = 'Annabel1!';
const faultOf = (password: string, policy?: PasswordPolicy) =>
  passwordFault(password, { userName, policy });

describe('without a policy', () => {
  test.each([
    'Abcdefg1',
    'abcdef1!',
    'ABCDEF1!',
    'Abcdef-|',
    'Пароль😀Aa1',
    'a1!'.padEnd(128, 'x'),
  ])('good: %s', (password) => expect(faultOf(password)).toBeUndefined());
  test.each([
    ['', 'minimum length of 8'],
    ['Abcdef1', 'minimum length of 8'],
    ['😀😀😀aA1', 'minimum length of 8'],
    ['a1!'.padEnd(129, 'x'), 'maximum length of 128'],
    ['abcdefgh', 'at least 3 of'],
    ['abcdefg1', 'at least 3 of'],
    ['Äbcdefg1', 'at least 3 of'],
    ['abcdefg1 ~', 'at least 3 of'],
    ['annabel1!', 'identical to the user name'],
    ['ANNABEL1!', 'identical to the user name'],
  ])('bad: %s', (password, words) => expect(faultOf(password)).toContain(words));
});

describe('with a policy', () => {
  test.each([
    [{}, 'abcdef', undefined],
    [{}, 'abcde', 'minimum length of 6'],
    [{ minimumLength: 14 }, 'Abcdefg1!', 'minimum length of 14'],
    [{ requireUppercase: true }, 'abcdef1!', 'one uppercase letter'],
    [{ requireLowercase: true }, 'ABCDEF1!', 'one lowercase letter'],
    [{ requireNumbers: true }, 'Abcdefg!', 'one number'],
    [{ requireSymbols: true }, 'Abcdefg1', 'one symbol'],
    [{ requireSymbols: true }, "abcdef'", undefined],
    [{ requireSymbols: true }, 'abcdef~', 'one symbol'],
    [{}, 'annabel1!', 'identical'],
  ])('%j of %s', (more, password, words) => {
    const fault = faultOf(password, { ...blankPolicy, ...more });
    if (words === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(words);
  });
});

const login: LoginRow = {
  ...{ account: '1', userName, hash: 'h3', createdAtMs: 0, changedAtMs: dayMs, mustChange: false },
  earlier: ['h2', 'h1'],
};

describe('age', () => {
  const aged = { ...blankPolicy, maxAgeDays: 90 };
  const state = (policy: PasswordPolicy | undefined, days: number, mustChange = false) =>
    passwordState({ ...login, mustChange }, policy, days * dayMs);
  test.each([
    [undefined, 10_000, 'good'],
    [blankPolicy, 10_000, 'good'],
    [aged, 90.99, 'good'],
    [aged, 91, 'must-change'],
    [{ ...aged, hardExpiry: true }, 91, 'expired'],
    [{ ...aged, hardExpiry: true }, 90, 'good'],
  ] as const)('%j after %d days', (policy, days, expected) =>
    expect(state(policy, days)).toBe(expected),
  );
  test('a password that must change', () => {
    expect(state(undefined, 0, true)).toBe('must-change');
    expect(state({ ...aged, hardExpiry: true }, 91, true)).toBe('expired');
    expect(changeDueMs(login, aged)).toBe(91 * dayMs);
  });
});

describe('reuse', () => {
  const compared: string[] = [];
  const hasher: PasswordHasher = {
    hash: async (password) => password,
    verify: async (password, hash) => {
      compared.push(hash);
      return password === hash;
    },
  };
  test.each([
    ['h3', undefined, false],
    ['h3', 1, true],
    ['h2', 1, false],
    ['h2', 2, true],
    ['h1', 3, true],
    ['h0', 24, false],
  ])('%s among the last %d', async (password, reusePrevention, expected) => {
    const policy = reusePrevention === undefined ? undefined : { ...blankPolicy, reusePrevention };
    expect(await isReused(password, login, { policy, hasher })).toBe(expected);
  });
  test('without a rule no hash is computed', async () => {
    compared.length = 0;
    await isReused('h3', login, { policy: undefined, hasher });
    expect(compared).toEqual([]);
  });
  test('the history has an end', () => {
    let row = login;
    for (let n = 0; n < 30; n += 1) {
      row = withPassword(row, { hash: `n${n}`, nowMs: n, mustChange: true });
    }
    expect(row).toMatchObject({ hash: 'n29', changedAtMs: 29, mustChange: true, createdAtMs: 0 });
    expect(row.earlier).toHaveLength(24);
    expect(row.earlier[0]).toBe('n28');
  });
});
