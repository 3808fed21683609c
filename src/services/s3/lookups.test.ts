/** A call decides and works on one reading; who looks again sees what is there now. */
import { expect, test } from 'vitest';
import { lookUpBucket, lookUpVersion, takeVersion } from './lookups.ts';
import { s3Fixture } from './s3.fixture.ts';

test('what was looked up to decide is what is worked on, once', async () => {
  const { context, bucket, put } = s3Fixture();
  await bucket('data');
  await put('a', 'first');
  const ctx = context();
  const at = { bucket: 'data', key: 'a' };
  const seen = await lookUpVersion(at, undefined, ctx);
  await put('a', 'second');
  expect(await lookUpVersion(at, undefined, ctx)).toBe(seen);
  expect(await takeVersion(at, undefined, ctx)).toBe(seen);
  const again = await takeVersion(at, undefined, ctx);
  expect(again.ok && again.value.object?.sizeBytes).toBe('second'.length);
});

test('no call sees what another looked up, nor another key or version', async () => {
  const { context, bucket, put, calls } = s3Fixture();
  const ctx = context();
  expect(await lookUpBucket('data', ctx)).toBeUndefined();
  await bucket('data', true);
  expect(await lookUpBucket('data', ctx)).toBeUndefined();
  expect((await lookUpBucket('data', context()))?.name).toBe('data');
  const { VersionId } = await put('a', 'first');
  await put('a', 'second');
  await put('b', 'other');
  const at = { bucket: 'data', key: 'a' };
  const sizes = await Promise.all(
    [
      lookUpVersion(at, undefined, ctx),
      lookUpVersion(at, VersionId, ctx),
      lookUpVersion({ bucket: 'data', key: 'b' }, undefined, ctx),
    ].map(async (looking) => {
      const found = await looking;
      return found.ok ? found.value.object?.sizeBytes : undefined;
    }),
  );
  expect(sizes).toEqual([6, 5, 5]);
  expect((await calls.ListObjectsV2({ Bucket: 'data' })).KeyCount).toBe(2);
});
