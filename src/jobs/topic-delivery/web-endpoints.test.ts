/** Delivery to web endpoints: the handshake, headers, retries by a virtual clock, slow ones. */
import { describe, expect, test } from 'vitest';
import { queueArn } from '../../engines/queues/rows.ts';
import { topicArn } from '../../engines/topics/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { type Answer, arn, at, open, place, start, verifies } from './delivery.fixture.ts';

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
    await queues.create({ ...place, name: 'dead' }, { settings: open, tags: {} });
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

  test('that did not keep up for a day are not bothered with what is old', async () => {
    const { topics, posts, settle, clock, addEndpoint, warnings } = await start();
    await addEndpoint(url);
    await topics.publish(arn, { message: 'old' });
    clock.moveTo(clock.nowMs() + 86_400_001);
    await topics.publish(arn, { message: 'new' });
    await settle();
    expect(posts.map(({ post }) => JSON.parse(post.body).Message)).toEqual(['new']);
    expect(warnings).toEqual(['a delivery was given up']);
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
