/** Listing versions: which is latest, markers of deletion, pages within one key. */
import { expect, test } from 'vitest';
import { codeOf, s3Fixture } from './s3.fixture.ts';

test('pages within a key: only the newest is latest', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data', true);
  for (const content of ['1', '2', '3']) await put('a', content);
  await put('b');
  const seen: unknown[] = [];
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (let more = true; more; ) {
    const page = await calls.ListObjectVersions({ Bucket, MaxKeys: 2, ...marker });
    seen.push(...(page.Versions ?? []).map(({ Key, IsLatest }) => [Key, IsLatest]));
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    more = page.IsTruncated ?? false;
  }
  expect(seen).toEqual([
    ['a', true],
    ['a', false],
    ['a', false],
    ['b', true],
  ]);
});

test('a key marker alone goes on after every version of the key', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data', true);
  for (const key of ['a', 'a', 'b', 'c/1']) await put(key);
  const list = await calls.ListObjectVersions({ Bucket, KeyMarker: 'a', Delimiter: '/' });
  expect(list.Versions?.map(({ Key }) => Key)).toEqual(['b']);
  expect(list.CommonPrefixes).toEqual([{ Prefix: 'c/' }]);
});

test('objects without versions have the null version', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data');
  await put('a', 'abc');
  const { Versions } = await calls.ListObjectVersions({ Bucket });
  expect(Versions).toMatchObject([{ Key: 'a', VersionId: 'null', IsLatest: true, Size: 3 }]);
});

test('a version marker needs a key marker, and to be one', async () => {
  const { calls, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  for (const more of [{ VersionIdMarker: 'null' }, { VersionIdMarker: 'bad', KeyMarker: 'a' }]) {
    const refused = calls.ListObjectVersions({ Bucket, ...more });
    expect(await codeOf(refused)).toBe('InvalidArgument 400');
  }
});
