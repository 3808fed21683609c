/** S3 as the unmodified AWS SDK for JavaScript sees it, over loopback HTTP. */
import { Agent, createServer, get as httpGet, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { makeObjects } from '../../engines/objects/objects.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { s3, s3Permissions } from './index.ts';

const account = '123456789012';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const clock = { nowMs: () => Date.now() };
const random = seededRandom(3);
const mebibyte = 1_024 ** 2;

// Not every resolver knows names under `localhost`.
const lookup: LookupFunction = (_name, options, found) =>
  options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
const httpAgent = new Agent({ lookup, keepAlive: true });

let server: Server;
/** By address, so path-style; and by name, so the bucket is in the Host header. */
let client: sdk.S3Client;
let hosted: sdk.S3Client;

beforeAll(async () => {
  const [store, blobs] = [memoryMetadataStore(), memoryObjectStore()];
  const objects = makeObjects({ store, blobs, clock, random });
  const caller = { accessKeyId: credentials.accessKeyId, arn: 'root', userId: account, account };
  const listener = makeListener({
    services: [mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock })],
    authorize: async () => new Map(),
    findSecret: async (id) =>
      id === credentials.accessKeyId
        ? { secretAccessKey: credentials.secretAccessKey, caller }
        : undefined,
    clock,
    scope: { partition: 'aws', region: 'us-east-1', account },
    objectDomains: ['localhost'],
    random,
    log: silentLogger,
  });
  server = createServer((request, response) => void listener(request, response));
  // Longer than the clients keep a connection, or they would send on one that is being closed.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = { region: 'us-east-1', credentials, maxAttempts: 1 };
  client = new sdk.S3Client({ ...config, endpoint: `http://127.0.0.1:${port}` });
  hosted = new sdk.S3Client({
    ...config,
    endpoint: `http://localhost:${port}`,
    requestHandler: { httpAgent },
  });
  await client.send(new sdk.CreateBucketCommand({ Bucket: 'data' }));
});

afterAll(async () => {
  client.destroy();
  hosted.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const Bucket = 'data';

async function bodyOf(Key: string, more: object = {}): Promise<string> {
  const got = await client.send(new sdk.GetObjectCommand({ Bucket, Key, ...more }));
  return (await got.Body?.transformToString()) ?? '';
}

/** Status, content type and text, as a program without the SDK gets them. */
async function plainGet(url: string): Promise<readonly [number, string, string]> {
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    httpGet(url, { agent: httpAgent }, resolve).on('error', reject);
  });
  const body: Buffer[] = [];
  for await (const part of answer) body.push(part);
  const type = answer.headers['content-type'] ?? '';
  return [answer.statusCode ?? 0, type, Buffer.concat(body).toString()];
}

async function failure(sent: Promise<unknown>): Promise<[string, number | undefined]> {
  const error = await sent.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof sdk.S3ServiceException)) throw new Error(`not refused: ${String(error)}`);
  return [error.name, error.$metadata.httpStatusCode];
}

const awkwardKeys = [
  'plain',
  'a//b',
  '/leading',
  'trailing/',
  '..',
  '../../etc/passwd',
  './a/../b',
  'per%2Fcent',
  '%',
  'a+b c',
  'question?versionId=1&x=y',
  'hash#tag',
  'quotes\'"`<&>;',
  'emoji 😀/日本語',
  'back\\slash',
  'new\nline\ttab',
  '~!@$^*()_-={}[]|:,.',
  'k'.repeat(1_024),
];

