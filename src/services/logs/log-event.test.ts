/** Events of one stream, from either end, until the same token comes back. */
import { expect, test } from 'vitest';
import { getLogEvents } from './log-event.ts';
import { numbered, processing, setup, startMs } from './logs.fixture.ts';

const messages = ({ events }: Awaited<ReturnType<typeof getLogEvents>>) =>
  events?.map(({ message }) => message);

test('from the head, page by page, to the same token', async () => {
  const { ctx, job } = await setup();
  const of = { logGroupName: processing, logStreamName: job('one', numbered(5)) };
  const first = await getLogEvents({ ...of, startFromHead: true, limit: 2 }, ctx);
  expect(first.events?.[1]).toEqual({
    timestamp: startMs + 1,
    message: 'line 1',
    ingestionTime: startMs + 1,
  });
  const next = { ...of, startFromHead: true, nextToken: first.nextForwardToken };
  const second = await getLogEvents(next, ctx);
  expect(messages(second)).toEqual(['line 2', 'line 3', 'line 4']);
  expect(first.nextForwardToken).toMatch(/^f\/\d{56}$/);
  const end = await getLogEvents({ ...next, nextToken: second.nextForwardToken }, ctx);
  expect(end.events).toEqual([]);
  expect(end.nextForwardToken).toBe(second.nextForwardToken);
  // What is printed later is behind that token.
  job('one', ['later'], { atMs: 50 });
  const later = await getLogEvents({ ...next, nextToken: end.nextForwardToken }, ctx);
  expect(messages(later)).toEqual(['later']);
});

test('the last ones unless told otherwise, then those before', async () => {
  const { ctx, job } = await setup();
  const of = { logGroupName: processing, logStreamName: job('one', numbered(5)), limit: 2 };
  const last = await getLogEvents(of, ctx);
  expect(messages(last)).toEqual(['line 3', 'line 4']);
  const before = await getLogEvents({ ...of, nextToken: last.nextBackwardToken }, ctx);
  expect(messages(before)).toEqual(['line 1', 'line 2']);
  const again = await getLogEvents({ ...of, nextToken: before.nextForwardToken }, ctx);
  expect(messages(again)).toEqual(['line 3', 'line 4']);
  const first = await getLogEvents({ ...of, nextToken: before.nextBackwardToken }, ctx);
  const end = await getLogEvents({ ...of, nextToken: first.nextBackwardToken }, ctx);
  expect([messages(first), messages(end)]).toEqual([['line 0'], []]);
  expect(end.nextBackwardToken).toBe(first.nextBackwardToken);
});

test('of a time: the start is included, the end is not', async () => {
  const { ctx, job } = await setup();
  const of = { logGroupName: processing, logStreamName: job('one', numbered(5)) };
  const times = { startTime: startMs + 1, endTime: startMs + 3, startFromHead: true };
  expect(messages(await getLogEvents({ ...of, ...times }, ctx))).toEqual(['line 1', 'line 2']);
  const none = { ...of, startTime: startMs + 9, startFromHead: true };
  const told = await getLogEvents(none, ctx);
  expect(told.events).toEqual([]);
  const next = await getLogEvents({ ...none, nextToken: told.nextForwardToken }, ctx);
  expect(next.nextForwardToken).toBe(told.nextForwardToken);
});

test('a page is at most a mebibyte', async () => {
  const { ctx, job } = await setup();
  const lines = Array.from({ length: 20 }, () => 'x'.repeat(100_000));
  const of = { logGroupName: processing, logStreamName: job('one', lines), startFromHead: true };
  expect((await getLogEvents(of, ctx)).events?.length).toBe(10);
});

test.each(['gone/algo-1-0', '../one', 'one', '/', '\u0000'])('no stream %j', async (name) => {
  const { ctx, job } = await setup();
  job('one', ['x']);
  const input = { logGroupName: processing, logStreamName: name };
  await expect(getLogEvents(input, ctx)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: 'The specified log stream does not exist.',
  });
});

test.each(['f/1', 'x/0', `f/${'9'.repeat(56)}`, `b/${'0'.repeat(57)}`])(
  'the token %s is refused',
  async (nextToken) => {
    const { ctx, job } = await setup();
    const logStreamName = job('one', ['x']);
    const input = { logGroupName: processing, logStreamName, nextToken };
    await expect(getLogEvents(input, ctx)).rejects.toMatchObject({
      code: 'InvalidParameterException',
      message: 'The specified nextToken is invalid.',
    });
  },
);
