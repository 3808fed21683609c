/** Access policies of topics, and what operations ask permission for. */
import type * as sns from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { arnOf, queueArnOf, scope, setup } from './sns.fixture.ts';

const TopicArn = arnOf('alarms');
const statement = {
  Sid: 'own',
  Effect: 'Allow',
  Principal: { AWS: '*' },
  Action: 'SNS:Publish',
  Resource: TopicArn,
};
const policyOf = (...Statement: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement });

async function start() {
  const made = setup();
  await made.run('CreateTopic', { Name: 'alarms', Tags: [{ Key: 'team', Value: 'ml' }] });
  const policy = async () => {
    const told = await made.run<sns.GetTopicAttributesResponse>('GetTopicAttributes', { TopicArn });
    return told.Attributes?.Policy ?? '';
  };
  const set = (AttributeValue: string) =>
    made.run('SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
  return { ...made, policy, set };
}

test('a topic without its own policy tells the usual one', async () => {
  const { policy, set } = await start();
  const usual = await policy();
  expect(JSON.parse(usual)).toEqual({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: expect.arrayContaining(['SNS:Publish', 'SNS:Subscribe']),
        Resource: TopicArn,
        Condition: { StringEquals: { 'AWS:SourceOwner': scope.account } },
      },
    ],
  });
  const own = policyOf(statement);
  await set(own);
  expect(await policy()).toBe(own);
  await set('');
  expect(await policy()).toBe(usual);
});

test.each<[string, RegExp]>([
  ['{', /^Invalid parameter: Policy Error: /],
  [policyOf({ ...statement, Principal: undefined }), /Policy Error: Missing required .*Principal/],
  [policyOf({ ...statement, Effect: 'Perhaps' }), /Policy Error/],
  [policyOf({ ...statement, Action: 's3:GetObject' }), /action out of service scope!$/],
  [policyOf({ ...statement, Action: '*' }), /action out of service scope!$/],
  [policyOf({ ...statement, Sid: 'x'.repeat(30_720) }), /longer than 30720 bytes$/],
])('a policy that is refused: %#', async (text, message) => {
  const { run, set, policy } = await start();
  const before = await policy();
  const refused = { code: 'InvalidParameterException', message: expect.stringMatching(message) };
  await expect(set(text)).rejects.toMatchObject(refused);
  expect(await policy()).toBe(before);
  const Attributes = { Policy: text };
  await expect(run('CreateTopic', { Name: 'b', Attributes })).rejects.toMatchObject({
    code: 'InvalidParameterException',
  });
});

test('statements are added and removed by their labels', async () => {
  const { run, policy } = await start();
  const add = (Label: string, more: object = {}) =>
    run('AddPermission', {
      ...{ TopicArn, Label, AWSAccountId: ['444455556666'], ActionName: ['Publish'] },
      ...more,
    });
  await add('friends', { ActionName: ['Publish', 'Subscribe'] });
  const { Statement } = JSON.parse(await policy()) as { Statement: object[] };
  expect(Statement).toHaveLength(2);
  expect(Statement[1]).toEqual({
    Sid: 'friends',
    Effect: 'Allow',
    Principal: { AWS: ['arn:aws:iam::444455556666:root'] },
    Action: ['SNS:Publish', 'SNS:Subscribe'],
    Resource: TopicArn,
  });
  const mistakes: readonly [string, object][] = [
    ['friends', {}],
    ['a b', {}],
    ['x', { AWSAccountId: ['me'] }],
    ['x', { AWSAccountId: [] }],
    ['x', { ActionName: ['ListTopics'] }],
    ['x', { ActionName: ['*'] }],
  ];
  for (const [label, more] of mistakes) {
    await expect(add(label, more)).rejects.toMatchObject({ code: 'InvalidParameterException' });
  }
  await expect(add('x', { TopicArn: arnOf('none') })).rejects.toMatchObject({
    code: 'NotFoundException',
  });
  for (const Label of ['friends', 'nobody']) await run('RemovePermission', { TopicArn, Label });
  expect(JSON.parse(await policy())).toMatchObject({ Statement: [{ Effect: 'Allow' }] });
  await run('RemovePermission', { TopicArn, Label: '__default_statement_ID' });
  expect(await policy()).toContain('__default_statement_ID');
});

