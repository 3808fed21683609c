/** The other ways to credentials, and what is told about them, behind the real client. */
import * as sdk from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealMessage } from '../../engines/identity/messages.ts';
import { nameKey, oidcProviders, users } from '../../engines/identity/rows.ts';
import { codeAt, stepAt } from '../../engines/identity/totp.ts';
import { defined } from '../../kernel/assert.ts';
import type { WebIdentity } from '../../ports/web-identities.ts';
import {
  account,
  addDevice,
  addRole,
  addUser,
  allowing,
  answerOf,
  roleArn,
  type StsServer,
  startSts,
  trusting,
  userArn,
} from './sts.fixture.ts';

let server: StsServer;
let ann: sdk.STSClient;
let bob: sdk.STSClient;

beforeAll(async () => {
  server = await startSts();
  ann = server.client((await addUser(server, 'ann', allowing('*'))).keys);
  bob = server.client((await addUser(server, 'bob')).keys);
});
afterAll(() => server.close());

const identityOf = (client: sdk.STSClient) => client.send(new sdk.GetCallerIdentityCommand({}));
const clientOf = (given: sdk.Credentials | undefined) =>
  server.client(defined(given, 'the credentials'));
const sessionToken = (client: sdk.STSClient, more: sdk.GetSessionTokenRequest = {}) =>
  client.send(new sdk.GetSessionTokenCommand(more));
const federation = (client: sdk.STSClient, more: Partial<sdk.GetFederationTokenRequest> = {}) =>
  client.send(new sdk.GetFederationTokenCommand({ Name: 'guest', ...more }));
const minutesLeft = (credentials: sdk.Credentials | undefined) =>
  Math.round((Number(credentials?.Expiration) - server.clock.nowMs()) / 60_000);

describe('GetCallerIdentity', () => {
  test('tells everybody who signs, denied or not', async () => {
    const denied = {
      Version: '2012-10-17',
      Statement: { Effect: 'Deny', Action: '*', Resource: '*' },
    };
    const { user, keys } = await addUser(server, 'dan', denied);
    expect(await identityOf(server.client(keys))).toMatchObject({
      ...{ UserId: user.id, Account: account, Arn: userArn('dan') },
    });
    const stranger = { accessKeyId: 'AKIASTRANGER0000', secretAccessKey: 'nobody-knows' };
    expect(await answerOf(identityOf(server.client(stranger)))).toMatch(
      /^InvalidClientTokenId 403/,
    );
  });
});

describe('GetSessionToken', () => {
  test('gives who asks their own rights, for twelve hours unless said otherwise', async () => {
    const { Credentials } = await sessionToken(bob);
    expect(minutesLeft(Credentials)).toBe(720);
    expect((await identityOf(clientOf(Credentials))).Arn).toBe(userArn('bob'));
    const short = await sessionToken(bob, { DurationSeconds: 900 });
    expect(minutesLeft(short.Credentials)).toBe(15);
  });

  test('is not for those who have a session', async () => {
    const session = clientOf((await sessionToken(ann)).Credentials);
    for (const work of [sessionToken(session), federation(session)]) {
      expect(await answerOf(work)).toMatch(/^AccessDenied 403: Cannot call Get\w+ with session/);
    }
  });

  test('counts a code of a device once, and refuses wrong ones', async () => {
    const { keys } = await addUser(server, 'eve');
    const { serial, seed } = await addDevice(server, 'eve');
    const client = server.client(keys);
    const TokenCode = codeAt(seed, stepAt(server.clock.nowMs()));
    const given = { SerialNumber: serial, TokenCode };
    const { Credentials } = await sessionToken(client, given);
    const { AccessKeyId = '', SessionToken = '' } = Credentials ?? {};
    const found = await server.identity.findSecret(AccessKeyId, SessionToken);
    expect(found).toHaveProperty('caller.session.mfaAtMs');
    expect(await answerOf(sessionToken(client, given))).toMatch(/^AccessDenied 403: MultiFactor/);
    expect(await answerOf(sessionToken(client, { SerialNumber: serial }))).toMatch(
      /^AccessDenied 403: .*must provide both/,
    );
  });

  test('ends, and says so in words that make clients ask again', async () => {
    const { Credentials } = await sessionToken(bob, { DurationSeconds: 900 });
    const session = clientOf(Credentials);
    const before = server.clock.aheadMs;
    server.clock.aheadMs += 899_000;
    expect(await answerOf(identityOf(clientOf(Credentials)))).toBe('accepted');
    server.clock.aheadMs += 2_000;
    expect(await answerOf(identityOf(clientOf(Credentials)))).toMatch(
      /^ExpiredToken\w* 403: The security token included in the request is expired/,
    );
    server.clock.aheadMs = before;
    expect(await answerOf(identityOf(session))).toMatch(/^ExpiredToken/);
  });

  test('ends with its user', async () => {
    const { keys } = await addUser(server, 'fay');
    const session = clientOf((await sessionToken(server.client(keys))).Credentials);
    expect(await answerOf(identityOf(session))).toBe('accepted');
    await server.space.write((tx) => tx.delete(users, nameKey(account, 'fay')));
    await addUser(server, 'fay');
    expect(await answerOf(identityOf(session))).toMatch(/^InvalidClientTokenId 403/);
  });
});

