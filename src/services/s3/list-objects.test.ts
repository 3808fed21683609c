/** Listing objects: what an answer tells, pages, markers and encodings. */
import { expect, test } from 'vitest';
import { frozen } from '../../kernel/json.ts';
import { codeOf, s3Fixture } from './s3.fixture.ts';

async function withKeys(...keys: string[]) {
  const fixture = s3Fixture();
  const Bucket = await fixture.bucket('data');
  for (const key of keys) await fixture.put(key, key);
  return { ...fixture, Bucket };
}

test('an entry of the second version', async () => {
  const { calls, Bucket } = await withKeys('a');
  const list = await calls.ListObjectsV2({ Bucket, FetchOwner: true });
  expect(list).toMatchObject({
    Name: 'data',
    Prefix: '',
    MaxKeys: 1_000,
    KeyCount: 1,
    IsTruncated: false,
    CommonPrefixes: [],
  });
  expect(list.Contents).toEqual([
    {
      Key: 'a',
      LastModified: new Date('2030-01-01T00:00:00Z'),
      ETag: '"0cc175b9c0f1b6a831c399e269772661"',
      Size: 1,
      StorageClass: 'STANDARD',
      Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
  ]);
  expect((await calls.ListObjectsV2({ Bucket })).Contents?.[0]?.Owner).toBeUndefined();
});

test('tokens go on where a page ended, before start-after', async () => {
  const { calls, Bucket } = await withKeys('a', 'b/1', 'b/2', 'c');
  const ask = { Bucket, Delimiter: '/', MaxKeys: 1, StartAfter: '0' };
  const names: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await calls.ListObjectsV2({ ...ask, ContinuationToken });
    expect(page).toMatchObject({ KeyCount: 1, StartAfter: '0' });
    names.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  expect(names).toEqual(['a', 'b/', 'c']);
  const forged = calls.ListObjectsV2({ Bucket, ContinuationToken: 'a' });
  expect(await codeOf(forged)).toBe('InvalidArgument 400');
});

test('the first version tells the next marker only with a delimiter', async () => {
  const { calls, Bucket } = await withKeys('a', 'b/1', 'b/2', 'c');
  const plain = await calls.ListObjects({ Bucket, MaxKeys: 2 });
  expect(plain).toMatchObject({ IsTruncated: true, NextMarker: undefined, Marker: '' });
  const rolled = await calls.ListObjects({ Bucket, MaxKeys: 2, Delimiter: '/' });
  expect(rolled.NextMarker).toBe('b/');
  const next = await calls.ListObjects({ Bucket, Delimiter: '/', Marker: 'b/' });
  expect(next.Contents?.map(({ Key }) => Key)).toEqual(['c']);
  expect(next.Contents?.[0]?.Owner).toBeDefined();
});

test('names are encoded when asked for', async () => {
  const { calls, Bucket } = await withKeys('a b/c+d', 'a b/é');
  const ask = { Bucket, EncodingType: 'url' as const, Prefix: 'a b/', StartAfter: 'a b/c' };
  const list = await calls.ListObjectsV2(ask);
  expect(list).toMatchObject({ Prefix: 'a%20b/', StartAfter: 'a%20b/c', EncodingType: 'url' });
  expect(list.Contents?.map(({ Key }) => Key)).toEqual(['a%20b/c%2Bd', 'a%20b/%C3%A9']);
  const other = calls.ListObjectsV2({ Bucket, EncodingType: 'hex' as 'url' });
  expect(await codeOf(other)).toBe('InvalidArgument 400');
});

test('page sizes', async () => {
  const { calls, Bucket } = await withKeys('a');
  const none = await calls.ListObjectsV2({ Bucket, MaxKeys: 0 });
  expect(none).toMatchObject({ KeyCount: 0, IsTruncated: false });
  expect((await calls.ListObjectsV2({ Bucket, MaxKeys: 5_000 })).MaxKeys).toBe(1_000);
  const negative = calls.ListObjectsV2({ Bucket, MaxKeys: -1 });
  expect(await codeOf(negative)).toBe('InvalidArgument 400');
});

test('empty text is no delimiter and no marker', async () => {
  const { calls, Bucket } = await withKeys('a/b');
  const list = await calls.ListObjects({ Bucket, Delimiter: '', Marker: '' });
  expect(list.Contents).toHaveLength(1);
});

test('rows that are kept in memory are told as others, however they are asked for', async () => {
  const { calls, objects, Bucket } = await withKeys('a b', 'c');
  const kept = frozen(await objects.listObjects({ bucket: Bucket, prefix: '', limit: 10 }));
  const keeping = { objects: { ...objects, listObjects: async () => kept } };
  const asks = [{}, { EncodingType: 'url' as const }, { FetchOwner: true }];
  for (const ask of [...asks, ...asks]) {
    const plain = await calls.ListObjectsV2({ Bucket, ...ask });
    expect(await calls.ListObjectsV2({ Bucket, ...ask }, keeping)).toEqual(plain);
  }
});
