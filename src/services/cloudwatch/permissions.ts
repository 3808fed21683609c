/**
 * What each operation needs permission for, by the service's authorization reference: alarms have
 * names, data has none but its namespace.
 */
import type { Tag } from '@aws-sdk/client-cloudwatch';
import { alarmKey, alarms } from '../../engines/alarms/rows.ts';
import { formatArn, parseArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import type { CloudWatchCtx } from './context.ts';
import type { cloudwatch } from './index.ts';

type Keys = Readonly<Record<string, KeyValue>>;
type Ctx = CloudWatchCtx;

/** `*` is any alarm. */
function onAlarm(action: string, name: string, ctx: Ctx, keys: Keys = {}): Check {
  return {
    action,
    resource: formatArn(ctx.scope, 'cloudwatch', `alarm:${name}`),
    keys,
    resourceTags: async () => (await ctx.store.get(alarms, alarmKey(ctx.scope, name)))?.tags ?? {},
  };
}

interface Names {
  readonly AlarmNames: readonly string[] | undefined;
}

/** One for each name; the operation refuses more than it takes. */
function onAlarms(action: string) {
  return ({ AlarmNames: names = [] }: Names, ctx: Ctx): readonly Check[] =>
    [...new Set(names)].map((name) => onAlarm(action, name, ctx));
}

function onAny(action: string) {
  return (): Check => ({ action, resource: '*' });
}

function onResource(action: string, arn: string | undefined, ctx: Ctx, keys: Keys = {}): Check {
  const parsed = parseArn(arn ?? '');
  if (!parsed.ok) return { action, resource: '*', keys };
  const { account, region, resource } = parsed.value;
  const [, name] = /^alarm:(.+)$/s.exec(resource) ?? [];
  const here = account === ctx.scope.account && region === ctx.scope.region;
  if (here && name !== undefined) return onAlarm(action, name, ctx, keys);
  return { action, resource: arn ?? '*', keys, owner: account };
}

function tagKeys(tags: readonly Tag[] = []): Keys {
  if (tags.length === 0) return {};
  const each = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(each), 'aws:tagkeys': tags.map(({ Key = '' }) => Key) };
}

export const cloudwatchPermissions: Permissions<typeof cloudwatch, Ctx> = {
  PutMetricData: ({ Namespace = '' }) => ({
    action: 'cloudwatch:PutMetricData',
    resource: '*',
    keys: { 'cloudwatch:namespace': Namespace },
  }),
  GetMetricData: onAny('cloudwatch:GetMetricData'),
  GetMetricStatistics: onAny('cloudwatch:GetMetricStatistics'),
  ListMetrics: onAny('cloudwatch:ListMetrics'),
  PutMetricAlarm(input, ctx) {
    const { AlarmName = '', Tags } = input;
    const actions = [input.AlarmActions, input.OKActions, input.InsufficientDataActions];
    const keys = {
      ...tagKeys(Tags),
      'cloudwatch:alarmactions': actions.flatMap((list) => list ?? []),
    };
    const put = onAlarm('cloudwatch:PutMetricAlarm', AlarmName, ctx, keys);
    return Tags?.length ? [put, { ...put, action: 'cloudwatch:TagResource' }] : put;
  },
  DescribeAlarms: (_, ctx) => onAlarm('cloudwatch:DescribeAlarms', '*', ctx),
  DescribeAlarmsForMetric: onAny('cloudwatch:DescribeAlarmsForMetric'),
  DescribeAlarmHistory: ({ AlarmName = '*' }, ctx) =>
    onAlarm('cloudwatch:DescribeAlarmHistory', AlarmName, ctx),
  SetAlarmState: ({ AlarmName = '' }, ctx) => onAlarm('cloudwatch:SetAlarmState', AlarmName, ctx),
  EnableAlarmActions: onAlarms('cloudwatch:EnableAlarmActions'),
  DisableAlarmActions: onAlarms('cloudwatch:DisableAlarmActions'),
  DeleteAlarms: onAlarms('cloudwatch:DeleteAlarms'),
  TagResource: ({ ResourceARN, Tags }, ctx) =>
    onResource('cloudwatch:TagResource', ResourceARN, ctx, tagKeys(Tags)),
  UntagResource: ({ ResourceARN, TagKeys = [] }, ctx) =>
    onResource('cloudwatch:UntagResource', ResourceARN, ctx, { 'aws:tagkeys': TagKeys }),
  ListTagsForResource: ({ ResourceARN }, ctx) =>
    onResource('cloudwatch:ListTagsForResource', ResourceARN, ctx),
};