describe('GetFederationToken', () => {
  const info = new sdk.GetAccessKeyInfoCommand({ AccessKeyId: 'AKIANOBODYSKEY00' });
  const reached = /^ValidationError 400: .*belongs to no account/;

  test('gives the part of the rights that its policies allow, and none without', async () => {
    const Policy = JSON.stringify(allowing('sts:GetAccessKeyInfo'));
    const answer = await federation(ann, { Policy });
    const Arn = `arn:aws:sts::${account}:federated-user/guest`;
    expect(answer.FederatedUser).toEqual({ FederatedUserId: `${account}:guest`, Arn });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    const guest = clientOf(answer.Credentials);
    expect(await identityOf(guest)).toMatchObject({ Arn, UserId: `${account}:guest` });
    expect(await answerOf(guest.send(info))).toMatch(reached);
    const bare = clientOf((await federation(ann)).Credentials);
    expect(await answerOf(bare.send(info))).toMatch(/^AccessDenied 403/);
    expect(await answerOf(ann.send(info))).toMatch(reached);
  });

  test('needs permission, also for tags, and a name that is one', async () => {
    expect(await answerOf(federation(bob))).toMatch(/^AccessDenied 403.*GetFederationToken/);
    const limited = allowing('sts:GetFederationToken', {
      Resource: `arn:aws:sts::${account}:federated-user/guest`,
    });
    const gus = server.client((await addUser(server, 'gus', limited)).keys);
    expect(await answerOf(federation(gus))).toBe('accepted');
    expect(await answerOf(federation(gus, { Name: 'admin' }))).toMatch(/^AccessDenied/);
    const Tags = [{ Key: 'a', Value: 'b' }];
    expect(await answerOf(federation(gus, { Tags }))).toMatch(/^AccessDenied.*sts:TagSession/);
    for (const Name of ['a/b', '../x', 'x', 'a'.repeat(33)]) {
      expect(await answerOf(federation(ann, { Name }))).toMatch(/^ValidationError 400/);
    }
  });
});

