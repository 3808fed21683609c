/** What operations ask permission for, and what becomes of those that get it in part. */
import { describe, expect, test } from 'vitest';
import {
  allow,
  anonymous,
  bucketArn,
  guarded,
  objectsArn,
  owner,
  policy,
  root,
} from './permissions.fixture.ts';
import { codeOf, refusal } from './s3.fixture.ts';

const at = { Bucket: 'data', Key: 'a/b' };
const object = `${bucketArn}/a/b`;
const list = `s3:ListBucket ${bucketArn}?`;

describe('what each operation asks', () => {
  test.each<[string, object, readonly string[]]>([
    ['GetObject', at, [`s3:GetObject ${object}`, list]],
    ['HeadObject', { ...at, VersionId: 'null' }, [`s3:GetObjectVersion ${object}`, list]],
    [
      'GetObjectAttributes',
      { ...at, VersionId: 'null' },
      [`s3:GetObjectVersion ${object}`, `s3:GetObjectVersionAttributes ${object}`, list],
    ],
    ['GetObjectTagging', at, [`s3:GetObjectTagging ${object}`, list]],
    ['PutObjectTagging', { ...at, VersionId: 'v' }, [`s3:PutObjectVersionTagging ${object}`]],
    ['DeleteObjectTagging', at, [`s3:DeleteObjectTagging ${object}`]],
    ['DeleteObject', at, [`s3:DeleteObject ${object}`]],
    ['DeleteObject', { ...at, VersionId: 'v' }, [`s3:DeleteObjectVersion ${object}`]],
    ['PutObject', at, [`s3:PutObject ${object}`]],
    [
      'PutObject',
      { ...at, Tagging: 'a=1', ACL: 'private' },
      [`s3:PutObject ${object}`, `s3:PutObjectTagging ${object}`, `s3:PutObjectAcl ${object}`],
    ],
    ['CreateMultipartUpload', at, [`s3:PutObject ${object}`]],
    ['UploadPart', { ...at, UploadId: 'u', PartNumber: 1 }, [`s3:PutObject ${object}`]],
    ['CompleteMultipartUpload', { ...at, UploadId: 'u' }, [`s3:PutObject ${object}`]],
    ['AbortMultipartUpload', { ...at, UploadId: 'u' }, [`s3:AbortMultipartUpload ${object}`]],
    ['ListParts', { ...at, UploadId: 'u' }, [`s3:ListMultipartUploadParts ${object}`]],
    [
      'CopyObject',
      { ...at, CopySource: '/other/x%20y?versionId=v' },
      [
        's3:GetObjectVersion arn:aws:s3:::other/x y',
        's3:ListBucket arn:aws:s3:::other?',
        `s3:PutObject ${object}`,
      ],
    ],
    [
      'UploadPartCopy',
      { ...at, CopySource: 'other/x', UploadId: 'u', PartNumber: 1 },
      [
        's3:GetObject arn:aws:s3:::other/x',
        's3:ListBucket arn:aws:s3:::other?',
        `s3:PutObject ${object}`,
      ],
    ],
    ['CopyObject', { ...at, CopySource: '%zz' }, [`s3:PutObject ${object}`]],
    ['HeadBucket', at, [`s3:ListBucket ${bucketArn}`]],
    ['ListObjects', at, [`s3:ListBucket ${bucketArn}`]],
    ['ListObjectVersions', at, [`s3:ListBucketVersions ${bucketArn}`]],
    ['ListMultipartUploads', at, [`s3:ListBucketMultipartUploads ${bucketArn}`]],
    ['DeleteBucketTagging', at, [`s3:PutBucketTagging ${bucketArn}`]],
    ['DeletePublicAccessBlock', at, [`s3:PutBucketPublicAccessBlock ${bucketArn}`]],
    ['CreateBucket', at, [`s3:CreateBucket ${bucketArn}`]],
    [
      'CreateBucket',
      { ...at, CreateBucketConfiguration: { Tags: [{ Key: 'a', Value: '1' }] } },
      [`s3:CreateBucket ${bucketArn}`, `s3:TagResource ${bucketArn}`],
    ],
    ['ListBuckets', {}, ['s3:ListAllMyBuckets *']],
    [
      'DeleteObjects',
      { ...at, Delete: { Objects: [{ Key: 'x' }, { Key: 'y', VersionId: 'v' }] } },
      [`s3:DeleteObject ${bucketArn}/x?`, `s3:DeleteObjectVersion ${bucketArn}/y?`],
    ],
    ['DeleteObjects', { ...at, Delete: { Objects: [] } }, []],
  ])('%s %j', async (operation, input, expected) => {
    const checks = await guarded().needs(operation, input);
    const told = checks.map(({ action, resource, item }) =>
      item === undefined ? `${action} ${resource}` : `${action} ${resource}?`,
    );
    expect(told).toEqual(expected);
  });

  test('a thousand deletions at most', async () => {
    const Objects = Array.from({ length: 1_500 }, (_, i) => ({ Key: `k${i}` }));
    expect(await guarded().needs('DeleteObjects', { ...at, Delete: { Objects } })).toHaveLength(
      1_000,
    );
  });
});

