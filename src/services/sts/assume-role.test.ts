/** Roles for those they trust, behind the real client; and what nobody gets by asking. */
import * as sdk from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nameKey, roles } from '../../engines/identity/rows.ts';
import { codeAt, stepAt } from '../../engines/identity/totp.ts';
import { defined } from '../../kernel/assert.ts';
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
beforeEach(() => addRole(server, 'Analyst'));

const assume = (
  client: sdk.STSClient,
  more: Partial<sdk.AssumeRoleRequest> = {},
): Promise<sdk.AssumeRoleResponse> =>
  client.send(
    new sdk.AssumeRoleCommand({ RoleArn: roleArn('Analyst'), RoleSessionName: 'run', ...more }),
  );

async function sessionOf(client: sdk.STSClient, more: Partial<sdk.AssumeRoleRequest> = {}) {
  const { Credentials } = await assume(client, more);
  return server.client(defined(Credentials, 'the credentials'));
}

const identityOf = (client: sdk.STSClient) => client.send(new sdk.GetCallerIdentityCommand({}));

test('a role is assumed, and signs as its session', async () => {
  const role = await addRole(server, 'Analyst', { tags: { a: 'b' } });
  const answer = await assume(ann);
  const Arn = `arn:aws:sts::${account}:assumed-role/Analyst/run`;
  expect(answer.AssumedRoleUser).toEqual({ AssumedRoleId: `${role.id}:run`, Arn });
  expect(answer.PackedPolicySize).toBeUndefined();
  const leftMs = Number(answer.Credentials?.Expiration) - Date.now();
  expect(Math.round(leftMs / 60_000)).toBe(60);
  const session = server.client(defined(answer.Credentials, 'the credentials'));
  expect(await identityOf(session)).toMatchObject({
    ...{ Arn, Account: account, UserId: `${role.id}:run` },
  });
});

describe('trust', () => {
  const denied = /^AccessDenied 403: User: \S+ is not authorized to perform: sts:\w+ on resource/;

  test('in the account leaves it to the policies of the caller', async () => {
    expect(await answerOf(assume(ann))).toBe('accepted');
    expect(await answerOf(assume(bob))).toMatch(denied);
  });

  test('in a caller is enough, and in nobody is not', async () => {
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: userArn('bob') }) });
    expect(await answerOf(assume(bob))).toBe('accepted');
    expect(await answerOf(assume(ann))).toMatch(denied);
    await addRole(server, 'Analyst', { trustPolicy: trusting({ Service: 's3.amazonaws.com' }) });
    expect(await answerOf(assume(ann))).toMatch(denied);
  });

  test('in a user is lost when the user is made again', async () => {
    const trustedIds = { [userArn('carl')]: 'AIDACARLBEFORE' };
    await addRole(server, 'Analyst', {
      trustPolicy: trusting({ AWS: userArn('carl') }),
      trustedIds,
    });
    const { keys } = await addUser(server, 'carl', allowing('*'));
    expect(await answerOf(assume(server.client(keys)))).toMatch(denied);
  });

  test('is answered alike by roles that do not exist, or not in this path or account', async () => {
    const others = [
      roleArn('Nothing'),
      roleArn('team/Analyst'),
      roleArn('analyst'),
      roleArn('Analyst').replace(account, '999999999999'),
    ];
    for (const RoleArn of others) {
      const answer = await answerOf(assume(ann, { RoleArn }));
      expect(answer).toMatch(denied);
      expect(answer).toContain(RoleArn);
    }
  });

  test('needs the external id it asks for', async () => {
    const more = { Condition: { StringEquals: { 'sts:ExternalId': 'shared-1' } } };
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: account }, more) });
    expect(await answerOf(assume(ann))).toMatch(denied);
    expect(await answerOf(assume(ann, { ExternalId: 'shared-2' }))).toMatch(denied);
    expect(await answerOf(assume(ann, { ExternalId: 'shared-1' }))).toBe('accepted');
  });

  test('can be limited by the name of the session', async () => {
    const more = { Condition: { StringLike: { 'sts:RoleSessionName': '${aws:username}' } } };
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: account }, more) });
    expect(await answerOf(assume(ann, { RoleSessionName: 'ann' }))).toBe('accepted');
    expect(await answerOf(assume(ann, { RoleSessionName: 'bob' }))).toMatch(denied);
  });
});

