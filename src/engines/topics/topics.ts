/**
 * Topics: a message published to one reaches every confirmed subscription whose filter lets it
 * through. Accepting is durable and quick; delivering is the business of a job.
 */
import type { Clock } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Deliveries, makeDeliveries } from './deliveries.ts';
import { makeFilters, type OutgoingMessage, type Published, publishAll } from './publish.ts';
import type { TopicPublisher } from './publisher.ts';
import { parseTopicArn, type TopicAddress, type TopicRow, topicKey, topicRows } from './rows.ts';
import { makeSigner, type Signer, type SignerParts } from './signing.ts';
import { makeSubscriptions, type Page, type Subscriptions } from './subscriptions.ts';

export type Topic = TopicRow;

export interface TopicChange {
  readonly attributes?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Topics extends TopicPublisher {
  /** The topic as it is afterwards, and whether this call made it. */
  create(
    at: TopicAddress,
    init: Required<TopicChange> & { readonly fifo: boolean },
  ): Promise<{ readonly topic: Topic; readonly made: boolean }>;
  find(at: TopicAddress): Promise<Topic | undefined>;
  /** In order of names; `after` is a name. */
  list(at: Omit<TopicAddress, 'name'>, page: Page): Promise<readonly Topic[]>;
  /** Undefined when there is no such topic. */
  update(at: TopicAddress, change: (topic: Topic) => TopicChange): Promise<Topic | undefined>;
  /** Its subscriptions stay readable, and get nothing more. */
  remove(at: TopicAddress): Promise<void>;
  readonly subscriptions: Subscriptions;
  publish(topicArn: string, message: OutgoingMessage): Promise<Outcome<Published>>;
  /** All are accepted, in order, or the topic is not there. Contents must have been checked. */
  publishAll(
    at: TopicAddress,
    messages: readonly OutgoingMessage[],
  ): Promise<Outcome<readonly Published[]>>;
  readonly deliveries: Deliveries;
  readonly signer: Signer;
  /** The certificate, if it has this name when one is given; undefined when there is none. */
  certificatePem(name?: string): Promise<string | undefined>;
  /** Calls the listener whenever a delivery may have become due; answers the way to stop. */
  onDue(listener: () => void): () => void;
}

export interface TopicParts extends SignerParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
}

const missing = refuse('Topic does not exist');

export function makeTopics(parts: TopicParts): Topics {
  const { store, clock, random } = parts;
  const listeners = new Set<() => void>();
  const due = () => {
    for (const listener of listeners) listener();
  };
  const filters = makeFilters();
  const signer = makeSigner(parts);

  const publishMany: Topics['publishAll'] = async (at, messages) => {
    const publishing = { nowMs: clock.nowMs(), random, filters };
    const published = await store.write(async (tx) => {
      const topic = await tx.get(topicRows, topicKey(at));
      return topic && (await publishAll(tx, topic, { messages, publishing }));
    });
    due();
    return published === undefined ? missing : ok(published);
  };

  return {
    ...administration(parts),
    subscriptions: makeSubscriptions({ store, clock, random, due }),
    deliveries: makeDeliveries(store),
    signer,
    certificatePem: (name) => signer.certificatePem(name),
    publishAll: publishMany,
    async publish(topicArn, message) {
      const at = parseTopicArn(topicArn);
      if (!at) return refuse(`not a topic's ARN: ${topicArn.slice(0, 300)}`);
      const published = await publishMany(at, [message]);
      const [first] = published.ok ? published.value : [];
      return first ? ok(first) : missing;
    },
    onDue(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

type Administration = Pick<Topics, 'create' | 'find' | 'list' | 'update' | 'remove'>;

function administration({ store, clock, random }: TopicParts): Administration {
  return {
    create: (at, { fifo, attributes, tags }) =>
      store.write(async (tx) => {
        const found = await tx.get(topicRows, topicKey(at));
        if (found) return { topic: found, made: false };
        const identity = { address: at, id: uuid(random), fifo, createdAtMs: clock.nowMs() };
        const topic: TopicRow = { ...identity, attributes, tags };
        await tx.put(topicRows, topicKey(at), topic);
        return { topic, made: true };
      }),
    find: (at) => store.get(topicRows, topicKey(at)),
    async list({ account, region }, { after, limit }) {
      const prefix = `${account}/${region}/`;
      const beyond = after === undefined ? {} : { after: `${prefix}${after}` };
      return (await store.list(topicRows, { prefix, limit, ...beyond })).map(({ row }) => row);
    },
    update: (at, change) =>
      store.write(async (tx) => {
        const topic = await tx.get(topicRows, topicKey(at));
        if (!topic) return undefined;
        const next = { ...topic, ...change(topic) };
        await tx.put(topicRows, topicKey(at), next);
        return next;
      }),
    remove: async (at) => {
      await store.write((tx) => tx.delete(topicRows, topicKey(at)));
    },
  };
}
