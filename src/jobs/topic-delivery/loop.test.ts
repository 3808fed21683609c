/**
 * Delivery as subscribers see it: the documents, their signatures, retries by a virtual clock, dead
 * letters, the handshake, and slow endpoints beside quick ones.
 */
import { createVerify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { x509Certificates } from '../../adapters/certificates/x509.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeQueues } from '../../engines/queues/queues.ts';
import { type QueueSettings, queueArn } from '../../engines/queues/rows.ts';
import { deliveryRows, laneRows, messageRows, topicArn } from '../../engines/topics/rows.ts';
import { makeTopics } from '../../engines/topics/topics.ts';
import { defined } from '../../kernel/assert.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Post, Poster } from '../../ports/poster.ts';
import { makeTopicDelivery } from './loop.ts';

const place = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const at = { ...place, name: 'alarms' };
const arn = topicArn(at);
const publicUrl = 'https://sns.eu-west-1.amazonaws.com';
const settings: QueueSettings = {
  delaySeconds: 0,
  maximumMessageBytes: 1_048_576,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  visibilitySeconds: 30,
  fifo: false,
  contentDeduplication: false,
  deduplicationScope: 'queue',
  further: {},
};
const signal = new AbortController().signal;

/** One key for all tests: making one takes a while. */
const pair = x509Certificates().selfSigned({ commonName: 'sns.amazonaws.com' });

type Answer = number | Promise<number> | 'unreachable';

async function start(answer: (post: Post, atMs: number) => Answer = () => 200) {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(1_700_000_000_000);
  const random = seededRandom(3);
  const wait = async () => {};
  const queues = makeQueues({ store, clock, random, wait });
  const secrets = {
    seal: (text: string) => Buffer.from(text).toString('base64'),
    open: (sealed: string) => Buffer.from(sealed, 'base64').toString(),
  };
  const certificates = { selfSigned: () => pair };
  const topics = makeTopics({ store, clock, random, secrets, certificates });
  const posts: { readonly post: Post; readonly atMs: number }[] = [];
  const poster: Poster = {
    async post(post) {
      const atMs = clock.nowMs();
      posts.push({ post, atMs });
      const status = await answer(post, atMs);
      return status === 'unreachable' ? refuse('nothing answered') : ok({ status });
    },
  };
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const parts = { topics, queues, poster, clock, random, log, publicUrl: () => publicUrl };
  const loop = makeTopicDelivery(parts);
  const { topic } = await topics.create(at, { fifo: false, attributes: {}, tags: {} });

  async function addQueue(name: string, attributes: Record<string, string> = {}, change = {}) {
    const queue = { ...place, name };
    await queues.create(queue, { settings: { ...settings, ...change }, tags: {} });
    return subscribe('sqs', queueArn(queue), attributes);
  }
  async function subscribe(
    protocol: 'sqs' | 'http',
    endpoint: string,
    attributes: Record<string, string> = {},
  ) {
    const request = { protocol, endpoint, attributes, owner: place.account, principal: 'p' };
    const made = await topics.subscriptions.subscribe(topic, request);
    if (made.state !== 'made') throw new Error(made.state);
    return made.subscription;
  }
  /** Subscribed and confirmed, its handshake delivered and forgotten. */
  async function addEndpoint(endpoint: string, attributes: Record<string, string> = {}) {
    const { token } = await subscribe('http', endpoint, attributes);
    const confirmation = { token, authenticated: true, authenticateOnUnsubscribe: false };
    await topics.subscriptions.confirm(arn, confirmation);
    await loop.tick(clock.nowMs(), { signal });
    posts.length = 0;
  }
  async function read(name: string) {
    const received = await queues.receive({ ...place, name }, { limit: 10, signal });
    if (!received.ok || received.value === 'overLimit') throw new Error(`cannot read ${name}`);
    return received.value;
  }
  /** Runs until nothing is due any more, jumping from one due instant to the next. */
  async function settle() {
    for (let turns = 0; turns < 500; turns += 1) {
      const nextMs = await loop.tick(clock.nowMs(), { signal });
      if (nextMs === Infinity) return;
      clock.moveTo(nextMs);
    }
    throw new Error('deliveries never end');
  }
  const tick = () => loop.tick(clock.nowMs(), { signal });
  const more = { addQueue, subscribe, addEndpoint, read, settle, tick };
  return { store, clock, queues, topics, loop, posts, warnings, ...more };
}

function published<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

/** Verified with the certificate alone, over the canonical text spelled out here. */
async function verifies(document: Record<string, string>, names: readonly string[]) {
  const { certificatePem } = await pair;
  const text = names.map((name) => `${name}\n${document[name]}\n`).join('');
  const algorithm = document.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
  const verify = createVerify(algorithm).update(text);
  return verify.verify(certificatePem, document.Signature ?? '', 'base64');
}

describe('queues', () => {
  test('get a signed document with subject and attributes', async () => {
    const { topics, read, settle, addQueue, store } = await start();
    const { id } = await addQueue('q');
    const { messageId } = published(
      await topics.publish(arn, {
        subject: 'ALARM: p99',
        message: 'line one\nline "two"',
        attributes: {
          level: { type: 'String', text: 'high' },
          blob: { type: 'Binary', base64: 'AAE=' },
        },
      }),
    );
    await settle();
    const [received] = await read('q');
    const document = JSON.parse(defined(received, 'a message').body);
    expect(document).toEqual({
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: arn,
      Subject: 'ALARM: p99',
      Message: 'line one\nline "two"',
      Timestamp: '2023-11-14T22:13:20.000Z',
      SignatureVersion: '1',
      Signature: expect.stringMatching(/^[A-Za-z0-9+/=]+$/),
      SigningCertURL: expect.stringMatching(/_modelkeep\/sns\/SimpleNotificationService-\w+\.pem$/),
      UnsubscribeURL:
        `${publicUrl}/?Action=Unsubscribe&SubscriptionArn=` +
        `${encodeURIComponent(`${arn}:${id}`)}&Version=2010-03-31`,
      MessageAttributes: {
        level: { Type: 'String', Value: 'high' },
        blob: { Type: 'Binary', Value: 'AAE=' },
      },
    });
    const names = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
    expect(await verifies(document, names)).toBe(true);
    const forged = { ...document, Message: 'other' };
    expect(await verifies(forged, names)).toBe(false);
    for (const rows of [messageRows, deliveryRows]) {
      expect(await store.list(rows as typeof messageRows, { limit: 1 })).toEqual([]);
    }
    expect(await store.list(laneRows, { limit: 1 })).toEqual([]);
  });

  test('get the newer signature when the topic asks for it', async () => {
    const { topics, read, settle, addQueue } = await start();
    await addQueue('q');
    await topics.update(at, () => ({ attributes: { SignatureVersion: '2' } }));
    await topics.publish(arn, { message: 'a' });
    await settle();
    const document = JSON.parse(defined((await read('q'))[0], 'a message').body);
    expect(document.SignatureVersion).toBe('2');
    const names = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'];
    expect(await verifies(document, names)).toBe(true);
  });

  test('get the bare message and its attributes when they ask for it raw', async () => {
    const { topics, read, settle, addQueue } = await start();
    await addQueue('q', { RawMessageDelivery: 'true' });
    const attributes = { level: { type: 'String', text: 'high' } };
    await topics.publish(arn, { message: 'usual', bodies: { sqs: 'for queues' }, attributes });
    await settle();
    expect(await read('q')).toMatchObject([{ body: 'for queues', attributes }]);
  });

  test('get what their filter lets through', async () => {
    const { topics, read, settle, addQueue } = await start();
    await addQueue('high', { FilterPolicy: '{"level":["high"]}' });
    const FilterPolicy = '{"detail":{"kind":[{"prefix":"d"}]}}';
    await addQueue('drift', { FilterPolicy, FilterPolicyScope: 'MessageBody' });
    await addQueue('all', { RawMessageDelivery: 'true' });
    const attributes = { level: { type: 'String', text: 'high' } };
    await topics.publish(arn, { message: '1', attributes });
    await topics.publish(arn, { message: '{"detail":{"kind":"drift"}}' });
    await settle();
    const bodies = async (name: string) => (await read(name)).map(({ body }) => body);
    expect(await bodies('high')).toHaveLength(1);
    expect(await bodies('drift')).toHaveLength(1);
    expect(await bodies('all')).toEqual(['1', '{"detail":{"kind":"drift"}}']);
  });

  test('that are gone cost the dead letters, with the reason', async () => {
    const { topics, read, settle, queues, addQueue, warnings } = await start();
    const dead = queueArn({ ...place, name: 'dead' });
    await addQueue('q', { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead }) });
    await queues.create({ ...place, name: 'dead' }, { settings, tags: {} });
    await queues.remove({ ...place, name: 'q' });
    await topics.publish(arn, { message: 'a' });
    await settle();
    const [letter] = await read('dead');
    expect(JSON.parse(defined(letter, 'a dead letter').body)).toMatchObject({ Message: 'a' });
    expect(letter?.attributes).toMatchObject({
      ErrorCode: { text: 'AWS.SimpleQueueService.NonExistentQueue' },
    });
    expect(warnings).toEqual([]);
  });

  test('with narrower limits refuse what is too long, without stopping the rest', async () => {
    const { topics, read, settle, addQueue, warnings } = await start();
    await addQueue('q', { RawMessageDelivery: 'true' }, { maximumMessageBytes: 1_024 });
    await topics.publishAll(at, [{ message: 'x'.repeat(1_025) }, { message: 'fits' }]);
    await settle();
    expect((await read('q')).map(({ body }) => body)).toEqual(['fits']);
    expect(warnings).toHaveLength(1);
  });

  test('get one message once, though it was delivered twice', async () => {
    const { store, topics, read, settle, addQueue } = await start();
    await addQueue('q');
    await topics.publish(arn, { message: 'a' });
    const before = await store.list(deliveryRows, { limit: 10 });
    const message = defined((await store.list(messageRows, { limit: 1 }))[0], 'the message');
    await settle();
    // As after a crash between sending and taking note of it.
    await store.write(async (tx) => {
      await tx.put(messageRows, message.key, message.row);
      for (const { key, row } of before) {
        await tx.put(deliveryRows, key, row);
        await tx.put(laneRows, row.lane, { dueAtMs: row.dueAtMs });
      }
    });
    await settle();
    expect(await read('q')).toHaveLength(1);
  });
});