describe('awkward keys are only keys', () => {
  test.each(awkwardKeys.map((key) => [key.slice(0, 40), key]))('%j', async (_, Key) => {
    for (const one of [client, hosted]) {
      await one.send(new sdk.PutObjectCommand({ Bucket, Key, Body: `content of ${Key}` }));
      expect(await bodyOf(Key)).toBe(`content of ${Key}`);
      for (const EncodingType of [undefined, 'url'] as const) {
        const list = new sdk.ListObjectsV2Command({ Bucket, Prefix: Key, EncodingType });
        const { Contents } = await one.send(list);
        const keys = Contents?.map((entry) => entry.Key ?? '') ?? [];
        const decoded = EncodingType ? keys.map(decodeURIComponent) : keys;
        expect(decoded).toContain(Key);
      }
      const copied = { Bucket, Key: 'copy', CopySource: `data/${encodeURIComponent(Key)}` };
      await one.send(new sdk.CopyObjectCommand(copied));
      expect(await bodyOf('copy')).toBe(`content of ${Key}`);
      await one.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
      expect(await failure(one.send(new sdk.HeadObjectCommand({ Bucket, Key })))).toEqual([
        'NotFound',
        404,
      ]);
    }
  });
});

test('a streamed body of unknown length, metadata, headers and checksums come back', async () => {
  const Key = 'streamed';
  const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(10_000, i));
  const put = await new Upload({
    client,
    params: {
      Bucket,
      Key,
      Body: Readable.from(pieces),
      ContentType: 'text/csv',
      CacheControl: 'no-cache',
      Metadata: { owner: 'me' },
      Tagging: 'a=1&b=2',
    },
  }).done();
  const get = new sdk.GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' });
  const got = await client.send(get);
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(
    Buffer.concat(pieces),
  );
  expect(got).toMatchObject({
    ContentType: 'text/csv',
    CacheControl: 'no-cache',
    Metadata: { owner: 'me' },
    TagCount: 2,
    ETag: put.ETag,
    ContentLength: 400_000,
  });
  expect(got.ContentEncoding).toBeUndefined();
  expect(got.ChecksumCRC32).toBeDefined();
});

test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
  'the checksum %s is verified, kept and told',
  async (ChecksumAlgorithm) => {
    const Key = `checked-${ChecksumAlgorithm}`;
    const command = new sdk.PutObjectCommand({ Bucket, Key, Body: 'checked', ChecksumAlgorithm });
    const put = await client.send(command);
    const member = `Checksum${ChecksumAlgorithm}` as const;
    expect(put[member]).toBeDefined();
    const head = new sdk.HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' });
    expect((await client.send(head))[member]).toBe(put[member]);
    expect(await bodyOf(Key)).toBe('checked');
  },
);

test.each([
  ['CRC32', undefined],
  ['SHA256', undefined],
  ['CRC32C', 'FULL_OBJECT'],
  ['CRC64NVME', undefined],
] as const)('a multipart upload with %s (%s)', async (ChecksumAlgorithm, ChecksumType) => {
  const Key = `multipart-${ChecksumAlgorithm}`;
  const content = Buffer.alloc(11 * mebibyte, 'abcdefg');
  const params = {
    Bucket,
    Key,
    Body: content,
    ChecksumAlgorithm,
    ...(ChecksumType ? { ChecksumType } : {}),
  };
  const done = await new Upload({ client, params, partSize: 5 * mebibyte }).done();
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
  const got = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
  const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(content)).toBe(true);
  const second = { Bucket, Key, PartNumber: 2 };
  const part = await client.send(new sdk.HeadObjectCommand(second));
  expect(part).toMatchObject({ PartsCount: 3, ContentLength: 5 * mebibyte });
  const attributes = await client.send(
    new sdk.GetObjectAttributesCommand({
      Bucket,
      Key,
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'ObjectSize'],
    }),
  );
  expect(attributes).toMatchObject({
    ObjectSize: content.length,
    ObjectParts: { TotalPartsCount: 3 },
  });
});

