/** Uploads in parts through the façade: checksums, lists, attributes, refusals. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { codeOf, refusal, s3Fixture, text, textOf } from './s3.fixture.ts';

async function withUpload(more: object = {}) {
  const fixture = s3Fixture();
  const at = { Bucket: await fixture.bucket('data'), Key: 'a' };
  const begun = await fixture.calls.CreateMultipartUpload({ ...at, ...more });
  const UploadId = begun.UploadId ?? '';
  const part = (PartNumber: number, content: string, call: object = {}) =>
    fixture.calls.UploadPart({ ...at, UploadId, PartNumber, Body: text(content) }, call);
  const complete = (Parts: object[], rest: object = {}) =>
    fixture.calls.CompleteMultipartUpload({
      ...at,
      UploadId,
      MultipartUpload: { Parts },
      ...rest,
    });
  return { ...fixture, at, begun, UploadId, part, complete };
}

const sha256 = (content: string | Buffer) => createHash('sha256').update(content);

test('a composite checksum is that of the parts, which must be listed with theirs', async () => {
  const { at, begun, calls, part, complete } = await withUpload({ ChecksumAlgorithm: 'SHA256' });
  expect(begun).toMatchObject({ ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' });
  // The part comes without a checksum of its own, so it is computed here.
  const sent = await part(1, 'abc');
  const value = sha256('abc').digest('base64');
  expect(sent).toEqual({
    ETag: '"900150983cd24fb0d6963f7d28e17f72"',
    ChecksumSHA256: value,
    ServerSideEncryption: 'AES256',
  });
  expect(await codeOf(complete([{ PartNumber: 1, ETag: sent.ETag }]))).toBe('InvalidRequest 400');
  const wrong = complete([{ ...sent, PartNumber: 1, ChecksumSHA256: 'x' }]);
  expect(await codeOf(wrong)).toBe('InvalidPart 400');
  const done = await complete([{ ...sent, PartNumber: 1 }]);
  const composite = `${sha256(sha256('abc').digest()).digest('base64')}-1`;
  expect(done).toMatchObject({
    Location: 'http://localhost:4566/data/a',
    ChecksumSHA256: composite,
    ChecksumType: 'COMPOSITE',
  });
  const attributes = await calls.GetObjectAttributes({
    ...at,
    ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
  });
  expect(attributes).toMatchObject({
    ETag: done.ETag?.replaceAll('"', ''),
    Checksum: { ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' },
    ObjectParts: { TotalPartsCount: 1, Parts: [{ PartNumber: 1, Size: 3 }] },
    StorageClass: 'STANDARD',
    ObjectSize: 3,
  });
});

test('a full-object checksum is that of the whole', async () => {
  const type = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' };
  const { part, complete } = await withUpload(type);
  const big = 'x'.repeat(5 * 1_024 ** 2);
  const parts = [await part(1, big), await part(2, 'end')];
  const listed = parts.map(({ ETag }, i) => ({ ETag, PartNumber: i + 1 }));
  const mismatch = complete(listed, { ChecksumCRC32: 'AAAAAA==' });
  expect(await codeOf(mismatch)).toBe('BadDigest 400');
  const otherType = complete(listed, { ChecksumType: 'COMPOSITE' });
  expect(await codeOf(otherType)).toBe('InvalidRequest 400');
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(crc32(`${big}end`));
  const ChecksumCRC32 = whole.toString('base64');
  const done = await complete(listed, { ChecksumCRC32, MpuObjectSize: big.length + 3 });
  expect(done).toMatchObject({ ChecksumCRC32, ChecksumType: 'FULL_OBJECT' });
});

test.each([
  [{ ChecksumAlgorithm: 'SHA1', ChecksumType: 'FULL_OBJECT' }],
  [{ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }],
  [{ ChecksumAlgorithm: 'CRC99' }],
  [{ ChecksumType: 'COMPOSITE' }],
])('no upload has %j', async (more) => {
  expect(await codeOf(withUpload(more))).toBe('InvalidRequest 400');
});

test('a part with a checksum of another kind is refused', async () => {
  const { part } = await withUpload({ ChecksumAlgorithm: 'SHA256' });
  const headers = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
  expect(await codeOf(part(1, 'abc', { headers }))).toBe('InvalidRequest 400');
});

test('what does not fit is refused with what it was', async () => {
  const { part, complete, UploadId } = await withUpload();
  const one = { PartNumber: 1, ...(await part(1, 'one')) };
  const two = { PartNumber: 2, ...(await part(2, 'two')) };
  expect(await refusal(complete([one, two]))).toMatchObject({
    code: 'EntityTooSmall',
    members: { ProposedSize: 3, MinSizeAllowed: 5_242_880, PartNumber: 1 },
  });
  expect(await codeOf(complete([two, one]))).toBe('InvalidPartOrder 400');
  expect(await refusal(complete([{ ...one, ETag: 'x' }]))).toMatchObject({
    code: 'InvalidPart',
    members: { UploadId, PartNumber: 1 },
  });
  expect(await codeOf(complete([]))).toBe('MalformedXML 400');
  expect(await codeOf(complete([{ PartNumber: 1 }]))).toBe('MalformedXML 400');
  expect(await codeOf(complete([one], { MpuObjectSize: 9 }))).toBe('InvalidRequest 400');
  for (const number of [0, 10_001, 1.5]) {
    expect(await codeOf(part(number, 'x'))).toBe('InvalidArgument 400');
  }
  await complete([one]);
  expect(await codeOf(part(1, 'late'))).toBe('NoSuchUpload 404');
});

test('parts are listed in pages', async () => {
  const { calls, at, UploadId, part } = await withUpload();
  for (const number of [3, 1, 2]) await part(number, String(number));
  const first = await calls.ListParts({ ...at, UploadId, MaxParts: 2 });
  expect(first).toMatchObject({
    IsTruncated: true,
    NextPartNumberMarker: '2',
    Parts: [{ PartNumber: 1, Size: 1 }, { PartNumber: 2 }],
    StorageClass: 'STANDARD',
  });
  const rest = await calls.ListParts({ ...at, UploadId, PartNumberMarker: '2' });
  expect(rest).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 3 }] });
  const bad = calls.ListParts({ ...at, UploadId, PartNumberMarker: 'x' });
  expect(await codeOf(bad)).toBe('InvalidArgument 400');
  const none = calls.ListParts({ ...at, UploadId: 'none' });
  expect(await codeOf(none)).toBe('NoSuchUpload 404');
});

test('uploads are listed in pages and under prefixes, until aborted', async () => {
  const { calls, clock, bucket } = s3Fixture();
  const Bucket = await bucket('data');
  const ids: (string | undefined)[] = [];
  for (const Key of ['a', 'a', 'dir/b', 'dir/c']) {
    clock.moveTo(clock.nowMs() + 1);
    ids.push((await calls.CreateMultipartUpload({ Bucket, Key })).UploadId);
  }
  const first = await calls.ListMultipartUploads({ Bucket, MaxUploads: 1 });
  expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'a' });
  expect(first.Uploads).toMatchObject([{ UploadId: ids[0], Initiator: { ID: 'someone' } }]);
  const rest = await calls.ListMultipartUploads({
    Bucket,
    Delimiter: '/',
    KeyMarker: first.NextKeyMarker,
    UploadIdMarker: first.NextUploadIdMarker,
  });
  expect(rest.Uploads?.map((upload) => upload.UploadId)).toEqual([ids[1]]);
  expect(rest.CommonPrefixes).toEqual([{ Prefix: 'dir/' }]);
  await calls.AbortMultipartUpload({ Bucket, Key: 'a', UploadId: ids[0] });
  const left = await calls.ListMultipartUploads({ Bucket, Prefix: 'a' });
  expect(left.Uploads?.map((upload) => upload.UploadId)).toEqual([ids[1]]);
});

test('a part is copied from a range of an object', async () => {
  const { calls, at, UploadId, put, complete } = await withUpload();
  await put('source', '0123456789');
  const copy = (more: object) =>
    calls.UploadPartCopy({ ...at, UploadId, PartNumber: 1, CopySource: 'data/source', ...more });
  for (const range of ['bytes=5-', 'bytes=5-10', 'bytes=5-4', '5-6']) {
    expect(await codeOf(copy({ CopySourceRange: range }))).toBe('InvalidArgument 400');
  }
  const refused = copy({ CopySourceIfMatch: '"x"' });
  expect(await codeOf(refused)).toBe('PreconditionFailed 412');
  const { CopyPartResult } = await copy({ CopySourceRange: 'bytes=2-4' });
  await complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
  expect(await textOf(await calls.GetObject(at))).toBe('234');
});

test('the location is in the style of the request', async () => {
  const { calls, at, UploadId, part } = await withUpload();
  const MultipartUpload = { Parts: [{ PartNumber: 1, ...(await part(1, 'one')) }] };
  const input = { ...at, UploadId, MultipartUpload };
  const endpointUrl = 'http://data.localhost:4566';
  const { Location } = await calls.CompleteMultipartUpload(input, { endpointUrl });
  expect(Location).toBe('http://data.localhost:4566/a');
});

test('attributes that do not exist', async () => {
  const { calls, bucket, put } = s3Fixture();
  const at = { Bucket: await bucket('data'), Key: 'a' };
  await put('a', 'abc');
  for (const ObjectAttributes of [[], ['Color' as 'ETag']]) {
    const refused = calls.GetObjectAttributes({ ...at, ObjectAttributes });
    expect(await codeOf(refused)).toBe('InvalidArgument 400');
  }
  const told = await calls.GetObjectAttributes({ ...at, ObjectAttributes: ['ObjectSize'] });
  expect(told).toMatchObject({ ObjectSize: 3 });
  expect(told).not.toHaveProperty('ETag');
});
