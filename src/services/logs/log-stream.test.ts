/** Streams of a group: in order of names or of last events, page by page. */
import type { DescribeLogStreamsRequest } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import type { LogsCtx } from './context.ts';
import { describeLogStreams } from './log-stream.ts';
import { processing, scope, setup, startMs } from './logs.fixture.ts';

async function pages(input: DescribeLogStreamsRequest, ctx: LogsCtx): Promise<string[][]> {
  const found: string[][] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = { ...input, ...(token === undefined ? {} : { nextToken: token }) };
    const told = await describeLogStreams(page, ctx);
    found.push(told.logStreams?.map(({ logStreamName = '' }) => logStreamName) ?? []);
    token = told.nextToken;
  }
  return found;
}

test('a stream says when it began and when it last went on', async () => {
  const { ctx, job } = await setup();
  const stream = job('one', ['a', 'b', 'c'], { atMs: 10 });
  const told = await describeLogStreams({ logGroupName: processing }, ctx);
  const group = `arn:aws:logs:eu-west-1:111122223333:log-group:${processing}`;
  expect(told).toEqual({
    logStreams: [
      {
        logStreamName: stream,
        creationTime: startMs + 10,
        firstEventTimestamp: startMs + 10,
        lastEventTimestamp: startMs + 12,
        lastIngestionTime: startMs + 12,
        uploadSequenceToken: expect.any(String),
        arn: `${group}:log-stream:${stream}`,
        storedBytes: 0,
      },
    ],
  });
});

test('by name, by last event, up and down, in pages', async () => {
  const { ctx, job } = await setup();
  const b = job('b', ['x'], { atMs: 0 });
  const c = job('c', ['x'], { atMs: 1 });
  const a = job('a', ['x'], { atMs: 2 });
  job('d', ['x'], { of: { ...scope, account: '999999999999' } });
  const of = { logGroupName: processing, limit: 2 };
  const orderBy = 'LastEventTime' as const;
  expect(await pages(of, ctx)).toEqual([[a, b], [c]]);
  expect(await pages({ ...of, descending: true }, ctx)).toEqual([[c, b], [a]]);
  expect(await pages({ ...of, orderBy }, ctx)).toEqual([[b, c], [a]]);
  expect(await pages({ ...of, orderBy, descending: true }, ctx)).toEqual([[a, c], [b]]);
});

test('the streams of one job alone, and no further page', async () => {
  const { ctx, job } = await setup();
  const stream = job('one', ['x']);
  job('one-more', ['x']);
  const of = { logGroupName: processing, logStreamNamePrefix: 'one/', limit: 1 };
  expect(await pages({ ...of, orderBy: 'LogStreamName' }, ctx)).toEqual([[stream]]);
  expect(await pages({ ...of, logStreamNamePrefix: 'none' }, ctx)).toEqual([[]]);
  expect(await pages({ ...of, logStreamNamePrefix: '../' }, ctx)).toEqual([[]]);
});

test('a group may be named by its ARN', async () => {
  const { ctx, server } = await setup();
  const stream = server('churn', 'blue', 'up');
  const arn = 'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/churn';
  for (const logGroupIdentifier of [arn, `${arn}:*`, '/aws/sagemaker/Endpoints/churn']) {
    expect(await pages({ logGroupIdentifier }, ctx)).toEqual([[stream]]);
  }
  for (const logGroupIdentifier of [arn.replace('111122223333', '999999999999'), `${arn}x`]) {
    await expect(pages({ logGroupIdentifier }, ctx)).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
  }
});

test.each([
  ['/aws/sagemaker/ProcessingJobs'],
  ['/aws/sagemaker/Endpoints/gone'],
  ['/aws/sagemaker/Endpoints/'],
  ['/aws/sagemaker/Endpoints/../processing-jobs'],
  ['/aws/sagemaker/TrainingJobs'],
  ['anything'],
])('there is no group %s', async (logGroupName) => {
  const { ctx } = await setup();
  await expect(describeLogStreams({ logGroupName }, ctx)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
});

test.each([
  [{}, 'required'],
  [{ logGroupName: processing, logGroupIdentifier: processing }, 'mutually exclusive'],
  [
    { logGroupName: processing, orderBy: 'LastEventTime' as const, logStreamNamePrefix: 'a' },
    'Cannot order by LastEventTime with a logStreamNamePrefix.',
  ],
  [{ logGroupName: processing, nextToken: 'eyJ9' }, 'nextToken'],
])('%j is refused', async (input, message) => {
  const { ctx, job } = await setup();
  job('one', ['x']);
  await expect(describeLogStreams(input, ctx)).rejects.toMatchObject({
    code: 'InvalidParameterException',
    message: expect.stringContaining(message),
  });
});

test('a token of one order is refused in another', async () => {
  const { ctx, job } = await setup();
  for (const name of ['a', 'b']) job(name, ['x']);
  const of = { logGroupName: processing, limit: 1 };
  const { nextToken } = await describeLogStreams(of, ctx);
  await expect(
    describeLogStreams({ ...of, nextToken, descending: true }, ctx),
  ).rejects.toMatchObject({ code: 'InvalidParameterException' });
});