describe('bad input', () => {
  test.each([
    [{ RoleSessionName: '../Admin' }, /^ValidationError 400/],
    [{ RoleSessionName: 'a/b' }, /^ValidationError 400/],
    [{ RoleSessionName: 'a:b' }, /^ValidationError 400/],
    [{ RoleSessionName: 'a b' }, /^ValidationError 400/],
    [{ RoleSessionName: 'x' }, /^ValidationError 400/],
    [{ RoleArn: 'arn:aws:iam::123456789012:user/ann' }, /^ValidationError 400: .* is invalid/],
    [{ RoleArn: 'this is not an ARN at all' }, /^ValidationError 400: .* is invalid/],
    [{ DurationSeconds: 899 }, /^ValidationError 400/],
    [{ DurationSeconds: 43_201 }, /^ValidationError 400/],
    [{ TokenCode: '123456' }, /^AccessDenied 403: MultiFactor.*must provide both/],
    [{ Policy: '{' }, /^MalformedPolicyDocument\w* 400/],
    [{ Policy: JSON.stringify(allowing([])).padEnd(2_049) }, /^ValidationError 400: .*2048/],
    [
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/NoSuchPolicy' }] },
      /^ValidationError 400: .*NoSuchPolicy/,
    ],
    [
      { PolicyArns: Array(11).fill({ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }) },
      /^ValidationError 400: .*10/,
    ],
  ])('%j', async (more, wanted) => {
    expect(await answerOf(assume(ann, more))).toMatch(wanted);
  });

  test('an hour is the most unless the role allows more', async () => {
    await addRole(server, 'Analyst', { maxSessionSeconds: 3_600 });
    expect(await answerOf(assume(ann, { DurationSeconds: 3_601 }))).toMatch(
      /^ValidationError 400: .*MaxSessionDuration/,
    );
    expect(await answerOf(assume(ann, { DurationSeconds: 3_600 }))).toBe('accepted');
  });
});

describe('session policies', () => {
  test('lower what the session may do, and their size is told', async () => {
    await addRole(server, 'Analyst', { inline: { all: JSON.stringify(allowing('*')) } });
    const Policy = JSON.stringify(allowing('s3:*'));
    const PolicyArns = [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }];
    const { PackedPolicySize, Credentials } = await assume(ann, { Policy });
    expect(PackedPolicySize).toBeGreaterThan(0);
    expect(PackedPolicySize).toBeLessThan(10);
    expect((await assume(ann, { Policy, PolicyArns })).PackedPolicySize).toBeGreaterThan(1);
    const info = new sdk.GetAccessKeyInfoCommand({ AccessKeyId: 'AKIANOBODYSKEY00' });
    const session = server.client(defined(Credentials, 'the credentials'));
    expect(await answerOf(session.send(info))).toMatch(/^AccessDenied 403.*session policy/);
    const free = await sessionOf(ann);
    expect(await answerOf(free.send(info))).toMatch(/^ValidationError 400/);
  });

  test('and tags that do not fit into a token are refused', async () => {
    const noise = (size: number) =>
      Array.from({ length: size }, () => Math.floor(server.random.next01() * 36).toString(36));
    const Tags = Array.from({ length: 50 }, (_, n) => ({
      Key: `${n}${noise(100).join('')}`,
      Value: noise(200).join(''),
    }));
    await addRole(server, 'Analyst', {
      trustPolicy: trusting({ AWS: account }, { Action: ['sts:AssumeRole', 'sts:TagSession'] }),
    });
    expect(await answerOf(assume(ann, { Tags }))).toMatch(/^PackedPolicyTooLarge\w* 400: .*\d+%/);
  });
});

