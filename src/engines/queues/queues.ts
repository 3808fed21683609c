/**
 * Durable queues of messages: at least once, each hidden from others while one receiver works on
 * it. Access, names of attributes and wire formats are the business of whoever calls.
 */
import type { Clock } from '../../kernel/clock.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { queueLimits } from './limits.ts';
import { expire, hide, type Received, type Settled, settle } from './receive.ts';
import { makeReceiver, type ReceiveOptions } from './receiver.ts';
import {
  contentOf,
  doomedRows,
  later,
  messageRows,
  type QueueAddress,
  type QueueRow,
  type QueueSettings,
  queueKey,
  queueRows,
  tallyRows,
} from './rows.ts';
import { type NewMessage, type Sent, send } from './send.ts';
import { makeSweeper } from './sweeper.ts';
import { makeWaiters } from './waiters.ts';

/** A queue as others see it. */
export type Queue = Pick<
  QueueRow,
  'address' | 'settings' | 'tags' | 'createdAtMs' | 'modifiedAtMs'
>;

export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface QueueChange {
  readonly settings?: QueueSettings;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface QueuePage {
  /** Names from here on begin so. */
  readonly prefix?: string;
  /** Exclusive. */
  readonly after?: string;
  readonly limit: number;
}

export interface Queues {
  /** The queue as it is afterwards, and whether this call made it. */
  create(
    at: QueueAddress,
    init: Required<QueueChange>,
  ): Promise<{ readonly queue: Queue; readonly made: boolean }>;
  find(at: QueueAddress): Promise<Queue | undefined>;
  /** In order of names. `at.name` is not looked at. */
  list(at: Omit<QueueAddress, 'name'>, page: QueuePage): Promise<readonly Queue[]>;
  /** Queues of the same account and region whose dead letters go there, in order of names. */
  sources(deadLetterArn: string, page: QueuePage): Promise<readonly Queue[]>;
  /** Refused when there is no such queue, as is everything below. */
  update(at: QueueAddress, change: (queue: Queue) => QueueChange): Promise<Outcome<Queue>>;
  remove(at: QueueAddress): Promise<Outcome<void>>;
  purge(at: QueueAddress): Promise<Outcome<void>>;
  counts(at: QueueAddress): Promise<Outcome<QueueCounts>>;
  /** All of them are accepted durably, or none. Sizes and names must have been checked. */
  send(at: QueueAddress, messages: readonly NewMessage[]): Promise<Outcome<readonly Sent[]>>;
  /** At most `limit`; `overLimit` when too many are in flight already. */
  receive(
    at: QueueAddress,
    options: ReceiveOptions,
  ): Promise<Outcome<readonly Received[] | 'overLimit'>>;
  /** Deletes by receipt handle; one answer per handle. */
  settle(at: QueueAddress, handles: readonly string[]): Promise<Outcome<readonly Settled[]>>;
  /** Changes how long messages in flight stay hidden from now; one answer per change. */
  hide(
    at: QueueAddress,
    changes: readonly { readonly handle: string; readonly forSeconds: number }[],
  ): Promise<Outcome<readonly Settled[]>>;
  /** Removes what purged and deleted queues left behind. */
  readonly sweeper: Loop;
}

export interface QueueParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Resolves after so long, or earlier when the signal aborts; never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** For tests: how many messages of a queue may be in flight. */
  readonly inFlightLimit?: number;
}

const missing = refuse('there is no such queue');

export function makeQueues(parts: QueueParts): Queues {
  const { store, clock, random } = parts;
  const waiters = makeWaiters();
  const inFlightLimit = parts.inFlightLimit ?? queueLimits.inFlightMessages;
  const receiver = makeReceiver({ ...parts, waiters, inFlightLimit });
  /** Runs on an existing queue, in a transaction. */
  const within = inQueue(store);
  return {
    ...administration(parts),
    receive: (at, options) => receiver.receive(at, options),
    sweeper: makeSweeper(store),
    send: async (at, messages) => {
      const nowMs = clock.nowMs();
      const sent = await within(at, (tx, queue) => send(tx, queue, { messages, nowMs, random }));
      if (sent.ok) waiters.wake(queueKey(at), messages.length);
      return sent;
    },
    settle: async (at, handles) => {
      const settled = await within(at, async (tx, queue) => {
        const answers: Settled[] = [];
        for (const handle of handles) answers.push(await settle(tx, queue, handle));
        return answers;
      });
      // A FIFO group may be free again.
      if (settled.ok) waiters.wake(queueKey(at), handles.length);
      return settled;
    },
    hide: async (at, changes) => {
      const nowMs = clock.nowMs();
      const settled = await within(at, async (tx, queue) => {
        const answers: Settled[] = [];
        for (const { handle, forSeconds } of changes) {
          answers.push(await hide(tx, queue, { handle, forMs: forSeconds * 1_000, nowMs }));
        }
        return answers;
      });
      if (settled.ok) waiters.wake(queueKey(at), changes.length);
      return settled;
    },
    counts: (at) =>
      within(at, async (tx, queue) => {
        const nowMs = clock.nowMs();
        await expire(tx, queue, nowMs);
        const hidden = await countHidden(tx, queue, nowMs);
        const tally = await tx.get(tallyRows, contentOf(queue));
        const visible = (tally?.messages ?? 0) - hidden.inFlight - hidden.delayed;
        return { visible: Math.max(0, visible), ...hidden };
      }),
  };
}

