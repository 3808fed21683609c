/** Which topics a queue lets in: its own policy says so, and nothing else does. */
import { describe, expect, test } from 'vitest';
import { type QueueSettings, queueArn } from '../../engines/queues/rows.ts';
import { topicArn } from '../../engines/topics/rows.ts';
import { arn, at, letsIn, open, place, settings, settingsWith, start } from './delivery.fixture.ts';

const raw = { RawMessageDelivery: 'true' };
const stranger = topicArn({ ...at, account: '999999999999' });
const everybody = { ...letsIn(), Principal: '*' };
const deny = { ...letsIn(), Effect: 'Deny' };

describe('a queue with a policy that', () => {
  test.each<[string, QueueSettings, boolean]>([
    ['lets in this topic', open, true],
    ['lets in everybody from this topic, as older ones are written', settingsWith(everybody), true],
    [
      'lets in the account of the topic',
      settingsWith({
        ...letsIn(),
        Condition: { StringEquals: { 'aws:SourceAccount': place.account } },
      }),
      true,
    ],
    ['is not there', settings, false],
    ['lets in another topic', settingsWith(letsIn(topicArn({ ...at, name: 'other' }))), false],
    ['lets in a topic of that name of another account', settingsWith(letsIn(stranger)), false],
    ['lets in and denies', settingsWith(letsIn(), deny), false],
    [
      'lets in another service',
      settingsWith({ ...letsIn(), Principal: { Service: 's3.amazonaws.com' } }),
      false,
    ],
    [
      'lets in the users of the account',
      settingsWith({ ...letsIn(), Principal: { AWS: place.account }, Condition: {} }),
      false,
    ],
    ['lets others receive', settingsWith({ ...letsIn(), Action: 'sqs:ReceiveMessage' }), false],
    [
      'is about another queue',
      settingsWith({ ...letsIn(), Resource: queueArn({ ...place, name: 'other' }) }),
      false,
    ],
    ['cannot be read', { ...settings, further: { Policy: '{' } }, false],
  ])('%s', async (_, change, isIn) => {
    const { topics, read, settle, addQueue, warnings } = await start();
    await addQueue('q', raw, change);
    await topics.publish(arn, { message: 'a' });
    await settle();
    expect((await read('q')).map(({ body }) => body)).toEqual(isIn ? ['a'] : []);
    expect(warnings).toHaveLength(isIn ? 0 : 1);
  });
});

test('what is refused is not tried again, and told once until the queue lets it in', async () => {
  const { topics, queues, read, settle, addQueue, warnings, clock } = await start();
  await addQueue('q', raw, settings);
  const begunMs = clock.nowMs();
  for (const message of ['a', 'b', 'c']) await topics.publish(arn, { message });
  await settle();
  expect(clock.nowMs()).toBe(begunMs);
  expect(warnings).toEqual([
    'a queue does not let its topic in: what is published does not reach it',
  ]);
  await queues.update({ ...place, name: 'q' }, () => ({ settings: open }));
  await topics.publish(arn, { message: 'd' });
  await settle();
  expect((await read('q')).map(({ body }) => body)).toEqual(['d']);
  await queues.update({ ...place, name: 'q' }, () => ({ settings }));
  await topics.publish(arn, { message: 'e' });
  await settle();
  expect(warnings).toHaveLength(2);
});

test('what is refused goes to the dead letters, if their queue lets the topic in', async () => {
  const { topics, queues, read, settle, addQueue, warnings } = await start();
  const dead = { ...place, name: 'dead' };
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(dead) });
  await addQueue('q', { ...raw, RedrivePolicy }, settings);
  await queues.create(dead, { settings: open, tags: {} });
  await topics.publish(arn, { message: 'a' });
  await settle();
  const [letter] = await read('dead');
  expect(letter?.body).toBe('a');
  expect(letter?.attributes).toMatchObject({
    ErrorCode: { text: 'AccessDenied' },
    ErrorMessage: {
      text: expect.stringMatching(
        /^User: sns\.amazonaws\.com is not authorized to perform: sqs:SendMessage on resource: /,
      ),
    },
  });
  await queues.update(dead, () => ({ settings }));
  await topics.publish(arn, { message: 'b' });
  await topics.publish(arn, { message: 'c' });
  await settle();
  expect(await read('dead')).toEqual([]);
  expect(warnings).toHaveLength(2);
});
