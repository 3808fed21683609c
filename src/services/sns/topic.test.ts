/** Topics as their owners see them. */
import type * as sns from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { arnOf, setup } from './sns.fixture.ts';

test('a topic can be made again as it is, and not otherwise', async () => {
  const { run } = setup();
  const create = (more: object = {}) => run('CreateTopic', { Name: 'alarms', ...more });
  const TopicArn = arnOf('alarms');
  const attributes = { DisplayName: 'Alarms', SignatureVersion: '2' };
  const tags = [{ Key: 'a', Value: '1' }];
  expect(await create({ Attributes: attributes, Tags: tags })).toEqual({ TopicArn });
  expect(await create({ Attributes: attributes, Tags: tags })).toEqual({ TopicArn });
  expect(await create()).toEqual({ TopicArn });
  await expect(create({ Attributes: { DisplayName: 'x' } })).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: 'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
  });
  await expect(create({ Tags: [{ Key: 'a', Value: '2' }] })).rejects.toMatchObject({
    message: 'Invalid parameter: Tags Reason: Topic already exists with different tags',
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ['', {}, /^Invalid parameter: Topic Name$/],
  ['a b', {}, /Topic Name/],
  ['x'.repeat(257), {}, /Topic Name/],
  ['a.fifo', {}, /Topic Name/],
  ['a', { FifoTopic: 'true' }, /must end with \.fifo/],
  ['a', { Colour: 'red' }, /^Invalid parameter: Attributes Reason: AttributeName$/],
  ['a', { ContentBasedDeduplication: 'true' }, /AttributeName/],
  ['a', { SignatureVersion: '3' }, /SignatureVersion/],
  ['a', { DeliveryPolicy: '{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}' }, /at most/],
])('the name %.20j with %j is refused', async (Name, Attributes, message) => {
  const { run } = setup();
  await expect(run('CreateTopic', { Name, Attributes })).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: expect.stringMatching(message),
  });
});

test('attributes are shown with their usual values, and can be set', async () => {
  const { run } = setup();
  const { TopicArn } = await run<{ TopicArn: string }>('CreateTopic', { Name: 'alarms' });
  const get = async () =>
    (await run<sns.GetTopicAttributesResponse>('GetTopicAttributes', { TopicArn })).Attributes;
  expect(await get()).toMatchObject({
    TopicArn,
    Owner: '111122223333',
    DisplayName: '',
    SubscriptionsConfirmed: '0',
    SubscriptionsPending: '0',
    SubscriptionsDeleted: '0',
    Policy: expect.stringContaining('"SNS:Publish"'),
    EffectiveDeliveryPolicy: expect.stringContaining('"numRetries":3'),
  });
  const set = (AttributeName: string, AttributeValue?: string) =>
    run('SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
  await set('DisplayName', 'Alarms');
  await set('HTTPSuccessFeedbackSampleRate', '100');
  expect(await get()).toMatchObject({
    DisplayName: 'Alarms',
    HTTPSuccessFeedbackSampleRate: '100',
  });
  await set('DisplayName');
  expect(await get()).toMatchObject({ DisplayName: '' });
  await expect(set('Nope', 'x')).rejects.toMatchObject({
    message: 'Invalid parameter: AttributeName',
  });
});

test('topics are found by their ARN alone', async () => {
  const { run } = setup();
  const get = (TopicArn: string) => run('GetTopicAttributes', { TopicArn });
  await expect(get(arnOf('none'))).rejects.toMatchObject({
    code: 'NotFoundException',
    message: 'Topic does not exist',
  });
  await expect(get('alarms')).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: 'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
  });
  const elsewhere = arnOf('alarms').replace('eu-west-1', 'us-east-1');
  await expect(get(elsewhere)).rejects.toMatchObject({ message: 'Invalid parameter: TopicArn' });
  const foreign = arnOf('alarms').replace('111122223333', '444455556666');
  await expect(get(foreign)).rejects.toMatchObject({ code: 'AuthorizationErrorException' });
});

test('topics are listed by the hundred', async () => {
  const { run } = setup();
  for (let i = 0; i < 101; i += 1) {
    await run('CreateTopic', { Name: `t${String(i).padStart(3, '0')}` });
  }
  const first = await run<sns.ListTopicsResponse>('ListTopics', {});
  expect(first.Topics).toHaveLength(100);
  const { NextToken } = first;
  expect(await run('ListTopics', { NextToken })).toEqual({
    Topics: [{ TopicArn: arnOf('t100') }],
  });
});

test('tags are added, replaced, removed, and limited', async () => {
  const { run } = setup();
  await run('CreateTopic', { Name: 'alarms', Tags: [{ Key: 'a', Value: '1' }] });
  const ResourceArn = arnOf('alarms');
  const tag = (Tags: readonly object[]) => run('TagResource', { ResourceArn, Tags });
  await tag([
    { Key: 'a', Value: '2' },
    { Key: 'b', Value: '3' },
  ]);
  await run('UntagResource', { ResourceArn, TagKeys: ['b', 'none'] });
  const list = (arn: string) => run('ListTagsForResource', { ResourceArn: arn });
  expect(await list(ResourceArn)).toEqual({ Tags: [{ Key: 'a', Value: '2' }] });
  const twice = [1, 2].map((n) => ({ Key: 'x', Value: String(n) }));
  await expect(tag(twice)).rejects.toMatchObject({
    message: 'Invalid parameter: Duplicated keys are not allowed.',
  });
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  await expect(tag(many)).rejects.toMatchObject({ code: 'TagLimitExceededException' });
  await expect(list(arnOf('none'))).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
});

test('deleting is idempotent', async () => {
  const { run } = setup();
  await run('CreateTopic', { Name: 'alarms' });
  const TopicArn = arnOf('alarms');
  expect(await run('DeleteTopic', { TopicArn })).toEqual({});
  expect(await run('DeleteTopic', { TopicArn })).toEqual({});
  await expect(run('Publish', { TopicArn, Message: 'a' })).rejects.toMatchObject({
    code: 'NotFoundException',
  });
});
