/** Batches: what fails as a whole, and what fails alone. */
import type * as sqs from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { setup } from './sqs.fixture.ts';

const entry = (Id: string, more: object = {}) => ({ Id, MessageBody: `body ${Id}`, ...more });

async function start() {
  const { run, make } = setup();
  const QueueUrl = await make('jobs');
  const send = (Entries: readonly object[]) =>
    run<sqs.SendMessageBatchResult>('SendMessageBatch', { QueueUrl, Entries });
  const receive = async () => {
    const input = { QueueUrl, MaxNumberOfMessages: 10 };
    return (await run<sqs.ReceiveMessageResult>('ReceiveMessage', input)).Messages ?? [];
  };
  return { run, QueueUrl, send, receive };
}

test('an entry that fails does not stop the others', async () => {
  const { send, receive } = await start();
  const { Successful, Failed } = await send([
    entry('a'),
    entry('b', { DelaySeconds: 1_000 }),
    entry('c', { MessageBody: '\u0001' }),
    entry('d'),
  ]);
  expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'd']);
  expect(Failed).toMatchObject([
    { Id: 'b', Code: 'InvalidParameterValue', SenderFault: true },
    { Id: 'c', Code: 'InvalidMessageContents', SenderFault: true },
  ]);
  expect((await receive()).map(({ Body }) => Body)).toEqual(['body a', 'body d']);
});

test('nothing has failed when nothing failed', async () => {
  const { send } = await start();
  expect(await send([entry('a')])).not.toHaveProperty('Failed');
});

test.each<[readonly object[], string, RegExp]>([
  [[], 'EmptyBatchRequest', /at least one SendMessageBatchRequestEntry/],
  [[entry('a'), entry('a')], 'BatchEntryIdsNotDistinct', /Id a repeated/],
  [[entry('a b')], 'InvalidBatchEntryId', /alphanumeric/],
  [
    Array.from({ length: 11 }, (_, i) => entry(String(i))),
    'TooManyEntriesInBatchRequest',
    /are 10\. You have sent 11/,
  ],
  [
    ['a', 'b'].map((id) => entry(id, { MessageBody: 'x'.repeat(600_000) })),
    'BatchRequestTooLong',
    /longer than 1048576 bytes\. You have sent 1200000 bytes/,
  ],
])('a batch like %.60j is refused', async (entries, code, message) => {
  const { send } = await start();
  await expect(send(entries)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('messages are hidden and deleted in batches', async () => {
  const { run, QueueUrl, send, receive } = await start();
  await send([entry('a'), entry('b')]);
  const handles = (await receive()).map(({ ReceiptHandle }) => ReceiptHandle);
  const entries = [...handles, 'rubbish'].map((ReceiptHandle, i) => ({
    Id: String(i),
    ReceiptHandle,
    VisibilityTimeout: 0,
  }));
  const expected = {
    Successful: [{ Id: '0' }, { Id: '1' }],
    Failed: [expect.objectContaining({ Id: '2', Code: 'ReceiptHandleIsInvalid' })],
  };
  const input = { QueueUrl, Entries: entries };
  expect(await run('ChangeMessageVisibilityBatch', input)).toEqual(expected);
  expect(await run('DeleteMessageBatch', input)).toEqual(expected);
  expect(await receive()).toEqual([]);
});
