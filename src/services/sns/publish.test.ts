/** What may be published, and what becomes of it. */
import type * as sns from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { messageRows } from '../../engines/topics/rows.ts';
import { arnOf, queueArnOf, setup } from './sns.fixture.ts';

async function start(name = 'alarms', Attributes: Record<string, string> = {}) {
  const { run, store } = setup();
  const TopicArn = arnOf(name);
  await run('CreateTopic', { Name: name, Attributes });
  const Endpoint = queueArnOf(name === 'alarms' ? 'q' : 'q.fifo');
  await run('Subscribe', { TopicArn, Protocol: 'sqs', Endpoint });
  const publish = (input: object) =>
    run<sns.PublishResponse>('Publish', { TopicArn, Message: 'a', ...input });
  const batch = (entries: readonly object[]) =>
    run<sns.PublishBatchResponse>('PublishBatch', {
      TopicArn,
      PublishBatchRequestEntries: entries,
    });
  const kept = async () => (await store.list(messageRows, { limit: 20 })).map(({ row }) => row);
  return { run, publish, batch, kept, TopicArn };
}

test('a message is accepted with all it has', async () => {
  const { publish, kept } = await start();
  const MessageAttributes = {
    level: { DataType: 'String', StringValue: 'high' },
    blob: { DataType: 'Binary', BinaryValue: Uint8Array.of(1) },
  };
  const { MessageId } = await publish({ Subject: 's', MessageAttributes });
  expect(await kept()).toMatchObject([
    {
      id: MessageId,
      subject: 's',
      body: 'a',
      attributes: {
        level: { type: 'String', text: 'high' },
        blob: { type: 'Binary', base64: 'AQ==' },
      },
    },
  ]);
});

test('a structured message has bodies for protocols; of equal keys the last counts', async () => {
  const { publish, kept } = await start();
  const Message = '{"default":"x","default":"d","sqs":"q","http":7,"email":"e"}';
  await publish({ MessageStructure: 'json', Message });
  expect(await kept()).toMatchObject([{ body: 'd', bodies: { sqs: 'q' } }]);
});

const attribute = (name: string, value: object) => ({
  MessageAttributes: Object.fromEntries([[name, value]]),
});
const text = { DataType: 'String', StringValue: 'x' };

test.each<[object, string, RegExp]>([
  [{ Message: '' }, 'InvalidParameterException', /^Invalid parameter: Empty message$/],
  [{ Subject: '' }, 'InvalidParameterException', /^Invalid parameter: Subject$/],
  [{ Subject: 'a\nb' }, 'InvalidParameterException', /Subject/],
  [{ Subject: 'x'.repeat(101) }, 'InvalidParameterException', /Subject/],
  [{ Message: 'é'.repeat(131_073) }, 'InvalidParameterException', /^.*: Message too long$/],
  [
    { MessageStructure: 'json', Message: '{' },
    'InvalidParameterException',
    /Message Structure - JSON message body failed to parse/,
  ],
  [
    { MessageStructure: 'json', Message: '{"sqs":"x"}' },
    'InvalidParameterException',
    /Message Structure - No default entry in JSON message body/,
  ],
  [
    { MessageStructure: 'json', Message: '{"default":1}' },
    'InvalidParameterException',
    /No default entry/,
  ],
  [{ MessageDeduplicationId: 'x' }, 'InvalidParameterException', /not valid for this topic type/],
  [{ PhoneNumber: '+49301234567' }, 'NotImplemented', /phone number/],
  [attribute('.a', text), 'InvalidParameterValueException', /starting with character '\.'/],
  [attribute('a.', text), 'InvalidParameterValueException', /ending with character '\.'/],
  [attribute('a..b', text), 'InvalidParameterValueException', /successive '\.'/],
  [attribute('a b', text), 'InvalidParameterValueException', /'#x20' was found/],
  [attribute('x'.repeat(257), text), 'InvalidParameterValueException', /less than 256 bytes/],
  [attribute('a', { StringValue: 'x' }), 'ValidationError', /messageAttributes\.a\.member/],
  [
    attribute('a', { DataType: 'string', StringValue: 'x' }),
    'InvalidParameterValueException',
    /invalid message attribute type/,
  ],
  [attribute('a', { DataType: 'String' }), 'InvalidParameterValueException', /non-empty/],
  [
    attribute('a', { DataType: 'Binary', StringValue: 'x' }),
    'InvalidParameterValueException',
    /must use field 'Binary'/,
  ],
  [
    attribute('a', { DataType: 'Number', StringValue: 'x' }),
    'InvalidParameterValueException',
    /cast/,
  ],
])('%.80j is refused', async (input, code, message) => {
  const { publish, kept } = await start();
  await expect(publish(input)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(await kept()).toEqual([]);
});

const entry = (Id: string, more: object = {}) => ({ Id, Message: Id, ...more });

test('a batch is accepted as a whole', async () => {
  const { batch, kept } = await start();
  const { Successful, Failed } = await batch([entry('a'), entry('b')]);
  expect(Failed).toEqual([]);
  expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'b']);
  expect((await kept()).map(({ id }) => id).sort()).toEqual(
    Successful?.map(({ MessageId }) => MessageId).sort(),
  );
});

test.each<[readonly object[], string]>([
  [[], 'EmptyBatchRequestException'],
  [Array.from({ length: 11 }, (_, i) => entry(String(i))), 'TooManyEntriesInBatchRequestException'],
  [[entry('a'), entry('a')], 'BatchEntryIdsNotDistinctException'],
  [[entry('a b')], 'InvalidBatchEntryIdException'],
  [
    ['a', 'b'].map((id) => entry(id, { Message: 'x'.repeat(140_000) })),
    'BatchRequestTooLongException',
  ],
  [[entry('a'), entry('b', { Message: '' })], 'InvalidParameterException'],
])('a batch like %.40j is refused as a whole', async (entries, code) => {
  const { batch, kept } = await start();
  await expect(batch(entries)).rejects.toMatchObject({ code });
  expect(await kept()).toEqual([]);
});

test('a FIFO topic wants a group and an id, and numbers its messages', async () => {
  const { publish } = await start('lines.fifo', { FifoTopic: 'true' });
  await expect(publish({})).rejects.toMatchObject({
    message: 'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
  });
  await expect(publish({ MessageGroupId: 'g' })).rejects.toMatchObject({
    message: expect.stringContaining('ContentBasedDeduplication'),
  });
  const ids = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  const first = await publish(ids);
  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  expect(await publish(ids)).toEqual(first);
});

test('content stands for a missing id when the topic says so', async () => {
  const Attributes = { FifoTopic: 'true', ContentBasedDeduplication: 'true' };
  const { publish } = await start('lines.fifo', Attributes);
  const first = await publish({ MessageGroupId: 'g' });
  expect(await publish({ MessageGroupId: 'g' })).toEqual(first);
  expect(await publish({ MessageGroupId: 'g', Message: 'b' })).not.toEqual(first);
});
