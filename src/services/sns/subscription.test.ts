/** Subscriptions as subscribers see them. */
import type * as sns from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { arnOf, queueArnOf, setup } from './sns.fixture.ts';

const TopicArn = arnOf('alarms');

async function start() {
  const { run, topics } = setup();
  await run('CreateTopic', { Name: 'alarms' });
  await run('CreateTopic', { Name: 'lines.fifo', Attributes: { FifoTopic: 'true' } });
  const subscribe = async (Protocol: string, Endpoint: string, more: object = {}) => {
    const input = { TopicArn, Protocol, Endpoint, ...more };
    return (await run<sns.SubscribeResponse>('Subscribe', input)).SubscriptionArn ?? '';
  };
  const get = async (SubscriptionArn: string) => {
    const input = { SubscriptionArn };
    type Answer = sns.GetSubscriptionAttributesResponse;
    return (await run<Answer>('GetSubscriptionAttributes', input)).Attributes;
  };
  const set = (SubscriptionArn: string, AttributeName: string, AttributeValue: string) =>
    run('SetSubscriptionAttributes', { SubscriptionArn, AttributeName, AttributeValue });
  return { run, topics, subscribe, get, set };
}

test('a queue is subscribed at once, and only once', async () => {
  const { subscribe, get, run } = await start();
  const arn = await subscribe('sqs', queueArnOf('q'), {
    Attributes: { RawMessageDelivery: 'True' },
  });
  expect(arn).toMatch(/^arn:aws:sns:eu-west-1:111122223333:alarms:[0-9a-f-]{36}$/);
  expect(await subscribe('sqs', queueArnOf('q'))).toBe(arn);
  expect(await get(arn)).toEqual({
    SubscriptionArn: arn,
    TopicArn,
    Owner: '111122223333',
    Protocol: 'sqs',
    Endpoint: queueArnOf('q'),
    PendingConfirmation: 'false',
    ConfirmationWasAuthenticated: 'true',
    SubscriptionPrincipal: 'someone',
    RawMessageDelivery: 'true',
  });
  await expect(
    subscribe('sqs', queueArnOf('q'), { Attributes: { FilterPolicy: '{"a":["x"]}' } }),
  ).rejects.toMatchObject({
    message: expect.stringContaining('Subscription already exists with different attributes'),
  });
  expect(await run('ListSubscriptionsByTopic', { TopicArn })).toEqual({
    Subscriptions: [
      {
        SubscriptionArn: arn,
        Owner: '111122223333',
        Protocol: 'sqs',
        Endpoint: queueArnOf('q'),
        TopicArn,
      },
    ],
  });
});

test('a web endpoint waits for its token, which anyone may bring', async () => {
  const { subscribe, get, run, topics } = await start();
  expect(await subscribe('https', 'https://a.example/x')).toBe('pending confirmation');
  const ReturnSubscriptionArn = true;
  const arn = await subscribe('http', 'http://a.example/x', { ReturnSubscriptionArn });
  expect(await get(arn)).toMatchObject({
    PendingConfirmation: 'true',
    EffectiveDeliveryPolicy: expect.stringContaining('healthyRetryPolicy'),
  });
  const listed = await run<sns.ListSubscriptionsResponse>('ListSubscriptions', {});
  expect(listed.Subscriptions).toMatchObject([
    { SubscriptionArn: 'PendingConfirmation' },
    { SubscriptionArn: 'PendingConfirmation' },
  ]);
  const rows = await topics.subscriptions.list(
    { partition: 'aws', region: 'eu-west-1', account: '111122223333' },
    { limit: 10 },
  );
  const Token = rows.find(({ protocol }) => protocol === 'http')?.token;
  const confirm = (input: object) =>
    run('ConfirmSubscription', { TopicArn, Token, ...input }, { signed: false });
  await expect(confirm({ Token: 'x' })).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: 'Invalid parameter: Token',
  });
  await expect(confirm({ TopicArn: 'x' })).rejects.toMatchObject({
    message: 'Invalid parameter: Topic',
  });
  expect(await confirm({})).toEqual({ SubscriptionArn: arn });
  expect(await confirm({})).toEqual({ SubscriptionArn: arn });
  expect(await get(arn)).toMatchObject({
    PendingConfirmation: 'false',
    ConfirmationWasAuthenticated: 'false',
  });
});