describe('AssumeRoleWithWebIdentity', () => {
  const issuer = 'https://id.example:8443/Realm';
  const providerArn = `arn:aws:iam::${account}:oidc-provider/id.example:8443/Realm`;
  const vouched: WebIdentity = {
    ...{ issuer, subject: 'repo:me/x', audiences: ['other', 'sts'], claims: {} },
    expiresAtMs: 9e15,
  };
  let asked: boolean[];

  const say = (value: WebIdentity) => {
    server.webIdentities = async (token, expected) => {
      asked.push(await expected(value.issuer));
      return token === 'token' ? { ok: true, value } : { ok: false, kind: 'invalid', reason: '?' };
    };
  };
  const assume = (more: Partial<sdk.AssumeRoleWithWebIdentityRequest> = {}) =>
    ann.send(
      new sdk.AssumeRoleWithWebIdentityCommand({
        ...{ RoleArn: roleArn('Web'), RoleSessionName: 'job', WebIdentityToken: 'token' },
        ...more,
      }),
    );
  const trust = (condition: object = {}, Action = ['sts:AssumeRoleWithWebIdentity']) =>
    addRole(server, 'Web', {
      trustPolicy: trusting({ Federated: providerArn }, { Action, Condition: condition }),
    });

  beforeAll(async () => {
    asked = [];
    const row = { account, arn: providerArn, url: issuer, clientIds: ['sts'] };
    await server.space.write((tx) =>
      tx.put(oidcProviders, providerArn, { ...row, thumbprints: [], createdAtMs: 1, tags: {} }),
    );
  });

  test('opens a role for whom its trust policy names by issuer, subject and audience', async () => {
    say(vouched);
    const key = 'id.example:8443/Realm';
    const condition = { StringEquals: { [`${key}:sub`]: 'repo:me/x', [`${key}:aud`]: 'sts' } };
    const role = await trust(condition);
    const answer = await assume();
    expect(answer).toMatchObject({
      ...{ SubjectFromWebIdentityToken: 'repo:me/x', Audience: 'sts', Provider: providerArn },
      AssumedRoleUser: { AssumedRoleId: `${role.id}:job` },
    });
    expect(asked.splice(0)).toEqual([true]);
    expect((await identityOf(clientOf(answer.Credentials))).Arn).toBe(
      `arn:aws:sts::${account}:assumed-role/Web/job`,
    );
    say({ ...vouched, subject: 'repo:you/x' });
    expect(await answerOf(assume())).toMatch(/^AccessDenied 403/);
  });

  test('is refused by roles that trust others, or are not there', async () => {
    say(vouched);
    await addRole(server, 'Web', { trustPolicy: trusting({ AWS: account }, { Action: 'sts:*' }) });
    expect(await answerOf(assume())).toMatch(/^AccessDenied 403/);
    await trust();
    expect(await answerOf(assume({ RoleArn: roleArn('Nothing') }))).toMatch(/^AccessDenied 403/);
    expect(await answerOf(assume())).toBe('accepted');
  });

  test.each([
    ['another audience', { audiences: ['other'] }, /Incorrect token audience/],
    ['another party that asked', { authorizedParty: 'other' }, /Incorrect token audience/],
    ['an issuer over http', { issuer: 'http://id.example:8443/Realm' }, /No OpenIDConnect/],
    ['an issuer in another case', { issuer: 'https://id.example:8443/realm' }, /No OpenID/],
  ])('is refused for %s', async (_name, more, reason) => {
    await trust();
    say({ ...vouched, ...more });
    const answer = await answerOf(assume());
    expect(answer).toMatch(/^InvalidIdentityToken\w* 400/);
    expect(answer).toMatch(reason);
  });

  test.each([
    ['invalid', /^InvalidIdentityToken\w* 400: why/],
    ['expired', /^ExpiredToken\w* 400: .*why/],
    ['unreachable', /^IDPCommunicationError\w* 400: why/],
  ] as const)('says that a token is %s', async (kind, wanted) => {
    await trust();
    server.webIdentities = async () => ({ ok: false, kind, reason: 'why' });
    const answer = await answerOf(assume({ WebIdentityToken: 'a-secret-token' }));
    expect(answer).toMatch(wanted);
    expect(answer).not.toContain('secret');
  });

  test('takes the source identity of the token, where the role lets it', async () => {
    say({ ...vouched, claims: { 'https://aws.amazon.com/source_identity': 'carl' } });
    await trust();
    expect(await answerOf(assume())).toMatch(/^AccessDenied/);
    await trust({}, ['sts:AssumeRoleWithWebIdentity', 'sts:SetSourceIdentity']);
    expect((await assume()).SourceIdentity).toBe('carl');
    say({ ...vouched, claims: { 'https://aws.amazon.com/source_identity': 'a b' } });
    expect(await answerOf(assume())).toMatch(/^InvalidIdentityToken/);
  });

  test.each([
    [{ ProviderId: 'www.amazon.com' }, /^ValidationError 400/],
    [{ RoleArn: 'arn:aws:s3:::not-a-role' }, /^ValidationError 400: .* is invalid/],
    [{ RoleSessionName: '../x' }, /^ValidationError 400/],
    [{ WebIdentityToken: 'forged' }, /^InvalidIdentityToken/],
  ])('%j is refused', async (more, wanted) => {
    await trust();
    say(vouched);
    expect(await answerOf(assume(more))).toMatch(wanted);
  });
});

describe('DecodeAuthorizationMessage', () => {
  const decode = (client: sdk.STSClient, EncodedMessage: string) =>
    client.send(new sdk.DecodeAuthorizationMessageCommand({ EncodedMessage }));

  test('opens what was sealed here, for those who may', async () => {
    const details = JSON.stringify({ allowed: false });
    const message = sealMessage(server.vault, details);
    expect((await decode(ann, message)).DecodedMessage).toBe(details);
    expect(await answerOf(decode(bob, message))).toMatch(/^AccessDenied 403/);
    expect(await answerOf(decode(ann, `x${message}`))).toMatch(
      /^InvalidAuthorizationMessage\w* 400/,
    );
  });
});

describe('GetAccessKeyInfo', () => {
  test('tells the account of a key', async () => {
    const { accessKeyId } = await ann.config.credentials();
    const ask = (AccessKeyId: string) => ann.send(new sdk.GetAccessKeyInfoCommand({ AccessKeyId }));
    expect((await ask(accessKeyId)).Account).toBe(account);
    expect(await answerOf(ask('AKIANOBODYSKEY00'))).toMatch(/^ValidationError 400/);
  });
});