describe('tags', () => {
  const tagging = { Action: ['sts:AssumeRole', 'sts:TagSession'] };
  const Tags = [
    { Key: 'Team', Value: 'risk' },
    { Key: 'Run', Value: '7' },
  ];

  const tagsOf = async (client: sdk.STSClient) => {
    const { accessKeyId, sessionToken } = await client.config.credentials();
    const found = await server.identity.findSecret(accessKeyId, sessionToken);
    return found && !('expired' in found) ? found.caller.session?.tags : undefined;
  };

  test('need a permission of their own, and can be asked for by the trust policy', async () => {
    expect(await answerOf(assume(ann, { Tags }))).toMatch(/^AccessDenied.*sts:TagSession/);
    const more = { ...tagging, Condition: { StringEquals: { 'aws:RequestTag/Team': 'risk' } } };
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: account }, more) });
    expect(await answerOf(assume(ann))).toMatch(/^AccessDenied/);
    const other = [{ Key: 'Team', Value: 'other' }];
    expect(await answerOf(assume(ann, { Tags: other }))).toMatch(/^AccessDenied/);
    expect(await tagsOf(await sessionOf(ann, { Tags }))).toEqual({ Team: 'risk', Run: '7' });
  });

  test.each([
    [{ Tags: [...Tags, { Key: 'TEAM', Value: '' }] }, /Duplicate tag keys/],
    [{ Tags: [{ Key: 'aws:x', Value: '' }] }, /reserved/],
    [{ Tags, TransitiveTagKeys: ['Other'] }, /must be included/],
  ])('%j are refused', async (more, reason) => {
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: account }, tagging) });
    const answer = await answerOf(assume(ann, more));
    expect(answer).toMatch(/^InvalidParameterValue 400/);
    expect(answer).toMatch(reason);
  });

  test('that are transitive go through every role, and nobody changes them', async () => {
    const trustPolicy = trusting({ AWS: account }, tagging);
    await addRole(server, 'Analyst', {
      trustPolicy,
      inline: { all: JSON.stringify(allowing('*')) },
    });
    await addRole(server, 'Next', { trustPolicy });
    const first = await sessionOf(ann, { Tags, TransitiveTagKeys: ['team'] });
    const next = { RoleArn: roleArn('Next') };
    expect(await tagsOf(await sessionOf(first, next))).toEqual({ Team: 'risk' });
    const override = { ...next, Tags: [{ Key: 'TEAM', Value: 'admin' }] };
    expect(await answerOf(assume(first, override))).toMatch(/^InvalidParameterValue 400/);
    await addRole(server, 'Next', { trustPolicy: trusting({ AWS: account }) });
    expect(await answerOf(assume(first, next))).toMatch(/^AccessDenied.*sts:TagSession/);
  });
});

