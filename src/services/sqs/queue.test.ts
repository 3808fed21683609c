/** Queues as their owners see them: attributes, refusals, lists, tags. */
import type * as sqs from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { scope, setup } from './sqs.fixture.ts';

const arnOf = (name: string) => `arn:aws:sqs:${scope.region}:${scope.account}:${name}`;
const redrive = (name: string, maxReceiveCount: unknown = 3) =>
  JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount });

test('a queue has a URL, and can be made again as it is', async () => {
  const { run, make } = setup();
  const url = await make('jobs', { VisibilityTimeout: '60' });
  expect(url).toBe('http://127.0.0.1:4566/111122223333/jobs');
  expect(await make('jobs', { VisibilityTimeout: '60' })).toBe(url);
  expect(await make('jobs')).toBe(url);
  expect(await run('GetQueueUrl', { QueueName: 'jobs' })).toEqual({ QueueUrl: url });
  await expect(make('jobs', { VisibilityTimeout: '61' })).rejects.toMatchObject({
    code: 'QueueNameExists',
    message: expect.stringContaining('different value for attribute VisibilityTimeout'),
  });
});

test('attributes have their usual values, and those given', async () => {
  const { run, make } = setup();
  await make('dead');
  const QueueUrl = await make('jobs', { DelaySeconds: '5', RedrivePolicy: redrive('dead') });
  const all = await run('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  expect(all).toEqual({
    Attributes: {
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: '1700000000',
      LastModifiedTimestamp: '1700000000',
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '5',
      ReceiveMessageWaitTimeSeconds: '0',
      QueueArn: arnOf('jobs'),
      SqsManagedSseEnabled: 'false',
      RedrivePolicy: redrive('dead'),
    },
  });
  const some = { QueueUrl, AttributeNames: ['QueueArn', 'Policy'] };
  expect(await run('GetQueueAttributes', some)).toEqual({
    Attributes: { QueueArn: arnOf('jobs') },
  });
  expect(await run('GetQueueAttributes', { QueueUrl })).toEqual({});
  await expect(
    run('GetQueueAttributes', { QueueUrl, AttributeNames: ['Nope'] }),
  ).rejects.toMatchObject({ code: 'InvalidAttributeName', message: 'Unknown Attribute Nope.' });
});

test('attributes change one by one, and an empty policy is none', async () => {
  const { run, make } = setup();
  await make('dead');
  const QueueUrl = await make('jobs', { RedrivePolicy: redrive('dead'), DelaySeconds: '1' });
  await run('SetQueueAttributes', { QueueUrl, Attributes: { RedrivePolicy: '' } });
  const { Attributes } = await run<sqs.GetQueueAttributesResult>('GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['All'],
  });
  expect(Attributes).not.toHaveProperty('RedrivePolicy');
  expect(Attributes).toMatchObject({ DelaySeconds: '1' });
});

