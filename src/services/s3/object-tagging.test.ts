/** Tags of objects and of versions of them. */
import { expect, test } from 'vitest';
import { codeOf, s3Fixture } from './s3.fixture.ts';

const tags = (value: string) => ({ TagSet: [{ Key: 'k', Value: value }] });

test('tags are put, told and deleted', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  await put('a', '', { Tagging: 'k=first' });
  expect(await calls.GetObjectTagging(at)).toMatchObject(tags('first'));
  await calls.PutObjectTagging({ ...at, Tagging: tags('second') });
  expect(await calls.GetObjectTagging(at)).toMatchObject(tags('second'));
  await calls.DeleteObjectTagging(at);
  expect((await calls.GetObjectTagging(at)).TagSet).toEqual([]);
});

test('each version has its own', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data', true), Key: 'a' };
  const { VersionId } = await put('a', '1');
  await put('a', '2');
  const put1 = await calls.PutObjectTagging({ ...at, VersionId, Tagging: tags('old') });
  expect(put1).toEqual({ VersionId });
  expect(await calls.GetObjectTagging({ ...at, VersionId })).toMatchObject(tags('old'));
  expect((await calls.GetObjectTagging(at)).TagSet).toEqual([]);
});

test('refusals', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data', true), Key: 'a' };
  expect(await codeOf(calls.GetObjectTagging(at))).toBe('NoSuchKey 404');
  const none = calls.PutObjectTagging({ ...at, Tagging: tags('x') });
  expect(await codeOf(none)).toBe('NoSuchKey 404');
  await put('a');
  await calls.DeleteObject(at);
  const marker = calls.PutObjectTagging({ ...at, Tagging: tags('x') });
  expect(await codeOf(marker)).toBe('MethodNotAllowed 405');
  const TagSet = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  const many = calls.PutObjectTagging({ ...at, Tagging: { TagSet } });
  expect(await codeOf(many)).toBe('BadRequest 400');
});
