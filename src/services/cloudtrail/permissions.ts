/** What each operation needs permission for, by the service's authorization reference. */

import { trailKey, trailRows } from '../../engines/trail/digests/rows.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permission, Permissions } from '../../wire/operation.ts';
import type { Ctx } from './context.ts';
import type { cloudtrail } from './index.ts';
import { parseTrailArn, trailArn } from './names.ts';

type Keys = Readonly<Record<string, KeyValue>>;

/** On the trail a name or ARN means; on the text itself when it means none. */
function trailCheck(action: string, nameOrArn: string, ctx: Ctx, keys: Keys = {}): Check {
  const isArn = parseArn(nameOrArn).ok;
  const parsed = isArn ? parseTrailArn(nameOrArn) : undefined;
  const at = parsed?.ok ? parsed.value : { ...ctx.scope, name: nameOrArn };
  return {
    action: `cloudtrail:${action}`,
    resource: isArn ? nameOrArn : trailArn(ctx.scope, nameOrArn),
    owner: at.account,
    keys,
    async resourceTags() {
      const row = await ctx.store.get(trailRows, trailKey(at, at.name));
      return Object.fromEntries((row?.tags ?? []).map(({ key, value = '' }) => [key, value]));
    },
  };
}

function onTrail(action: string): Permission<{ readonly Name: string | undefined }, Ctx> {
  return ({ Name = '' }, ctx) => trailCheck(action, Name, ctx);
}

function onTrailNamed(
  action: string,
): Permission<{ readonly TrailName?: string | undefined }, Ctx> {
  return ({ TrailName = '' }, ctx) =>
    TrailName === '' ? onAll(action) : trailCheck(action, TrailName, ctx);
}

function onAll(action: string): Check {
  return { action: `cloudtrail:${action}`, resource: '*' };
}

interface Tagged {
  readonly Key: string | undefined;
  readonly Value?: string | undefined;
}

function tagKeys(tags: readonly Tagged[] = []): Keys {
  if (tags.length === 0) return {};
  const each = tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  return { ...Object.fromEntries(each), 'aws:tagkeys': tags.map(({ Key = '' }) => Key) };
}

export const cloudtrailPermissions: Permissions<typeof cloudtrail, Ctx> = {
  CreateTrail({ Name = '', TagsList = [] }, ctx) {
    const check = trailCheck('CreateTrail', Name, ctx, tagKeys(TagsList));
    if (TagsList.length === 0) return check;
    return [check, { ...check, action: 'cloudtrail:AddTags' }];
  },
  UpdateTrail: onTrail('UpdateTrail'),
  DeleteTrail: onTrail('DeleteTrail'),
  DescribeTrails: () => onAll('DescribeTrails'),
  GetTrail: onTrail('GetTrail'),
  ListTrails: () => onAll('ListTrails'),
  StartLogging: onTrail('StartLogging'),
  StopLogging: onTrail('StopLogging'),
  GetTrailStatus: onTrail('GetTrailStatus'),
  PutEventSelectors: onTrailNamed('PutEventSelectors'),
  GetEventSelectors: onTrailNamed('GetEventSelectors'),
  PutInsightSelectors: onTrailNamed('PutInsightSelectors'),
  GetInsightSelectors: onTrailNamed('GetInsightSelectors'),
  ListPublicKeys: () => onAll('ListPublicKeys'),
  LookupEvents: () => onAll('LookupEvents'),
  AddTags: ({ ResourceId = '', TagsList }, ctx) =>
    trailCheck('AddTags', ResourceId, ctx, tagKeys(TagsList)),
  RemoveTags: ({ ResourceId = '', TagsList = [] }, ctx) =>
    trailCheck('RemoveTags', ResourceId, ctx, {
      'aws:tagkeys': TagsList.map(({ Key = '' }) => Key),
    }),
  ListTags: ({ ResourceIdList = [] }, ctx) =>
    ResourceIdList.length === 0
      ? onAll('ListTags')
      : ResourceIdList.map((id) => trailCheck('ListTags', id, ctx)),
};