describe('condition keys', () => {
  test('what is said in the request', async () => {
    const { needs } = guarded();
    const [listing] = await needs('ListObjectsV2', { ...at, Prefix: '', Delimiter: '/' });
    expect(listing?.keys).toMatchObject({ 's3:prefix': '', 's3:delimiter': '/' });
    expect(listing?.keys).not.toHaveProperty('s3:max-keys');
    const headers = {
      Tagging: 'Team=ml&stage=x%20y',
      ServerSideEncryption: 'aws:kms',
      IfNoneMatch: '*',
    };
    const [put] = await needs('PutObject', { ...at, ...headers });
    expect(put?.keys).toMatchObject({
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:if-none-match': '*',
      's3:requestobjecttag/Team': 'ml',
      's3:requestobjecttag/stage': 'x y',
      's3:requestobjecttagkeys': ['Team', 'stage'],
      's3:objectcreationoperation': true,
    });
    const [get] = await needs('GetObject', { ...at, VersionId: 'null' });
    expect(get?.keys).toMatchObject({ 's3:versionid': 'null' });
  });

  test('how the request was signed, and how long ago', async () => {
    const { needs } = guarded();
    const date = '20291231T235950Z';
    const [header] = await needs('GetObject', at, { headers: { 'x-amz-date': date } });
    expect(header?.keys).toMatchObject({
      's3:authtype': 'REST-HEADER',
      's3:signatureversion': 'AWS4-HMAC-SHA256',
      's3:signatureage': 10_000,
    });
    const url = `/data/a?X-Amz-Date=${date}&X-Amz-Signature=00`;
    const [presigned] = await needs('GetObject', at, { url });
    expect(presigned?.keys).toMatchObject({
      's3:authtype': 'REST-QUERY-STRING',
      's3:signatureage': 10_000,
    });
    const [unsigned] = await needs('GetObject', at, { caller: anonymous });
    expect(unsigned?.keys).not.toHaveProperty('s3:authtype');
  });

  test('tags of what is there decide who may read it, and copy it', async () => {
    const { run, user, put } = guarded();
    for (const Bucket of ['data', 'copies']) await run(root, 'CreateBucket', { Bucket });
    await put('open', { Tagging: 'secret=no' });
    await put('closed', { Tagging: 'secret=yes' });
    const deny = {
      ...allow('s3:*', '*', {
        Condition: { StringEquals: { 's3:ExistingObjectTag/secret': 'yes' } },
      }),
      Effect: 'Deny',
    };
    const reader = await user('reader', allow('s3:*', '*'), deny);
    const get = (Key: string) => run(reader, 'GetObject', { Bucket: 'data', Key });
    expect(await get('open')).toMatchObject({ TagCount: 1 });
    expect(await codeOf(get('closed'))).toBe('AccessDenied 403');
    const copy = (Key: string) =>
      run(reader, 'CopyObject', { Bucket: 'copies', Key, CopySource: `data/${Key}` });
    await copy('open');
    expect(await codeOf(copy('closed'))).toBe('AccessDenied 403');
  });
});

test('whoever may not list a bucket is not told what is missing', async () => {
  const { run, user, put } = guarded();
  await run(root, 'CreateBucket', { Bucket: 'data' });
  await put('a');
  await run(root, 'PutBucketVersioning', {
    Bucket: 'data',
    VersioningConfiguration: { Status: 'Enabled' },
  });
  await run(root, 'DeleteObject', { Bucket: 'data', Key: 'a' });
  const blind = await user('blind', allow('s3:GetObject*', objectsArn));
  const seeing = await user(
    'seeing',
    allow('s3:GetObject*', objectsArn),
    allow('s3:ListBucket', bucketArn),
  );
  for (const Key of ['none', 'a']) {
    for (const operation of ['GetObject', 'HeadObject', 'GetObjectTagging']) {
      const ask = (caller: typeof blind) => codeOf(run(caller, operation, { Bucket: 'data', Key }));
      expect([operation, await ask(blind)]).toEqual([operation, 'AccessDenied 403']);
      expect(await ask(seeing)).toMatch(/ 404$/);
    }
  }
  const refused = await refusal(run(blind, 'GetObject', { Bucket: 'data', Key: 'none' }));
  expect(refused.message).toContain('is not authorized to perform: s3:ListBucket on resource');
});