type Reading = Pick<MetadataStore, 'listBy'>;

/** Counts what is hidden now, page by page; there are at most as many as may be in flight. */
async function countHidden(store: Reading, queue: QueueRow, nowMs: number) {
  const counts = { inFlight: 0, delayed: 0 };
  const limit = 1_000;
  const bounds = { index: 'visible', ...later(contentOf(queue), nowMs), limit };
  let after: { readonly value: string; readonly key: string } | undefined;
  for (;;) {
    const page = await store.listBy(messageRows, { ...bounds, ...(after ? { after } : {}) });
    for (const { row } of page) counts[row.receives > 0 ? 'inFlight' : 'delayed'] += 1;
    after = page.at(-1);
    if (page.length < limit || after === undefined) return counts;
  }
}

function inQueue(store: MetadataStore) {
  type Work<T> = (tx: Parameters<Parameters<typeof store.write>[0]>[0], queue: QueueRow) => T;
  return async <T>(at: QueueAddress, work: Work<Promise<T>>): Promise<Outcome<T>> =>
    store.write(async (tx) => {
      const queue = await tx.get(queueRows, queueKey(at));
      return queue === undefined ? missing : ok(await work(tx, queue));
    });
}

type Administration = 'create' | 'find' | 'list' | 'sources' | 'update' | 'remove' | 'purge';

function administration({ store, clock, random }: QueueParts): Pick<Queues, Administration> {
  const within = inQueue(store);
  return {
    create: (at, { settings, tags }) =>
      store.write(async (tx) => {
        const found = await tx.get(queueRows, queueKey(at));
        if (found) return { queue: found, made: false };
        const nowMs = clock.nowMs();
        const identity = { address: at, id: uuid(random), generation: 0 };
        const times = { createdAtMs: nowMs, modifiedAtMs: nowMs };
        const queue: QueueRow = { ...identity, settings, tags, ...times };
        await tx.put(queueRows, queueKey(at), queue);
        return { queue, made: true };
      }),
    find: (at) => store.get(queueRows, queueKey(at)),
    async list({ account, region }, { prefix = '', after, limit }) {
      const start = `${account}/${region}/`;
      const range = { prefix: `${start}${prefix}`, limit };
      const beyond = after === undefined ? {} : { after: `${start}${after}` };
      return (await store.list(queueRows, { ...range, ...beyond })).map(({ row }) => row);
    },
    async sources(deadLetterArn, { after, limit }) {
      const range = { index: 'deadLetter', equals: deadLetterArn, limit };
      const beyond = after === undefined ? {} : { after: { value: deadLetterArn, key: after } };
      return (await store.listBy(queueRows, { ...range, ...beyond })).map(({ row }) => row);
    },
    update: (at, change) =>
      within(at, async (tx, queue) => {
        const next = { ...queue, ...change(queue), modifiedAtMs: clock.nowMs() };
        await tx.put(queueRows, queueKey(at), next);
        return next;
      }),
    remove: (at) =>
      within(at, async (tx, queue) => {
        await tx.delete(queueRows, queueKey(at));
        await tx.put(doomedRows, contentOf(queue), { content: contentOf(queue) });
      }),
    purge: (at) =>
      within(at, async (tx, queue) => {
        const next = { ...queue, generation: queue.generation + 1 };
        const nextSequence = (await tx.get(tallyRows, contentOf(queue)))?.nextSequence ?? 1;
        await tx.put(tallyRows, contentOf(next), { messages: 0, nextSequence });
        await tx.put(queueRows, queueKey(at), next);
        await tx.put(doomedRows, contentOf(queue), { content: contentOf(queue) });
      }),
  };
}
