/** Deleting: with and without versions, one and many. */
import { expect, test } from 'vitest';
import { codeOf, s3Fixture, textOf } from './s3.fixture.ts';

test('without versions an object goes for good, and need not be there', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  await put('a', 'abc');
  for (let i = 0; i < 2; i += 1) {
    expect(await calls.DeleteObject(at)).toEqual({
      DeleteMarker: undefined,
      VersionId: undefined,
    });
  }
  expect(await codeOf(calls.HeadObject(at))).toBe('NotFound 404');
});

test('with versions a marker hides the object, and comes off again', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data', true), Key: 'a' };
  await put('a', 'abc');
  const { VersionId, DeleteMarker } = await calls.DeleteObject(at);
  expect(DeleteMarker).toBe(true);
  const undone = await calls.DeleteObject({ ...at, VersionId });
  expect(undone).toEqual({ DeleteMarker: true, VersionId });
  expect(await textOf(await calls.GetObject(at))).toBe('abc');
  const gone = { ...at, VersionId: 'v'.repeat(32) };
  expect(await calls.DeleteObject(gone)).toEqual({
    DeleteMarker: undefined,
    VersionId: gone.VersionId,
  });
});

test('deleting on a condition', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  expect(await codeOf(calls.DeleteObject({ ...at, IfMatch: '*' }))).toBe('PreconditionFailed 412');
  const { ETag } = await put('a', 'abc');
  const other = calls.DeleteObject({ ...at, IfMatch: '"x"' });
  expect(await codeOf(other)).toBe('PreconditionFailed 412');
  await calls.DeleteObject({ ...at, IfMatch: ETag });
  const bySize = calls.DeleteObject({ ...at, IfMatchSize: 3 });
  expect(await codeOf(bySize)).toBe('NotImplemented 501');
});

test('many at once, with errors beside the successes', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data');
  const { ETag } = await put('a', '1');
  await put('b', '2');
  const Objects = [
    { Key: 'a', ETag },
    { Key: 'b', ETag: '"x"' },
    { Key: 'none' },
    { Key: 'k'.repeat(1_025) },
    { Key: 'v', VersionId: 'bad' },
  ];
  const done = await calls.DeleteObjects({ Bucket, Delete: { Objects } });
  expect(done.Deleted?.map(({ Key }) => Key)).toEqual(['a', 'none']);
  expect(done.Errors?.map(({ Code }) => Code)).toEqual([
    'PreconditionFailed',
    'KeyTooLongError',
    'InvalidArgument',
  ]);
  await calls.HeadObject({ Bucket, Key: 'b' });
  const quiet = await calls.DeleteObjects({
    Bucket,
    Delete: { Objects: [{ Key: 'b' }, { Key: 'v', VersionId: 'bad' }], Quiet: true },
  });
  expect(quiet).toMatchObject({ Deleted: [], Errors: [{ Key: 'v', VersionId: 'bad' }] });
});

test('markers made by deleting many have ids of their own', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data', true);
  const Objects = ['a', 'b', 'a'].map((Key) => ({ Key }));
  const { Deleted = [] } = await calls.DeleteObjects({ Bucket, Delete: { Objects } });
  expect(new Set(Deleted.map((one) => one.DeleteMarkerVersionId)).size).toBe(3);
  expect(Deleted.every((one) => one.DeleteMarker && one.VersionId === undefined)).toBe(true);
  const { DeleteMarkers } = await calls.ListObjectVersions({ Bucket });
  expect(DeleteMarkers?.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual([
    ['a', true],
    ['a', false],
    ['b', true],
  ]);
});

test('none, or more than a thousand, is no list', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  const many = Array.from({ length: 1_001 }, (_, i) => ({ Key: String(i) }));
  for (const Objects of [[], many, [{ Key: '' }]]) {
    const refused = calls.DeleteObjects({ Bucket, Delete: { Objects } });
    expect(await codeOf(refused)).toBe('MalformedXML 400');
  }
});
