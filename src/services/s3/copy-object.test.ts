/** Copying objects: sources, directives, conditions, and copies onto themselves. */
import { expect, test } from 'vitest';
import { parseCopySource } from './copy-source.ts';
import { codeOf, s3Fixture, textOf } from './s3.fixture.ts';

async function withSource() {
  const fixture = s3Fixture();
  const Bucket = await fixture.bucket('data');
  const said = { ContentType: 'text/csv', Metadata: { a: '1' }, Tagging: 't=1' };
  const { ETag } = await fixture.put('from', 'abc', said);
  const copy = (more: object = {}) =>
    fixture.calls.CopyObject({ Bucket, Key: 'to', CopySource: 'data/from', ...more });
  return { ...fixture, Bucket, ETag, copy };
}

test.each([
  ['data/from', 'from', undefined],
  ['/data/from', 'from', undefined],
  ['data/a%20b%2Bc+d', 'a b+c+d', undefined],
  ['data//x/../y', '/x/../y', undefined],
  ['data/%3FversionId%3D1', '?versionId=1', undefined],
  ['data/from?versionId=null', 'from', 'null'],
])('the source %s', (CopySource, Key, VersionId) => {
  expect(parseCopySource({ CopySource })).toMatchObject({ Bucket: 'data', Key, VersionId });
});

test.each(['', 'data', 'data/', '/', '%', 'a%ZZ/b'])('no source: %j', async (CopySource) => {
  const { copy } = await withSource();
  expect(await codeOf(copy({ CopySource }))).toBe('InvalidArgument 400');
});

test('a copy takes along what was said, or has something else said', async () => {
  const { calls, Bucket, ETag, copy } = await withSource();
  const done = await copy();
  expect(done.CopyObjectResult?.ETag).toBe(ETag);
  const at = { Bucket, Key: 'to' };
  expect(await textOf(await calls.GetObject(at))).toBe('abc');
  expect(await calls.HeadObject(at)).toMatchObject({
    ContentType: 'text/csv',
    Metadata: { a: '1' },
    TagCount: 1,
  });
  const said = { MetadataDirective: 'REPLACE', Metadata: { b: '2' }, ContentType: 'text/plain' };
  await copy(said);
  expect(await calls.HeadObject(at)).toMatchObject({
    ContentType: 'text/plain',
    Metadata: { b: '2' },
    TagCount: 1,
  });
  await copy({ TaggingDirective: 'REPLACE', Tagging: '' });
  expect((await calls.HeadObject(at)).TagCount).toBeUndefined();
});

test('a copy onto itself must change something', async () => {
  const { calls, Bucket, copy } = await withSource();
  expect(await codeOf(copy({ Key: 'from' }))).toBe('InvalidRequest 400');
  await copy({ Key: 'from', MetadataDirective: 'REPLACE', Metadata: { n: '2' } });
  const got = await calls.GetObject({ Bucket, Key: 'from' });
  expect(got.Metadata).toEqual({ n: '2' });
  expect(await textOf(got)).toBe('abc');
});

test('an old version is brought back by copying it', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data', true);
  const { VersionId } = await put('a', 'old');
  await put('a', 'new');
  const CopySource = `data/a?versionId=${VersionId}`;
  const done = await calls.CopyObject({ Bucket, Key: 'a', CopySource });
  expect(done.CopySourceVersionId).toBe(VersionId);
  expect(done.VersionId).not.toBe(VersionId);
  expect(await textOf(await calls.GetObject({ Bucket, Key: 'a' }))).toBe('old');
});

test('conditions on the source, and on what is overwritten', async () => {
  const { ETag, copy } = await withSource();
  const old = new Date('2029-01-01T00:00:00Z');
  for (const more of [
    { CopySourceIfMatch: '"x"' },
    { CopySourceIfNoneMatch: ETag },
    { CopySourceIfUnmodifiedSince: old },
    { CopySourceIfModifiedSince: new Date('2031-01-01T00:00:00Z') },
  ]) {
    expect(await codeOf(copy(more))).toBe('PreconditionFailed 412');
  }
  await copy({ CopySourceIfMatch: ETag, CopySourceIfUnmodifiedSince: old, IfNoneMatch: '*' });
  expect(await codeOf(copy({ IfNoneMatch: '*' }))).toBe('PreconditionFailed 412');
});

test.each([
  [{ CopySource: 'none/from' }, 'NoSuchBucket 404'],
  [{ CopySource: 'data/none' }, 'NoSuchKey 404'],
  [{ MetadataDirective: 'KEEP' }, 'InvalidArgument 400'],
  [{ CopySourceSSECustomerKey: 'k' }, 'InvalidRequest 400'],
  [{ ExpectedSourceBucketOwner: '999999999999' }, 'AccessDenied 403'],
])('%j is refused: %s', async (more, code) => {
  const { copy } = await withSource();
  expect(await codeOf(copy(more))).toBe(code);
});
