/** How buckets have their objects encrypted: what is set, told, held to, and refused. */
import type { ServerSideEncryptionRule } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, refusal, s3Fixture, text, textOf } from './s3.fixture.ts';

const Bucket = 'data';
const at = { Bucket, Key: 'a' };

async function withBucket() {
  const f = s3Fixture();
  await f.bucket(Bucket);
  const set = (...Rules: ServerSideEncryptionRule[]) =>
    f.calls.PutBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
  const get = async () => {
    const told = await f.calls.GetBucketEncryption({ Bucket });
    return told.ServerSideEncryptionConfiguration?.Rules;
  };
  const put = (more: object = {}, call: object = {}) =>
    f.calls.PutObject({ ...at, Body: text('abc'), ...more }, call);
  return { ...f, set, get, put };
}

const byDefault = (SSEAlgorithm: string, KMSMasterKeyID?: string) => ({
  ApplyServerSideEncryptionByDefault: {
    SSEAlgorithm: SSEAlgorithm as 'AES256',
    ...(KMSMasterKeyID === undefined ? {} : { KMSMasterKeyID }),
  },
});

test('every bucket answers, and says AES256 unless it was told otherwise', async () => {
  const { get, set, calls } = await withBucket();
  const plain = [{ ...byDefault('AES256'), BucketKeyEnabled: false }];
  expect(await get()).toEqual(plain);
  await set({ ...byDefault('aws:kms', 'alias/x'), BucketKeyEnabled: true });
  expect(await get()).toEqual([{ ...byDefault('aws:kms', 'alias/x'), BucketKeyEnabled: true }]);
  await set(byDefault('aws:kms:dsse'));
  expect(await get()).toEqual([{ ...byDefault('aws:kms:dsse'), BucketKeyEnabled: false }]);
  await calls.DeleteBucketEncryption({ Bucket });
  expect(await get()).toEqual(plain);
});

test('objects are encrypted as their bucket has it, those that are there stay', async () => {
  const { set, put, calls, keys } = await withBucket();
  const key = keys.add('one');
  await put();
  await set({ ...byDefault('aws:kms', key.id), BucketKeyEnabled: true });
  expect(await calls.HeadObject(at)).toMatchObject({ ServerSideEncryption: 'AES256' });
  const told = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.arn, BucketKeyEnabled: true };
  expect(await put()).toMatchObject(told);
  const own = await put({ BucketKeyEnabled: false });
  expect(own).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.arn });
  expect(own).not.toHaveProperty('BucketKeyEnabled');
  expect(await put({ ServerSideEncryption: 'AES256' })).toMatchObject({
    ServerSideEncryption: 'AES256',
  });
  const copy = { Bucket, Key: 'b', CopySource: 'data/a' };
  expect(await calls.CopyObject(copy)).toMatchObject(told);
  expect(await calls.CreateMultipartUpload(at)).toMatchObject(told);
  expect(await textOf(await calls.GetObject({ Bucket, Key: 'b' }))).toBe('abc');
});

test('a key that is not there is found out by the first write', async () => {
  const { set, put } = await withBucket();
  await set(byDefault('aws:kms', 'none'));
  expect(await codeOf(put())).toBe('KMS.NotFoundException 400');
});

test('keys of clients can be kept out, and let in again', async () => {
  const { set, get, calls, put } = await withBucket();
  const secure = { endpointUrl: 'https://localhost' };
  const customer = {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: Buffer.alloc(32).toString('base64'),
    SSECustomerKeyMD5: 'cLyPS3KoaSFGi/joRB3OUQ==',
  };
  await put(customer, secure);
  const blocked = { BlockedEncryptionTypes: { EncryptionType: ['SSE-C' as const] } };
  await set({ ...byDefault('AES256'), ...blocked });
  expect(await get()).toEqual([{ ...byDefault('AES256'), BucketKeyEnabled: false, ...blocked }]);
  await put({ Key: 'c' });
  const writes = [
    put(customer, secure),
    calls.CreateMultipartUpload({ ...at, ...customer }, secure),
    calls.CopyObject({ ...at, Key: 'b', CopySource: 'data/c', ...customer }, secure),
  ];
  for (const write of writes) expect(await codeOf(write)).toBe('AccessDenied 403');
  // What is there can still be read.
  expect(await textOf(await calls.GetObject({ ...at, ...customer }, secure))).toBe('abc');
  await set({
    ...byDefault('AES256'),
    BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
  });
  await put(customer, secure);
});

test.each<[readonly object[], string]>([
  [[], 'MalformedXML 400'],
  [[byDefault('AES256'), byDefault('AES256')], 'MalformedXML 400'],
  [[byDefault('aws:fsx')], 'MalformedXML 400'],
  [[byDefault('constructor')], 'MalformedXML 400'],
  [[byDefault('AES256', 'key')], 'InvalidArgument 400'],
  [[byDefault('aws:kms', '')], 'InvalidArgument 400'],
  [[{ BlockedEncryptionTypes: { EncryptionType: ['SSE-KMS'] } }], 'MalformedXML 400'],
  [[{ BlockedEncryptionTypes: { EncryptionType: ['NONE', 'SSE-C'] } }], 'MalformedXML 400'],
])('%j is refused', async (rules, code) => {
  const { set, get } = await withBucket();
  expect(await codeOf(set(...(rules as ServerSideEncryptionRule[])))).toBe(code);
  expect(await get()).toMatchObject([byDefault('AES256')]);
});

test('of a bucket that is not there nothing is set and nothing told', async () => {
  const { calls } = s3Fixture();
  const ServerSideEncryptionConfiguration = { Rules: [byDefault('AES256')] };
  for (const run of [
    calls.PutBucketEncryption({ Bucket, ServerSideEncryptionConfiguration }),
    calls.GetBucketEncryption({ Bucket }),
    calls.DeleteBucketEncryption({ Bucket }),
  ]) {
    expect((await refusal(run)).code).toBe('NoSuchBucket');
  }
});
