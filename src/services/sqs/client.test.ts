/** The service behind its real client, over HTTP; the client checks the digests it is answered. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeQueues } from '../../engines/queues/queues.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { sqs, sqsPermissions } from './index.ts';
import { makeCall, scope } from './sqs.fixture.ts';

const clock = { nowMs: () => Date.now() };
const random = seededRandom(9);
let server: Server;
let client: sdk.SQSClient;
let endpoint: string;

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

beforeAll(async () => {
  const queues = makeQueues({ store: memoryMetadataStore(), clock, random, wait });
  const listener = makeListener({
    services: [mount('sqs', { operations: sqs, permissions: sqsPermissions }, { queues })],
    authorize: async () => new Map(),
    findSecret: async () => ({ secretAccessKey: 'secret', caller: makeCall().caller }),
    clock,
    random,
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
  });
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new sdk.SQSClient({
    endpoint,
    region: scope.region,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

test('a message goes through, with attributes of every kind and its digests', async () => {
  const { QueueUrl } = await client.send(new sdk.CreateQueueCommand({ QueueName: 'jobs' }));
  expect(QueueUrl).toBe(`${endpoint}/${scope.account}/jobs`);
  const MessageAttributes = {
    city: { DataType: 'String', StringValue: 'Köln' },
    size: { DataType: 'Number', StringValue: '3' },
    blob: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 200) },
  };
  const message = { QueueUrl, MessageBody: 'grüße 😀 <&>', MessageAttributes };
  await client.send(new sdk.SendMessageCommand(message));
  const entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }));
  await client.send(new sdk.SendMessageBatchCommand({ QueueUrl, Entries: entries }));
  const { Messages = [] } = await client.send(
    new sdk.ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  expect(Messages.map(({ Body }) => Body)).toEqual(['grüße 😀 <&>', 'a', 'b']);
  expect(Messages[0]?.MessageAttributes?.blob?.BinaryValue).toEqual(Uint8Array.of(0, 200));
  for (const { ReceiptHandle } of Messages) {
    await client.send(new sdk.DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  const AttributeNames = ['All'] as const;
  const { Attributes } = await client.send(
    new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  expect(Attributes).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
  });
});

test('a long poll ends when a message comes', async () => {
  const { QueueUrl } = await client.send(new sdk.CreateQueueCommand({ QueueName: 'patient' }));
  const poll = new sdk.ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
  const polling = client.send(poll);
  await client.send(new sdk.SendMessageCommand({ QueueUrl, MessageBody: 'at last' }));
  expect((await polling).Messages).toMatchObject([{ Body: 'at last' }]);
});

test('refusals arrive as the errors the client knows', async () => {
  const QueueUrl = `${endpoint}/${scope.account}/none`;
  const receiving = client.send(new sdk.ReceiveMessageCommand({ QueueUrl }));
  await expect(receiving).rejects.toBeInstanceOf(sdk.QueueDoesNotExist);
  const moving = client.send(new sdk.StartMessageMoveTaskCommand({ SourceArn: 'x' }));
  await expect(moving).rejects.toMatchObject({
    name: 'NotImplemented',
    $metadata: { httpStatusCode: 501 },
  });
  await client.send(new sdk.CreateQueueCommand({ QueueName: 'strict' }));
  const odd = { QueueUrl: `${endpoint}/${scope.account}/strict`, MessageBody: '\u0001' };
  await expect(client.send(new sdk.SendMessageCommand(odd))).rejects.toBeInstanceOf(
    sdk.InvalidMessageContents,
  );
});
