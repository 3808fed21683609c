/** Buckets: names, regions, owners, and what must be empty before it goes. */
import { describe, expect, test } from 'vitest';
import { isBucketName } from './bucket-name.ts';
import { account, codeOf, refusal, s3Fixture } from './s3.fixture.ts';

const region = (name: string, owner = account) => ({
  scope: { partition: 'aws', region: name, account: owner },
});

test.each([
  ['abc', true],
  ['a.b-c.1', true],
  ['a'.repeat(63), true],
  ['ab', false],
  ['a'.repeat(64), false],
  ['Abc', false],
  ['a_b', false],
  ['-abc', false],
  ['abc.', false],
  ['a..b', false],
  ['10.0.0.1', false],
  ['xn--abc', false],
  ['sthree-abc', false],
  ['abc-s3alias', false],
  ['abc--ol-s3', false],
])('the name %s: %s', (name, good) => {
  expect(isBucketName(name)).toBe(good);
});

describe('making a bucket', () => {
  test('answers where it is, and again in the default region', async () => {
    const { calls } = s3Fixture();
    const made = await calls.CreateBucket({ Bucket: 'data' });
    expect(made.Location).toBe('/data');
    expect(await calls.CreateBucket({ Bucket: 'data' })).toEqual(made);
  });

  test('elsewhere the second creation is a conflict', async () => {
    const { calls } = s3Fixture();
    const input = {
      Bucket: 'data',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' as const },
    };
    await calls.CreateBucket(input);
    expect(await codeOf(calls.CreateBucket(input))).toBe('BucketAlreadyOwnedByYou 409');
    const { LocationConstraint } = await calls.GetBucketLocation({ Bucket: 'data' });
    expect(LocationConstraint).toBe('eu-west-1');
  });

  test('a regional endpoint makes buckets of its region only', async () => {
    const { calls } = s3Fixture();
    const here = region('eu-west-1');
    const refused = calls.CreateBucket({ Bucket: 'data' }, here);
    expect(await codeOf(refused)).toBe('IllegalLocationConstraintException 400');
    for (const [where, code] of [
      ['us-west-2', 'IllegalLocationConstraintException 400'],
      ['us-east-1', 'InvalidLocationConstraint 400'],
      ['nowhere', 'InvalidLocationConstraint 400'],
    ] as const) {
      const CreateBucketConfiguration = { LocationConstraint: where as 'us-west-2' };
      const input = { Bucket: 'data', CreateBucketConfiguration };
      expect(await codeOf(calls.CreateBucket(input, here))).toBe(code);
    }
  });

  test.each([
    [{ Bucket: 'Bad_Name' }, 'InvalidBucketName 400'],
    [{ Bucket: 'data', ACL: 'public-read' as const }, 'AccessControlListNotSupported 400'],
    [{ Bucket: 'data', GrantRead: 'id=1' }, 'AccessControlListNotSupported 400'],
    [{ Bucket: 'data', ObjectLockEnabledForBucket: true }, 'NotImplemented 501'],
    [{ Bucket: 'data', ObjectOwnership: 'ObjectWriter' as const }, 'NotImplemented 501'],
  ])('%j is refused: %s', async (input, code) => {
    expect(await codeOf(s3Fixture().calls.CreateBucket(input))).toBe(code);
  });
});

test('a bucket of another account can be neither used nor taken', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  const caller = { accessKeyId: '', arn: '', userId: '', account: '999999999999' };
  expect(await codeOf(calls.HeadBucket({ Bucket }, { caller }))).toBe('AccessDenied 403');
  expect(await codeOf(calls.CreateBucket({ Bucket }, { caller }))).toBe('BucketAlreadyExists 409');
  expect((await calls.ListBuckets({}, { caller })).Buckets).toEqual([]);
  const expected = { Bucket, ExpectedBucketOwner: '999999999999' };
  expect(await codeOf(calls.ListObjectsV2(expected))).toBe('AccessDenied 403');
});

test('a bucket that is not there', async () => {
  const { calls } = s3Fixture();
  expect(await codeOf(calls.HeadBucket({ Bucket: 'none' }))).toBe('NotFound 404');
  const refused = await refusal(calls.DeleteBucket({ Bucket: 'none' }));
  expect(refused).toMatchObject({ code: 'NoSuchBucket', members: { BucketName: 'none' } });
});

test('only an empty bucket is deleted, versions counted', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data', true);
  const { VersionId } = await put('a');
  const { VersionId: marker } = await calls.DeleteObject({ Bucket, Key: 'a' });
  expect(await codeOf(calls.DeleteBucket({ Bucket }))).toBe('BucketNotEmpty 409');
  await calls.DeleteObject({ Bucket, Key: 'a', VersionId });
  await calls.DeleteObject({ Bucket, Key: 'a', VersionId: marker });
  await calls.DeleteBucket({ Bucket });
  expect(await codeOf(calls.HeadBucket({ Bucket }))).toBe('NotFound 404');
});

test('buckets are listed in pages, by prefix and region', async () => {
  const { calls, bucket } = s3Fixture();
  for (const name of ['b-1', 'a-1', 'b-2', 'b-3']) await bucket(name);
  const first = await calls.ListBuckets({ Prefix: 'b-', MaxBuckets: 2 });
  expect(first.Buckets?.map(({ Name }) => Name)).toEqual(['b-1', 'b-2']);
  const { ContinuationToken } = first;
  const second = await calls.ListBuckets({ Prefix: 'b-', MaxBuckets: 2, ContinuationToken });
  expect(second.Buckets?.map(({ Name }) => Name)).toEqual(['b-3']);
  expect(second.ContinuationToken).toBeUndefined();
  expect((await calls.ListBuckets({ BucketRegion: 'eu-west-1' })).Buckets).toEqual([]);
  expect(await codeOf(calls.ListBuckets({ MaxBuckets: 0 }))).toBe('InvalidArgument 400');
  const forged = calls.ListBuckets({ ContinuationToken: 'no token' });
  expect(await codeOf(forged)).toBe('InvalidArgument 400');
});
