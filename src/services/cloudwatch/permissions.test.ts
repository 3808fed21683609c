/** What operations ask permission for. */
import { expect, test } from 'vitest';
import { mount } from '../../wire/operation.ts';
import { cloudwatch, cloudwatchPermissions } from './index.ts';
import { scope, setup, topic } from './setup.fixture.ts';

const arnOf = (name: string) => `arn:aws:cloudwatch:${scope.region}:${scope.account}:alarm:${name}`;

function start() {
  const { parts, ctx } = setup();
  const guarded = { operations: cloudwatch, permissions: cloudwatchPermissions };
  const service = mount('cloudwatch', guarded, parts);
  const needs = async (operation: string, input: object) => {
    const checks = await service.needs(operation, input, ctx);
    if (checks === 'open') throw new Error(`${operation} is open`);
    return checks;
  };
  const run = (operation: string, input: object) => service.call(operation, input, ctx);
  return { needs, run };
}

test.each<[string, object, string]>([
  ['PutMetricData', { Namespace: 'shop' }, 'cloudwatch:PutMetricData *'],
  ['GetMetricData', {}, 'cloudwatch:GetMetricData *'],
  ['ListMetrics', {}, 'cloudwatch:ListMetrics *'],
  ['DescribeAlarms', { AlarmNames: ['a'] }, `cloudwatch:DescribeAlarms ${arnOf('*')}`],
  ['DescribeAlarmHistory', {}, `cloudwatch:DescribeAlarmHistory ${arnOf('*')}`],
  ['DescribeAlarmHistory', { AlarmName: 'a' }, `cloudwatch:DescribeAlarmHistory ${arnOf('a')}`],
  [
    'DeleteAlarms',
    { AlarmNames: ['a', 'b', 'a'] },
    `cloudwatch:DeleteAlarms ${arnOf('a')}, cloudwatch:DeleteAlarms ${arnOf('b')}`,
  ],
  ['PutMetricAlarm', { AlarmName: 'a' }, `cloudwatch:PutMetricAlarm ${arnOf('a')}`],
  [
    'PutMetricAlarm',
    { AlarmName: 'a', Tags: [{ Key: 'k', Value: 'v' }] },
    `cloudwatch:PutMetricAlarm ${arnOf('a')}, cloudwatch:TagResource ${arnOf('a')}`,
  ],
  ['SetAlarmState', { AlarmName: 'a' }, `cloudwatch:SetAlarmState ${arnOf('a')}`],
  ['TagResource', { ResourceARN: arnOf('a') }, `cloudwatch:TagResource ${arnOf('a')}`],
  ['ListTagsForResource', { ResourceARN: 'a' }, 'cloudwatch:ListTagsForResource *'],
])('%s %j', async (operation, input, expected) => {
  const checks = await start().needs(operation, input);
  expect(checks.map(({ action, resource }) => `${action} ${resource}`).join(', ')).toBe(expected);
});

test('conditions may look at namespaces, actions and tags', async () => {
  const { needs, run } = start();
  const [data] = await needs('PutMetricData', { Namespace: 'shop' });
  expect(data?.keys).toEqual({ 'cloudwatch:namespace': 'shop' });
  const alarm = {
    AlarmName: 'a',
    Namespace: 'shop',
    MetricName: 'latency',
    Statistic: 'Average',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    AlarmActions: [topic],
    Tags: [{ Key: 'team', Value: 'ml' }],
  };
  const [put] = await needs('PutMetricAlarm', alarm);
  expect(put?.keys).toEqual({
    'aws:requesttag/team': 'ml',
    'aws:tagkeys': ['team'],
    'cloudwatch:alarmactions': [topic],
  });
  await run('PutMetricAlarm', alarm);
  const [remove] = await needs('DeleteAlarms', { AlarmNames: ['a'] });
  expect(await remove?.resourceTags?.()).toEqual({ team: 'ml' });
});