test('of many deletions those that are refused are told beside the others', async () => {
  const { run, user, put } = guarded();
  await run(root, 'CreateBucket', { Bucket: 'data' });
  for (const Key of ['mine/1', 'mine/2', 'theirs/1']) await put(Key);
  const caller = await user('some', allow('s3:DeleteObject', `${bucketArn}/mine/*`));
  const Objects = ['mine/1', 'theirs/1', 'mine/2'].map((Key) => ({ Key }));
  const done = await run(caller, 'DeleteObjects', {
    Bucket: 'data',
    Delete: { Objects: [...Objects, { Key: 'mine/2', VersionId: 'null' }] },
  });
  expect(done).toEqual({
    Deleted: [
      expect.objectContaining({ Key: 'mine/1' }),
      expect.objectContaining({ Key: 'mine/2' }),
    ],
    Errors: [
      {
        Key: 'theirs/1',
        Code: 'AccessDenied',
        Message: expect.stringContaining(`s3:DeleteObject on resource: "${bucketArn}/theirs/1"`),
      },
      // A version by its name needs an action of its own.
      expect.objectContaining({ Key: 'mine/2', VersionId: 'null', Code: 'AccessDenied' }),
    ],
  });
  const left = await run<{ Contents: { Key: string }[] }>(root, 'ListObjectsV2', {
    Bucket: 'data',
  });
  expect(left.Contents.map(({ Key }) => Key)).toEqual(['theirs/1']);
});

test('a copy needs both ends: the source under its own bucket’s policy', async () => {
  const { run, user, put } = guarded();
  for (const Bucket of ['data', 'target']) await run(root, 'CreateBucket', { Bucket });
  await put('a');
  const caller = await user('copier', allow('s3:PutObject', 'arn:aws:s3:::target/*'));
  const copy = () =>
    run(caller, 'CopyObject', { Bucket: 'target', Key: 'a', CopySource: 'data/a' });
  expect(await codeOf(copy())).toBe('AccessDenied 403');
  const Policy = policy(allow('s3:GetObject', objectsArn, { Principal: { AWS: caller.arn } }));
  await run(root, 'PutBucketPolicy', { Bucket: 'data', Policy });
  await copy();
  const Tagging = { TagSet: [{ Key: 'a', Value: '1' }] };
  await run(root, 'PutObjectTagging', { Bucket: 'data', Key: 'a', Tagging });
  // Copied tags are read there and written here.
  const refused = await refusal(copy());
  expect(refused.message).toContain('s3:GetObjectTagging');
});