describe('what operations ask', () => {
  const of = { TopicArn };
  const SubscriptionArn = `${TopicArn}:00000000-0000-0000-0000-000000000000`;

  test.each<[string, object, string]>([
    ['Publish', { ...of, Message: 'a' }, `sns:Publish ${TopicArn}`],
    ['Publish', { TargetArn: TopicArn, Message: 'a' }, `sns:Publish ${TopicArn}`],
    ['Publish', { Message: 'a' }, 'sns:Publish *'],
    ['PublishBatch', of, `sns:Publish ${TopicArn}`],
    ['SetTopicAttributes', of, `sns:SetTopicAttributes ${TopicArn}`],
    ['GetTopicAttributes', { TopicArn: 'alarms' }, 'sns:GetTopicAttributes alarms'],
    ['TagResource', { ResourceArn: TopicArn }, `sns:TagResource ${TopicArn}`],
    ['ListTopics', {}, `sns:ListTopics ${arnOf('*')}`],
    ['ListSubscriptions', {}, `sns:ListSubscriptions ${arnOf('*')}`],
    ['GetSubscriptionAttributes', { SubscriptionArn }, `sns:GetSubscriptionAttributes ${TopicArn}`],
    ['Unsubscribe', { SubscriptionArn }, `sns:Unsubscribe ${TopicArn}`],
    ['ConfirmSubscription', of, `sns:ConfirmSubscription ${TopicArn}`],
    ['CreateTopic', { Name: 'alarms' }, `sns:CreateTopic ${TopicArn}`],
    [
      'CreateTopic',
      { Name: 'alarms', Tags: [{ Key: 'a', Value: '1' }] },
      `sns:CreateTopic ${TopicArn}, sns:TagResource ${TopicArn}`,
    ],
  ])('%s %j', async (operation, input, expected) => {
    const checks = await (await start()).needs(operation, input);
    expect(checks.map(({ action, resource }) => `${action} ${resource}`).join(', ')).toBe(expected);
  });

  test('conditions may look at the endpoint, at tags, and at the topic’s own', async () => {
    const { needs, set } = await start();
    const input = { TopicArn, Protocol: 'sqs', Endpoint: queueArnOf('q') };
    const [subscribe] = await needs('Subscribe', input);
    expect(subscribe).toMatchObject({
      owner: scope.account,
      keys: { 'sns:protocol': 'sqs', 'sns:endpoint': queueArnOf('q') },
    });
    expect(await subscribe?.resourceTags?.()).toEqual({ team: 'ml' });
    expect(subscribe?.resourcePolicy).toBeUndefined();
    const Tags = [{ Key: 'a', Value: '1' }];
    const [tag] = await needs('TagResource', { ResourceArn: TopicArn, Tags });
    expect(tag?.keys).toEqual({ 'aws:requesttag/a': '1', 'aws:tagkeys': ['a'] });
    await set(policyOf(statement));
    const [publish] = await needs('Publish', { TopicArn });
    expect(await publish?.resourcePolicy?.()).toBe(policyOf(statement));
  });

  test('the topic of another account is another account’s', async () => {
    const foreign = TopicArn.replace(scope.account, '444455556666');
    const [check] = await (await start()).needs('Publish', { TopicArn: foreign });
    expect(check).toMatchObject({ resource: foreign, owner: '444455556666' });
  });

  test('nothing, of those who come with a secret instead of a signature', async () => {
    const { needs } = await start();
    expect(await needs('ConfirmSubscription', of, { signed: false })).toEqual([]);
    expect(await needs('Unsubscribe', { SubscriptionArn }, { signed: false })).toEqual([]);
  });
});
