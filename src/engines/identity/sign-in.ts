/**
 * Signing in with a name and a password, and a code for those who have a device. Answers temporary
 * credentials of the user; pages and cookies are others' work.
 */
import { type Clock, minuteMs, secondMs } from '../../kernel/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import type { Mfa, MfaUser } from './mfa.ts';
import { isReused, passwordFault, passwordState, withPassword } from './passwords.ts';
import { accounts, type LoginRow, logins, nameKey, type UserRow, users } from './rows.ts';
import type { IssuedSession, Sessions } from './sessions.ts';
import type { IdentitySpace } from './space.ts';
import { makeThrottle } from './throttle.ts';

export interface SignInRequest {
  readonly account: string;
  readonly userName: string;
  readonly password: string;
  readonly code?: string;
  /** Taken when the password has to be changed. */
  readonly newPassword?: string;
  /** The client's, as the socket says. */
  readonly sourceAddress: string;
}

export type SignInAnswer =
  | { readonly kind: 'signedIn'; readonly session: IssuedSession; readonly userArn: string }
  /** No such user, no password, or a wrong one: nobody learns which. */
  | { readonly kind: 'refused' }
  /** Said to those who know the password: the user has a device. */
  | { readonly kind: 'codeNeeded' | 'codeRefused' }
  /** `mayChange`: sign in again with a new password; else an administrator has to set one. */
  | { readonly kind: 'passwordExpired'; readonly mayChange: boolean }
  | { readonly kind: 'newPasswordRefused'; readonly reason: string }
  | { readonly kind: 'tooManyTries'; readonly waitMs: number };

export type SignIn = (request: SignInRequest) => Promise<SignInAnswer>;

export interface SignInParts {
  readonly store: MetadataStore;
  readonly space: IdentitySpace;
  readonly hasher: PasswordHasher;
  /** Of this world. */
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly mfa: Mfa;
}

const sessionSeconds = 3_600;
const perUser = { free: 5, firstWaitMs: secondMs, longestWaitMs: 15 * minuteMs };
/** Many users may sit behind one address. */
const perAddress = { free: 20, firstWaitMs: secondMs, longestWaitMs: 15 * minuteMs };
/** Passwords that are hashed at a time: each takes memory and a core. */
const maxAtOnce = 8;
const busyWaitMs = secondMs;
const maxPasswordChars = 1_024;

interface Known {
  readonly user: UserRow;
  readonly login: LoginRow;
}

export function makeSignIn(parts: SignInParts): SignIn {
  const { space, hasher, clock } = parts;
  const names = makeThrottle(clock, perUser);
  const addresses = makeThrottle(clock, perAddress);
  let running = 0;
  let nobody: Promise<string> | undefined;

  /** For a name that is not known a hash of nothing is verified, which takes as long. */
  async function isPassword(password: string, known: Known | undefined): Promise<boolean> {
    nobody ??= hasher.hash('no password has this hash');
    const nobodys = await nobody;
    const hash = known?.login.hash ?? nobodys;
    const matches = await hasher.verify(password.slice(0, maxPasswordChars), hash);
    return matches && known !== undefined && password.length <= maxPasswordChars;
  }

  async function answer(request: SignInRequest): Promise<SignInAnswer> {
    const known = await find(space, request);
    if (!(await isPassword(request.password, known)) || !known) return { kind: 'refused' };
    // From here on the code is what is guessed, which has a throttle of its own.
    names.succeeded(keyOf(request));
    const { account, name: userName } = known.user;
    const code = await proveCode(parts.mfa, { account, userName }, request.code);
    if (code !== 'none' && code !== 'good') return { kind: code };
    return admit(parts, known, { request, withCode: code === 'good' });
  }

  return async (request) => {
    const waitMs = addresses.attempt(request.sourceAddress) || names.attempt(keyOf(request));
    if (waitMs > 0) return { kind: 'tooManyTries', waitMs };
    if (running >= maxAtOnce) return { kind: 'tooManyTries', waitMs: busyWaitMs };
    running += 1;
    try {
      const answered = await answer(request);
      // Taken back and not forgotten: who has a password of their own could guess others' forever.
      if (!isFailure(answered)) addresses.uncount(request.sourceAddress);
      return answered;
    } finally {
      running -= 1;
    }
  };
}

function isFailure({ kind }: SignInAnswer): boolean {
  return kind === 'refused' || kind === 'codeRefused';
}

function keyOf({ account, userName }: MfaUser): string {
  return nameKey(account, userName);
}

async function find({ reader }: IdentitySpace, of: SignInRequest): Promise<Known | undefined> {
  const [user, login] = [await reader.get(users, keyOf(of)), await reader.get(logins, keyOf(of))];
  return user && login && { user, login };
}

async function proveCode(
  mfa: Mfa,
  user: MfaUser,
  code: string | undefined,
): Promise<'none' | 'good' | 'codeNeeded' | 'codeRefused'> {
  if (!(await mfa.isEnabled(user))) return 'none';
  if (code === undefined || code === '') return 'codeNeeded';
  const proof = await mfa.check(user, code);
  return proof.ok && (await mfa.consume(user, proof.value)) ? 'good' : 'codeRefused';
}

interface Admission {
  readonly request: SignInRequest;
  readonly withCode: boolean;
}

async function admit(
  parts: SignInParts,
  { user, login }: Known,
  { request, withCode }: Admission,
): Promise<SignInAnswer> {
  const { store, space, clock, sessions } = parts;
  const policy = (await space.reader.get(accounts, user.account))?.passwordPolicy;
  const state = passwordState(login, policy, clock.nowMs());
  if (state !== 'good') {
    const mayChange = state === 'must-change';
    const { newPassword } = request;
    if (!mayChange || newPassword === undefined) return { kind: 'passwordExpired', mayChange };
    const reason = await changed(parts, { user, login }, newPassword);
    if (reason !== undefined) return { kind: 'newPasswordRefused', reason };
  }
  const nowMs = clock.nowMs();
  const key = nameKey(user.account, user.name);
  // When somebody signed in last decides nothing, so the generation stays.
  await store.write(async (tx) => {
    const row = await tx.get(users, key);
    if (row?.id === user.id) await tx.put(users, key, { ...row, passwordLastUsedAtMs: nowMs });
  });
  const session = await sessions.issue({
    account: user.account,
    session: {
      ...{ kind: 'user', issuerArn: user.arn, issuerId: user.id, name: '' },
      ...{ tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] },
      ...(withCode ? { mfaAtMs: nowMs } : {}),
    },
    durationSeconds: sessionSeconds,
  });
  return { kind: 'signedIn', session, userArn: user.arn };
}

/** Why the new password was not taken; undefined when it is set. */
async function changed(
  { space, hasher, clock }: SignInParts,
  { user, login }: Known,
  password: string,
): Promise<string | undefined> {
  const policy = (await space.reader.get(accounts, user.account))?.passwordPolicy;
  const fault = passwordFault(password, { userName: user.name, policy });
  if (fault !== undefined) return fault;
  const isSame = await hasher.verify(password, login.hash);
  if (isSame || (await isReused(password, login, { policy, hasher }))) {
    return 'Password should not be one that was used before';
  }
  const hash = await hasher.hash(password);
  const nowMs = clock.nowMs();
  const key = nameKey(user.account, user.name);
  return space.write(async (tx) => {
    const row = await tx.get(logins, key);
    if (row?.hash !== login.hash) return 'The password was changed meanwhile';
    await tx.put(logins, key, withPassword(row, { hash, nowMs, mustChange: false }));
    return undefined;
  });
}
