/**
 * The service behind its real client, over HTTP: a web endpoint on a socket of its own is asked,
 * agrees by visiting the link, and gets signed messages that an independent validator accepts.
 */
import { EventEmitter } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import * as sdk from '@aws-sdk/client-sns';
// @ts-expect-error: the package has no types
import MessageValidator from 'sns-validator';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { x509Certificates } from '../../adapters/certificates/x509.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makePoster } from '../../adapters/poster/poster.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { makeIdentitySpace } from '../../engines/identity/space.ts';
import { makeQueues, type Queues } from '../../engines/queues/queues.ts';
import { makeTopics, type Topics } from '../../engines/topics/topics.ts';
import { makeTopicDelivery } from '../../jobs/topic-delivery/loop.ts';
import { defined } from '../../kernel/assert.ts';
import { gather } from '../../kernel/bytes.ts';
import { silentLogger } from '../../kernel/log.ts';
import type { Loop } from '../../kernel/loop.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { sns, snsPermissions } from './index.ts';
import { makeCall, queueArnOf, scope } from './sns.fixture.ts';

interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, string>;
}

const clock = { nowMs: () => Date.now() };
const random = seededRandom(Math.floor(Math.random() * 2 ** 31));
/** Subscribers reach the API under a name validators trust; the test goes to the address. */
const publicUrl = 'https://sns.eu-west-1.amazonaws.com';
const arrived: Arrived[] = [];
const servers: Server[] = [];
let status = 200;
let client: sdk.SNSClient;
let api: string;
let hook: string;
let topics: Topics;
let queues: Queues;
let loop: Loop;
let TopicArn: string;

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const store = memoryMetadataStore();
  const secrets = { seal: (text: string) => text, open: (text: string) => text };
  topics = makeTopics({ store, clock, random, secrets, certificates: x509Certificates() });
  queues = makeQueues({ store, clock, random, wait: async () => {} });
  const poster = makePoster({ allow: { allowPrivate: true } });
  const log = silentLogger;
  const access = makeAccess({ space: makeIdentitySpace(store), clock, log, partition: 'aws' });
  const parts = { topics, queues, access, poster, clock, random, log };
  loop = makeTopicDelivery({ ...parts, publicUrl: () => publicUrl });
  const listener = makeListener({
    services: [mount('sns', { operations: sns, permissions: snsPermissions }, { topics })],
    authorize: async () => new Map(),
    findSecret: async () => ({ secretAccessKey: 'secret', caller: makeCall().caller }),
    clock,
    random,
    log: silentLogger,
    scope,
    objectDomains: ['localhost'],
    anonymous: new Set(['sns.ConfirmSubscription', 'sns.Unsubscribe']),
  });
  api = await listen(createServer((request, response) => void listener(request, response)));
  const receive = createServer(async (request, response) => {
    const body = (await gather(request, 1_000_000)).toString();
    arrived.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(status).end();
  });
  hook = await listen(receive);
  client = new sdk.SNSClient({
    endpoint: api,
    region: scope.region,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  const created = await client.send(new sdk.CreateTopicCommand({ Name: 'alarms' }));
  TopicArn = defined(created.TopicArn, 'the ARN');
});
beforeEach(() => {
  arrived.length = 0;
  status = 200;
});
afterAll(() => {
  client.destroy();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const tick = () => loop.tick(clock.nowMs(), { signal: new AbortController().signal });
const publish = (more: object) =>
  client.send(new sdk.PublishCommand({ TopicArn, Message: 'a', ...more }));

/** The link as someone without credentials visits it. */
const visit = (link = '') => fetch(link.replace(publicUrl, api));

/** By sns-validator, which fetches the certificate from where the message says. */
function validate(message: object): Promise<unknown> {
  const get = vi.spyOn(https, 'get').mockImplementation(((
    url: string,
    found: (r: object) => void,
  ) => {
    const name = /_modelkeep\/sns\/(.+)\.pem$/.exec(url)?.[1];
    const response = Object.assign(new EventEmitter(), { statusCode: 200 });
    void topics.certificatePem(name).then((pem) => {
      found(response);
      response.emit('data', pem ?? '');
      response.emit('end');
    });
    return new EventEmitter();
  }) as never);
  const validator = new MessageValidator();
  return new Promise((resolve, reject) => {
    validator.validate({ ...message }, (error: unknown, valid: unknown) =>
      error ? reject(error as Error) : resolve(valid),
    );
  }).finally(() => get.mockRestore());
}

test('an endpoint agrees by visiting the link, gets messages, is told when it left', async () => {
  const Endpoint = `${hook}/in`;
  const subscribed = await client.send(
    new sdk.SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }),
  );
  expect(subscribed.SubscriptionArn).toBe('pending confirmation');
  await tick();
  const question = defined(arrived[0], 'the question');
  expect(question.headers).toMatchObject({
    'x-amz-sns-message-type': 'SubscriptionConfirmation',
    'content-type': 'text/plain; charset=UTF-8',
    'user-agent': 'Amazon Simple Notification Service Agent',
  });
  await expect(validate(question.body)).resolves.toMatchObject({ TopicArn });

  const forged = await visit(question.body.SubscribeURL?.replace(/Token=./, 'Token=x'));
  expect(forged.status).toBe(400);
  const confirmed = await visit(question.body.SubscribeURL);
  expect(confirmed.status).toBe(200);
  expect(await confirmed.text()).toContain(`<SubscriptionArn>${TopicArn}:`);

  for (const SignatureVersion of ['1', '2']) {
    const attribute = { AttributeName: 'SignatureVersion', AttributeValue: SignatureVersion };
    await client.send(new sdk.SetTopicAttributesCommand({ TopicArn, ...attribute }));
    const MessageAttributes = { level: { DataType: 'String', StringValue: 'high' } };
    await publish({ Subject: 'Drift', Message: 'grüße\n😀', MessageAttributes });
    await tick();
    const { headers, body } = defined(arrived.at(-1), 'the message');
    expect(headers).toMatchObject({ 'x-amz-sns-message-type': 'Notification' });
    expect(body).toMatchObject({ SignatureVersion, Message: 'grüße\n😀', Subject: 'Drift' });
    await expect(validate(body)).resolves.toMatchObject({ Subject: 'Drift' });
    await expect(validate({ ...body, Subject: 'Draft' })).rejects.toThrow(/signature is invalid/i);
  }

  const left = await visit(arrived.at(-1)?.body.UnsubscribeURL);
  expect(left.status).toBe(200);
  await tick();
  const notice = defined(arrived.at(-1), 'the notice');
  expect(notice.headers).toMatchObject({ 'x-amz-sns-message-type': 'UnsubscribeConfirmation' });
  const { Subscriptions } = await client.send(new sdk.ListSubscriptionsCommand({}));
  expect(Subscriptions).toEqual([]);
});

