/**
 * What passwords must be, and when they have to be changed, by an account's password policy.
 * Hashing is a port; signing in with one is not done here.
 */
import { dayMs } from '../../kernel/clock.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import type { LoginRow, PasswordPolicy } from './rows.ts';

export const passwordLimits = {
  longest: 128,
  /** Fewest characters while the account has no policy of its own. */
  shortestByDefault: 8,
  /** Of upper case, lower case, digits and symbols, while the account has no policy. */
  classesByDefault: 3,
  /** As many earlier hashes as a policy can ask to compare with. */
  longestHistory: 24,
} as const;

/** What a policy has where its maker says nothing; not what holds without a policy. */
export const blankPolicy: PasswordPolicy = {
  minimumLength: 6,
  requireSymbols: false,
  requireNumbers: false,
  requireUppercase: false,
  requireLowercase: false,
  allowUsersToChange: false,
};

const classes = {
  uppercase: /[A-Z]/,
  lowercase: /[a-z]/,
  number: /[0-9]/,
  symbol: /[!@#$%^&*()_+\-=[\]{}|']/,
} as const;

export interface PasswordRules {
  /** The user's: no password may be it, in any case. */
  readonly userName: string;
  /** Undefined: the account has none, and the defaults hold. */
  readonly policy: PasswordPolicy | undefined;
}

/** Why the password is not good enough, in Amazon's words, or undefined. Never shows it. */
export function passwordFault(
  password: string,
  { userName, policy }: PasswordRules,
): string | undefined {
  const length = [...password].length;
  const minimum = policy?.minimumLength ?? passwordLimits.shortestByDefault;
  if (length < minimum) return `Password should have a minimum length of ${minimum}`;
  if (length > passwordLimits.longest) {
    return `Password should have a maximum length of ${passwordLimits.longest}`;
  }
  if (password.toLowerCase() === userName.toLowerCase()) {
    return 'Password should not be identical to the user name';
  }
  return policy ? classFault(password, policy) : mixFault(password);
}

function classFault(password: string, policy: PasswordPolicy): string | undefined {
  const { uppercase, lowercase, number, symbol } = classes;
  const asked = [
    [policy.requireUppercase, uppercase, 'uppercase letter'],
    [policy.requireLowercase, lowercase, 'lowercase letter'],
    [policy.requireNumbers, number, 'number'],
    [policy.requireSymbols, symbol, 'symbol'],
  ] as const;
  const missing = asked.find(([required, pattern]) => required && !pattern.test(password));
  return missing && `Password should have at least one ${missing[2]}`;
}

function mixFault(password: string): string | undefined {
  const present = Object.values(classes).filter((pattern) => pattern.test(password)).length;
  if (present >= passwordLimits.classesByDefault) return undefined;
  return (
    `Password should have at least ${passwordLimits.classesByDefault} of the following: ` +
    'uppercase letters, lowercase letters, numbers, symbols'
  );
}

/**
 * True when the policy forbids it because it is one of the last passwords, the present one
 * included. Slow: a hash is computed for each that is compared with.
 */
export async function isReused(
  password: string,
  login: Pick<LoginRow, 'hash' | 'earlier'>,
  { policy, hasher }: { readonly policy: PasswordPolicy | undefined; hasher: PasswordHasher },
): Promise<boolean> {
  const count = policy?.reusePrevention ?? 0;
  for (const hash of [login.hash, ...login.earlier].slice(0, count)) {
    if (await hasher.verify(password, hash)) return true;
  }
  return false;
}

/** The row with a new password in place; the one before goes to its history. */
export function withPassword(
  row: LoginRow,
  { hash, nowMs, mustChange }: { hash: string; nowMs: number; mustChange: boolean },
): LoginRow {
  const earlier = [row.hash, ...row.earlier].slice(0, passwordLimits.longestHistory);
  return { ...row, hash, earlier, changedAtMs: nowMs, mustChange };
}

/**
 * `must-change`: it opens the way to a new password and nothing else. `expired`: an administrator
 * has to set a new one.
 */
export type PasswordState = 'good' | 'must-change' | 'expired';

export function passwordState(
  login: Pick<LoginRow, 'changedAtMs' | 'mustChange'>,
  policy: PasswordPolicy | undefined,
  nowMs: number,
): PasswordState {
  const dueMs = changeDueMs(login, policy);
  if (dueMs !== undefined && nowMs >= dueMs) {
    return policy?.hardExpiry ? 'expired' : 'must-change';
  }
  return login.mustChange ? 'must-change' : 'good';
}

/** When the password expires; undefined for never. */
export function changeDueMs(
  login: Pick<LoginRow, 'changedAtMs'>,
  policy: PasswordPolicy | undefined,
): number | undefined {
  if (policy?.maxAgeDays === undefined) return undefined;
  return login.changedAtMs + policy.maxAgeDays * dayMs;
}
