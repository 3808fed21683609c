/** The AWS SDK for JavaScript against buckets and objects. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  waitUntilBucketExists,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { named, once, refusal } from './clients.mjs';

const s3 = new S3Client(once);
const Bucket = named();
const mib = 1_024 * 1_024;

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client: s3, maxWaitTime: 10 }, { Bucket });
});

after(async () => {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length === 0) continue;
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

const put = (Key, Body, more) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more) => s3.send(new GetObjectCommand({ Bucket, Key, ...more }));

test('puts, gets, heads and deletes', async () => {
  const told = await put('k', 'content', { Metadata: { a: 'b' }, ContentType: 'text/csv' });
  assert.equal(told.ETag, `"${createHash('md5').update('content').digest('hex')}"`);
  const got = await get('k');
  assert.equal(await got.Body.transformToString(), 'content');
  assert.deepEqual(got.Metadata, { a: 'b' });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(head.ContentLength, 7);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  const { code, status } = await refusal(() => get('k'));
  assert.deepEqual([code, status], ['NoSuchKey', 404]);
});

test('reads a part of an object', async () => {
  await put('range', '0123456789');
  const got = await get('range', { Range: 'bytes=2-4' });
  assert.equal(await got.Body.transformToString(), '234');
  assert.equal(got.$metadata.httpStatusCode, 206);
});

test('streams a body of unknown digest with a trailer', async () => {
  const body = randomBytes(300_000);
  await put('stream', Readable.from([body]), { ContentLength: body.length });
  const got = await get('stream', { ChecksumMode: 'ENABLED' });
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
});

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
  test(`checks ${ChecksumAlgorithm}`, async () => {
    const told = await put('sum', '123456789', { ChecksumAlgorithm });
    const got = await get('sum', { ChecksumMode: 'ENABLED' });
    const member = `Checksum${ChecksumAlgorithm}`;
    assert.ok(told[member]);
    assert.equal(got[member], told[member]);
    await got.Body.transformToByteArray();
  });
}

test('uploads in parts', async () => {
  const body = randomBytes(11 * mib);
  const upload = new Upload({
    client: s3,
    params: { Bucket, Key: 'parts', Body: Readable.from([body]) },
    partSize: 5 * mib,
    queueSize: 2,
  });
  const told = await upload.done();
  assert.match(told.ETag, /-3"$/);
  const got = await get('parts');
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
});

for (const Key of [
  'a//b',
  '../up',
  'sp ace',
  'plus+',
  '%2F',
  'ü/🚀',
  "q'uo?te&#",
  '/lead',
  'trail/',
]) {
  test(`keeps the key ${Key}`, async () => {
    await put(Key, 'x');
    assert.equal(await (await get(Key)).Body.transformToString(), 'x');
    const CopySource = encodeURIComponent(`${Bucket}/${Key}`);
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
    assert.ok(listed.Contents.some((entry) => entry.Key === Key));
  });
}

test('presigns what plain HTTP then does', async () => {
  const putUrl = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'signed' }));
  const sent = await fetch(putUrl, { method: 'PUT', body: 'by fetch' });
  assert.equal(sent.status, 200);
  const getUrl = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'signed' }));
  assert.equal(await (await fetch(getUrl)).text(), 'by fetch');
  const tampered = await fetch(getUrl.replace('/signed?', '/other?'));
  assert.equal(tampered.status, 403);
});

test('addresses a bucket by host name', async () => {
  const url = new URL(process.env.AWS_ENDPOINT_URL);
  // Not every machine resolves names below localhost.
  const lookup = (_, { all }, told) =>
    all ? told(null, [{ address: url.hostname, family: 4 }]) : told(null, url.hostname, 4);
  const requestHandler = { httpAgent: new Agent({ lookup }) };
  const endpoint = `http://localhost:${url.port}`;
  const client = new S3Client({ ...once, endpoint, requestHandler });
  const got = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }));
  assert.equal(got.$metadata.httpStatusCode, 200);
});

test('says which bucket is missing', async () => {
  const { code, status, error } = await refusal(() =>
    s3.send(new ListObjectsV2Command({ Bucket: named('absent') })),
  );
  assert.deepEqual([code, status], ['NoSuchBucket', 404]);
  assert.match(error.message, /does not exist/);
});