test('a FIFO topic keeps order, numbers and drops repetitions', async () => {
  const { topics, queues, read, settle } = await start();
  const fifo = { ...place, name: 'orders.fifo' };
  const { topic } = await topics.create(fifo, { fifo: true, attributes: {}, tags: {} });
  const queue = { ...place, name: 'orders.fifo' };
  await queues.create(queue, { settings: { ...settings, fifo: true }, tags: {} });
  await topics.subscriptions.subscribe(topic, {
    protocol: 'sqs',
    endpoint: queueArn(queue),
    attributes: { RawMessageDelivery: 'true' },
    owner: place.account,
    principal: 'p',
  });
  const message = (body: string) => ({ message: body, groupId: 'g', deduplicationId: body });
  const sent = published(
    await topics.publishAll(
      fifo,
      ['1', '2', '3', '2', '4'].map((body) => message(body)),
    ),
  );
  expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 2, 4]);
  expect(sent[3]?.messageId).toBe(sent[1]?.messageId);
  await settle();
  const received = await read('orders.fifo');
  expect(received.map(({ body }) => body)).toEqual(['1', '2', '3', '4']);
  expect(received[0]).toMatchObject({ groupId: 'g', deduplicationId: '1' });
});

describe('web endpoints', () => {
  const url = 'http://hook.example/in';

  test('are asked first, and get nothing until they agree', async () => {
    const { topics, posts, settle, subscribe } = await start();
    const { token, id } = await subscribe('http', url);
    await topics.publish(arn, { message: 'too early' });
    await settle();
    expect(posts).toHaveLength(1);
    const { post } = defined(posts[0], 'the question');
    expect(post).toMatchObject({ url, timeoutMs: 15_000 });
    const document = JSON.parse(post.body);
    expect(post.headers).toEqual({
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': 'SubscriptionConfirmation',
      'x-amz-sns-message-id': document.MessageId,
      'x-amz-sns-topic-arn': arn,
    });
    expect(document).toMatchObject({
      Type: 'SubscriptionConfirmation',
      Token: token,
      TopicArn: arn,
      Message:
        `You have chosen to subscribe to the topic ${arn}.\n` +
        'To confirm the subscription, visit the SubscribeURL included in this message.',
    });
    const link = new URL(document.SubscribeURL);
    expect(Object.fromEntries(link.searchParams)).toEqual({
      Action: 'ConfirmSubscription',
      TopicArn: arn,
      Token: token,
      Version: '2010-03-31',
    });
    const names = [
      'Message',
      'MessageId',
      'SubscribeURL',
      'Timestamp',
      'Token',
      'TopicArn',
      'Type',
    ];
    expect(await verifies(document, names)).toBe(true);

    const confirmation = { token, authenticated: false, authenticateOnUnsubscribe: true };
    const confirmed = await topics.subscriptions.confirm(arn, confirmation);
    expect(confirmed).toMatchObject({ confirmed: true, authenticateOnUnsubscribe: false });
    await topics.publish(arn, { message: 'now' });
    await settle();
    expect(posts[1]?.post.headers).toMatchObject({
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-subscription-arn': `${arn}:${id}`,
    });
  });

  test('cannot confirm with a token of another topic, an old one, or none', async () => {
    const { topics, clock, subscribe } = await start();
    const { token } = await subscribe('http', url);
    const confirm = (topic: string, text: string) =>
      topics.subscriptions.confirm(topic, {
        token: text,
        authenticated: false,
        authenticateOnUnsubscribe: false,
      });
    expect(await confirm(topicArn({ ...at, name: 'other' }), token)).toBeUndefined();
    expect(await confirm(arn, 'none')).toBeUndefined();
    clock.moveTo(clock.nowMs() + 2 * 86_400_000);
    expect(await confirm(arn, token)).toBeUndefined();
  });

  test('get the bare message when they ask for it raw', async () => {
    const { topics, posts, settle, addEndpoint } = await start();
    const DeliveryPolicy = '{"requestPolicy":{"headerContentType":"application/json"}}';
    await addEndpoint(url, { RawMessageDelivery: 'true', DeliveryPolicy });
    await topics.publish(arn, { message: '{"a":1}' });
    await settle();
    expect(posts[0]?.post.body).toBe('{"a":1}');
    expect(posts[0]?.post.headers).toMatchObject({
      'x-amz-sns-rawdelivery': 'true',
      'content-type': 'application/json',
    });
  });

  test.each<[string, Answer]>([
    ['nothing answers', 'unreachable'],
    ['the server fails', 500],
    ['the server is busy', 429],
  ])('are tried three times more when %s, then given up', async (_, answer) => {
    const { topics, posts, settle, addEndpoint, warnings } = await start((post) =>
      post.headers['x-amz-sns-message-type'] === 'Notification' ? answer : 200,
    );
    await addEndpoint(url);
    await topics.publish(arn, { message: 'a' });
    await settle();
    const [first, ...rest] = posts.map(({ atMs }) => atMs);
    expect(rest.map((atMs) => atMs - (first ?? 0))).toEqual([20_000, 40_000, 60_000]);
    expect(new Set(posts.map(({ post }) => post.body)).size).toBe(1);
    expect(warnings).toEqual(['a delivery was given up']);
  });

  test('are not tried again when they say the request is wrong', async () => {
    const dead = queueArn({ ...place, name: 'dead' });
    const { topics, posts, settle, addEndpoint, read, queues } = await start((post) =>
      post.headers['x-amz-sns-message-type'] === 'Notification' ? 403 : 200,
    );
    await queues.create({ ...place, name: 'dead' }, { settings, tags: {} });
    await addEndpoint(url, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead }) });
    await topics.publish(arn, { message: 'a' });
    await settle();
    expect(posts).toHaveLength(1);
    expect(await read('dead')).toMatchObject([{ attributes: { ErrorCode: { text: '403' } } }]);
  });

  test('that recover get the message by the next try', async () => {
    const { topics, posts, settle, addEndpoint, warnings } = await start((post) =>
      post.headers['x-amz-sns-message-type'] === 'Notification' && posts.length < 3 ? 503 : 200,
    );
    await addEndpoint(url);
    await topics.publish(arn, { message: 'a' });
    await settle();
    expect(posts).toHaveLength(3);
    expect(warnings).toEqual([]);
  });

  test('are spared more than they can take', async () => {
    const { topics, posts, settle, addEndpoint } = await start();
    const DeliveryPolicy = '{"throttlePolicy":{"maxReceivesPerSecond":2}}';
    await addEndpoint(url, { DeliveryPolicy });
    await topics.publishAll(
      at,
      Array.from({ length: 6 }, (_, i) => ({ message: String(i) })),
    );
    await settle();
    const first = defined(posts[0], 'a post').atMs;
    const seconds = posts.map(({ atMs }) => (atMs - first) / 1_000);
    expect(seconds).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('that are slow hold up nobody else, not even what is published meanwhile', async () => {
    let answer: (status: number) => void = () => {};
    const slow = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const { topics, read, tick, addQueue, addEndpoint } = await start((post) =>
      post.headers['x-amz-sns-message-type'] === 'Notification' ? slow : 200,
    );
    await addEndpoint(url);
    await addQueue('q', { RawMessageDelivery: 'true' });
    await topics.publish(arn, { message: 'a' });
    const ticking = tick();
    const until = async (count: number) => {
      const seen: string[] = [];
      while (seen.length < count) {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(...(await read('q')).map(({ body }) => body));
      }
      return seen;
    };
    expect(await until(1)).toEqual(['a']);
    await topics.publish(arn, { message: 'b' });
    expect(await until(1)).toEqual(['b']);
    answer(200);
    expect(await ticking).toBe(Infinity);
  });

  test('are left alone when the server goes down, and served when it is back', async () => {
    const down = new AbortController();
    const { topics, posts, loop, clock, settle, addEndpoint } = await start((post) => {
      if (post.headers['x-amz-sns-message-type'] !== 'Notification') return 200;
      if (down.signal.aborted) return 200;
      down.abort();
      // What a poster does when its caller gives up.
      throw down.signal.reason;
    });
    await addEndpoint(url);
    await topics.publish(arn, { message: 'a' });
    await loop.tick(clock.nowMs(), { signal: down.signal });
    expect(posts).toHaveLength(1);
    const beforeMs = clock.nowMs();
    await settle();
    expect(posts).toHaveLength(2);
    expect(clock.nowMs()).toBe(beforeMs);
  });

  test('are told when they were unsubscribed, and can come back by the link', async () => {
    const { topics, posts, settle, addEndpoint } = await start();
    await addEndpoint(url);
    const [row] = await topics.subscriptions.list(place, { limit: 10 });
    const { id } = defined(row, 'the subscription');
    const key = `${place.account}/${place.region}/alarms/${id}`;
    await topics.publish(arn, { message: 'not wanted any more' });
    await topics.subscriptions.unsubscribe(key, { authenticated: false });
    await settle();
    expect(posts.map(({ post }) => post.headers['x-amz-sns-message-type'])).toEqual([
      'UnsubscribeConfirmation',
    ]);
    const document = JSON.parse(defined(posts[0], 'the notice').post.body);
    expect(document.Message).toContain(`deactivate subscription ${arn}:${id}.`);
    const confirmation = { authenticated: false, authenticateOnUnsubscribe: false };
    await topics.subscriptions.confirm(arn, { token: document.Token, ...confirmation });
    await topics.publish(arn, { message: 'back' });
    await settle();
    expect(posts).toHaveLength(2);
  });
});

test('a lane whose worker died is served again when its lease has passed', async () => {
  const { topics, clock, read, tick, addQueue } = await start();
  await addQueue('q');
  await topics.publish(arn, { message: 'a' });
  expect(await topics.deliveries.claim(clock.nowMs(), 10)).toHaveLength(1);
  const againMs = await tick();
  expect(await read('q')).toEqual([]);
  clock.moveTo(againMs);
  await tick();
  expect(await read('q')).toHaveLength(1);
});