describe('keys of objects', () => {
  const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/one';
  const kms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/mine' };
  const generate = `kms:GenerateDataKey ${keyArn}`;
  const decrypt = `kms:Decrypt ${keyArn}`;

  async function withKey() {
    const g = guarded();
    const key = g.keys.add('one', { account: owner });
    g.keys.alias('alias/mine', key);
    await g.run(root, 'CreateBucket', { Bucket: 'data' });
    const asked = async (operation: string, input: object, more: object = {}) => {
      const checks = await g.needs(operation, input, more);
      return checks.flatMap(({ action, resource }) =>
        action.startsWith('kms:') ? [`${action} ${resource}`] : [],
      );
    };
    return { ...g, key, asked };
  }

  test('writing needs a data key of the key that will be used', async () => {
    const { asked, run, needs, keys } = await withKey();
    for (const operation of ['PutObject', 'CreateMultipartUpload', 'CopyObject']) {
      const input = { ...at, CopySource: 'data/none' };
      expect(await asked(operation, input)).toEqual([]);
      expect(await asked(operation, { ...input, ServerSideEncryption: 'AES256' })).toEqual([]);
      expect(await asked(operation, { ...input, ...kms })).toEqual([generate]);
    }
    const context = Buffer.from('{"Study":"7"}').toString('base64');
    const put = { ...at, ...kms, SSEKMSEncryptionContext: context };
    const check = (await needs('PutObject', put)).find(({ action }) => action.startsWith('kms:'));
    expect(check).toMatchObject({ rule: 'key', owner, resource: keyArn });
    expect(check?.keys).toMatchObject({
      'kms:viaservice': 's3.us-east-1.amazonaws.com',
      'kms:calleraccount': owner,
      'kms:requestalias': 'alias/mine',
      'kms:encryptioncontext:aws:s3:arn': object,
      'kms:encryptioncontext:study': '7',
      'kms:encryptioncontextkeys': ['Study', 'aws:s3:arn'],
    });
    await run(root, 'PutBucketEncryption', {
      Bucket: 'data',
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: keyArn,
            },
            BucketKeyEnabled: true,
          },
        ],
      },
    });
    const [, byRule] = await needs('PutObject', at);
    expect(byRule).toMatchObject({ action: 'kms:GenerateDataKey', resource: keyArn });
    expect(byRule?.keys).toMatchObject({ 'kms:encryptioncontext:aws:s3:arn': bucketArn });
    expect(await asked('PutObject', { ...at, ServerSideEncryption: 'AES256' })).toEqual([]);
    // Asking makes no key, and what is no request is for the operation to refuse.
    const bad = { ...at, ServerSideEncryption: 'aws:kms' };
    expect(await asked('PutObject', bad)).toEqual([]);
    expect(await asked('PutObject', { ...bad, SSEKMSKeyId: 'none' })).toEqual([]);
    expect(await asked('PutObject', { ...bad, SSEKMSEncryptionContext: '%' })).toEqual([]);
    expect(await asked('PutObject', { ...at, ...kms, Key: 'k'.repeat(2_000) })).toEqual([]);
    expect(keys.rows.size).toBe(1);
  });

  test('reading needs to open it, for whatever tells of the bytes', async () => {
    const { asked, put } = await withKey();
    await put('a/b', kms);
    await put('plain');
    const checked = { ...at, ChecksumMode: 'ENABLED' };
    expect(await asked('GetObject', at)).toEqual([decrypt]);
    expect(await asked('GetObject', { ...at, VersionId: 'null' })).toEqual([decrypt]);
    expect(await asked('GetObjectAttributes', at)).toEqual([decrypt]);
    expect(await asked('HeadObject', at)).toEqual([]);
    expect(await asked('HeadObject', checked)).toEqual([decrypt]);
    expect(await asked('GetObject', { Bucket: 'data', Key: 'plain' })).toEqual([]);
    expect(await asked('GetObject', { Bucket: 'data', Key: 'none' })).toEqual([]);
    expect(await asked('GetObject', at, { caller: anonymous })).toEqual([]);
    const copy = { Bucket: 'data', Key: 'to', CopySource: 'data/a/b' };
    expect(await asked('CopyObject', { ...copy, ...kms })).toEqual([decrypt, generate]);
    const upload = await asked('UploadPartCopy', { ...copy, UploadId: 'u', PartNumber: 1 });
    expect(upload).toEqual([decrypt]);
  });

  test('an upload needs to open what it was begun with', async () => {
    const { asked, run } = await withKey();
    const { UploadId } = await run(root, 'CreateMultipartUpload', { ...at, ...kms });
    const part = { ...at, UploadId, PartNumber: 1 };
    expect(await asked('UploadPart', part)).toEqual([decrypt]);
    expect(await asked('CompleteMultipartUpload', part)).toEqual([decrypt]);
    expect(await asked('UploadPartCopy', { ...part, CopySource: 'data/none' })).toEqual([decrypt]);
    expect(await asked('AbortMultipartUpload', part)).toEqual([]);
  });

  test('who may use the bucket and not the key is refused, whoever says so', async () => {
    const { run, user, put, keys, key } = await withKey();
    await put('a/b', kms);
    const everything = allow('s3:*', '*');
    const without = await user('without', everything);
    const reader = await user('reader', everything, allow('kms:Decrypt', keyArn));
    const elsewhere = await user(
      'elsewhere',
      everything,
      allow('kms:*', '*', {
        Condition: { StringEquals: { 'kms:ViaService': 'sqs.us-east-1.amazonaws.com' } },
      }),
    );
    const get = (caller: typeof reader) => run(caller, 'GetObject', at);
    const write = (caller: typeof reader) => run(caller, 'PutObject', { ...at, ...kms });
    expect(await get(reader)).toMatchObject({ SSEKMSKeyId: keyArn });
    for (const caller of [without, elsewhere]) {
      const refused = await refusal(get(caller));
      expect([refused.code, refused.status]).toEqual(['AccessDenied', 403]);
      expect(refused.message).toContain(`kms:Decrypt on resource: ${keyArn} `);
    }
    expect(await codeOf(write(reader))).toBe('AccessDenied 403');
    // The key's own policy counts first: without it nobody's rights help.
    const none = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    keys.change(key, { policy: none });
    expect(await codeOf(get(reader))).toBe('AccessDenied 403');
  });
});
