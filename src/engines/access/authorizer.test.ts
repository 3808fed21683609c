/** Every kind of caller, every kind of policy that has a say, and what a refusal says. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Caller, Session } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { attachmentKey, attachments, nameKey, roles, users } from '../identity/rows.ts';
import {
  account,
  allow,
  type Bench,
  bench,
  deny,
  nowMs,
  policy,
  sessionOfRole,
  sessionOfUser,
  trusting,
} from './access.fixture.ts';

let b: Bench;
beforeEach(() => {
  b = bench();
});

const readAll = { read: policy(allow('s3:GetObject')) };
const may = async (caller: Caller, check: Partial<Check> = {}) =>
  (await b.ask(caller, check)) === undefined;
const granted = (statement: object, principal: unknown = '*') =>
  policy({ ...allow('s3:GetObject', 'arn:aws:s3:::data/*'), Principal: principal, ...statement });
const onResource = (text: string): Partial<Check> => ({ resourcePolicy: async () => text });
const root: Caller = {
  ...{ accessKeyId: 'AKIA', arn: `arn:aws:iam::${account}:root`, userId: account, account },
};
const service: Caller = {
  ...{ accessKeyId: '', arn: '', userId: 'sns', account, service: 'sns.amazonaws.com' },
};
const anonymous: Caller = { accessKeyId: '', arn: '', userId: 'anonymous', account };

describe('users', () => {
  test('have inline, attached and inherited policies, and nothing else', async () => {
    const shared = await b.managed('Shared', policy(allow('sqs:SendMessage')));
    const ofGroup = await b.managed('OfGroup', policy(allow('sns:Publish')));
    await b.group('Ops', {
      attached: [ofGroup],
      inline: { g: policy(allow('logs:PutLogEvents')) },
    });
    const ada = await b.user('ada', { inline: readAll, attached: [shared], groups: ['ops'] });
    for (const action of ['s3:GetObject', 'sqs:SendMessage', 'sns:Publish', 'logs:PutLogEvents']) {
      expect(await may(ada, { action }), action).toBe(true);
    }
    expect(await may(ada, { action: 's3:PutObject' })).toBe(false);
    expect(await may(await b.user('bare'))).toBe(false);
  });

  test('have public policies by their ARN', async () => {
    const attached = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    const admin = await b.user('admin', { attached });
    expect(await may(admin, { action: 'iam:CreateUser', resource: '*' })).toBe(true);
  });

  test('are limited by their boundary', async () => {
    const boundaryArn = await b.managed('Bounds', policy(allow('s3:*')));
    const inline = { all: policy(allow('*')) };
    const ada = await b.user('ada', { inline, boundaryArn });
    expect(await may(ada)).toBe(true);
    expect((await b.ask(ada, { action: 'sqs:SendMessage' }))?.message).toMatch(
      /because no permissions boundary allows the sqs:SendMessage action$/,
    );
  });

  test('that are deleted, or made again, lose what the old one had', async () => {
    const ada = await b.user('ada', { inline: readAll });
    expect(await may(ada)).toBe(true);
    await b.user('ada', { id: 'AIDANEW', inline: readAll });
    expect(await may(ada)).toBe(false);
    await b.space.write((tx) => tx.delete(users, nameKey(account, 'ada')));
    expect(await may(ada, onResource(granted({})))).toBe(false);
  });

  test('keep their sessions through a new name', async () => {
    const ada = sessionOfUser(await b.user('ada', { inline: readAll }));
    await b.space.write((tx) => tx.delete(users, nameKey(account, 'ada')));
    await b.user('eve', { id: ada.userId, inline: readAll });
    expect(await may(ada)).toBe(true);
  });
});

describe('what is written counts from the next decision on', () => {
  test('for users, groups and policies', async () => {
    await b.group('ops', { inline: readAll });
    const ada = await b.user('ada');
    expect(await may(ada)).toBe(false);
    await b.user('ada', { groups: ['ops'] });
    expect(await may(ada)).toBe(true);
    await b.group('ops', { inline: {} });
    expect(await may(ada)).toBe(false);
    const arn = await b.managed('P', policy(allow('s3:*')));
    await b.user('ada', { attached: [arn] });
    expect(await may(ada)).toBe(true);
    await b.managed('P', policy(deny('s3:*')));
    expect(await may(ada)).toBe(false);
  });

  test('and until then nothing is read again', async () => {
    const ada = await b.user('ada', { inline: readAll });
    expect(await may(ada)).toBe(true);
    const before = b.reads();
    expect(await may(ada)).toBe(true);
    expect(await may({ ...ada })).toBe(true);
    expect(await may(ada, { resource: 'arn:aws:s3:::other/b' })).toBe(true);
    expect(b.reads()).toBe(before);
  });
});

test('what was read ahead decides nothing by itself', async () => {
  const policyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const row = { policyArn, as: 'policy', kind: 'user', name: 'x', id: 'AIDAX' } as const;
  const other = { ...row, policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' };
  const again = { ...row, name: 'y' };
  const rows = [row, again, other, { ...row, policyArn: `arn:aws:iam::${account}:policy/P` }];
  await b.space.write(async (tx) => {
    for (const each of rows) await tx.put(attachments, attachmentKey(each), each);
  });
  const before = b.reads();
  await b.access.prepare();
  // One for each policy, one that finds the end, and one that looks for a user.
  expect(b.reads()).toBe(before + 4);
  expect(await may(await b.user('x'))).toBe(false);
});

describe('roles', () => {
  test('give their sessions what the role has', async () => {
    const role = await b.role('Train', { inline: readAll });
    expect(await may(sessionOfRole(role))).toBe(true);
    expect(await may(sessionOfRole(role), { action: 's3:PutObject' })).toBe(false);
  });

  test('made again under the same name end the old sessions', async () => {
    const old = sessionOfRole(await b.role('Train', { inline: readAll }));
    await b.role('Train', { id: 'AROANEW', inline: readAll });
    expect(await may(old)).toBe(false);
  });

  test('with session policies, inline and managed, give what both sides allow', async () => {
    const managed = await b.managed('Narrow', policy(allow('sqs:*')));
    const role = await b.role('Train', {
      inline: { all: policy(allow('s3:*'), allow('sqs:*')) },
    });
    const policies = [policy(allow('s3:GetObject'), allow('sns:*'))];
    const session = sessionOfRole(role, { policies, policyArns: [managed] });
    expect(await may(session)).toBe(true);
    expect(await may(session, { action: 'sqs:SendMessage' })).toBe(true);
    expect(await may(session, { action: 'sns:Publish' })).toBe(false);
    expect((await b.ask(session, { action: 's3:PutObject' }))?.message).toMatch(
      /because no session policy allows the s3:PutObject action$/,
    );
  });
});

describe('sessions of users', () => {
  const session = (user: Caller, over: Partial<Session>) => sessionOfUser(user, over);

  test('have the rights of the user', async () => {
    const ada = await b.user('ada', { inline: readAll });
    expect(await may(session(ada, {}))).toBe(true);
  });

  test('that are federated have what the session policies leave of them', async () => {
    const ada = await b.user('ada', { inline: { all: policy(allow('s3:*')) } });
    const federated = { kind: 'federated', name: 'bob' } as const;
    expect(await may(session(ada, federated))).toBe(false);
    const policies = [policy(allow('s3:GetObject'), allow('sqs:*'))];
    expect(await may(session(ada, { ...federated, policies }))).toBe(true);
    expect(await may(session(ada, { ...federated, policies }), { action: 'sqs:X' })).toBe(false);
  });

  test('of the root user', async () => {
    const rooted = session(root, {});
    expect(await may(rooted, { action: 'iam:DeleteUser' })).toBe(true);
    const federated = { kind: 'federated', name: 'bob' } as const;
    expect(await may(session(root, federated))).toBe(false);
    const policies = [policy(allow('s3:GetObject'))];
    expect(await may(session(root, { ...federated, policies }))).toBe(true);
    expect(await may(session(root, { ...federated, policies }), { action: 'sqs:X' })).toBe(false);
  });
});

describe('callers without policies', () => {
  test('the root user may do everything that no resource denies', async () => {
    expect(await may(root, { action: 'iam:DeleteUser' })).toBe(true);
    const denied = granted({ Effect: 'Deny' });
    expect(await may(root, onResource(denied))).toBe(false);
  });

  test('a service may do what a resource lets it', async () => {
    expect(await may(service)).toBe(false);
    const named = granted({}, { Service: 'sns.amazonaws.com' });
    expect(await may(service, onResource(named))).toBe(true);
    expect(await may(service, onResource(granted({}, { Service: 'events.amazonaws.com' })))).toBe(
      false,
    );
  });

  test('who does not sign may do what everybody may', async () => {
    expect(await may(anonymous)).toBe(false);
    expect(await may(anonymous, onResource(granted({})))).toBe(true);
    expect(await may(anonymous, onResource(granted({}, { AWS: account })))).toBe(false);
  });
});

describe('policies on resources', () => {
  test('suffice beside none, and deny beside any', async () => {
    const ada = await b.user('ada');
    expect(await may(ada, onResource(granted({}, { AWS: ada.arn })))).toBe(true);
    const bob = await b.user('bob', { inline: readAll });
    expect(await may(bob, onResource(granted({ Effect: 'Deny' })))).toBe(false);
  });

  test('that trust must name the caller themselves', async () => {
    const ada = await b.user('ada', { inline: { all: policy(allow('sts:*')) } });
    const role = { action: 'sts:AssumeRole', resource: `arn:aws:iam::${account}:role/R` };
    const trust = (text: string) => ({ ...role, ...onResource(text), rule: 'trust' as const });
    const named = policy({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { AWS: account },
    });
    expect(await may(ada, trust(named))).toBe(true);
    const refused = await b.ask(ada, trust(trusting({})));
    expect(refused?.message).toBe(
      `User: ${ada.arn} is not authorized to perform: sts:AssumeRole on resource: ${role.resource}`,
    );
    expect(await may(ada, { ...role, rule: 'trust' })).toBe(false);
  });

  test('of another account need both sides', async () => {
    const bob = await b.user('bob', { inline: readAll });
    const owner = '999988887777';
    expect(await may(bob, { owner })).toBe(false);
    expect(await may(bob, { owner, ...onResource(granted({}, { AWS: account })) })).toBe(true);
  });
});

describe('it fails closed', () => {
  test('on a stored policy that cannot be read', async () => {
    const ada = await b.user('ada', { inline: { ...readAll, broken: '{' } });
    expect((await b.ask(ada, {}))?.message).toMatch(/because a policy cannot be evaluated$/);
    expect(b.logged).toContainEqual([
      'a stored policy cannot be read: what it decides is refused',
      expect.objectContaining({ source: 'broken', use: 'identity' }),
    ]);
  });

  test('on a resource policy that cannot be read, for the root user too', async () => {
    expect(await may(root, onResource('{'))).toBe(false);
    const source = 'arn:aws:s3:::data/a';
    expect(b.logged).toEqual([[expect.any(String), expect.objectContaining({ source })]]);
  });

  test.each([
    ['an attached policy', { attached: [`arn:aws:iam::${account}:policy/Gone`] }],
    ['a public policy', { attached: ['arn:aws:iam::aws:policy/Invented'] }],
    ['a boundary', { boundaryArn: `arn:aws:iam::${account}:policy/Gone` }],
    ['a group', { groups: ['gone'] }],
  ])('on %s that is missing', async (_what, over) => {
    expect(await may(await b.user('ada', { inline: readAll, ...over }))).toBe(false);
  });

  test('on a session policy that is missing', async () => {
    const role = await b.role('Train', { inline: readAll });
    const policyArns = [`arn:aws:iam::${account}:policy/Gone`];
    expect(await may(sessionOfRole(role, { policyArns }))).toBe(false);
  });
});

describe('condition keys', () => {
  const when = (condition: object) => ({ c: policy(allow('s3:*', '*', { Condition: condition })) });
  const asked = async (condition: object, check: Partial<Check> = {}) =>
    may(await b.user('ada', { inline: when(condition), tags: { Team: 'risk' } }), check);

  test.each([
    [{ IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }, true],
    [{ IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } }, false],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-05-05T12:00:01Z' } }, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-05-05T11:59:59Z' } }, false],
    [{ NumericEquals: { 'aws:EpochTime': `${nowMs / 1_000}` } }, true],
    [{ DateGreaterThan: { 'aws:EpochTime': '2026-05-05T11:59:59Z' } }, true],
    [{ DateGreaterThan: { 'aws:EpochTime': '2026-05-05T12:00:01Z' } }, false],
    [{ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, true],
    [{ StringEquals: { 'aws:PrincipalType': 'User' } }, true],
    [{ StringEquals: { 'aws:username': 'ada', 'aws:userid': 'AIDAADA' } }, true],
    [{ StringEquals: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': account } }, true],
    [{ ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account}:user/a*` } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/Team': 'risk' } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/team': 'risk' } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/Team': 'fraud' } }, false],
    [{ Null: { 'aws:MultiFactorAuthPresent': 'true', 'aws:TokenIssueTime': 'true' } }, true],
    [{ Bool: { 'aws:ViaAWSService': 'false', 'aws:PrincipalIsAWSService': 'false' } }, true],
    [
      { Null: { 'aws:CalledVia': 'true', 'aws:UserAgent': 'true', 'aws:SourceIdentity': 'true' } },
      true,
    ],
  ])('of every request: %j', async (condition, allowed) => {
    expect(await asked(condition)).toBe(allowed);
  });

  test('of the check', async () => {
    const keys = { 's3:prefix': 'home/', 'aws:requesttag/Team': 'risk' };
    expect(await asked({ StringEquals: { 's3:prefix': 'home/' } }, { keys })).toBe(true);
    expect(await asked({ StringEquals: { 's3:Prefix': 'away/' } }, { keys })).toBe(false);
    expect(await asked({ StringEquals: { 'aws:RequestTag/team': 'risk' } }, { keys })).toBe(true);
  });

  test('of sessions', async () => {
    const condition = {
      Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      NumericLessThan: { 'aws:MultiFactorAuthAge': '31' },
      DateLessThan: { 'aws:TokenIssueTime': '2026-05-05T12:00:00Z' },
      StringEquals: {
        'aws:PrincipalType': 'AssumedRole',
        'aws:PrincipalArn': `arn:aws:iam::${account}:role/Train`,
        'aws:userid': 'AROATRAIN:s',
        'aws:SourceIdentity': 'ada',
        'aws:FederatedProvider': 'idp',
        'idp.example:sub': 'x',
        'aws:PrincipalTag/Team': 'risk',
        'aws:PrincipalTag/Kept': 'yes',
      },
      Null: { 'aws:username': 'true' },
    };
    const tags = { Team: 'fraud', Kept: 'yes' };
    const role = await b.role('Train', { inline: when(condition), tags });
    const session = {
      ...{ mfaAtMs: nowMs - 30_000, sourceIdentity: 'ada', federatedProvider: 'idp' },
      ...{ tags: { Team: 'risk' }, providerKeys: { 'idp.example:sub': 'x' } },
    };
    expect(await may(sessionOfRole(role, session))).toBe(true);
    expect(await may(sessionOfRole(role, { ...session, mfaAtMs: nowMs - 31_000 }))).toBe(false);
    expect(await may(sessionOfRole(role, { ...session, tags: {} }))).toBe(false);
    expect(await may(sessionOfRole(role, { ...session, tags: { team: 'risk' } }))).toBe(true);
  });

  test('of a resource: its tags are read when a policy looks at them, and only then', async () => {
    let reads = 0;
    const resourceTags = async () => {
      reads += 1;
      return { Team: 'risk' };
    };
    const plain = await b.user('plain', { inline: readAll });
    expect(await may(plain, { resourceTags })).toBe(true);
    expect(await asked({ Bool: { 'aws:SecureTransport': 'false' } }, { resourceTags })).toBe(true);
    expect(reads).toBe(0);
    const tagged = { StringEquals: { 'aws:ResourceTag/Team': 'risk' } };
    expect(await asked(tagged, { resourceTags })).toBe(true);
    expect(await asked({ StringEquals: { 's3:ResourceTag/Team': 'risk' } }, { resourceTags })).toBe(
      true,
    );
    expect(await asked({ StringEquals: { 'aws:ResourceTag/Team': 'x' } }, { resourceTags })).toBe(
      false,
    );
    expect(await asked(tagged)).toBe(false);
    expect(reads).toBe(3);
    const text = granted({ Condition: tagged });
    expect(await may(await b.user('bob'), { resourceTags, ...onResource(text) })).toBe(true);
    expect(reads).toBe(4);
  });

  test('a kept answer does not outlive a condition', async () => {
    const until = { DateLessThan: { 'aws:CurrentTime': '2026-05-05T12:30:00Z' } };
    const ada = await b.user('ada', { inline: when(until) });
    const check = { action: 's3:GetObject', resource: 'arn:aws:s3:::data/a' };
    const at = (ms: number) => ({ caller: ada, facts: { nowMs: ms, region: 'r', secure: true } });
    expect(await b.access.refusalOf(check, at(nowMs))).toBeUndefined();
    expect(await b.access.refusalOf(check, at(nowMs + 1_800_000))).toBeDefined();
  });
});

describe('a refusal', () => {
  test('says who, what, and which policy is missing', async () => {
    const ada = await b.user('ada');
    const check = { action: 'sagemaker:CreateModel', resource: '*' };
    expect(await b.ask(ada, check)).toMatchObject({
      effect: 'implicitDeny',
      message:
        `User: ${ada.arn} is not authorized to perform: sagemaker:CreateModel on resource: * ` +
        'because no identity-based policy allows the sagemaker:CreateModel action',
    });
  });

  test('says which policy denies, names the session, and quotes objects', async () => {
    const role = await b.role('Train', { inline: { no: policy(allow('*'), deny('s3:*')) } });
    const session = sessionOfRole(role);
    expect(await b.ask(session, {})).toMatchObject({
      effect: 'explicitDeny',
      message:
        `User: ${session.arn} is not authorized to perform: s3:GetObject on resource: ` +
        '"arn:aws:s3:::data/a" with an explicit deny in an identity-based policy',
    });
    const denied = await b.ask(root, onResource(granted({ Effect: 'Deny' })));
    expect(denied?.message).toMatch(/with an explicit deny in a resource-based policy$/);
  });

  test('has details that fit a header and hold what was decided on', async () => {
    const ada = await b.user('ada', {
      inline: { no: policy(deny('s3:*', '*', { Sid: 'NoObjects' })) },
    });
    const details = JSON.parse((await b.ask(ada, { keys: { 's3:prefix': 'p/' } }))?.details ?? '');
    expect(details).toMatchObject({
      allowed: false,
      explicitDeny: true,
      matchedStatements: { items: [{ statementId: 'NoObjects', effect: 'DENY' }] },
      context: {
        principal: { id: 'AIDAADA', arn: ada.arn },
        action: 's3:GetObject',
        resource: 'arn:aws:s3:::data/a',
      },
    });
    const conditions = details.context.conditions.items;
    expect(conditions).toContainEqual({ key: 's3:prefix', values: { items: [{ value: 'p/' }] } });
    const keys = Object.fromEntries([...Array(60)].map((_, i) => [`k${i}`, 'x'.repeat(5_000)]));
    const long = await b.ask(ada, { keys, resource: 'r'.repeat(9_000) });
    expect(long?.details.length).toBeLessThan(3_000);
    expect(JSON.parse(long?.details ?? '')).toMatchObject({ explicitDeny: true });
  });
});

describe('a role that a service takes over', () => {
  const wanted = {
    ...{ roleArn: `arn:aws:iam::${account}:role/Train`, service: 'sagemaker.amazonaws.com' },
    ...{ sessionName: 'SageMaker', account },
  };

  test('acts with its rights, until it is deleted', async () => {
    await b.role('Train', { inline: readAll });
    const assumed = await b.access.assumedBy(wanted);
    if (!assumed.ok) throw new Error(assumed.reason);
    expect(assumed.value).toMatchObject({
      arn: `arn:aws:sts::${account}:assumed-role/Train/SageMaker`,
      userId: 'AROATRAIN:SageMaker',
      account,
    });
    expect(await may(assumed.value)).toBe(true);
    await b.space.write((tx) => tx.delete(roles, nameKey(account, 'Train')));
    expect(await may(assumed.value)).toBe(false);
  });

  test.each([
    ['one that does not exist', { roleArn: `arn:aws:iam::${account}:role/Gone` }],
    ['one of another path', { roleArn: `arn:aws:iam::${account}:role/x/Train` }],
    ['one of another account', { account: '999988887777' }],
    ['what is no role', { roleArn: 'Train' }],
  ])('is not %s', async (_what, over) => {
    await b.role('Train');
    const refused = await b.access.assumedBy({ ...wanted, ...over });
    expect(refused.ok ? '' : refused.reason).toMatch(/^the role .* does not exist$/);
  });

  test('lets in whom it trusts, for what it trusts them', async () => {
    await b.role('Train');
    const other = await b.access.assumedBy({ ...wanted, service: 'lambda.amazonaws.com' });
    expect(other).toEqual({
      ok: false,
      reason: `the role ${wanted.roleArn} does not let lambda.amazonaws.com assume it`,
    });
    const Condition = {
      StringEquals: { 'aws:SourceAccount': account },
      ArnLike: { 'aws:SourceArn': 'arn:aws:sagemaker:*:*:endpoint/*' },
    };
    await b.role('Train', { trustPolicy: trusting({ Condition }) });
    const sourceArn = `arn:aws:sagemaker:eu-west-1:${account}:endpoint/e`;
    expect((await b.access.assumedBy({ ...wanted, sourceArn })).ok).toBe(true);
    expect((await b.access.assumedBy(wanted)).ok).toBe(false);
    await b.role('Train', { trustPolicy: '{' });
    expect((await b.access.assumedBy(wanted)).ok).toBe(false);
  });
});
