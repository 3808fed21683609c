/** Tags of buckets, and the rules that hold for all tags. */
import { expect, test } from 'vitest';
import { codeOf, s3Fixture } from './s3.fixture.ts';
import { tagsOfHeader } from './tags.ts';

const tag = (Key: string, Value = '') => ({ Key, Value });

test('tags are replaced, told and deleted', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  expect(await codeOf(calls.GetBucketTagging({ Bucket }))).toBe('NoSuchTagSet 404');
  for (const TagSet of [[tag('a', '1'), tag('b', '2')], [tag('c', 'é-+=._:/@ 3')]]) {
    await calls.PutBucketTagging({ Bucket, Tagging: { TagSet } });
    expect(await calls.GetBucketTagging({ Bucket })).toEqual({ TagSet });
  }
  await calls.DeleteBucketTagging({ Bucket });
  expect(await codeOf(calls.GetBucketTagging({ Bucket }))).toBe('NoSuchTagSet 404');
});

test.each([
  [[tag('')], 'InvalidTag 400'],
  [[tag('k'.repeat(129))], 'InvalidTag 400'],
  [[tag('k', 'v'.repeat(257))], 'InvalidTag 400'],
  [[tag('a'), tag('a')], 'InvalidTag 400'],
  [[tag('aws:own')], 'InvalidTag 400'],
  [[tag('a<b')], 'InvalidTag 400'],
  [Array.from({ length: 51 }, (_, i) => tag(`k${i}`)), 'BadRequest 400'],
])('refused: %#', async (TagSet, code) => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  expect(await codeOf(calls.PutBucketTagging({ Bucket, Tagging: { TagSet } }))).toBe(code);
});

test('a header holds tags as a query string', () => {
  expect(tagsOfHeader('a=1&b=x%20y&c')).toEqual([
    { key: 'a', value: '1' },
    { key: 'b', value: 'x y' },
    { key: 'c', value: '' },
  ]);
});
