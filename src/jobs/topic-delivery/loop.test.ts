/** Delivery to queues: documents and their signatures, filters, order, dead letters. */
import { describe, expect, test } from 'vitest';
import { queueArn } from '../../engines/queues/rows.ts';
import { deliveryRows, laneRows, messageRows, topicArn } from '../../engines/topics/rows.ts';
import { defined } from '../../kernel/assert.ts';
import {
  arn,
  at,
  letsIn,
  open,
  place,
  publicUrl,
  published,
  settingsWith,
  start,
  verifies,
} from './delivery.fixture.ts';

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
    await queues.create({ ...place, name: 'dead' }, { settings: open, tags: {} });
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
  await queues.create(queue, {
    settings: { ...settingsWith(letsIn(topicArn(fifo))), fifo: true },
    tags: {},
  });
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

test('what a server that died had claimed is served at once by the next', async () => {
  const { topics, clock, read, tick, addQueue } = await start();
  await addQueue('q');
  await topics.publish(arn, { message: 'a' });
  expect(await topics.deliveries.claim(clock.nowMs(), 10)).toHaveLength(1);
  await tick();
  expect(await read('q')).toHaveLength(1);
});

test('a lane whose worker died is served again when its lease has passed', async () => {
  const { topics, clock, read, tick, addQueue } = await start();
  await addQueue('q');
  await tick();
  await topics.publish(arn, { message: 'a' });
  expect(await topics.deliveries.claim(clock.nowMs(), 10)).toHaveLength(1);
  const againMs = await tick();
  expect(await read('q')).toEqual([]);
  clock.moveTo(againMs);
  await tick();
  expect(await read('q')).toHaveLength(1);
});
