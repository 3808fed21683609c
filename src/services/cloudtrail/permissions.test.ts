/** What each operation asks for, on which resource. */
import { expect, test } from 'vitest';
import type { Check } from '../../kernel/check.ts';
import { mount } from '../../wire/operation.ts';
import { account, region, setup, wanted } from './cloudtrail.fixture.ts';
import { cloudtrail, cloudtrailPermissions } from './index.ts';

const arn = `arn:aws:cloudtrail:${region}:${account}:trail/main`;

async function needs(operation: string, input: object): Promise<readonly Check[]> {
  const { given, ctx } = setup();
  const table = { operations: cloudtrail, permissions: cloudtrailPermissions };
  const asked = await mount('cloudtrail', table, given).needs(operation, input, ctx);
  if (asked === 'open') throw new Error(`${operation} is open`);
  return asked;
}

test.each([
  ['GetTrail', { Name: 'main' }, arn],
  ['GetTrail', { Name: arn }, arn],
  ['StartLogging', { Name: 'main' }, arn],
  ['StopLogging', { Name: 'main' }, arn],
  ['UpdateTrail', { Name: 'main' }, arn],
  ['DeleteTrail', { Name: 'main' }, arn],
  ['GetTrailStatus', { Name: 'main' }, arn],
  ['PutEventSelectors', { TrailName: 'main' }, arn],
  ['GetEventSelectors', { TrailName: arn }, arn],
  ['PutInsightSelectors', {}, '*'],
  ['GetInsightSelectors', { TrailName: 'main' }, arn],
  ['DescribeTrails', {}, '*'],
  ['ListTrails', {}, '*'],
  ['ListPublicKeys', {}, '*'],
  ['LookupEvents', {}, '*'],
  ['AddTags', { ResourceId: arn, TagsList: [] }, arn],
  ['RemoveTags', { ResourceId: arn }, arn],
  ['ListTags', { ResourceIdList: [] }, '*'],
  ['ListTags', { ResourceIdList: [arn] }, arn],
])('%s %j', async (operation, input, resource) => {
  const [check, ...more] = await needs(operation, input);
  expect(check).toMatchObject({ action: `cloudtrail:${operation}`, resource });
  expect(more).toEqual([]);
});

test('making a trail with tags asks for the right to tag, and tells the tags', async () => {
  const TagsList = [{ Key: 'team', Value: 'risk' }];
  const checks = await needs('CreateTrail', { ...wanted, TagsList });
  expect(checks.map(({ action }) => action)).toEqual([
    'cloudtrail:CreateTrail',
    'cloudtrail:AddTags',
  ]);
  for (const { resource, keys } of checks) {
    expect(resource).toBe(arn);
    expect(keys).toEqual({ 'aws:requesttag/team': 'risk', 'aws:tagkeys': ['team'] });
  }
});

test('the tags of a trail are its own, and what is wrong asks all the same', async () => {
  const { given, ctx } = setup();
  const TagsList = [{ Key: 'team', Value: 'risk' }];
  await cloudtrail.CreateTrail({ ...wanted, TagsList }, ctx);
  const table = { operations: cloudtrail, permissions: cloudtrailPermissions };
  const asked = await mount('cloudtrail', table, given).needs('GetTrail', { Name: 'main' }, ctx);
  const [check] = asked === 'open' ? [] : asked;
  expect(await check?.resourceTags?.()).toEqual({ team: 'risk' });
  for (const Name of ['', 'a b', 'arn:', 'arn:aws:s3:::b']) {
    expect(await needs('DeleteTrail', { Name })).toHaveLength(1);
  }
});
