/** Tags: their rules and pages, by the operations of users. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { setup } from './principal.fixture.ts';
import { requestTagKeys } from './tags.ts';

async function tagged(...Tags: sdk.Tag[]) {
  const parts = setup();
  await parts.run('CreateUser', { UserName: 'ann', Tags });
  const tag = (...more: sdk.Tag[]) => parts.run('TagUser', { UserName: 'ann', Tags: more });
  return { ...parts, tag };
}

const many = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ Key: `k${n}`, Value: '' }));

test('tags are added, replaced in any case of their key, and taken away', async () => {
  const { run, tag } = await tagged({ Key: 'Team', Value: 'a' });
  await tag({ Key: 'team', Value: 'b' }, { Key: 'cost', Value: '' });
  expect(await run('ListUserTags', { UserName: 'ann' })).toEqual({
    Tags: [
      { Key: 'team', Value: 'b' },
      { Key: 'cost', Value: '' },
    ],
    IsTruncated: false,
  });
  await run('UntagUser', { UserName: 'ann', TagKeys: ['TEAM', 'none'] });
  expect(await run('ListUserTags', { UserName: 'ann' })).toMatchObject({ Tags: [{ Key: 'cost' }] });
});

test('tags come in pages', async () => {
  const { run } = await tagged(...many(5));
  const first = await run<sdk.ListUserTagsResponse>('ListUserTags', {
    ...{ UserName: 'ann', MaxItems: 3 },
  });
  expect(first).toMatchObject({ IsTruncated: true, Tags: [{}, {}, {}] });
  const rest = await run('ListUserTags', { UserName: 'ann', Marker: first.Marker });
  expect(rest).toEqual({ Tags: many(5).slice(3), IsTruncated: false });
});

test.each([
  [
    [
      { Key: 'a', Value: '1' },
      { Key: 'A', Value: '2' },
    ],
    'InvalidInputException',
    'Duplicate tag',
  ],
  [[{ Key: 'AWS:x', Value: '1' }], 'InvalidInputException', 'may not start with aws:'],
  [many(50), 'LimitExceededException', 'maximum limit'],
])('refused: %j', async (Tags, code, message) => {
  const { run, tag } = await tagged({ Key: 'one', Value: '1' });
  await expect(tag(...Tags)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
  expect(await run('ListUserTags', { UserName: 'ann' })).toMatchObject({ Tags: [{ Key: 'one' }] });
});

test('conditions see what a request tags', () => {
  expect(requestTagKeys([{ Key: 'Team', Value: 'a' }])).toEqual({
    'aws:requesttag/Team': 'a',
    'aws:tagkeys': ['Team'],
  });
  expect(requestTagKeys(undefined)).toEqual({});
  expect(requestTagKeys([])).toEqual({});
});