test('parts are copied, listed and joined; an upload is listed until it is aborted', async () => {
  const source = Buffer.alloc(6 * mebibyte, 'xyz');
  await client.send(new sdk.PutObjectCommand({ Bucket, Key: 'source', Body: source }));
  const at = { Bucket, Key: 'joined' };
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
  const copy = { ...at, UploadId, PartNumber: 1, CopySource: 'data/source' };
  const copied = await client.send(
    new sdk.UploadPartCopyCommand({ ...copy, CopySourceRange: `bytes=0-${5 * mebibyte - 1}` }),
  );
  await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 2, Body: 'the end' }));
  const uploads = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket }));
  expect(uploads.Uploads).toMatchObject([{ Key: 'joined', UploadId }]);
  const { Parts } = await client.send(new sdk.ListPartsCommand({ ...at, UploadId }));
  expect(Parts?.[0]?.ETag).toBe(copied.CopyPartResult?.ETag);
  const completed = { ...at, UploadId, MultipartUpload: { Parts } };
  await client.send(new sdk.CompleteMultipartUploadCommand(completed));
  expect((await bodyOf('joined')).endsWith('the end')).toBe(true);
  const again = await client.send(new sdk.CreateMultipartUploadCommand(at));
  const abort = new sdk.AbortMultipartUploadCommand({ ...at, UploadId: again.UploadId });
  await client.send(abort);
  expect(await failure(client.send(abort))).toEqual(['NoSuchUpload', 404]);
});

test('ranges are partial content', async () => {
  await client.send(new sdk.PutObjectCommand({ Bucket, Key: 'range', Body: '0123456789' }));
  const get = (Range: string) =>
    client.send(new sdk.GetObjectCommand({ Bucket, Key: 'range', Range }));
  const got = await get('bytes=2-4');
  expect(got).toMatchObject({ ContentRange: 'bytes 2-4/10', ContentLength: 3 });
  expect(got.$metadata.httpStatusCode).toBe(206);
  expect(await got.Body?.transformToString()).toBe('234');
  expect(await (await get('bytes=-3')).Body?.transformToString()).toBe('789');
  expect(await failure(get('bytes=10-'))).toEqual(['InvalidRange', 416]);
});

test('conditions answer 304 and 412', async () => {
  const at = { Bucket, Key: 'conditional' };
  const { ETag = '' } = await client.send(new sdk.PutObjectCommand({ ...at, Body: 'one' }));
  const get = (more: object) => client.send(new sdk.GetObjectCommand({ ...at, ...more }));
  expect((await failure(get({ IfNoneMatch: ETag })))[1]).toBe(304);
  expect(await failure(get({ IfMatch: '"other"' }))).toEqual(['PreconditionFailed', 412]);
  const put = (more: object) =>
    client.send(new sdk.PutObjectCommand({ ...at, Body: 'two', ...more }));
  expect(await failure(put({ IfNoneMatch: '*' }))).toEqual(['PreconditionFailed', 412]);
  await put({ IfMatch: ETag });
  expect(await bodyOf('conditional')).toBe('two');
});

test('presigned URLs put and get without the SDK', async () => {
  const at = { Bucket, Key: 'presigned/a b+c' };
  const putUrl = await getSignedUrl(client, new sdk.PutObjectCommand(at));
  const put = await fetch(putUrl, { method: 'PUT', body: 'by hand' });
  expect(put.status).toBe(200);
  const override = { ...at, ResponseContentType: 'text/x-own' };
  const getUrl = await getSignedUrl(hosted, new sdk.GetObjectCommand(override));
  expect(await plainGet(getUrl)).toEqual([200, 'text/x-own', 'by hand']);
  const [status] = await plainGet(getUrl.replace('a%20b', 'a%20c'));
  expect(status).toBe(403);
});

test('pages of every list join to the whole', async () => {
  const Bucket = 'pages';
  await client.send(new sdk.CreateBucketCommand({ Bucket }));
  const keys = Array.from(
    { length: 25 },
    (_, i) => `dir${i % 3}/key ${String(i).padStart(2, '0')}`,
  );
  for (const Key of keys) await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const seen: (string | undefined)[] = [];
  const pages = sdk.paginateListObjectsV2({ client, pageSize: 7 }, { Bucket });
  for await (const { Contents = [] } of pages) seen.push(...Contents.map(({ Key }) => Key));
  expect(seen).toEqual([...keys].sort());
  const v1 = await client.send(new sdk.ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2 }));
  expect(v1).toMatchObject({
    IsTruncated: true,
    NextMarker: 'dir1/',
    CommonPrefixes: [{ Prefix: 'dir0/' }, { Prefix: 'dir1/' }],
  });
  expect(await failure(client.send(new sdk.DeleteBucketCommand({ Bucket })))).toEqual([
    'BucketNotEmpty',
    409,
  ]);
});