describe('a role session that assumes a role', () => {
  const inline = { all: JSON.stringify(allowing('*')) };
  const next = { RoleArn: roleArn('Next') };

  test('gets an hour at most', async () => {
    await addRole(server, 'Analyst', { inline });
    await addRole(server, 'Next');
    const first = await sessionOf(ann);
    const long = { ...next, DurationSeconds: 3_601 };
    expect(await answerOf(assume(first, long))).toMatch(/^ValidationError 400: .*1 hour.*chaining/);
    expect(await answerOf(assume(first, { ...next, DurationSeconds: 3_600 }))).toBe('accepted');
    expect(await answerOf(assume(ann, long))).toBe('accepted');
  });

  test('keeps its source identity', async () => {
    const more = { Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] };
    const trustPolicy = trusting({ AWS: account }, more);
    expect(await answerOf(assume(ann, { SourceIdentity: 'ann' }))).toMatch(
      /^AccessDenied.*sts:SetSourceIdentity/,
    );
    await addRole(server, 'Analyst', { inline, trustPolicy });
    await addRole(server, 'Next', { trustPolicy });
    const first = await sessionOf(ann, { SourceIdentity: 'ann' });
    expect((await assume(first, next)).SourceIdentity).toBe('ann');
    const other = { ...next, SourceIdentity: 'bob' };
    expect(await answerOf(assume(first, other))).toMatch(/^AccessDenied 403: .*cannot be changed/);
    await addRole(server, 'Next');
    expect(await answerOf(assume(first, next))).toMatch(/^AccessDenied.*sts:SetSourceIdentity/);
  });

  test('is refused everything once its role is gone, or made again', async () => {
    const first = await sessionOf(ann);
    expect(await answerOf(identityOf(first))).toBe('accepted');
    await server.space.write((tx) => tx.delete(roles, nameKey(account, 'Analyst')));
    expect(await answerOf(identityOf(first))).toMatch(/^InvalidClientTokenId 403/);
    await addRole(server, 'Analyst');
    expect(await answerOf(identityOf(first))).toMatch(/^InvalidClientTokenId 403/);
  });
});

describe('a device', () => {
  const withCode = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } };
  let device: { readonly serial: string; readonly seed: string };
  let client: sdk.STSClient;
  const code = () => codeAt(device.seed, stepAt(server.clock.nowMs()));
  const invalid =
    'AccessDenied 403: MultiFactorAuthentication failed with invalid MFA one time pass code.';

  beforeEach(async () => {
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: account }, withCode) });
    const name = `user-${Math.floor(server.random.next01() * 1e9)}`;
    client = server.client((await addUser(server, name, allowing('*'))).keys);
    device = await addDevice(server, name);
  });

  test('opens a role that asks for one, once for each code', async () => {
    expect(await answerOf(assume(client))).toMatch(/^AccessDenied.*not authorized/);
    const given = { SerialNumber: device.serial, TokenCode: code() };
    expect(await answerOf(assume(client, given))).toBe('accepted');
    expect(await answerOf(assume(client, given))).toBe(invalid);
  });

  test("that is not the caller's is none", async () => {
    const given = { SerialNumber: device.serial, TokenCode: code() };
    expect(await answerOf(assume(ann, given))).toBe(invalid);
    const serial = device.serial.replace(/user-\d+$/, 'nothing');
    expect(await answerOf(assume(client, { ...given, SerialNumber: serial }))).toBe(invalid);
  });

  test('cannot be guessed, also where the answer would be no for another reason', async () => {
    await addRole(server, 'Analyst', { trustPolicy: trusting({ AWS: userArn('bob') }) });
    const SerialNumber = device.serial;
    const guesses = ['000000', '000001', '000002', '000003', '000004'];
    for (const TokenCode of guesses) {
      expect(await answerOf(assume(client, { SerialNumber, TokenCode }))).toBe(invalid);
    }
    expect(await answerOf(assume(client, { SerialNumber, TokenCode: code() }))).toBe(invalid);
  });

  test('is not used up by a request that is refused', async () => {
    const given = { SerialNumber: device.serial, TokenCode: code() };
    expect(await answerOf(assume(client, { ...given, Policy: '{' }))).toMatch(/^Malformed/);
    expect(await answerOf(assume(client, given))).toBe('accepted');
  });

  test('is asked once: the session it opened has its rights without another code', async () => {
    const command = new sdk.GetSessionTokenCommand({
      ...{ SerialNumber: device.serial, TokenCode: code() },
    });
    const { Credentials } = await client.send(command);
    const session = server.client(defined(Credentials, 'the credentials'));
    expect(await answerOf(assume(session))).toBe('accepted');
    const bare = await client.send(new sdk.GetSessionTokenCommand({}));
    const other = server.client(defined(bare.Credentials, 'the credentials'));
    expect(await answerOf(assume(other))).toMatch(/^AccessDenied.*not authorized/);
  });
});
