/** Who gets in with which password and code; and that answers tell nobody more than they knew. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  account,
  addDevice,
  addUser,
  startMs,
  type TestIdentity,
  testIdentity,
} from './identity.fixture.ts';
import { accounts, type LoginRow, logins, nameKey, users } from './rows.ts';
import { makeSignIn, type SignIn, type SignInRequest } from './sign-in.ts';
import { codeAt, stepAt } from './totp.ts';

const password = 'Correct-1-horse';
const annKey = nameKey(account, 'ann');
let made: TestIdentity;
let signIn: SignIn;
let verified: string[];

const hasher = {
  hash: async (text: string) => `hash of ${text}`,
  verify: async (text: string, hash: string) => {
    verified.push(hash);
    return hash === `hash of ${text}`;
  },
};

beforeEach(async () => {
  made = testIdentity();
  verified = [];
  await addUser(made, 'ann');
  await putLogin({});
  signIn = makeSignIn({
    ...made,
    hasher,
    sessions: made.identity.sessions,
    mfa: made.identity.mfa,
  });
});

async function putLogin(more: Partial<LoginRow>): Promise<void> {
  const row = { account, userName: 'ann', hash: await hasher.hash(password), earlier: [] };
  const times = { createdAtMs: startMs, changedAtMs: startMs, mustChange: false };
  await made.space.write((tx) => tx.put(logins, annKey, { ...row, ...times, ...more }));
}

const ask = (more: Partial<SignInRequest> = {}) =>
  signIn({ account, userName: 'ann', password, sourceAddress: '192.0.2.1', ...more });

test('a password opens an hour of the user, and is noted', async () => {
  const answer = await ask({ userName: 'ANN' });
  if (answer.kind !== 'signedIn') throw new Error(answer.kind);
  expect(answer.userArn).toBe('arn:aws:iam::123456789012:user/ann');
  const { accessKeyId, sessionToken, expiresAtMs } = answer.session;
  expect(expiresAtMs).toBe(startMs + 3_600_000);
  const found = await made.identity.findSecret(accessKeyId, sessionToken);
  expect(found).toMatchObject({ caller: { arn: answer.userArn, session: { kind: 'user' } } });
  expect(found).not.toHaveProperty('caller.session.mfaAtMs');
  expect((await made.store.get(users, annKey))?.passwordLastUsedAtMs).toBe(startMs);
});

test('an unknown name and a wrong password get the same answer after the same work', async () => {
  const wrong = await ask({ password: 'Wrong-1-horse' });
  const unknown = await ask({ userName: 'nobody' });
  expect(unknown).toEqual(wrong);
  expect(wrong).toEqual({ kind: 'refused' });
  expect(verified).toHaveLength(2);
  const dummy = { password: 'no password has this hash', userName: 'nobody' };
  expect(await ask(dummy)).toEqual({ kind: 'refused' });
});

test('a user without a password, and a password without a user, do not get in', async () => {
  await made.space.write((tx) => tx.delete(users, annKey));
  expect(await ask()).toEqual({ kind: 'refused' });
  await addUser(made, 'ann');
  await made.space.write((tx) => tx.delete(logins, annKey));
  expect(await ask()).toEqual({ kind: 'refused' });
});

describe('with a device', () => {
  let seed: string;
  const code = () => codeAt(seed, stepAt(made.clock.atMs));

  beforeEach(async () => {
    const user = await made.store.get(users, annKey);
    if (user) seed = (await addDevice(made, user)).seed;
  });

  test('its code is needed, once', async () => {
    expect(await ask()).toEqual({ kind: 'codeNeeded' });
    expect(await ask({ code: '' })).toEqual({ kind: 'codeNeeded' });
    const answer = await ask({ code: code() });
    if (answer.kind !== 'signedIn') throw new Error(answer.kind);
    const { accessKeyId, sessionToken } = answer.session;
    const found = await made.identity.findSecret(accessKeyId, sessionToken);
    expect(found).toMatchObject({ caller: { session: { mfaAtMs: startMs } } });
    expect(await ask({ code: code() })).toEqual({ kind: 'codeRefused' });
  });

  test('nobody learns of it without the password', async () => {
    expect(await ask({ password: 'x', code: code() })).toEqual({ kind: 'refused' });
  });

  test('codes cannot be guessed by who has the password', async () => {
    for (let tries = 0; tries < 5; tries += 1) await ask({ code: '000000' });
    expect(await ask({ code: code() })).toEqual({ kind: 'codeRefused' });
  });
});

describe('guessing', () => {
  test('a user waits longer and longer, from any address, known or not', async () => {
    for (const userName of ['ann', 'nobody']) {
      for (let n = 0; n < 5; n += 1) {
        const sourceAddress = `198.51.100.${n}`;
        expect(await ask({ userName, password: 'x', sourceAddress })).toEqual({ kind: 'refused' });
      }
      const last = { userName, sourceAddress: '203.0.113.1' };
      expect(await ask(last)).toEqual({ kind: 'tooManyTries', waitMs: 1_000 });
    }
    made.clock.atMs += 1_000;
    expect(await ask({ password: 'x' })).toEqual({ kind: 'refused' });
    expect(await ask()).toEqual({ kind: 'tooManyTries', waitMs: 2_000 });
    made.clock.atMs += 2_000;
    expect((await ask()).kind).toBe('signedIn');
  });

  test('an address waits, whatever names it tries and however often it gets in', async () => {
    for (let n = 0; n < 20; n += 1) {
      expect((await ask({ userName: `u${n}`, password: 'x' })).kind).toBe('refused');
      if (n < 19) expect((await ask()).kind).toBe('signedIn');
    }
    expect((await ask()).kind).toBe('tooManyTries');
    expect((await ask({ sourceAddress: '203.0.113.1' })).kind).toBe('signedIn');
  });

  test('all at once is no way around it', async () => {
    const tries = Array.from({ length: 50 }, (_, n) =>
      ask({ password: `guess ${n}`, sourceAddress: `198.51.100.${n}` }),
    );
    await Promise.all(tries);
    expect(verified.length).toBeLessThanOrEqual(5);
  });

  test('a password of any length costs as much as a short one', async () => {
    expect(await ask({ password: password.padEnd(100_000, 'x') })).toEqual({ kind: 'refused' });
  });
});

describe('a password that has to be changed', () => {
  const fresh = 'Another-2-horse';

  test('opens nothing but its own change', async () => {
    await putLogin({ mustChange: true });
    expect(await ask()).toEqual({ kind: 'passwordExpired', mayChange: true });
    const weak = await ask({ newPassword: 'weak' });
    expect(weak).toMatchObject({
      kind: 'newPasswordRefused',
      reason: expect.stringContaining('minimum length'),
    });
    expect(await ask({ newPassword: password })).toMatchObject({ kind: 'newPasswordRefused' });
    expect((await ask({ newPassword: fresh })).kind).toBe('signedIn');
    expect(await ask()).toEqual({ kind: 'refused' });
    expect((await ask({ password: fresh })).kind).toBe('signedIn');
  });

  test('is one past its age; when the account says so only administrators can help', async () => {
    const policy = { minimumLength: 8, allowUsersToChange: true, maxAgeDays: 90 };
    const asks = { requireSymbols: false, requireNumbers: false };
    const more = { ...asks, requireUppercase: false, requireLowercase: false };
    const put = (hardExpiry: boolean) =>
      made.space.write((tx) =>
        tx.put(accounts, account, { passwordPolicy: { ...policy, ...more, hardExpiry } }),
      );
    await put(false);
    made.clock.atMs += 90 * 86_400_000;
    expect(await ask()).toEqual({ kind: 'passwordExpired', mayChange: true });
    await put(true);
    expect(await ask({ newPassword: fresh })).toEqual({
      kind: 'passwordExpired',
      mayChange: false,
    });
  });
});