test.each<[string, string, object, string, RegExp]>([
  ['carrier-pigeon', 'x', {}, 'InvalidParameterException', /does not support this protocol/],
  ['email', 'a@b.example', {}, 'NotImplemented', /the protocol email/],
  ['lambda', 'x', {}, 'NotImplemented', /the protocol lambda/],
  ['sqs', 'q', {}, 'InvalidParameterException', /^Invalid parameter: SQS endpoint ARN$/],
  ['sqs', queueArnOf('q.fifo'), {}, 'InvalidParameterException', /FIFO SQS Queues can not/],
  [
    'sqs',
    queueArnOf('q').replace('111122223333', '444455556666'),
    {},
    'InvalidParameterException',
    /account of the topic/,
  ],
  ['http', 'https://a.example', {}, 'InvalidParameterException', /match the specified protocol/],
  ['http', 'http://', {}, 'InvalidParameterException', /Endpoint/],
  ['http', 'http://x/\r\nA: b', {}, 'InvalidParameterException', /Endpoint/],
  [
    'http',
    'http://2852039166/',
    {},
    'InvalidParameterException',
    /169.254.169.254 is never allowed/,
  ],
  ['http', 'http://[fe80::1]/', {}, 'InvalidParameterException', /fe80::1 is never allowed/],
  ['https', 'https://metadata.google.internal/', {}, 'InvalidParameterException', /never allowed/],
  ['http', 'http://a.example', { TopicArn: arnOf('none') }, 'NotFoundException', /Topic/],
  [
    'http',
    'http://a.example',
    { TopicArn: arnOf('lines.fifo') },
    'InvalidParameterException',
    /Invalid protocol type/,
  ],
])('subscribing %s to %s with %j is refused', async (protocol, endpoint, more, code, message) => {
  const { subscribe } = await start();
  await expect(subscribe(protocol, endpoint, more)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test.each([
  ['Nope', 'x', 'AttributeName'],
  ['RawMessageDelivery', 'x', 'RawMessageDelivery: Invalid value [x]. Must be true or false.'],
  [
    'FilterPolicyScope',
    'x',
    'FilterPolicyScope: Invalid value [x]. Please use either MessageBody or MessageAttributes',
  ],
  ['FilterPolicy', '{', 'FilterPolicy: failed to parse JSON.'],
  ['FilterPolicy', '{"a":"x"}', 'FilterPolicy: "a" must be an object or an array'],
  [
    'FilterPolicy',
    '{"a":{"b":["x"]}}',
    'Filter policy scope MessageAttributes does not support nested filter policy',
  ],
  ['RedrivePolicy', '{', 'RedrivePolicy: failed to parse JSON.'],
  [
    'RedrivePolicy',
    '{"deadLetterTargetArn":"x"}',
    'RedrivePolicy: deadLetterTargetArn is an invalid arn',
  ],
  ['RedrivePolicy', 'null', 'RedrivePolicy: deadLetterTargetArn is an invalid arn'],
])('the attribute %s may not be %s', async (name, text, reason) => {
  const { subscribe, set } = await start();
  const arn = await subscribe('sqs', queueArnOf('q'));
  await expect(set(arn, name, text)).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: `Invalid parameter: ${reason}`,
  });
  const again = subscribe('sqs', queueArnOf('other'), { Attributes: { [name]: text } });
  await expect(again).rejects.toMatchObject({
    message: `Invalid parameter: Attributes Reason: ${reason}`,
  });
});

test('a policy must fit its scope, whichever is set last', async () => {
  const { subscribe, set, get } = await start();
  const arn = await subscribe('sqs', queueArnOf('q'));
  await set(arn, 'FilterPolicyScope', 'MessageBody');
  await set(arn, 'FilterPolicy', '{"a":{"b":["x"]}}');
  await expect(set(arn, 'FilterPolicyScope', 'MessageAttributes')).rejects.toMatchObject({
    message: expect.stringContaining('does not support nested'),
  });
  expect(await get(arn)).toMatchObject({
    FilterPolicy: '{"a":{"b":["x"]}}',
    FilterPolicyScope: 'MessageBody',
  });
  await set(arn, 'FilterPolicy', '{}');
  expect(await get(arn)).not.toHaveProperty('FilterPolicy');
});

test('unsubscribing is idempotent, and wants an ARN', async () => {
  const { subscribe, run, get } = await start();
  const arn = await subscribe('sqs', queueArnOf('q'));
  const end = (SubscriptionArn: string, signed = true) =>
    run('Unsubscribe', { SubscriptionArn }, { signed });
  expect(await end(arn, false)).toEqual({});
  expect(await end(arn)).toEqual({});
  await expect(get(arn)).rejects.toMatchObject({
    code: 'NotFoundException',
    message: 'Subscription does not exist',
  });
  await expect(end('x')).rejects.toMatchObject({
    message:
      'Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1',
  });
  await expect(end(TopicArn)).rejects.toMatchObject({
    message: 'Invalid parameter: SubscriptionId',
  });
});

test('subscriptions of a deleted topic stay readable', async () => {
  const { subscribe, run, get } = await start();
  const arn = await subscribe('sqs', queueArnOf('q'));
  await run('DeleteTopic', { TopicArn });
  expect(await get(arn)).toMatchObject({ TopicArn });
});
