/** Topics and subscriptions, and the key they sign with. */
import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { x509Certificates } from '../../adapters/certificates/x509.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { TopicPublisher } from './publisher.ts';
import { parseSubscriptionArn, signingRows, subscriptionArn, topicArn } from './rows.ts';
import { canonicalText } from './signing.ts';
import { makeTopics } from './topics.ts';

const at = { partition: 'aws', region: 'eu-west-1', account: '111122223333', name: 'alarms' };
const arn = topicArn(at);
const secrets = {
  seal: (text: string) => `~${btoa(text)}`,
  open: (text: string) => atob(text.slice(1)),
};

function start(store: MetadataStore = memoryMetadataStore()) {
  const clock = new VirtualClock(1_700_000_000_000);
  const random = seededRandom(3);
  const certificates = x509Certificates();
  const topics = makeTopics({ store, clock, random, certificates, secrets });
  return { store, clock, topics };
}

const request = (endpoint: string, attributes: Record<string, string> = {}) =>
  ({ protocol: 'http', endpoint, attributes, owner: at.account, principal: 'p' }) as const;
const bare = { fifo: false, attributes: {}, tags: {} };

test('publishing to no topic, or to no ARN, is refused', async () => {
  const publisher: TopicPublisher = start().topics;
  expect(await publisher.publish(arn, { message: 'a' })).toMatchObject({ ok: false });
  expect(await publisher.publish('alarms', { message: 'a' })).toMatchObject({ ok: false });
});

test('a topic made again is another one: old subscriptions stay behind', async () => {
  const { topics } = start();
  const { topic, made } = await topics.create(at, bare);
  expect(made).toBe(true);
  expect(await topics.create(at, bare)).toEqual({ topic, made: false });
  await topics.subscriptions.subscribe(topic, request('http://a.example'));
  await topics.remove(at);
  const again = (await topics.create(at, bare)).topic;
  expect(await topics.subscriptions.listOf(again, { limit: 10 })).toEqual([]);
  expect(await topics.subscriptions.list(at, { limit: 10 })).toHaveLength(1);
});

test('an endpoint is subscribed once, and with one set of attributes', async () => {
  const { topics } = start();
  const { topic } = await topics.create(at, bare);
  const subscribe = (attributes: Record<string, string>) =>
    topics.subscriptions.subscribe(topic, request('http://a.example', attributes));
  const first = await subscribe({ RawMessageDelivery: 'true' });
  const again = await subscribe({ RawMessageDelivery: 'true' });
  expect([first.state, again.state]).toEqual(['made', 'there']);
  expect(await subscribe({ RawMessageDelivery: 'false' })).toMatchObject({ state: 'differs' });
  expect(await topics.subscriptions.count(topic)).toEqual({ confirmed: 0, pending: 1 });
});

test('what nobody confirmed is forgotten after three days', async () => {
  const { topics, clock } = start();
  const { topic } = await topics.create(at, bare);
  await topics.subscriptions.subscribe(topic, request('http://a.example'));
  clock.moveTo(clock.nowMs() + 3 * 86_400_000 + 1);
  await topics.subscriptions.subscribe(topic, request('http://b.example'));
  const left = await topics.subscriptions.listOf(topic, { limit: 10 });
  expect(left.map(({ endpoint }) => endpoint)).toEqual(['http://b.example']);
});

test('a topic bears two hundred filter policies', async () => {
  const { topics } = start();
  const { topic } = await topics.create(at, bare);
  const policy = { FilterPolicy: '{"a":["x"]}' };
  const subscribe = (i: number, attributes = {}) =>
    topics.subscriptions.subscribe(topic, request(`http://a.example/${i}`, attributes));
  for (let i = 0; i < 200; i += 1) await subscribe(i, policy);
  expect(await subscribe(200, policy)).toEqual({ state: 'tooManyPolicies' });
  const plain = await subscribe(201);
  if (plain.state !== 'made') throw new Error(plain.state);
  const key = parseSubscriptionArn(subscriptionArn(plain.subscription)) ?? '';
  expect(await topics.subscriptions.update(key, () => policy)).toBe('tooManyPolicies');
});

test('only a signed request ends a subscription that asked for it', async () => {
  const { topics } = start();
  const { topic } = await topics.create(at, bare);
  const made = await topics.subscriptions.subscribe(topic, request('http://a.example'));
  if (made.state !== 'made') throw new Error(made.state);
  const { token } = made.subscription;
  const confirmation = { token, authenticated: true, authenticateOnUnsubscribe: true };
  await topics.subscriptions.confirm(arn, confirmation);
  const key = parseSubscriptionArn(subscriptionArn(made.subscription)) ?? '';
  const end = (authenticated: boolean) => topics.subscriptions.unsubscribe(key, { authenticated });
  expect(await end(false)).toBe('forbidden');
  expect(await end(true)).toBe('done');
  expect(await end(true)).toBe('missing');
});

test('the key is made once, kept sealed, and shared by those who share the store', async () => {
  const { store, topics } = start();
  expect(await topics.certificatePem()).toBeUndefined();
  const [a, b] = await Promise.all([
    topics.signer.sign('1', { Message: 'a' }),
    topics.signer.sign('1', { Message: 'a' }),
  ]);
  expect(a).toBe(b);
  expect(await start(store).topics.signer.sign('1', { Message: 'a' })).toBe(a);
  const name = await topics.signer.certificateName();
  const pem = await topics.certificatePem(name);
  expect(new X509Certificate(pem ?? '').subject).toBe('CN=sns.amazonaws.com');
  expect(await topics.certificatePem('other')).toBeUndefined();
  const row = await store.get(signingRows, 'current');
  expect(JSON.stringify(row)).not.toContain('PRIVATE KEY');
});

test('the canonical text is in order of names, with real line breaks', () => {
  const text = canonicalText({ Type: 'Notification', Message: 'a\nb', Subject: 's' });
  expect(text).toBe('Message\na\nb\nSubject\ns\nType\nNotification\n');
});

test('listeners hear of what becomes due until they leave', async () => {
  const { topics } = start();
  await topics.create(at, bare);
  let heard = 0;
  const leave = topics.onDue(() => {
    heard += 1;
  });
  await topics.publish(arn, { message: 'a' });
  leave();
  await topics.publish(arn, { message: 'b' });
  expect(heard).toBe(1);
});
