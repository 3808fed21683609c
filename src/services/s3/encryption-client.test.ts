/** Encryption as the unmodified AWS SDK for JavaScript sees it, over TLS, under managed keys. */
import { createHash } from 'node:crypto';
import { Agent, createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issue, makeAuthority } from '../../adapters/certificates/authority.ts';
import { setup } from '../../engines/keys/keys.fixture.ts';
import { type KeyRow, keyed, keyRows } from '../../engines/keys/rows.ts';
import { sealedBlobs } from '../../engines/objects/objects.fixture.ts';
import { makeObjects } from '../../engines/objects/objects.ts';
import { gather } from '../../kernel/bytes.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { makeListener } from '../../wire/listener.ts';
import { mount } from '../../wire/operation.ts';
import { s3, s3Permissions } from './index.ts';

const scope = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };
const { account, region } = scope;
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const clock = { nowMs: () => Date.now() };
const mebibyte = 1_024 ** 2;
const Bucket = 'data';

const { keys, store, create } = setup();
const { blobs, inner } = sealedBlobs();
let key: KeyRow;
let server: Server;
let client: sdk.S3Client;

beforeAll(async () => {
  key = await create();
  const random = seededRandom(3);
  const objects = makeObjects({ store, blobs, keys, clock, random });
  const caller = { accessKeyId: credentials.accessKeyId, arn: 'root', userId: account, account };
  const listener = makeListener({
    services: [mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock })],
    authorize: async () => new Map(),
    findSecret: async (id) =>
      id === credentials.accessKeyId
        ? { secretAccessKey: credentials.secretAccessKey, caller }
        : undefined,
    clock,
    scope,
    objectDomains: ['localhost'],
    random,
    log: silentLogger,
  });
  const validity = { nowMs: Date.now(), days: 1 };
  const authority = await makeAuthority('a test', validity);
  const names = ['127.0.0.1', 'localhost'];
  const own = await issue(authority, { ...validity, commonName: 'server', names, use: 'server' });
  const pair = { key: own.privateKeyPem, cert: own.certificatePem };
  server = createServer(pair, (request, response) => void listener(request, response));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new sdk.S3Client({
    ...{ region, credentials, maxAttempts: 1, endpoint: `https://127.0.0.1:${port}` },
    requestHandler: { httpsAgent: new Agent({ ca: authority.certificatePem, keepAlive: true }) },
  });
  const LocationConstraint = region as sdk.BucketLocationConstraint;
  const CreateBucketConfiguration = { LocationConstraint };
  await client.send(new sdk.CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
});

afterAll(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function failure(sent: Promise<unknown>): Promise<[string, number | undefined]> {
  const error = await sent.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof sdk.S3ServiceException)) throw new Error(`not refused: ${String(error)}`);
  return [error.name, error.$metadata.httpStatusCode];
}

async function bytesOf(Key: string, more: object = {}): Promise<Buffer> {
  const got = await client.send(new sdk.GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await got.Body?.transformToByteArray()) ?? []);
}

const content = Buffer.alloc(5 * mebibyte + 70_000);
for (let i = 0; i < content.length; i += 1) content[i] = (i * 7 + (i >> 9)) % 251;

function customer(fill: number) {
  const secret = Buffer.alloc(32, fill);
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: secret.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(secret).digest('base64'),
  };
}

const ways: readonly (readonly [string, () => object, () => object])[] = [
  ['the store’s own key', () => ({ ServerSideEncryption: 'AES256' }), () => ({})],
  ['a managed key', () => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.id }), () => ({})],
  [
    'a key of the bucket',
    () => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.arn, BucketKeyEnabled: true }),
    () => ({}),
  ],
  ['a managed key, twice', () => ({ ServerSideEncryption: 'aws:kms:dsse' }), () => ({})],
  ['a key of the client’s', () => customer(1), () => customer(1)],
];