test('versions and delete markers', async () => {
  const Bucket = 'versioned';
  await client.send(new sdk.CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await client.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  const at = { Bucket, Key: 'k' };
  const one = await client.send(new sdk.PutObjectCommand({ ...at, Body: '1' }));
  await client.send(new sdk.PutObjectCommand({ ...at, Body: '2' }));
  const marker = await client.send(new sdk.DeleteObjectCommand(at));
  expect(marker.DeleteMarker).toBe(true);
  const get = (VersionId?: string) =>
    client.send(new sdk.GetObjectCommand({ ...at, ...(VersionId ? { VersionId } : {}) }));
  expect(await failure(get())).toEqual(['NoSuchKey', 404]);
  expect(await failure(get(marker.VersionId))).toEqual(['MethodNotAllowed', 405]);
  expect(await (await get(one.VersionId)).Body?.transformToString()).toBe('1');
  const { Versions, DeleteMarkers } = await client.send(
    new sdk.ListObjectVersionsCommand({ Bucket }),
  );
  expect(Versions).toHaveLength(2);
  expect(DeleteMarkers).toMatchObject([{ IsLatest: true, VersionId: marker.VersionId }]);
});

test('errors carry their members', async () => {
  const get = client.send(new sdk.GetObjectCommand({ Bucket, Key: 'none' }));
  await expect(get).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'none' });
  const none = client.send(new sdk.ListObjectsV2Command({ Bucket: 'no-such-bucket' }));
  await expect(none).rejects.toMatchObject({ name: 'NoSuchBucket', BucketName: 'no-such-bucket' });
  const locked = { Bucket, Key: 'e', Body: 'e', ObjectLockMode: 'GOVERNANCE' as const };
  const lock = client.send(new sdk.PutObjectCommand(locked));
  expect(await failure(lock)).toEqual(['NotImplemented', 501]);
});

test('buckets, their location and their tags', async () => {
  const { Buckets } = await client.send(new sdk.ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toContain('data');
  const location = await client.send(new sdk.GetBucketLocationCommand({ Bucket }));
  expect(location.LocationConstraint).toBeUndefined();
  const Tagging = { TagSet: [{ Key: 'team', Value: 'ml' }] };
  await client.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging }));
  const { TagSet } = await hosted.send(new sdk.GetBucketTaggingCommand({ Bucket }));
  expect(TagSet).toEqual(Tagging.TagSet);
  await client.send(new sdk.PutObjectCommand({ Bucket, Key: 'tagged', Body: 'x' }));
  const at = { Bucket, Key: 'tagged' };
  await client.send(new sdk.PutObjectTaggingCommand({ ...at, Tagging: { TagSet: [] } }));
  expect((await client.send(new sdk.GetObjectTaggingCommand(at))).TagSet).toEqual([]);
  expect((await client.send(new sdk.HeadBucketCommand({ Bucket }))).BucketRegion).toBe('us-east-1');
});

test('a policy is a body of JSON, not of XML', async () => {
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: account },
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await client.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy }));
  const told = await client.send(new sdk.GetBucketPolicyCommand({ Bucket }));
  expect(told.Policy).toBe(Policy);
  const status = await client.send(new sdk.GetBucketPolicyStatusCommand({ Bucket }));
  expect(status.PolicyStatus).toEqual({ IsPublic: false });
  await client.send(new sdk.DeleteBucketPolicyCommand({ Bucket }));
  expect(await failure(client.send(new sdk.GetBucketPolicyCommand({ Bucket })))).toEqual([
    'NoSuchBucketPolicy',
    404,
  ]);
  const PublicAccessBlockConfiguration = { BlockPublicPolicy: true };
  const block = { Bucket, PublicAccessBlockConfiguration };
  await client.send(new sdk.PutPublicAccessBlockCommand(block));
  const blocked = await client.send(new sdk.GetPublicAccessBlockCommand({ Bucket }));
  expect(blocked.PublicAccessBlockConfiguration).toMatchObject({
    BlockPublicPolicy: true,
    RestrictPublicBuckets: false,
  });
});