test('a failing endpoint is tried again later, not at once', async () => {
  status = 500;
  const Endpoint = `${hook}/failing`;
  const subscribe = new sdk.SubscribeCommand({
    TopicArn,
    Protocol: 'http',
    Endpoint,
    ReturnSubscriptionArn: true,
  });
  const { SubscriptionArn } = await client.send(subscribe);
  const beforeMs = clock.nowMs();
  const nextMs = await tick();
  expect(arrived).toHaveLength(1);
  expect(nextMs).toBeGreaterThanOrEqual(beforeMs + 20_000);
  await tick();
  expect(arrived).toHaveLength(1);
  await client.send(new sdk.UnsubscribeCommand({ SubscriptionArn }));
});

test('a filtered queue gets what it wants', async () => {
  const at = { ...scope, name: 'wanted' };
  const usual = { delaySeconds: 0, waitSeconds: 0, visibilitySeconds: 30, fifo: false };
  const bounds = { maximumMessageBytes: 262_144, retentionSeconds: 600 };
  const order = { contentDeduplication: false, deduplicationScope: 'queue' } as const;
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArnOf('wanted'),
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  };
  const further = { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
  await queues.create(at, { settings: { ...usual, ...bounds, ...order, further }, tags: {} });
  const Attributes = { FilterPolicy: '{"level":["high"]}', RawMessageDelivery: 'true' };
  const Endpoint = queueArnOf('wanted');
  await client.send(new sdk.SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  const level = (StringValue: string) => ({ level: { DataType: 'String', StringValue } });
  await publish({ Message: 'no', MessageAttributes: level('low') });
  await publish({ Message: 'yes', MessageAttributes: level('high') });
  await tick();
  const { signal } = new AbortController();
  const received = await queues.receive(at, { limit: 10, signal });
  expect(received).toMatchObject({ ok: true, value: [{ body: 'yes' }] });
});

test('refusals arrive as the errors the client knows', async () => {
  const missing = { TopicArn: `${TopicArn}x`, Message: 'a' };
  await expect(client.send(new sdk.PublishCommand(missing))).rejects.toBeInstanceOf(
    sdk.NotFoundException,
  );
  const pigeon = { TopicArn, Protocol: 'pigeon', Endpoint: 'x' };
  await expect(client.send(new sdk.SubscribeCommand(pigeon))).rejects.toBeInstanceOf(
    sdk.InvalidParameterException,
  );
  const email = { TopicArn, Protocol: 'email', Endpoint: 'a@b.example' };
  await expect(client.send(new sdk.SubscribeCommand(email))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 501 },
  });
  const unsigned = await fetch(`${api}/?Action=ListTopics&Version=2010-03-31`);
  expect(unsigned.status).toBe(403);
});
