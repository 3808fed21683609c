/** Messages as clients see them: what is accepted, what is shown, what is refused. */
import type * as sqs from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { setup } from './sqs.fixture.ts';

async function start(attributes: Record<string, string> = {}, name = 'jobs') {
  const { run, make, clock } = setup();
  const QueueUrl = await make(name, attributes);
  const send = (input: object) =>
    run<sqs.SendMessageResult>('SendMessage', { QueueUrl, MessageBody: 'body', ...input });
  const receive = async (input: object = {}) => {
    const all = { QueueUrl, MaxNumberOfMessages: 10, ...input };
    return (await run<sqs.ReceiveMessageResult>('ReceiveMessage', all)).Messages ?? [];
  };
  return { run, clock, QueueUrl, send, receive };
}

const attributes = {
  city: { DataType: 'String', StringValue: 'Köln' },
  'city.code': { DataType: 'Number', StringValue: '50667' },
  blob: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(1, 2) },
};

test('only what was asked for is shown', async () => {
  const { send, receive } = await start();
  const sent = await send({ MessageAttributes: attributes });
  expect(sent).toEqual({
    MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    MD5OfMessageBody: '841a2d689ad86bd1611447453c22c6fc',
    MD5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  const [bare] = await receive({ VisibilityTimeout: 0 });
  expect(bare).toEqual({
    MessageId: sent.MessageId,
    ReceiptHandle: expect.any(String),
    MD5OfBody: sent.MD5OfMessageBody,
    Body: 'body',
  });
  const [whole] = await receive({
    VisibilityTimeout: 0,
    AttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  expect(whole).toMatchObject({
    MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
    Attributes: {
      SenderId: 'AIDA',
      SentTimestamp: '1700000000000',
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: '1700000000000',
    },
  });
  expect(whole?.MessageAttributes?.blob).toEqual({
    DataType: 'Binary.png',
    BinaryValue: Buffer.of(1, 2),
  });
  const [some] = await receive({
    MessageSystemAttributeNames: ['SenderId'],
    MessageAttributeNames: ['city.*'],
  });
  expect(some?.Attributes).toEqual({ SenderId: 'AIDA' });
  expect(Object.keys(some?.MessageAttributes ?? {})).toEqual(['city', 'city.code']);
  expect(some?.MD5OfMessageAttributes).not.toBe(sent.MD5OfMessageAttributes);
});

test.each<[object, string, RegExp]>([
  [{ MessageBody: '' }, 'MissingParameter', /MessageBody/],
  [{ MessageBody: 'a\u0000b' }, 'InvalidMessageContents', /Invalid characters/],
  [{ MessageBody: 'a\ud800' }, 'InvalidMessageContents', /Invalid characters/],
  [{ MessageBody: 'x'.repeat(1_025) }, 'InvalidParameterValue', /shorter than 1024 bytes/],
  [{ DelaySeconds: 901 }, 'InvalidParameterValue', /DelaySeconds must be >= 0 and <= 900/],
  [{ MessageDeduplicationId: 'x' }, 'InvalidParameterValue', /not valid for this queue type/],
  [
    { MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } },
    'InvalidParameterValue',
    /invalid message attribute type/,
  ],
  [
    { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
    'InvalidParameterValue',
    /non-empty message attribute value/,
  ],
  [
    { MessageAttributes: { a: { DataType: 'Number', StringValue: 'x' } } },
    'InvalidParameterValue',
    /Can't cast/,
  ],
  [
    { MessageAttributes: { 'AWS.x': { DataType: 'String', StringValue: 'x' } } },
    'InvalidParameterValue',
    /reserved/,
  ],
  [
    { MessageAttributes: { 'a b': { DataType: 'String', StringValue: 'x' } } },
    'InvalidParameterValue',
    /'a b' is invalid/,
  ],
  [
    {
      MessageAttributes: Object.fromEntries(
        Array.from({ length: 11 }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'x' }]),
      ),
    },
    'InvalidParameterValue',
    /\[11\] exceeds the allowed maximum \[10\]/,
  ],
])('sending %j is refused', async (input, code, message) => {
  const { send } = await start({ MaximumMessageSize: '1024' });
  await expect(send(input)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('an attribute may have any name, even one objects have', async () => {
  const { send, receive } = await start();
  const value = { DataType: 'String', StringValue: 'x' };
  await send({ MessageAttributes: Object.fromEntries([['__proto__', value]]) });
  const [message] = await receive({ MessageAttributeNames: ['All'] });
  expect(Object.entries(message?.MessageAttributes ?? {})).toEqual([['__proto__', value]]);
});

test.each<[object, RegExp]>([
  [{ MaxNumberOfMessages: 11 }, /Must be between 1 and 10/],
  [{ MaxNumberOfMessages: 0 }, /Must be between 1 and 10/],
  [{ WaitTimeSeconds: 21 }, /Must be >= 0 and <= 20/],
  [{ VisibilityTimeout: 43_201 }, /Must be between 0 and 43200/],
])('receiving with %j is refused', async (input, message) => {
  const { receive } = await start();
  await expect(receive(input)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: expect.stringMatching(message),
  });
});

test('handles must be real, and visibility only changes in flight', async () => {
  const { run, send, receive, QueueUrl, clock } = await start();
  await expect(run('DeleteMessage', { QueueUrl, ReceiptHandle: 'x' })).rejects.toMatchObject({
    code: 'ReceiptHandleIsInvalid',
    message: 'The input receipt handle "x" is not a valid receipt handle.',
  });
  await send({});
  const [message] = await receive();
  const change = (VisibilityTimeout: number) => {
    const input = { QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout };
    return run('ChangeMessageVisibility', input);
  };
  await change(100);
  clock.moveTo(clock.nowMs() + 99_000);
  expect(await receive()).toEqual([]);
  await expect(change(43_200)).rejects.toMatchObject({
    message: expect.stringContaining('beyond the limit [43200 seconds]'),
  });
  clock.moveTo(clock.nowMs() + 1_000);
  await expect(change(10)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: expect.stringContaining('not available for visibility timeout change'),
  });
  await run('DeleteMessage', { QueueUrl, ReceiptHandle: message?.ReceiptHandle });
  expect(await receive()).toEqual([]);
});

test('a FIFO queue wants a group and an id, and numbers its messages', async () => {
  const { send, receive } = await start({ FifoQueue: 'true' }, 'jobs.fifo');
  await expect(send({})).rejects.toMatchObject({
    code: 'MissingParameter',
    message: 'The request must contain the parameter MessageGroupId.',
  });
  await expect(send({ MessageGroupId: 'g' })).rejects.toMatchObject({
    message: expect.stringContaining('ContentBasedDeduplication'),
  });
  const ids = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await expect(send({ ...ids, DelaySeconds: 1 })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
  const { SequenceNumber } = await send(ids);
  expect(SequenceNumber).toMatch(/^\d{20}$/);
  expect((await send(ids)).SequenceNumber).toBe(SequenceNumber);
  expect(await receive({ AttributeNames: ['All'] })).toMatchObject([
    { Attributes: { SequenceNumber, ...ids } },
  ]);
});
