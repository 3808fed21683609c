/** Access policies of queues, and what operations ask permission for. */
import { describe, expect, test } from 'vitest';
import { scope, setup } from './sqs.fixture.ts';

const arn = `arn:aws:sqs:${scope.region}:${scope.account}:q`;
const statement = {
  Sid: 'own',
  Effect: 'Allow',
  Principal: { Service: 'sns.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: arn,
};
const policyOf = (...Statement: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement });

async function start() {
  const made = setup();
  const QueueUrl = await made.make('q');
  const policy = async () => {
    const told = await made.run<{ Attributes?: { Policy?: string } }>('GetQueueAttributes', {
      QueueUrl,
      AttributeNames: ['Policy'],
    });
    return told.Attributes?.Policy;
  };
  const set = (Policy: string) =>
    made.run('SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  return { ...made, QueueUrl, policy, set };
}

test.each<[string]>([
  ['{'],
  [policyOf({ ...statement, Principal: undefined })],
  [policyOf({ ...statement, Action: 's3:GetObject' })],
  [policyOf({ ...statement, Sid: 'x'.repeat(8_192) })],
])('a policy that is refused: %#', async (text) => {
  const { set, make, policy } = await start();
  const refused = { code: 'InvalidAttributeValue', message: expect.stringContaining('Policy') };
  await expect(set(text)).rejects.toMatchObject(refused);
  await expect(make('other', { Policy: text })).rejects.toMatchObject(refused);
  expect(await policy()).toBeUndefined();
});

test('statements are added and removed by their labels', async () => {
  const { run, set, policy, QueueUrl } = await start();
  const add = (Label: string, more: object = {}) =>
    run('AddPermission', {
      ...{ QueueUrl, Label, AWSAccountIds: ['444455556666'], Actions: ['SendMessage'] },
      ...more,
    });
  const remove = (Label: string) => run('RemovePermission', { QueueUrl, Label });
  await add('friends', { Actions: ['SendMessage', 'ReceiveMessage'] });
  expect(JSON.parse((await policy()) ?? '')).toEqual({
    Version: '2012-10-17',
    Id: `${arn}/SQSDefaultPolicy`,
    Statement: [
      {
        Sid: 'friends',
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::444455556666:root'] },
        Action: ['SQS:SendMessage', 'SQS:ReceiveMessage'],
        Resource: arn,
      },
    ],
  });
  const mistakes: readonly [string, object, string][] = [
    ['friends', {}, 'InvalidParameterValue'],
    ['a b', {}, 'InvalidParameterValue'],
    ['x', { AWSAccountIds: ['me'] }, 'InvalidParameterValue'],
    ['x', { AWSAccountIds: [] }, 'MissingParameter'],
    ['x', { Actions: [] }, 'MissingParameter'],
    ['x', { Actions: ['CreateQueue'] }, 'InvalidParameterValue'],
    ['x', { Actions: Array.from({ length: 8 }, () => '*') }, 'OverLimit'],
  ];
  for (const [label, more, code] of mistakes) {
    await expect(add(label, more)).rejects.toMatchObject({ code });
  }
  await expect(remove('nobody')).rejects.toMatchObject({
    message: expect.stringContaining("can't find label on existing policy"),
  });
  await remove('friends');
  expect(await policy()).toBeUndefined();
  // One statement may stand for itself.
  await set(JSON.stringify({ Version: '2012-10-17', Statement: statement }));
  await add('friends');
  await remove('own');
  expect(JSON.parse((await policy()) ?? '')).toMatchObject({ Statement: [{ Sid: 'friends' }] });
});

describe('what operations ask', () => {
  const QueueUrl = `http://any.example/${scope.account}/q`;

  test.each<[string, object, string]>([
    ['SendMessage', { QueueUrl }, `sqs:SendMessage ${arn}`],
    ['SendMessageBatch', { QueueUrl }, `sqs:SendMessage ${arn}`],
    ['DeleteMessageBatch', { QueueUrl }, `sqs:DeleteMessage ${arn}`],
    ['ChangeMessageVisibilityBatch', { QueueUrl }, `sqs:ChangeMessageVisibility ${arn}`],
    ['GetQueueUrl', { QueueName: 'q' }, `sqs:GetQueueUrl ${arn}`],
    [
      'GetQueueUrl',
      { QueueName: 'q', QueueOwnerAWSAccountId: '444455556666' },
      `sqs:GetQueueUrl ${arn.replace(scope.account, '444455556666')}`,
    ],
    ['ListQueues', {}, `sqs:ListQueues ${arn.slice(0, -1)}*`],
    ['PurgeQueue', { QueueUrl: 'q' }, 'sqs:PurgeQueue *'],
    ['CreateQueue', { QueueName: 'q' }, `sqs:CreateQueue ${arn}`],
    [
      'CreateQueue',
      { QueueName: 'q', tags: { a: '1' } },
      `sqs:CreateQueue ${arn}, sqs:TagQueue ${arn}`,
    ],
  ])('%s %j', async (operation, input, expected) => {
    const checks = await setup().needs(operation, input);
    expect(checks.map(({ action, resource }) => `${action} ${resource}`).join(', ')).toBe(expected);
  });

  test('under the queue’s policy, if it has one, and with its tags', async () => {
    const { needs, set, run, QueueUrl } = await start();
    await run('TagQueue', { QueueUrl, Tags: { team: 'ml' } });
    const [before] = await needs('SendMessage', { QueueUrl });
    expect(before?.resourcePolicy).toBeUndefined();
    expect(await before?.resourceTags?.()).toEqual({ team: 'ml' });
    await set(policyOf(statement));
    const [after] = await needs('SendMessage', { QueueUrl });
    expect(await after?.resourcePolicy?.()).toBe(policyOf(statement));
    const [tag] = await needs('TagQueue', { QueueUrl, Tags: { a: '1' } });
    expect(tag?.keys).toEqual({ 'aws:requesttag/a': '1', 'aws:tagkeys': ['a'] });
  });

  test('the root user gets past a policy that locks everybody out, to take it away', async () => {
    const { needs, set, QueueUrl } = await start();
    await set(policyOf({ ...statement, Effect: 'Deny', Principal: '*', Action: 'sqs:*' }));
    const { account } = scope;
    const root = {
      accessKeyId: 'A',
      arn: `arn:aws:iam::${account}:root`,
      userId: account,
      account,
    };
    const hasPolicy = async (operation: string, caller: object) =>
      (await needs(operation, { QueueUrl }, caller))[0]?.resourcePolicy !== undefined;
    expect(await hasPolicy('SetQueueAttributes', { caller: root })).toBe(false);
    expect(await hasPolicy('SendMessage', { caller: root })).toBe(true);
    expect(await hasPolicy('SetQueueAttributes', {})).toBe(true);
  });

  test('the queue of another account is another account’s', async () => {
    const foreign = `http://any.example/444455556666/q`;
    const [check] = await setup().needs('SendMessage', { QueueUrl: foreign });
    expect(check).toMatchObject({ owner: '444455556666' });
  });
});
