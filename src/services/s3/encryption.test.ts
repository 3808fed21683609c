/** Encryption headers: what is asked, what is told, and every way of asking wrongly. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { S3Ctx } from './context.ts';
import { codeOf, refusal, s3Fixture, text, textOf } from './s3.fixture.ts';

const Bucket = 'data';
const at = { Bucket, Key: 'a' };
const secure = { endpointUrl: 'https://localhost:4566' };
const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes);
const kms = { ServerSideEncryption: 'aws:kms' as const };

function customer(fill = 7) {
  const key = Buffer.alloc(32, fill);
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: md5(key).digest('base64'),
  };
}

function copySource({ SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = customer()) {
  return {
    CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm,
    CopySourceSSECustomerKey: SSECustomerKey,
    CopySourceSSECustomerKeyMD5: SSECustomerKeyMD5,
  };
}

async function withBucket() {
  const f = s3Fixture();
  await f.bucket(Bucket);
  const key = f.keys.add('one');
  const put = (more: object = {}, call: Partial<S3Ctx> = {}) =>
    f.calls.PutObject({ ...at, Body: text('abc'), ...more }, call);
  return { ...f, key, put };
}

test('every answer says how the object is encrypted, if only by default', async () => {
  const { put, calls } = await withBucket();
  const told = { ServerSideEncryption: 'AES256' };
  expect(await put()).toMatchObject({ ...told, ETag: `"${md5('abc').digest('hex')}"` });
  expect(await put(told)).toMatchObject(told);
  expect(await calls.GetObject(at)).toMatchObject(told);
  expect(await calls.HeadObject(at)).toMatchObject(told);
  const CopySource = 'data/a';
  expect(await calls.CopyObject({ Bucket, Key: 'b', CopySource })).toMatchObject(told);
  expect(await calls.CreateMultipartUpload(at)).toMatchObject(told);
});

test('under a managed key, the key is told by its ARN and the etag is no MD5', async () => {
  const { put, calls, key, keys } = await withBucket();
  keys.alias('alias/mine', key);
  const context = Buffer.from('{"study":"7"}').toString('base64');
  const told = { ...kms, SSEKMSKeyId: key.arn, BucketKeyEnabled: true };
  const done = await put({
    ...kms,
    SSEKMSKeyId: 'alias/mine',
    SSEKMSEncryptionContext: context,
    BucketKeyEnabled: true,
  });
  expect(done).toMatchObject({ ...told, SSEKMSEncryptionContext: context });
  expect(done.ETag).not.toContain(md5('abc').digest('hex'));
  const got = await calls.GetObject({ ...at, Range: 'bytes=1-1' });
  expect(got).toMatchObject(told);
  expect(got).not.toHaveProperty('SSEKMSEncryptionContext');
  expect(await textOf(got)).toBe('b');
  expect(await calls.HeadObject(at)).toMatchObject(told);
  expect(keys.made).toEqual([{ study: '7', 'aws:s3:arn': 'arn:aws:s3:::data' }]);
  const dsse = { ServerSideEncryption: 'aws:kms:dsse' as const };
  expect(await put(dsse)).toMatchObject({ ...dsse, SSEKMSKeyId: expect.stringContaining('arn:') });
  expect(await textOf(await calls.GetObject(at))).toBe('abc');
});

test('a key of the client’s is needed by every read, and answers tell its MD5', async () => {
  const { calls, put } = await withBucket();
  const mine = customer();
  const told = { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: mine.SSECustomerKeyMD5 };
  const done = await put(mine, secure);
  expect(done).toMatchObject(told);
  expect(done).not.toHaveProperty('ServerSideEncryption');
  const got = await calls.GetObject({ ...at, ...mine, Range: 'bytes=1-' }, secure);
  expect(got).toMatchObject(told);
  expect(await textOf(got)).toBe('bc');
  expect(await calls.HeadObject({ ...at, ...mine }, secure)).toMatchObject(told);
  const asked = { ObjectAttributes: ['ObjectSize' as const] };
  const attributes = await calls.GetObjectAttributes({ ...at, ...mine, ...asked }, secure);
  expect(attributes.ObjectSize).toBe(3);

  for (const [more, code] of [
    [{}, 'InvalidRequest 400'],
    [customer(8), 'AccessDenied 403'],
  ] as const) {
    expect(await codeOf(calls.GetObject({ ...at, ...more }, secure))).toBe(code);
    expect(await codeOf(calls.HeadObject({ ...at, ...more }, secure))).toBe(code);
    const read = calls.GetObjectAttributes({ ...at, ...more, ...asked }, secure);
    expect(await codeOf(read)).toBe(code);
  }
  const refused = await refusal(calls.GetObject({ ...at, ...customer(8) }, secure));
  expect(JSON.stringify([refused.message, refused.members])).not.toContain(
    customer(8).SSECustomerKey,
  );
  await put();
  expect(await codeOf(calls.GetObject({ ...at, ...mine }, secure))).toBe('InvalidRequest 400');
});

describe('keys of clients that are refused', () => {
  const short = Buffer.alloc(16, 1);
  const badLength = {
    SSECustomerKey: short.toString('base64'),
    SSECustomerKeyMD5: md5(short).digest('base64'),
  };
  test.each<[object, string, string]>([
    [{ SSECustomerAlgorithm: undefined }, 'InvalidArgument', 'a valid encryption algorithm'],
    [{ SSECustomerAlgorithm: 'AES128' }, 'InvalidEncryptionAlgorithmError', 'AES256'],
    [{ SSECustomerKey: undefined }, 'InvalidArgument', 'an appropriate secret key'],
    [{ SSECustomerKeyMD5: undefined }, 'InvalidArgument', 'MD5 of the secret key'],
    [{ SSECustomerKeyMD5: customer(9).SSECustomerKeyMD5 }, 'InvalidArgument', 'did not match'],
    [{ SSECustomerKeyMD5: 'x' }, 'InvalidArgument', 'did not match'],
    [badLength, 'InvalidArgument', 'was invalid for the specified algorithm'],
    [{ SSECustomerKey: `${customer().SSECustomerKey}\n` }, 'InvalidArgument', 'was invalid'],
    [{ ServerSideEncryption: 'AES256' }, 'InvalidArgument', 'is incompatible with'],
    [{ ServerSideEncryption: 'aws:kms' }, 'InvalidArgument', 'is incompatible with'],
  ])('%j', async (more, code, words) => {
    const { put, calls } = await withBucket();
    const given = { ...customer(), ...more };
    const refused = await refusal(put(given, secure));
    expect([refused.code, refused.status]).toEqual([code, 400]);
    expect(refused.message).toContain(words);
    const told = JSON.stringify([refused.message, refused.members, refused.headers]);
    if (given.SSECustomerKey) expect(told).not.toContain(given.SSECustomerKey);
    expect(await codeOf(calls.GetObject(at))).toBe('NoSuchKey 404');
  });

  test('over a connection that anybody may read', async () => {
    const { put, calls } = await withBucket();
    const refused = await refusal(put(customer()));
    expect(refused.code).toBe('InvalidRequest');
    expect(refused.message).toContain('must be made over a secure connection');
    await put(customer(), secure);
    expect(await codeOf(calls.GetObject({ ...at, ...customer() }))).toBe('InvalidRequest 400');
  });
});

describe('managed keys that are refused', () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  test.each<[object, string]>([
    [{ ServerSideEncryption: 'aws:none' }, 'InvalidArgument 400'],
    [{ ServerSideEncryption: 'aws:fsx' }, 'InvalidArgument 400'],
    [{ SSEKMSKeyId: 'one' }, 'InvalidArgument 400'],
    [{ ServerSideEncryption: 'AES256', SSEKMSKeyId: 'one' }, 'InvalidArgument 400'],
    [{ SSEKMSEncryptionContext: json({ a: 'b' }) }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSKeyId: '' }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSEncryptionContext: 'x' }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSEncryptionContext: json(['a']) }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSEncryptionContext: json({ a: 1 }) }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSEncryptionContext: json('a') }, 'InvalidArgument 400'],
    [{ ServerSideEncryption: 'aws:kms:dsse', BucketKeyEnabled: true }, 'InvalidArgument 400'],
    [{ ...kms, SSEKMSKeyId: 'none' }, 'KMS.NotFoundException 400'],
    [
      { ...kms, SSEKMSKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/one' },
      'KMS.NotFoundException 400',
    ],
  ])('%j', async (more, code) => {
    const { put, calls } = await withBucket();
    expect(await codeOf(put(more))).toBe(code);
    expect(await codeOf(calls.CreateMultipartUpload({ ...at, ...more }))).toBe(code);
  });

  test.each([
    [{ state: 'Disabled' }, 'KMS.DisabledException 400'],
    [{ state: 'PendingDeletion' }, 'KMS.KMSInvalidStateException 400'],
    [{ usage: 'SIGN_VERIFY' }, 'KMS.InvalidKeyUsageException 400'],
  ] as const)('for their state: %j', async (more, code) => {
    const { put, keys, key, calls } = await withBucket();
    await put({ ...kms, SSEKMSKeyId: key.id });
    keys.change(key, more);
    expect(await codeOf(put({ ...kms, SSEKMSKeyId: key.id }))).toBe(code);
    expect(await codeOf(calls.GetObject(at))).toBe(code);
    const attributes = { ...at, ObjectAttributes: ['Checksum' as const] };
    expect(await codeOf(calls.GetObjectAttributes(attributes))).toBe(code);
    expect(await codeOf(calls.HeadObject({ ...at, ChecksumMode: 'ENABLED' }))).toBe(code);
    // What is known without the bytes is still told.
    expect(await calls.HeadObject(at)).toMatchObject({ ContentLength: 3, SSEKMSKeyId: key.arn });
    keys.change(key, { state: 'Enabled', usage: 'ENCRYPT_DECRYPT' });
    expect(await textOf(await calls.GetObject(at))).toBe('abc');
  });
});

test('callers who have not said who they are reach nothing under a managed key', async () => {
  const { put, calls, context } = await withBucket();
  await put(kms);
  const { account } = context().caller;
  const call = { caller: { accessKeyId: '', arn: '', userId: 'anonymous', account } };
  for (const run of [
    calls.GetObject(at, call),
    calls.HeadObject(at, call),
    put(kms, call),
    calls.CreateMultipartUpload({ ...at, ...kms }, call),
    calls.CopyObject({ Bucket, Key: 'b', CopySource: 'data/a' }, call),
  ]) {
    const refused = await refusal(run);
    expect(refused.code).toBe('InvalidArgument');
    expect(refused.message).toContain('require AWS Signature Version 4');
  }
  await put();
  expect(await textOf(await calls.GetObject(at, call))).toBe('abc');
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await calls.PutBucketEncryption({ Bucket, ServerSideEncryptionConfiguration });
  expect(await codeOf(put({}, call))).toBe('InvalidArgument 400');
});

describe('copies', () => {
  const CopySource = 'data/a';

  test('from a key of the client’s to another', async () => {
    const { put, calls } = await withBucket();
    await put(customer(1), secure);
    const to = { Bucket, Key: 'b', CopySource };
    const copied = await calls.CopyObject(
      { ...to, ...copySource(customer(1)), ...customer(2) },
      secure,
    );
    expect(copied.SSECustomerKeyMD5).toBe(customer(2).SSECustomerKeyMD5);
    const got = await calls.GetObject({ Bucket, Key: 'b', ...customer(2) }, secure);
    expect(await textOf(got)).toBe('abc');
    expect(await codeOf(calls.CopyObject(to, secure))).toBe('InvalidRequest 400');
    const wrong = calls.CopyObject({ ...to, ...copySource(customer(3)) }, secure);
    expect(await codeOf(wrong)).toBe('AccessDenied 403');
    expect(await codeOf(calls.CopyObject({ ...to, ...copySource(customer(1)) }))).toBe(
      'InvalidRequest 400',
    );
  });

  test('onto itself, if the encryption changes', async () => {
    const { put, calls, key } = await withBucket();
    await put();
    const itself = { ...at, CopySource };
    expect(await codeOf(calls.CopyObject(itself))).toBe('InvalidRequest 400');
    const changed = { ...itself, ...kms, SSEKMSKeyId: key.id };
    expect(await calls.CopyObject(changed)).toMatchObject({ ...kms, SSEKMSKeyId: key.arn });
    expect(await textOf(await calls.GetObject(at))).toBe('abc');
  });
});

describe('uploads in parts', () => {
  async function begun(more: object = {}) {
    const f = await withBucket();
    const { calls } = f;
    const upload = await calls.CreateMultipartUpload({ ...at, ...more }, secure);
    const UploadId = upload.UploadId ?? '';
    const part = (also: object = {}) =>
      calls.UploadPart({ ...at, UploadId, PartNumber: 1, Body: text('part'), ...also }, secure);
    const complete = (ETag: string | undefined, also: object = {}) =>
      calls.CompleteMultipartUpload(
        { ...at, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] }, ...also },
        secure,
      );
    return { ...f, upload, UploadId, part, complete };
  }

  test('under a managed key', async () => {
    const { upload, part, complete, calls, keys, key } = await begun(kms);
    const told = { ...kms, SSEKMSKeyId: upload.SSEKMSKeyId };
    expect(upload).toMatchObject({ ...kms, SSEKMSKeyId: expect.stringContaining('own-s3') });
    const { ETag, ...rest } = await part();
    expect(rest).toMatchObject(told);
    expect(ETag).not.toContain(md5('part').digest('hex'));
    expect(await complete(ETag)).toMatchObject(told);
    expect(await textOf(await calls.GetObject(at))).toBe('part');
    expect(key.arn).not.toBe(upload.SSEKMSKeyId);
    expect(keys.made).toHaveLength(1);
  });

  test('under a key of the client’s every part brings it', async () => {
    const { upload, part, complete, calls } = await begun(customer());
    const { SSECustomerKeyMD5 } = customer();
    expect(upload).toMatchObject({ SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5 });
    for (const more of [{}, customer(8)]) {
      const refused = await refusal(part(more));
      expect([refused.code, refused.status]).toEqual(['InvalidRequest', 400]);
    }
    const { ETag, ...rest } = await part(customer());
    expect(rest).toMatchObject({ SSECustomerKeyMD5 });
    expect(await codeOf(complete(ETag, customer(8)))).toBe('InvalidRequest 400');
    expect(await complete(ETag)).not.toHaveProperty('ServerSideEncryption');
    expect(await textOf(await calls.GetObject({ ...at, ...customer() }, secure))).toBe('part');
  });

  test('a part brings no key that the upload was not begun with', async () => {
    const { part } = await begun();
    const refused = await refusal(part(customer()));
    expect(refused.message).toContain('did not request encryption');
  });

  test('parts are copied from under one key to under another', async () => {
    const { calls, UploadId, put, complete } = await begun(customer(1));
    await put({ ...customer(2), Key: 'from' }, secure);
    const copy = { ...at, UploadId, PartNumber: 1, CopySource: 'data/from' };
    const wrong = calls.UploadPartCopy(
      { ...copy, ...customer(1), ...copySource(customer(1)) },
      secure,
    );
    expect(await codeOf(wrong)).toBe('AccessDenied 403');
    const keyed = { ...copy, ...customer(1), ...copySource(customer(2)) };
    const { CopyPartResult } = await calls.UploadPartCopy(keyed, secure);
    await complete(CopyPartResult?.ETag);
    expect(await textOf(await calls.GetObject({ ...at, ...customer(1) }, secure))).toBe('abc');
  });
});
