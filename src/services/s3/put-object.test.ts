/** Putting objects: what is told, what is kept, what is refused. */
import { expect, test } from 'vitest';
import { codeOf, refusal, s3Fixture, text, textOf } from './s3.fixture.ts';

test('the etag is the MD5, and proven checksums are told and kept', async () => {
  const { calls, bucket } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  const checksums = { 'content-md5': 'x', 'x-amz-checksum-crc32': 'NSRBwg==' };
  const put = await calls.PutObject({ ...at, Body: text('abc') }, { checksums });
  expect(put).toEqual({
    ETag: '"900150983cd24fb0d6963f7d28e17f72"',
    ServerSideEncryption: 'AES256',
    ChecksumCRC32: 'NSRBwg==',
    ChecksumType: 'FULL_OBJECT',
    VersionId: undefined,
  });
  const head = await calls.HeadObject({ ...at, ChecksumMode: 'ENABLED' });
  expect(head).toMatchObject({ ChecksumCRC32: 'NSRBwg==', ChecksumType: 'FULL_OBJECT' });
  expect(await calls.HeadObject(at)).not.toHaveProperty('ChecksumCRC32');
});

test('an object without a body is empty', async () => {
  const { calls, bucket } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  await calls.PutObject(at);
  const got = await calls.GetObject(at);
  expect(got).toMatchObject({ ContentLength: 0, ContentType: 'binary/octet-stream' });
  expect(await textOf(got)).toBe('');
});

test('what is said of the object comes back', async () => {
  const { calls, bucket, put } = s3Fixture();
  const Bucket = await bucket('data');
  const Expires = new Date('2031-01-01T00:00:00Z');
  const said = {
    ContentType: 'text/csv',
    CacheControl: 'no-store',
    ContentDisposition: 'inline',
    ContentLanguage: 'de',
    Expires,
    StorageClass: 'STANDARD_IA',
  };
  const more = { Metadata: { Owner: 'me', note: 'größe 😀' }, Tagging: 'a=1' };
  await put('a', 'abc', { ...said, ...more, ContentEncoding: 'gzip,aws-chunked' });
  const head = await calls.HeadObject({ Bucket, Key: 'a' });
  expect(head).toMatchObject({ ...said, ContentEncoding: 'gzip', TagCount: 1 });
  const note = `=?UTF-8?B?${Buffer.from('größe 😀').toString('base64')}?=`;
  expect(head.Metadata).toEqual({ owner: 'me', note });
});

test.each([
  [{ Key: 'é'.repeat(513) }, 'KeyTooLongError 400'],
  [{ Metadata: { k: 'v'.repeat(2_048) } }, 'MetadataTooLarge 400'],
  [{ Tagging: 'a=1&a=2' }, 'InvalidTag 400'],
  [{ Tagging: Array.from({ length: 11 }, (_, i) => `k${i}=`).join('&') }, 'BadRequest 400'],
  [{ ServerSideEncryption: 'aws:fsx' as const }, 'InvalidArgument 400'],
  [{ ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: 'none' }, 'KMS.NotFoundException 400'],
  [{ SSECustomerAlgorithm: 'AES256' }, 'InvalidRequest 400'],
  [{ ObjectLockMode: 'GOVERNANCE' as const }, 'NotImplemented 501'],
  [{ WebsiteRedirectLocation: '/x' }, 'NotImplemented 501'],
  [{ StorageClass: 'DEEP_ARCHIVE' as const }, 'NotImplemented 501'],
  [{ ACL: 'public-read' as const }, 'AccessControlListNotSupported 400'],
  [{ ChecksumAlgorithm: 'XXHASH3' as const }, 'InvalidRequest 400'],
  [{ IfNoneMatch: '"etag"' }, 'NotImplemented 501'],
  [{ Bucket: 'none' }, 'NoSuchBucket 404'],
])('refused before the body is read: %#', async (more, code) => {
  const { calls, bucket } = s3Fixture();
  await bucket('data');
  let read = false;
  async function* Body() {
    read = true;
    yield Buffer.from('abc');
  }
  const input = { Bucket: 'data', Key: 'a', Body: Body(), ...more };
  expect(await codeOf(calls.PutObject(input))).toBe(code);
  expect(read).toBe(false);
});

test('a body announced as too large is refused', async () => {
  const { calls, bucket } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  const headers = { 'content-length': String(5 * 1_024 ** 3 + 1) };
  expect(await codeOf(calls.PutObject(at, { headers }))).toBe('EntityTooLarge 400');
});

test('a body that comes in chunks has to announce its length', async () => {
  const { calls, bucket } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  const headers = { 'transfer-encoding': 'chunked' };
  const put = () => calls.PutObject({ ...at, Body: text('abc') }, { headers });
  expect(await refusal(put())).toMatchObject({
    code: 'NotImplemented',
    status: 501,
    members: { Header: 'Transfer-Encoding' },
  });
  const { UploadId } = await calls.CreateMultipartUpload(at);
  const part = { ...at, UploadId, PartNumber: 1, Body: text('abc') };
  expect(await codeOf(calls.UploadPart(part, { headers }))).toBe('NotImplemented 501');
  const announced = { ...headers, 'x-amz-decoded-content-length': '3' };
  await calls.PutObject({ ...at, Body: text('abc') }, { headers: announced });
  expect(await textOf(await calls.GetObject(at))).toBe('abc');
});

test('ACLs that change nothing are accepted', async () => {
  const { bucket, put } = s3Fixture();
  await bucket('data');
  for (const ACL of ['private', 'bucket-owner-full-control']) await put('a', '', { ACL });
});

test('conditions on writing', async () => {
  const { bucket, put } = s3Fixture();
  await bucket('data');
  expect(await codeOf(put('a', '1', { IfMatch: '"x"' }))).toBe('NoSuchKey 404');
  const { ETag } = await put('a', '1', { IfNoneMatch: '*' });
  const refused = await refusal(put('a', '2', { IfNoneMatch: '*' }));
  expect(refused).toMatchObject({ status: 412, members: { Condition: 'If-None-Match' } });
  await put('a', '2', { IfMatch: ETag });
  expect(await codeOf(put('a', '3', { IfMatch: ETag }))).toBe('PreconditionFailed 412');
});

test('keys named like parts of every object are only keys', async () => {
  const { calls, bucket } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: '__proto__' };
  const Metadata = Object.fromEntries([['__proto__', 'x']]);
  await calls.PutObject({ ...at, Body: text('abc'), Metadata, Tagging: '__proto__=y' });
  expect(await textOf(await calls.GetObject(at))).toBe('abc');
  const { Metadata: told = {} } = await calls.HeadObject(at);
  expect(Object.entries(told)).toEqual([['__proto__', 'x']]);
});
