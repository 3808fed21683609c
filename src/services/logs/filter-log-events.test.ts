/** Events of several streams, merged by time, against a plain sort of all of them. */
import type { FilterLogEventsRequest } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import type { LogsCtx } from './context.ts';
import { filterLogEvents } from './filter-log-events.ts';
import { numbered, processing, setup, startMs } from './logs.fixture.ts';

const of = { logGroupName: processing };

async function everything(input: FilterLogEventsRequest, ctx: LogsCtx) {
  const found = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = { ...input, ...(token === undefined ? {} : { nextToken: token }) };
    const told = await filterLogEvents(page, ctx);
    expect(told.events?.length).toBeLessThanOrEqual(input.limit ?? Infinity);
    found.push(...(told.events ?? []));
    token = told.nextToken;
  }
  return found;
}

/** Three streams whose lines alternate, in times that are shared, and one that comes later. */
async function interleaved() {
  const made = await setup();
  for (let i = 0; i < 60; i += 1) {
    made.job(['b', 'a', 'c'][i % 3] ?? '', [`line ${i}`], { atMs: Math.floor(i / 4) });
  }
  made.job('late', numbered(5, 'late'), { atMs: 100 });
  return made;
}

test.each([1, 7, 1_000])('every event once, in pages of %i', async (limit) => {
  const { ctx } = await interleaved();
  const events = await everything({ ...of, limit }, ctx);
  const expected = Array.from({ length: 60 }, (_, i) => i)
    .map((i) => ({ at: Math.floor(i / 4), job: ['b', 'a', 'c'][i % 3] ?? '', i }))
    .sort((x, y) => x.at - y.at || (x.job < y.job ? -1 : x.job > y.job ? 1 : x.i - y.i))
    .map(({ i }) => `line ${i}`);
  const all = [...expected, ...numbered(5, 'late')];
  expect(events.map(({ message }) => message)).toEqual(all);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(all.length);
  expect(events[0]).toEqual({
    logStreamName: `a/algo-1-${startMs}`,
    timestamp: startMs,
    message: 'line 1',
    ingestionTime: startMs,
    eventId: expect.stringMatching(/^\d{56}$/),
  });
});

test('of a time: both ends are included', async () => {
  const { ctx } = await interleaved();
  const times = { startTime: startMs + 101, endTime: startMs + 103 };
  const events = await everything({ ...of, ...times, limit: 2 }, ctx);
  expect(events.map(({ message }) => message)).toEqual(['late 1', 'late 2', 'late 3']);
});

test('of streams by prefix or by name', async () => {
  const { ctx } = await interleaved();
  const late = await everything({ ...of, logStreamNamePrefix: 'late/' }, ctx);
  expect(late.map(({ message }) => message)).toEqual(numbered(5, 'late'));
  const names = [`a/algo-1-${startMs}`, `c/algo-1-${startMs}`];
  const two = await everything({ ...of, logStreamNames: names }, ctx);
  expect(new Set(two.map(({ logStreamName }) => logStreamName))).toEqual(new Set(names));
  expect(two.length).toBe(40);
  expect(await everything({ ...of, logStreamNamePrefix: 'none' }, ctx)).toEqual([]);
});

test('a stream longer than what is read of it at a time', async () => {
  const { ctx, job } = await setup();
  job('long', numbered(2_500));
  const events = await everything({ ...of, filterPattern: '' }, ctx);
  expect(events.map(({ message }) => message)).toEqual(numbered(2_500));
});

test.each([
  [{ filterPattern: 'ERROR' }, 'NotImplemented', 'filterPattern'],
  [{ logStreamNames: ['gone'] }, 'ResourceNotFoundException', 'log stream'],
  [{ logStreamNames: ['a'], logStreamNamePrefix: 'a' }, 'InvalidParameter', 'exclusive'],
  [{ nextToken: 'W10' }, 'InvalidParameterException', 'nextToken'],
  [
    { nextToken: Buffer.from('["events",1]').toString('base64url') },
    'InvalidParameterException',
    'nextToken',
  ],
  [{ logGroupName: 'gone' }, 'ResourceNotFoundException', 'log group'],
])('%j is refused', async (input, code, message) => {
  const { ctx, job } = await setup();
  job('one', ['x']);
  await expect(filterLogEvents({ ...of, ...input }, ctx)).rejects.toMatchObject({
    code: expect.stringContaining(code),
    message: expect.stringContaining(message),
  });
});
