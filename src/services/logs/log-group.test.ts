/** Groups exist once something was printed, and only for the account and region of the caller. */
import { expect, test } from 'vitest';
import { functionLog, transformLog } from '../../engines/logs/names.ts';
import { describeLogGroups } from './log-group.ts';
import { processing, scope, setup, startMs } from './logs.fixture.ts';

const namesOf = ({ logGroups }: Awaited<ReturnType<typeof describeLogGroups>>) =>
  logGroups?.map(({ logGroupName }) => logGroupName);

test('one group for each kind of job, each endpoint and each function, none before', async () => {
  const { ctx, job, server, programLogs } = await setup();
  expect(await describeLogGroups({}, ctx)).toEqual({ logGroups: [] });
  job('one', ['a']);
  job('elsewhere', ['a'], { of: { ...scope, region: 'us-east-1' } });
  server('churn', 'blue', 'up');
  server('churn', 'green', 'up');
  server('a', 'AllTraffic', 'up');
  const told = await describeLogGroups({}, ctx);
  expect(namesOf(told)).toEqual([
    '/aws/sagemaker/Endpoints/a',
    '/aws/sagemaker/Endpoints/churn',
    processing,
  ]);
  const arn = `arn:aws:logs:eu-west-1:111122223333:log-group:${processing}`;
  expect(told.logGroups?.at(-1)).toEqual({
    logGroupName: processing,
    creationTime: expect.any(Number),
    metricFilterCount: 0,
    arn: `${arn}:*`,
    logGroupArn: arn,
    storedBytes: 0,
    logGroupClass: 'STANDARD',
  });
  programLogs.append(transformLog({ scope, name: 't', createdAtMs: startMs }), 'x');
  expect(namesOf(await describeLogGroups({}, ctx))).toContain('/aws/sagemaker/TransformJobs');
  programLogs.append(functionLog({ scope, name: 'rotate' }, 'a secret and a token'), 'x');
  expect(namesOf(await describeLogGroups({}, ctx))?.[0]).toBe('/aws/lambda/rotate');
});

test('by prefix, by a part of the name, by class, in pages', async () => {
  const { ctx, job, server } = await setup();
  job('one', ['a']);
  for (const name of ['a', 'b', 'c']) server(name, 'v', 'up');
  const endpoints = '/aws/sagemaker/Endpoints/';
  const first = await describeLogGroups({ logGroupNamePrefix: endpoints, limit: 2 }, ctx);
  expect(namesOf(first)).toEqual([`${endpoints}a`, `${endpoints}b`]);
  const { nextToken } = first;
  const second = await describeLogGroups({ logGroupNamePrefix: endpoints, nextToken }, ctx);
  expect(namesOf(second)).toEqual([`${endpoints}c`]);
  expect(second.nextToken).toBeUndefined();
  const found = await describeLogGroups({ logGroupNamePattern: 'Jobs' }, ctx);
  expect(found.logGroups?.map((group) => Object.keys(group).sort())).toEqual([
    ['arn', 'creationTime', 'logGroupName'],
  ]);
  expect(namesOf(await describeLogGroups({ logGroupClass: 'INFREQUENT_ACCESS' }, ctx))).toEqual([]);
});

test.each([
  [{ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' }, 'InvalidParameterException'],
  [{ nextToken: 'x' }, 'InvalidParameterException'],
  [{ nextToken: Buffer.from('["streams","a"]').toString('base64url') }, 'InvalidParameter'],
  [{ includeLinkedAccounts: true }, 'NotImplemented'],
  [{ accountIdentifiers: ['111122223333'] }, 'NotImplemented'],
])('%j is refused', async (input, code) => {
  const { ctx } = await setup();
  const refusal = { code: expect.stringContaining(code) };
  await expect(describeLogGroups(input, ctx)).rejects.toMatchObject(refusal);
});
