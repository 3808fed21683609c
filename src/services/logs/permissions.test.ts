/** What operations ask permission for. */
import { expect, test } from 'vitest';
import { mount } from '../../wire/operation.ts';
import { logs, logsPermissions } from './index.ts';
import { makeCall, processing, scope, setup } from './logs.fixture.ts';

const groupArn = (name: string, account = scope.account) =>
  `arn:aws:logs:${scope.region}:${account}:log-group:${name}`;
const streams = `${groupArn(processing)}:log-stream:`;

test.each<[string, object, string]>([
  ['DescribeLogGroups', {}, `logs:DescribeLogGroups ${groupArn('')}:log-stream:`],
  ['DescribeLogStreams', { logGroupName: processing }, `logs:DescribeLogStreams ${streams}`],
  [
    'FilterLogEvents',
    { logGroupIdentifier: `${groupArn(processing)}:*` },
    `logs:FilterLogEvents ${streams}`,
  ],
  [
    'GetLogEvents',
    { logGroupName: processing, logStreamName: 'job/algo-1' },
    `logs:GetLogEvents ${streams}job/algo-1`,
  ],
  [
    'GetLogEvents',
    { logGroupIdentifier: groupArn('g', '444455556666'), logStreamName: 's' },
    `logs:GetLogEvents ${groupArn('g', '444455556666')}:log-stream:s`,
  ],
])('%s %j', async (operation, input, expected) => {
  const { programLogs } = await setup();
  const guarded = { operations: logs, permissions: logsPermissions };
  const checks = await mount('logs', guarded, { programLogs }).needs(operation, input, makeCall());
  if (checks === 'open') throw new Error(`${operation} is open`);
  expect(checks.map(({ action, resource }) => `${action} ${resource}`)).toEqual([expected]);
});
