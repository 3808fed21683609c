/** Queues over the memory store and a clock that moves on command, or as receivers wait. */
import { expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { defined } from '../../kernel/assert.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import { queueLimits } from './limits.ts';
import { makeQueues } from './queues.ts';
import {
  bodyRows,
  groupRows,
  messageRows,
  type QueueSettings,
  queueArn,
  seenRows,
  tallyRows,
} from './rows.ts';
import type { NewMessage } from './send.ts';

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
const at = { partition: 'aws', region: 'eu-west-1', account: '111122223333', name: 'jobs' };
const signal = new AbortController().signal;

function message(body: string, more: Partial<NewMessage> = {}): NewMessage {
  return { body, attributes: {}, system: {}, senderId: 'AIDA', ...more };
}

function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

async function start(change: Partial<QueueSettings> = {}, inFlightLimit?: number) {
  const store = memoryMetadataStore();
  const clock = new VirtualClock(1_700_000_000_000);
  const waits: number[] = [];
  const queues = makeQueues({
    store,
    clock,
    random: seededRandom(7),
    // Waiting is what moves the clock here; a turn of the event loop lets others act.
    async wait(ms, until) {
      waits.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      if (!until.aborted) clock.moveTo(clock.nowMs() + ms);
    },
    ...(inFlightLimit === undefined ? {} : { inFlightLimit }),
  });
  await queues.create(at, { settings: { ...settings, ...change }, tags: {} });
  const receive = async (limit = 10, more = {}) => {
    const got = value(await queues.receive(at, { limit, signal, ...more }));
    if (got === 'overLimit') throw new Error('over the limit');
    return got;
  };
  const bodies = async (limit?: number) => (await receive(limit)).map(({ body }) => body);
  const pass = (ms: number) => clock.moveTo(clock.nowMs() + ms);
  const send = async (...all: NewMessage[]) => value(await queues.send(at, all));
  return { store, clock, queues, waits, receive, bodies, pass, send };
}

test('a message is hidden while it is worked on, comes back, and goes when deleted', async () => {
  const { queues, receive, pass, send } = await start();
  await send(message('a'));
  const first = defined((await receive())[0], 'a message');
  expect(first).toMatchObject({ body: 'a', receives: 1 });
  expect(await receive()).toEqual([]);
  pass(29_999);
  expect(await receive()).toEqual([]);
  pass(1);
  const second = defined((await receive())[0], 'the message again');
  expect(second.receives).toBe(2);
  expect(second.firstReceivedAtMs).toBe(first.firstReceivedAtMs);
  expect(value(await queues.settle(at, [first.receiptHandle]))).toEqual(['stale']);
  expect(value(await queues.settle(at, [second.receiptHandle]))).toEqual(['done']);
  pass(60_000);
  expect(await receive()).toEqual([]);
});

test('a receive takes at most what it asks for, and each message once', async () => {
  const { bodies, send } = await start();
  await send(...['a', 'b', 'c', 'd', 'e'].map((body) => message(body)));
  expect(await bodies(2)).toEqual(['a', 'b']);
  expect(await bodies(10)).toEqual(['c', 'd', 'e']);
});

test('delays hold messages back, the message before the queue', async () => {
  const { bodies, pass, send, queues } = await start({ delaySeconds: 10 });
  await send(message('later'), message('now', { delaySeconds: 0 }));
  expect(value(await queues.counts(at))).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  expect(await bodies()).toEqual(['now']);
  pass(10_000);
  expect(await bodies()).toEqual(['later']);
});

test('counts add up', async () => {
  const { queues, receive, send } = await start();
  await send(...['a', 'b', 'c'].map((body) => message(body)));
  const [taken] = await receive(1);
  expect(value(await queues.counts(at))).toEqual({ visible: 2, inFlight: 1, delayed: 0 });
  await queues.settle(at, [defined(taken, 'a message').receiptHandle]);
  expect(value(await queues.counts(at))).toEqual({ visible: 2, inFlight: 0, delayed: 0 });
});

test('visibility can be shortened, and not be stretched past twelve hours', async () => {
  const { queues, receive, pass, send } = await start();
  await send(message('a'));
  const { receiptHandle: handle } = defined((await receive())[0], 'a message');
  const hide = async (forSeconds: number) => value(await queues.hide(at, [{ handle, forSeconds }]));
  pass(10_000);
  expect(await hide(43_200)).toEqual(['tooLong']);
  expect(await hide(0)).toEqual(['done']);
  expect(await hide(30)).toEqual(['stale']);
  expect(await receive()).toHaveLength(1);
});

test('a handle of another queue is invalid, as is one of none', async () => {
  const { queues, receive, send } = await start();
  const other = { ...at, name: 'other' };
  await queues.create(other, { settings, tags: {} });
  await send(message('a'));
  const { receiptHandle } = defined((await receive())[0], 'a message');
  expect(value(await queues.settle(other, [receiptHandle, 'rubbish']))).toEqual([
    'invalid',
    'invalid',
  ]);
});

test('what was received too often goes to the dead letters, identity kept', async () => {
  const dead = { ...at, name: 'dead' };
  const deadLetter = { targetArn: queueArn(dead), maximumReceives: 2 };
  const { queues, receive, pass, send } = await start({ deadLetter });
  await queues.create(dead, { settings, tags: {} });
  const attributes = { kind: { type: 'String', text: 'x' } };
  const [sent] = await send(message('poison', { attributes }));
  for (const _ of [1, 2]) {
    expect(await receive()).toHaveLength(1);
    pass(30_000);
  }
  expect(await receive()).toEqual([]);
  const [letter] = value(await queues.receive(dead, { limit: 10, signal })) as object[];
  expect(letter).toMatchObject({
    body: 'poison',
    attributes,
    messageId: sent?.messageId,
    receives: 1,
    deadLetterSourceArn: queueArn(at),
  });
  expect(value(await queues.counts(at))).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  const sources = await queues.sources(queueArn(dead), { limit: 10 });
  expect(sources.map(({ address }) => address.name)).toEqual(['jobs']);
});

test('without its dead-letter queue a message goes on being delivered', async () => {
  const targetArn = queueArn({ ...at, name: 'gone' });
  const { receive, pass, send } = await start({ deadLetter: { targetArn, maximumReceives: 1 } });
  await send(message('a'));
  for (const receives of [1, 2, 3]) {
    expect(await receive()).toMatchObject([{ receives }]);
    pass(30_000);
  }
});

test('messages older than the queue keeps are gone, received or not', async () => {
  const { queues, bodies, pass, send, store } = await start({ retentionSeconds: 60 });
  await send(message('old'));
  pass(40_000);
  await send(message('young'));
  pass(20_000);
  expect(await bodies()).toEqual(['young']);
  expect(value(await queues.counts(at))).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  expect(await store.list(bodyRows, { limit: 10 })).toHaveLength(1);
});

test('a waiting receiver is woken by a message, long before its time', async () => {
  const { clock, receive, send, waits } = await start();
  const beganMs = clock.nowMs();
  const waiting = receive(1, { waitSeconds: 20 });
  await send(message('a'));
  expect(await waiting).toHaveLength(1);
  expect(clock.nowMs() - beganMs).toBeLessThanOrEqual(1_000 * Math.max(1, waits.length));
});

test('a waiting receiver sees what becomes visible while it waits', async () => {
  const { clock, receive, send } = await start({ visibilitySeconds: 5 });
  await send(message('a'));
  await receive();
  const beganMs = clock.nowMs();
  expect(await receive(1, { waitSeconds: 20 })).toMatchObject([{ body: 'a', receives: 2 }]);
  expect(clock.nowMs() - beganMs).toBe(5_000);
});

test('a wait ends empty when its time has passed, and when the caller goes away', async () => {
  const { clock, receive } = await start({ waitSeconds: 3 });
  const beganMs = clock.nowMs();
  expect(await receive()).toEqual([]);
  expect(clock.nowMs() - beganMs).toBe(3_000);
  expect(await receive(1, { waitSeconds: 20, signal: AbortSignal.abort() })).toEqual([]);
  expect(clock.nowMs() - beganMs).toBe(3_000);
});

test('several receivers waiting share what comes, one message each', async () => {
  const { receive, send } = await start();
  const waiting = [1, 2, 3].map(() => receive(1, { waitSeconds: 20 }));
  await send(message('a'), message('b'), message('c'));
  const got = (await Promise.all(waiting)).flat().map(({ body }) => body);
  expect(got.sort()).toEqual(['a', 'b', 'c']);
});

test('too many in flight are refused until some are deleted', async () => {
  const { queues, receive, send } = await start({}, 2);
  await send(...['a', 'b', 'c'].map((body) => message(body)));
  const [first] = await receive(2);
  expect(value(await queues.receive(at, { limit: 1, signal }))).toBe('overLimit');
  await queues.settle(at, [defined(first, 'a message').receiptHandle]);
  expect(await receive(1)).toHaveLength(1);
});

test('a purge empties the queue at once, and the sweeper its rows', async () => {
  const { queues, receive, send, store, clock } = await start();
  const left = async () => [
    (await store.list(messageRows, { limit: 10 })).length,
    (await store.list(bodyRows, { limit: 10 })).length,
    (await store.list(tallyRows, { limit: 10 })).length,
  ];
  await send(message('a'), message('b', { deduplicationId: 'b' }));
  const [taken] = await receive(1);
  await queues.purge(at);
  expect(value(await queues.counts(at))).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  const handle = defined(taken, 'a message').receiptHandle;
  expect(value(await queues.settle(at, [handle]))).toEqual(['stale']);
  await send(message('c'));
  await queues.sweeper.tick(clock.nowMs(), { signal });
  expect(await left()).toEqual([1, 1, 1]);
  expect(await store.list(seenRows, { limit: 10 })).toEqual([]);
  await queues.remove(at);
  expect(await queues.receive(at, { limit: 1, signal })).toMatchObject({ ok: false });
  await queues.sweeper.tick(clock.nowMs(), { signal });
  expect(await left()).toEqual([0, 0, 0]);
});

test('nothing can be sent to a queue that is not there', async () => {
  const { queues } = await start();
  expect(await queues.send({ ...at, name: 'none' }, [message('a')])).toMatchObject({ ok: false });
});

const fifo: Partial<QueueSettings> = { fifo: true };
const inGroup = (body: string, groupId: string) =>
  message(body, { groupId, deduplicationId: `${groupId}${body}` });

test('a FIFO group keeps its order and is blocked while one of it is in flight', async () => {
  const { queues, receive, bodies, pass, send } = await start(fifo);
  await send(inGroup('1', 'a'), inGroup('2', 'a'), inGroup('1', 'b'), inGroup('3', 'a'));
  const first = await receive(2);
  expect(first.map(({ body }) => body)).toEqual(['1', '2']);
  expect(await bodies()).toEqual(['1']);
  expect(await bodies()).toEqual([]);
  await queues.settle(at, [defined(first[0], 'a message').receiptHandle]);
  expect(await bodies()).toEqual([]);
  await queues.settle(at, [defined(first[1], 'a message').receiptHandle]);
  expect(await bodies()).toEqual(['3']);
  pass(30_000);
  expect(await bodies()).toEqual(['1', '3']);
});

test('FIFO order holds under random receives, failures and deletions', async () => {
  const { queues, receive, pass, send } = await start(fifo);
  const seed = 42;
  const random = seededRandom(seed);
  const done: Record<string, string[]> = { a: [], b: [], c: [] };
  const groups = Object.keys(done);
  for (let i = 0; i < 60; i += 1) {
    const group = defined(groups[Math.floor(random.next01() * 3)], 'a group');
    await send(inGroup(String(i).padStart(2, '0'), group));
  }
  let left = 60;
  for (let round = 0; left > 0 && round < 1_000; round += 1) {
    for (const { body, groupId, receiptHandle } of await receive(1 + (round % 4))) {
      // What fails blocks its group, so what comes after it in the same batch fails as well.
      if (random.next01() < 0.3) break;
      done[groupId ?? '']?.push(body);
      expect(value(await queues.settle(at, [receiptHandle]))).toEqual(['done']);
      left -= 1;
    }
    pass(31_000);
  }
  expect(left, `seed ${seed}`).toBe(0);
  for (const bodies of Object.values(done)) expect(bodies).toEqual([...bodies].sort());
});

test('a FIFO queue drops repetitions for five minutes, by id or by content', async () => {
  const { bodies, pass, send } = await start({ ...fifo, contentDeduplication: true });
  const [first] = await send(message('a', { groupId: 'g' }));
  const [again] = await send(message('a', { groupId: 'g' }));
  expect(again?.messageId).toBe(first?.messageId);
  await send(message('a', { groupId: 'g', deduplicationId: 'x' }));
  await send(message('b', { groupId: 'g', deduplicationId: 'x' }));
  pass(queueLimits.deduplicationMs);
  await send(message('b', { groupId: 'g', deduplicationId: 'x' }));
  expect(await bodies()).toEqual(['a', 'a', 'b']);
});

test('repetitions in different groups are kept when the scope is the group', async () => {
  const { bodies, send } = await start({ ...fifo, deduplicationScope: 'group' });
  for (const groupId of ['g', 'h', 'g'])
    await send(message('a', { groupId, deduplicationId: '1' }));
  expect(await bodies()).toEqual(['a', 'a']);
});

test('an emptied FIFO queue leaves no groups behind', async () => {
  const { queues, receive, send, store } = await start(fifo);
  await send(inGroup('1', 'a'), inGroup('1', 'b'));
  const handles = (await receive()).map(({ receiptHandle }) => receiptHandle);
  await queues.settle(at, handles);
  expect(await store.list(groupRows, { limit: 10 })).toEqual([]);
});

test('queues are listed by name within their account and region', async () => {
  const { queues } = await start();
  for (const name of ['b1', 'b2', 'a1']) {
    await queues.create({ ...at, name }, { settings, tags: {} });
  }
  await queues.create({ ...at, region: 'us-east-1', name: 'b3' }, { settings, tags: {} });
  const names = async (page: object) =>
    (await queues.list(at, { limit: 10, ...page })).map(({ address }) => address.name);
  expect(await names({})).toEqual(['a1', 'b1', 'b2', 'jobs']);
  expect(await names({ prefix: 'b' })).toEqual(['b1', 'b2']);
  expect(await names({ after: 'b1' })).toEqual(['b2', 'jobs']);
});
