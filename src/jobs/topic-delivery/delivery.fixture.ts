/** Topics and their delivery over memory, a virtual clock and a poster told what to answer. */
import { createVerify } from 'node:crypto';
import { x509Certificates } from '../../adapters/certificates/x509.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { makeIdentitySpace } from '../../engines/identity/space.ts';
import { makeQueues } from '../../engines/queues/queues.ts';
import { type QueueSettings, queueArn } from '../../engines/queues/rows.ts';
import { topicArn } from '../../engines/topics/rows.ts';
import { makeTopics } from '../../engines/topics/topics.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/log.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Post, Poster } from '../../ports/poster.ts';
import { makeTopicDelivery } from './loop.ts';

export const place = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
export const at = { ...place, name: 'alarms' };
export const arn = topicArn(at);
export const publicUrl = 'https://sns.eu-west-1.amazonaws.com';
export const settings: QueueSettings = {
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
/** Settings of a queue whose policy says so. */
export function settingsWith(...statements: readonly object[]): QueueSettings {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return { ...settings, further: { Policy } };
}

/** Lets the topic in, and no other. */
export function letsIn(topic: string = arn) {
  return {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
    Condition: { ArnEquals: { 'aws:SourceArn': topic } },
  };
}

export const open = settingsWith(letsIn());
const signal = new AbortController().signal;

/** One key for all tests: making one takes a while. */
const pair = x509Certificates().selfSigned({ commonName: 'sns.amazonaws.com' });

const certificates = { selfSigned: () => pair };

export type Answer = number | Promise<number> | 'unreachable';

const secrets = {
  seal: (text: string) => Buffer.from(text).toString('base64'),
  open: (sealed: string) => Buffer.from(sealed, 'base64').toString(),
};

export async function start(answer: (post: Post, atMs: number) => Answer = () => 200) {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(1_700_000_000_000);
  const random = seededRandom(3);
  const queues = makeQueues({ store, clock, random, wait: async () => {} });
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
  const access = makeAccess({
    space: makeIdentitySpace(store),
    clock,
    log: silentLogger,
    partition: 'aws',
  });
  const seams = { access, poster, clock, random, log };
  const parts = { topics, queues, ...seams, publicUrl: () => publicUrl };
  const loop = makeTopicDelivery(parts);
  const { topic } = await topics.create(at, { fifo: false, attributes: {}, tags: {} });

  async function addQueue(name: string, attributes: Record<string, string> = {}, change = {}) {
    const queue = { ...place, name };
    await queues.create(queue, { settings: { ...open, ...change }, tags: {} });
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

/** The value, or a failed test. */
export function published<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

/** Verified with the certificate alone, over the canonical text spelled out here. */
export async function verifies(document: Record<string, string>, names: readonly string[]) {
  const { certificatePem } = await pair;
  const text = names.map((name) => `${name}\n${document[name]}\n`).join('');
  const algorithm = document.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
  const verify = createVerify(algorithm).update(text);
  return verify.verify(certificatePem, document.Signature ?? '', 'base64');
}
