/** Reading objects: ranges, conditions and their precedence, overrides, what is not there. */
import { expect, test } from 'vitest';
import { codeOf, refusal, s3Fixture, textOf } from './s3.fixture.ts';

async function withObject(content = '0123456789') {
  const fixture = s3Fixture();
  const at = { Bucket: await fixture.bucket('data'), Key: 'a' };
  const { ETag = '' } = await fixture.put('a', content);
  return { ...fixture, at, ETag };
}

test.each([
  ['bytes=0-0', '0', 'bytes 0-0/10'],
  ['bytes=2-4', '234', 'bytes 2-4/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=7-99', '789', 'bytes 7-9/10'],
  ['bytes=-3', '789', 'bytes 7-9/10'],
  ['bytes=-99', '0123456789', 'bytes 0-9/10'],
  ['bytes=4-2', '0123456789', undefined],
  ['bytes=-', '0123456789', undefined],
  ['bytes=0-1,4-5', '0123456789', undefined],
  ['lines=0-1', '0123456789', undefined],
])('Range: %s', async (Range, content, ContentRange) => {
  const { calls, at } = await withObject();
  const got = await calls.GetObject({ ...at, Range });
  expect(got).toMatchObject({ ContentLength: content.length, AcceptRanges: 'bytes' });
  expect(got.ContentRange).toBe(ContentRange);
  expect(await textOf(got)).toBe(content);
  const head = await calls.HeadObject({ ...at, Range });
  expect(head).toMatchObject({ ContentLength: content.length });
});

test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('%s cannot be satisfied', async (Range) => {
  const { calls, at } = await withObject();
  const refused = await refusal(calls.GetObject({ ...at, Range }));
  expect(refused).toMatchObject({
    code: 'InvalidRange',
    status: 416,
    members: { ActualObjectSize: 10, RangeRequested: Range },
  });
});

test('an object without parts is its own first part', async () => {
  const { calls, at } = await withObject();
  const got = await calls.GetObject({ ...at, PartNumber: 1 });
  expect(got).toMatchObject({ ContentRange: 'bytes 0-9/10', PartsCount: undefined });
  const get = (more: object) => codeOf(calls.GetObject({ ...at, ...more }));
  expect(await get({ PartNumber: 2 })).toBe('InvalidPartNumber 416');
  expect(await get({ PartNumber: 0 })).toBe('InvalidArgument 400');
  expect(await get({ PartNumber: 1, Range: 'bytes=0-1' })).toBe('InvalidRequest 400');
});

const before = new Date('2029-01-01T00:00:00Z');
const modified = new Date('2030-01-01T00:00:00Z');
const later = new Date('2031-01-01T00:00:00Z');

// The table of RFC 9110, section 13.2.2, and of the notes on S3's GetObject. E is the etag.
test.each([
  [{ IfMatch: 'E' }, 200],
  [{ IfMatch: '*' }, 200],
  [{ IfMatch: '"x", E' }, 200],
  [{ IfMatch: '"x"' }, 412],
  [{ IfUnmodifiedSince: modified }, 200],
  [{ IfUnmodifiedSince: before }, 412],
  [{ IfMatch: 'E', IfUnmodifiedSince: before }, 200],
  [{ IfNoneMatch: 'E' }, 304],
  [{ IfNoneMatch: 'W/E' }, 304],
  [{ IfNoneMatch: '*' }, 304],
  [{ IfNoneMatch: '"x"' }, 200],
  [{ IfModifiedSince: before }, 200],
  [{ IfModifiedSince: modified }, 304],
  [{ IfNoneMatch: 'E', IfModifiedSince: before }, 304],
  [{ IfNoneMatch: '"x"', IfModifiedSince: later }, 200],
  [{ IfMatch: '"x"', IfNoneMatch: 'E' }, 412],
  [{ IfMatch: 'E', IfNoneMatch: 'E' }, 304],
])('%j answers %d', async (conditions, status) => {
  const { calls, at, ETag } = await withObject();
  const sent = Object.entries(conditions).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replace('E', ETag) : value,
  ]);
  for (const call of [calls.GetObject, calls.HeadObject]) {
    const answer = call({ ...at, ...Object.fromEntries(sent) });
    if (status === 200) expect(await answer).toMatchObject({ ETag });
    else expect((await refusal(answer)).status).toBe(status);
  }
});

test('not modified carries what a cache needs', async () => {
  const { calls, at, ETag } = await withObject();
  const { headers } = await refusal(calls.GetObject({ ...at, IfNoneMatch: ETag }));
  expect(headers).toEqual({ etag: ETag, 'last-modified': modified.toUTCString() });
});

test('a piece is told without the checksum of the whole', async () => {
  const { calls, at, put } = await withObject();
  await calls.CopyObject({ ...at, Key: 'b', CopySource: 'data/a', ChecksumAlgorithm: 'SHA256' });
  await put('c');
  const get = { ...at, Key: 'b', ChecksumMode: 'ENABLED' as const };
  expect(await calls.GetObject(get)).toHaveProperty('ChecksumSHA256');
  const piece = await calls.GetObject({ ...get, Range: 'bytes=0-1' });
  expect(piece).not.toHaveProperty('ChecksumSHA256');
});

test('a request may choose what it is told', async () => {
  const { calls, at } = await withObject();
  const got = await calls.GetObject({
    ...at,
    ResponseContentType: 'text/x-own',
    ResponseContentDisposition: 'attachment; filename="a b"',
    ResponseExpires: later,
  });
  expect(got).toMatchObject({
    ContentType: 'text/x-own',
    ContentDisposition: 'attachment; filename="a b"',
    Expires: later,
  });
  const split = calls.GetObject({ ...at, ResponseContentType: 'a\r\nset-cookie: x' });
  expect(await codeOf(split)).toBe('InvalidArgument 400');
});

test('what is not there', async () => {
  const { calls, at } = await withObject();
  const none = { ...at, Key: 'none' };
  expect(await refusal(calls.GetObject(none))).toMatchObject({ members: { Key: 'none' } });
  expect(await codeOf(calls.HeadObject(none))).toBe('NotFound 404');
  const unknown = { ...at, VersionId: 'v'.repeat(32) };
  expect(await codeOf(calls.GetObject(unknown))).toBe('NoSuchVersion 404');
  expect(await codeOf(calls.GetObject({ ...at, VersionId: 'x' }))).toBe('InvalidArgument 400');
});

test('delete markers say that they are', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data', true), Key: 'a' };
  await put('a', 'abc');
  const { VersionId = '' } = await calls.DeleteObject(at);
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': VersionId };
  expect(await refusal(calls.GetObject(at))).toMatchObject({ code: 'NoSuchKey', headers });
  expect(await refusal(calls.HeadObject(at))).toMatchObject({ code: 'NotFound', headers });
  const byName = await refusal(calls.GetObject({ ...at, VersionId }));
  expect(byName).toMatchObject({ status: 405, headers: { allow: 'DELETE' } });
});