describe.each(ways)('under %s', (name, writing, reading) => {
  test('streams in parts and ranges over them come back', async () => {
    const Key = `parts/${name}`;
    const params = { Bucket, Key, Body: Readable.from([content]), ...writing() };
    const done = await new Upload({ client, params, partSize: 5 * mebibyte }).done();
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect((await bytesOf(Key, reading())).equals(content)).toBe(true);
    const edge = 5 * mebibyte;
    for (const [start, end] of [
      [0, 9],
      [edge - 5, edge + 5],
      [65_530, 65_545],
      [content.length - 3, content.length - 1],
    ] as const) {
      const piece = await bytesOf(Key, { ...reading(), Range: `bytes=${start}-${end}` });
      expect(piece.equals(content.subarray(start, end + 1))).toBe(true);
    }
    const part = await bytesOf(Key, { ...reading(), PartNumber: 2 });
    expect(part.equals(content.subarray(edge))).toBe(true);
  });

  test('an empty object, a small one, and what is told of them', async () => {
    for (const Body of ['', 'small']) {
      const at = { Bucket, Key: `small/${name}` };
      const { SSECustomerKey: _, ...told } = writing() as Record<string, unknown>;
      const put = await client.send(
        new sdk.PutObjectCommand({ ...at, Body: Buffer.from(Body), ...writing() }),
      );
      const expected = told['SSEKMSKeyId'] ? { ...told, SSEKMSKeyId: key.arn } : told;
      expect(put).toMatchObject(expected);
      const head = await client.send(new sdk.HeadObjectCommand({ ...at, ...reading() }));
      expect(head).toMatchObject({ ...expected, ETag: put.ETag, ContentLength: Body.length });
      expect((await bytesOf(at.Key, reading())).toString()).toBe(Body);
    }
  });
});

test('nothing that is kept can be read', async () => {
  const marker = 'a text that nobody may find';
  for (const [name, writing] of ways) {
    const put = { Bucket, Key: `marked/${name}`, Body: marker, ...writing() };
    await client.send(new sdk.PutObjectCommand(put));
  }
  for await (const id of inner.ids()) {
    expect((await gather(inner.read(id), 20 * mebibyte)).includes(marker)).toBe(false);
  }
});

test('a disabled key closes its objects at once, an enabled one opens them', async () => {
  const at = { Bucket, Key: 'closing' };
  const kms = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: key.id };
  const put = () => client.send(new sdk.PutObjectCommand({ ...at, ...kms, Body: 'x' }));
  const change = (state: KeyRow['state']) =>
    store.write((tx) => tx.put(keyRows, keyed(scope, key.id), { ...key, state }));
  await put();
  expect((await bytesOf(at.Key)).toString()).toBe('x');
  await change('Disabled');
  expect(await failure(bytesOf(at.Key))).toEqual(['KMS.DisabledException', 400]);
  expect(await failure(put())).toEqual(['KMS.DisabledException', 400]);
  await change('PendingDeletion');
  expect(await failure(bytesOf(at.Key))).toEqual(['KMS.KMSInvalidStateException', 400]);
  await change('Enabled');
  expect((await bytesOf(at.Key)).toString()).toBe('x');
  await store.write((tx) => tx.delete(keyRows, keyed(scope, key.id)));
  expect(await failure(bytesOf(at.Key))).toEqual(['KMS.NotFoundException', 400]);
  await change('Enabled');
});

test('reads under a key of the client’s without it, and with another', async () => {
  const at = { Bucket, Key: 'theirs' };
  const Body = 'x';
  await client.send(new sdk.PutObjectCommand({ ...at, Body, ...customer(1) }));
  const get = (more: object) => bytesOf(at.Key, more);
  const head = (more: object) => client.send(new sdk.HeadObjectCommand({ ...at, ...more }));
  expect(await failure(get({}))).toEqual(['InvalidRequest', 400]);
  expect(await failure(get(customer(2)))).toEqual(['AccessDenied', 403]);
  expect((await failure(head({})))[1]).toBe(400);
  expect((await failure(head(customer(2))))[1]).toBe(403);
});

test('the encryption of a bucket is set, told, held to and taken away', async () => {
  const rule: sdk.ServerSideEncryptionRule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key.arn },
    BucketKeyEnabled: true,
    BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
  };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  const config = { Bucket, ServerSideEncryptionConfiguration };
  await client.send(new sdk.PutBucketEncryptionCommand(config));
  const told = await client.send(new sdk.GetBucketEncryptionCommand({ Bucket }));
  expect(told.ServerSideEncryptionConfiguration?.Rules).toEqual([rule]);
  const put = (more: object = {}) =>
    client.send(new sdk.PutObjectCommand({ Bucket, Key: 'ruled', Body: 'x', ...more }));
  expect(await put()).toMatchObject({ SSEKMSKeyId: key.arn, BucketKeyEnabled: true });
  expect(await failure(put(customer(1)))).toEqual(['AccessDenied', 403]);
  await client.send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
  expect(await put()).toMatchObject({ ServerSideEncryption: 'AES256' });
});
