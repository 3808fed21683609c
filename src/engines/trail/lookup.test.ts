/** Looking events up: by each attribute, in pages, over what is sealed and what is not. */
import { expect, test } from 'vitest';
import { dayMs } from '../../kernel/clock.ts';
import { mayHold, TextFilter } from './filter.ts';
import { InvalidPosition, type LookupQuery } from './lookup.ts';
import { account, startMs, type TestTrail, testTrail } from './trail.fixture.ts';

const wide = { startMs: startMs - dayMs, endMs: startMs + dayMs, limit: 50 };

async function ids(bench: TestTrail, query: Partial<LookupQuery> = {}): Promise<readonly string[]> {
  const { events } = await bench.trail.lookup({ ...wide, ...query });
  return events.map(({ eventID }) => eventID);
}

const arn = `arn:aws:s3:::bucket-of-${account}`;

async function filled(): Promise<TestTrail> {
  const bench = testTrail();
  await bench.record({ eventID: 'a', eventName: 'CreateModel' }, { eventID: 'b', readOnly: true });
  await bench.trail.seal();
  await bench.record({
    eventID: 'c',
    userIdentity: { type: 'Root', accessKeyId: 'AKIAROOT' },
    eventSource: 's3.amazonaws.com',
    resources: [{ accountId: account, type: 'AWS::S3::Bucket', ARN: arn }],
  });
  await bench.trail.seal();
  await bench.record({ eventID: 'd' });
  return bench;
}

test('newest first, whether it is sealed or still being written', async () => {
  expect(await ids(await filled())).toEqual(['d', 'c', 'b', 'a']);
});

test.each([
  ['EventId', 'b', ['b']],
  ['EventName', 'CreateModel', ['a']],
  ['EventName', 'createmodel', []],
  ['ReadOnly', 'true', ['b']],
  ['Username', 'root', ['c']],
  ['Username', 'ada', ['d', 'b', 'a']],
  ['ResourceType', 'AWS::S3::Bucket', ['c']],
  ['ResourceName', arn, ['c']],
  ['ResourceName', `bucket-of-${account}`, ['c']],
  ['EventSource', 's3.amazonaws.com', ['c']],
  ['AccessKeyId', 'AKIAROOT', ['c']],
  ['AccessKeyId', 'AKIANOBODY', []],
] as const)('by %s %s', async (name, value, expected) => {
  expect(await ids(await filled(), { attribute: { name, value } })).toEqual(expected);
});

test('pages go on where the last one ended, also when a stretch was sealed meanwhile', async () => {
  const bench = await filled();
  const first = await bench.trail.lookup({ ...wide, limit: 1 });
  expect(first.events.map(({ eventID }) => eventID)).toEqual(['d']);
  await bench.trail.seal();
  await bench.record({ eventID: 'e' });
  const found: string[] = [];
  let { after } = first;
  while (after !== undefined) {
    const page = await bench.trail.lookup({ ...wide, limit: 2, after });
    found.push(...page.events.map(({ eventID }) => eventID));
    after = page.after;
  }
  expect(found).toEqual(['c', 'b', 'a']);
});

test('a page opens so many stretches, and the next goes on behind them', async () => {
  const bench = testTrail();
  for (let i = 0; i < 60; i += 1) {
    await bench.record({ eventID: i === 0 ? 'first' : `e${i}`, awsRegion: i ? 'x' : 'y' });
    await bench.trail.seal();
  }
  const page = await bench.trail.lookup({ ...wide, region: 'y' });
  expect(page.events).toEqual([]);
  const { after = '' } = page;
  const next = await bench.trail.lookup({ ...wide, region: 'y', after });
  expect(next.events.map(({ eventID }) => eventID)).toEqual(['first']);
  expect(next.after).toBeUndefined();
});

test('only what is asked for by time, account, region and category', async () => {
  const bench = testTrail();
  await bench.record(
    { eventID: 'a' },
    { eventID: 'b', recipientAccountId: '444455556666' },
    { eventID: 'c', awsRegion: 'us-east-1' },
    { eventID: 'd', eventCategory: 'Data', managementEvent: false },
  );
  expect(await ids(bench, { startMs: startMs + 2_000, endMs: startMs + 3_000 })).toEqual([
    ...['c', 'b'],
  ]);
  expect(await ids(bench, { account })).toEqual(['c', 'a']);
  expect(await ids(bench, { region: 'eu-west-1' })).toEqual(['b', 'a']);
  expect(await ids(bench, { data: true })).toEqual(['d', 'c', 'b', 'a']);
});

test('a position that no page answered is refused', async () => {
  const { trail } = await filled();
  await expect(trail.lookup({ ...wide, after: 'x' })).rejects.toThrow(InvalidPosition);
});

test('filters never miss what they hold, are seldom wrong, and fold to what they need', () => {
  const filter = new TextFilter();
  expect(filter.folded().length).toBeLessThan(100);
  for (let i = 0; i < 8_000; i += 1) filter.add(`EventId=${i}`);
  const folded = filter.folded();
  const held = (mark: string) =>
    Array.from({ length: 1_000 }, (_, i) => mayHold(folded, `EventId=${mark}${i}`)).filter(Boolean);
  expect(held('')).toHaveLength(1_000);
  expect(held('x').length).toBeLessThan(60);
  const few = new TextFilter();
  for (let i = 0; i < 100; i += 1) few.add(`Username=${i}`);
  expect(few.folded().length).toBeLessThan(400);
  expect(mayHold(few.folded(), 'Username=7')).toBe(true);
});