test.each<[Record<string, string>, string, RegExp]>([
  [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue', /parameter VisibilityTimeout/],
  [{ DelaySeconds: '-1' }, 'InvalidAttributeValue', /parameter DelaySeconds/],
  [{ DelaySeconds: '1.5' }, 'InvalidAttributeValue', /parameter DelaySeconds/],
  [{ MaximumMessageSize: '1023' }, 'InvalidAttributeValue', /MaximumMessageSize/],
  [{ MessageRetentionPeriod: '59' }, 'InvalidAttributeValue', /MessageRetentionPeriod/],
  [{ Policy: 'not JSON' }, 'InvalidAttributeValue', /Policy/],
  [{ Colour: 'red' }, 'InvalidAttributeName', /Unknown Attribute Colour/],
  [{ constructor: 'red' }, 'InvalidAttributeName', /Unknown Attribute constructor/],
  [{ ContentBasedDeduplication: 'true' }, 'InvalidAttributeName', /ContentBasedDeduplication/],
  [{ FifoQueue: 'false' }, 'InvalidAttributeName', /Unknown Attribute FifoQueue/],
  [{ FifoQueue: 'true' }, 'InvalidParameterValue', /must end with \.fifo suffix/],
  [{ RedrivePolicy: redrive('gone') }, 'InvalidParameterValue', /target does not exist/],
  [{ RedrivePolicy: redrive('jobs', 0) }, 'InvalidParameterValue', /maxReceiveCount: 0/],
  [{ RedrivePolicy: '{"maxReceiveCount":1}' }, 'InvalidParameterValue', /deadLetterTargetArn/],
  [{ RedrivePolicy: redrive('lines.fifo') }, 'InvalidParameterValue', /same type/],
  [{ RedrivePolicy: redrive('closed') }, 'InvalidParameterValue', /does not allow/],
])('%j is refused', async (attributes, code, message) => {
  const { make } = setup();
  await make('lines.fifo', { FifoQueue: 'true' });
  await make('closed', { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
  await expect(make('jobs', attributes)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test.each(['', 'a b', 'x'.repeat(81), 'a/b', 'a.fifo'])('the name %j is refused', async (name) => {
  await expect(setup().make(name)).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

test('a dead-letter queue may name the queues it serves', async () => {
  const { run, make } = setup();
  const permission = { redrivePermission: 'byQueue', sourceQueueArns: [arnOf('jobs')] };
  const dead = await make('dead', { RedriveAllowPolicy: JSON.stringify(permission) });
  const jobs = await make('jobs', { RedrivePolicy: redrive('dead') });
  await expect(make('others', { RedrivePolicy: redrive('dead') })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
  expect(await run('ListDeadLetterSourceQueues', { QueueUrl: dead })).toEqual({
    queueUrls: [jobs],
  });
});

test('a URL is good with any host, and only for queues of the account', async () => {
  const { run, make } = setup();
  await make('jobs');
  const get = (QueueUrl: string) => run('ListQueueTags', { QueueUrl });
  expect(await get('https://sqs.eu-west-1.amazonaws.com/111122223333/jobs')).toEqual({});
  expect(await get('https://queue.example:99/some/path/111122223333/jobs')).toEqual({});
  await expect(get('http://h/111122223333/none')).rejects.toMatchObject({
    code: 'QueueDoesNotExist',
  });
  await expect(get('http://h/444455556666/jobs')).rejects.toMatchObject({ code: 'AccessDenied' });
  await expect(get('http://h/jobs')).rejects.toMatchObject({ code: 'InvalidAddress' });
  await expect(run('GetQueueUrl', { QueueName: 'none' })).rejects.toMatchObject({
    code: 'QueueDoesNotExist',
  });
});

test('queues are listed by name, by prefix and in pages', async () => {
  const { run, make } = setup();
  expect(await run('ListQueues', {})).toEqual({});
  for (const name of ['b', 'a1', 'a2']) await make(name);
  const list = async (input: object) => {
    const { QueueUrls = [], NextToken } = await run<sqs.ListQueuesResult>('ListQueues', input);
    return { names: QueueUrls.map((url) => url.split('/').at(-1)), NextToken };
  };
  expect((await list({})).names).toEqual(['a1', 'a2', 'b']);
  expect((await list({ QueueNamePrefix: 'a' })).names).toEqual(['a1', 'a2']);
  const first = await list({ MaxResults: 2 });
  expect(first.names).toEqual(['a1', 'a2']);
  const second = await list({ MaxResults: 2, NextToken: first.NextToken });
  expect(second).toEqual({ names: ['b'], NextToken: undefined });
  await expect(list({ MaxResults: 1_001 })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
});

test('tags are added, replaced, removed, and limited', async () => {
  const { run, make } = setup();
  const QueueUrl = await make('jobs');
  await run('TagQueue', { QueueUrl, Tags: { a: '1', b: '2' } });
  await run('TagQueue', { QueueUrl, Tags: { b: '3', __proto__x: '4' } });
  await run('UntagQueue', { QueueUrl, TagKeys: ['a', 'none'] });
  expect(await run('ListQueueTags', { QueueUrl })).toEqual({ Tags: { b: '3', __proto__x: '4' } });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, '']));
  await expect(run('TagQueue', { QueueUrl, Tags: many })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
});

test('a deleted queue is gone, and can be made anew, empty', async () => {
  const { run, make } = setup();
  const QueueUrl = await make('jobs');
  await run('SendMessage', { QueueUrl, MessageBody: 'a' });
  await run('DeleteQueue', { QueueUrl });
  await expect(run('ReceiveMessage', { QueueUrl })).rejects.toMatchObject({
    code: 'QueueDoesNotExist',
  });
  await make('jobs');
  expect(await run('ReceiveMessage', { QueueUrl })).toEqual({});
  await run('SendMessage', { QueueUrl, MessageBody: 'b' });
  await run('PurgeQueue', { QueueUrl });
  expect(await run('ReceiveMessage', { QueueUrl })).toEqual({});
});
