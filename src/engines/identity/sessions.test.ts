/** Sessions hold until they end, are revoked or lose their issuer; what is not one is refused. */
import { beforeEach, describe, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import type { Session } from '../../kernel/caller.ts';
import {
  account,
  addRole,
  addUser,
  startMs,
  type TestIdentity,
  testIdentity,
  testVault,
} from './identity.fixture.ts';
import { nameKey, type RoleRow, roles, type UserRow, users } from './rows.ts';
import { packedPercent } from './session-token.ts';
import type { IssuedSession, Signer } from './sessions.ts';

let made: TestIdentity;
let role: RoleRow;
let user: UserRow;

beforeEach(async () => {
  made = testIdentity();
  role = await addRole(made, 'Analyst', { maxSessionSeconds: 43_200 });
  user = await addUser(made, 'ann');
});

const none = { tags: {}, transitiveTagKeys: [], policies: [], policyArns: [] };

function issue(
  more: Partial<Session> = {},
  { durationSeconds = 900, at = made }: { durationSeconds?: number; at?: TestIdentity } = {},
): Promise<IssuedSession> {
  const session = { kind: 'role', issuerArn: role.arn, issuerId: role.id, name: 'run' } as const;
  return at.identity.sessions.issue({
    account,
    session: { ...session, ...none, ...more },
    durationSeconds,
  });
}

const find = ({ accessKeyId, sessionToken }: IssuedSession, at = made) =>
  at.identity.findSecret(accessKeyId, sessionToken);

async function signerOf(issued: IssuedSession, at = made): Promise<Signer> {
  const found = defined(await find(issued, at), 'the signer');
  if ('expired' in found) throw new Error('expired');
  return found;
}

test('a role session carries all that was sealed in it', async () => {
  const more = {
    tags: { Team: 'a', ключ: 'значение' },
    transitiveTagKeys: ['Team'],
    sourceIdentity: 'ann',
    policies: ['{"Version":"2012-10-17"}'],
    mfaAtMs: startMs - 5,
    chained: true,
  };
  const issued = await issue(more);
  expect(issued.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(issued.sessionToken).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(issued.expiresAtMs).toBe(startMs + 900_000);
  const { caller, secretAccessKey, sessionToken } = await signerOf(issued);
  expect({ secretAccessKey, sessionToken }).toEqual({
    secretAccessKey: issued.secretAccessKey,
    sessionToken: issued.sessionToken,
  });
  expect(caller).toEqual({
    accessKeyId: issued.accessKeyId,
    arn: 'arn:aws:sts::123456789012:assumed-role/Analyst/run',
    userId: `${role.id}:run`,
    account,
    session: {
      ...{ kind: 'role', issuerArn: role.arn, issuerId: role.id, name: 'run', policyArns: [] },
      ...{ issuedAtMs: startMs, expiresAtMs: startMs + 900_000 },
      ...more,
    },
  });
});

test('sessions of users are the user, also under a new name, or a federated user', async () => {
  const of = { issuerArn: user.arn, issuerId: user.id };
  const own = await issue({ kind: 'user', ...of, name: '' });
  const federated = await issue({ kind: 'federated', ...of, name: 'bob' });
  expect((await signerOf(own)).caller).toMatchObject({ arn: user.arn, userId: user.id });
  expect((await signerOf(federated)).caller).toMatchObject({
    arn: 'arn:aws:sts::123456789012:federated-user/bob',
    userId: `${account}:bob`,
  });
  const renamed = { ...user, name: 'anna', arn: user.arn.replace('ann', 'anna') };
  await made.space.write(async (tx) => {
    await tx.delete(users, nameKey(account, 'ann'));
    await tx.put(users, nameKey(account, 'anna'), renamed);
  });
  const { caller } = await signerOf(own);
  expect([caller.arn, caller.session?.issuerArn]).toEqual([renamed.arn, renamed.arn]);
});

test('sessions outlive the process, and are the same object until identities change', async () => {
  const issued = await issue();
  expect(await find(issued)).toBe(await find(issued));
  const restarted = testIdentity({ store: made.store, seed: 5, clock: made.clock });
  expect((await signerOf(issued, restarted)).caller.userId).toBe(`${role.id}:run`);
  const stranger = testIdentity({ store: made.store, vault: testVault('other') });
  expect(await find(issued, stranger)).toBeUndefined();
});

describe('tokens', () => {
  test('are refused with any byte changed, cut, extended or spelled in another way', async () => {
    const issued = await issue({ policies: ['{}'] });
    const { sessionToken: token } = issued;
    const bytes = Buffer.from(token, 'base64url');
    const variants = [
      ...Array.from(bytes, (byte, at) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte ^ 1;
        return changed.toString('base64url');
      }),
      ...['', token.slice(0, -4), `${token}AAAA`, `${token}=`, `${token}\n`, ` ${token}`],
      ...[bytes.toString('base64'), token.repeat(100)],
    ];
    for (const sessionToken of variants) {
      if (sessionToken === token) continue;
      expect(await find({ ...issued, sessionToken })).toBeUndefined();
    }
  });

  test('are those of their key alone, also spliced', async () => {
    const [one, other] = [await issue(), await issue({ name: 'other' })];
    expect(await find({ ...one, sessionToken: other.sessionToken })).toBeUndefined();
    const [a, b] = [one, other].map(({ sessionToken }) => Buffer.from(sessionToken, 'base64url'));
    if (!a || !b) throw new Error('two tokens');
    for (const at of [12, 28, 40]) {
      const sessionToken = Buffer.concat([a.subarray(0, at), b.subarray(at)]).toString('base64url');
      expect(await find({ ...one, sessionToken })).toBeUndefined();
    }
  });

  test('are needed, and needed by their keys alone', async () => {
    const issued = await issue();
    expect(await made.identity.findSecret(issued.accessKeyId, undefined)).toBeUndefined();
  });

  test('do not show what is in them', async () => {
    const issued = await issue({ tags: { Team: 'visible?' } });
    const bytes = Buffer.from(issued.sessionToken, 'base64url');
    for (const text of [issued.secretAccessKey, 'visible?', 'Analyst', account]) {
      expect(bytes.includes(text)).toBe(false);
    }
  });

  test('stay below what a header may be, at the fullest', async () => {
    const fill = (size: number) =>
      Array.from({ length: size }, () => String.fromCharCode(33 + made.random.next01() * 90)).join(
        '',
      );
    let full = '';
    while (packedPercent({ ...none, policies: [full + fill(100)] }) <= 100) full += fill(100);
    const issued = await issue({ policies: [full], name: 'n'.repeat(64) });
    expect(issued.sessionToken.length).toBeLessThan(10_000);
    expect((await signerOf(issued)).caller.session?.policies).toEqual([full]);
    await expect(issue({ policies: [full + fill(500)] })).rejects.toThrow('fits');
  });
});

describe('time', () => {
  test('ends a session to the millisecond', async () => {
    const issued = await issue();
    made.clock.atMs = startMs + 899_999;
    expect(await find(issued)).toMatchObject({ secretAccessKey: issued.secretAccessKey });
    made.clock.atMs = startMs + 900_000;
    expect(await find(issued)).toEqual({ expired: true });
  });

  test('that is set back does not revive what has expired, also over a restart', async () => {
    const issued = await issue();
    made.clock.atMs = startMs + 900_000;
    expect(await find(issued)).toEqual({ expired: true });
    await made.identity.flush();
    made.clock.atMs = startMs;
    expect(await find(issued)).toEqual({ expired: true });
    const restarted = testIdentity({ store: made.store, clock: made.clock });
    expect(await find(issued, restarted)).toEqual({ expired: true });
  });

  test('goes on for new sessions while the clock is behind', async () => {
    made.clock.atMs = startMs + 86_400_000;
    await made.identity.flush();
    made.clock.atMs = startMs;
    const late = await issue();
    expect(late.expiresAtMs).toBe(startMs + 900_000);
    made.clock.atMs = startMs + 899_999;
    expect(await find(late)).toHaveProperty('caller');
    made.clock.atMs = startMs + 900_000;
    expect(await find(late)).toEqual({ expired: true });
  });

  test('of issue must not lie ahead', async () => {
    const other = testIdentity({ vault: made.vault });
    other.clock.atMs = startMs + 3_600_000;
    const early = await issue({}, { at: other });
    expect(await find(early)).toBeUndefined();
    made.clock.atMs = startMs + 3_600_000;
    expect(await find(early)).toHaveProperty('caller');
  });
});

describe('a session is refused', () => {
  test('from the next request after it was revoked, and no other is', async () => {
    const [one, other] = [await issue(), await issue()];
    await find(one);
    await made.identity.sessions.revoke(one.accessKeyId);
    expect(await find(one)).toBeUndefined();
    expect(await find(other)).toHaveProperty('caller');
  });

  test('when its role revoked what was issued before, and later ones hold', async () => {
    const early = await issue();
    await find(early);
    made.clock.atMs += 1_000;
    const late = await issue();
    await made.identity.sessions.revokeRoleSessions(role.id, made.clock.atMs);
    await made.identity.sessions.revokeRoleSessions(role.id, startMs);
    expect(await find(early)).toBeUndefined();
    expect(await find(late)).toHaveProperty('caller');
  });

  test('when its role or user is gone, and when one is made again under the name', async () => {
    const ofUser = { kind: 'user', issuerArn: user.arn, issuerId: user.id, name: '' } as const;
    const [one, other] = [await issue(), await issue(ofUser)];
    await find(one);
    await made.space.write(async (tx) => {
      await tx.delete(roles, nameKey(account, 'Analyst'));
      await tx.delete(users, nameKey(account, 'ann'));
    });
    for (const issued of [one, other]) expect(await find(issued)).toBeUndefined();
    await addRole(made, 'Analyst');
    await addUser(made, 'ann');
    for (const issued of [one, other]) expect(await find(issued)).toBeUndefined();
  });
});

test('revocations are forgotten when nothing they revoke can be left', async () => {
  const revocations = async () => {
    const names = ['identity/revoked-sessions', 'identity/session-cutoffs'];
    const lists = names.map((name) => made.store.list({ name }, { limit: 10 }));
    return (await Promise.all(lists)).flat().length;
  };
  const { sessions } = made.identity;
  await sessions.revoke((await issue()).accessKeyId);
  await sessions.revokeRoleSessions(role.id, startMs);
  made.clock.atMs = startMs + 129_600_000;
  await sessions.sweep();
  expect(await revocations()).toBe(2);
  made.clock.atMs += 3_600_000;
  await sessions.sweep();
  expect(await revocations()).toBe(0);
});
