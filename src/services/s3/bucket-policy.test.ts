/** Bucket policies and what is public: what may be kept, and what it then does. */
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
import { codeOf, refusal, text, textOf } from './s3.fixture.ts';

const Bucket = 'data';
const everybody = { Principal: '*' };
const readable = policy(allow('s3:GetObject', objectsArn, everybody));

async function start(isOpen = false) {
  const made = guarded();
  await made.run(root, 'CreateBucket', { Bucket });
  if (isOpen) await made.run(root, 'DeletePublicAccessBlock', { Bucket });
  await made.put('a');
  const set = (Policy: string) => made.run(root, 'PutBucketPolicy', { Bucket, Policy });
  const isPublic = async () =>
    (
      await made.run<{ PolicyStatus: { IsPublic: boolean } }>(root, 'GetBucketPolicyStatus', {
        Bucket,
      })
    ).PolicyStatus.IsPublic;
  return { ...made, set, isPublic };
}

test('a policy is kept as it was given, told, and taken away', async () => {
  const { run, set } = await start();
  const none = 'NoSuchBucketPolicy 404';
  expect(await codeOf(run(root, 'GetBucketPolicy', { Bucket }))).toBe(none);
  expect(await codeOf(run(root, 'GetBucketPolicyStatus', { Bucket }))).toBe(none);
  const Policy = `${policy(allow('s3:*', objectsArn, { Principal: { AWS: owner } }))}\n`;
  await set(Policy);
  expect(await run(root, 'GetBucketPolicy', { Bucket })).toEqual({ Policy });
  await run(root, 'DeleteBucketPolicy', { Bucket });
  expect(await codeOf(run(root, 'GetBucketPolicy', { Bucket }))).toBe(none);
  await run(root, 'DeleteBucketPolicy', { Bucket });
});

const own = { Principal: { AWS: owner } };

test.each<[string, RegExp]>([
  ['', /first byte must be '\{'/],
  ['[]', /first byte must be '\{'/],
  ['{', /Syntax errors/],
  [policy(allow('s3:GetObject', objectsArn)), /Missing required field Principal/],
  [policy(allow('s3:GetObject', 'arn:aws:s3:::other/*', own)), /^Policy has invalid resource$/],
  [policy(allow('s3:GetObject', 'arn:aws:s3:::datax', own)), /^Policy has invalid resource$/],
  [policy(allow('s3:GetObject', '*', own)), /^Policy has invalid resource$/],
  [policy(allow('s3:GetObject', 'arn:aws:sqs:::data', own)), /^Policy has invalid resource$/],
  [policy(allow('ec2:RunInstances', objectsArn, own)), /^Policy has invalid action$/],
  [policy(allow('s3:GetObject', objectsArn, { Principal: { AWS: 'me' } })), /Invalid principal/],
  [policy({ ...allow('s3:GetObject', objectsArn, own), Sid: 'x'.repeat(20_480) }), /maximum/],
])('refused: %#', async (Policy, message) => {
  const { set } = await start();
  const refused = await refusal(set(Policy));
  expect(refused).toMatchObject({ code: 'MalformedPolicy', status: 400 });
  expect(refused.message).toMatch(message);
});

test('resources may be patterns, as long as the bucket is among what they mean', async () => {
  const { set } = await start();
  for (const resource of ['arn:aws:s3:::data', 'arn:aws:s3:::da*/x', 'arn:aws:s3:::d?ta/*']) {
    await set(policy(allow('s3:GetObject', resource, own)));
  }
  const hostile = `arn:aws:s3:::${'*a'.repeat(2_000)}/x`;
  expect(await codeOf(set(policy(allow('s3:GetObject', hostile, own))))).toBe(
    'MalformedPolicy 400',
  );
});

test('a policy lets in a user who has none, and keeps out one who may do everything', async () => {
  const { run, user, set } = await start();
  const guest = await user('guest');
  const admin = await user('admin', allow('*', '*'));
  const get = (caller: typeof guest) => run(caller, 'GetObject', { Bucket, Key: 'a' });
  expect(await codeOf(get(guest))).toBe('AccessDenied 403');
  await get(admin);
  await set(
    policy(allow('s3:GetObject', objectsArn, { Principal: { AWS: guest.arn } }), {
      ...allow('s3:GetObject', objectsArn, { Principal: { AWS: admin.arn } }),
      Effect: 'Deny',
    }),
  );
  await get(guest);
  const refused = await refusal(get(admin));
  expect(refused.message).toContain('with an explicit deny in a resource-based policy');
});

test('a policy that locks everybody out can be taken away by the root user alone', async () => {
  const { run, user, set, put } = await start();
  const admin = await user('admin', allow('*', '*'));
  await set(
    policy({
      ...allow('s3:*', bucketArn, everybody),
      Effect: 'Deny',
      Resource: [bucketArn, objectsArn],
    }),
  );
  expect(await codeOf(put('b'))).toBe('AccessDenied 403');
  expect(await codeOf(run(admin, 'DeleteBucketPolicy', { Bucket }))).toBe('AccessDenied 403');
  expect(await codeOf(run(root, 'DeleteBucket', { Bucket }))).toBe('AccessDenied 403');
  await run(root, 'GetBucketPolicy', { Bucket });
  await run(root, 'DeleteBucketPolicy', { Bucket });
  await put('b');
});

describe('the public', () => {
  const read = { Bucket, Key: 'a' };

  test('gets nothing from a bucket without a policy', async () => {
    const { run } = await start(true);
    expect(await codeOf(run(anonymous, 'GetObject', read))).toBe('AccessDenied 403');
    expect(await codeOf(run(anonymous, 'ListBuckets', {}))).toBe('AccessDenied 403');
  });

  test('is kept out of new buckets, whatever their policy would say', async () => {
    const { run, set } = await start();
    expect(await run(root, 'GetPublicAccessBlock', { Bucket })).toEqual({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    });
    const refused = await refusal(set(readable));
    expect(refused).toMatchObject({ code: 'AccessDenied', status: 403 });
    expect(refused.message).toContain('BlockPublicPolicy setting in S3 Block Public Access');
  });

  test('reads what it is let in to, and no more, once the block is gone', async () => {
    const { run, set, isPublic } = await start(true);
    expect(await codeOf(run(root, 'GetPublicAccessBlock', { Bucket }))).toBe(
      'NoSuchPublicAccessBlockConfiguration 404',
    );
    await set(readable);
    expect(await isPublic()).toBe(true);
    expect(await textOf(await run(anonymous, 'GetObject', read))).toBe('a');
    const refused = [
      run(anonymous, 'PutObject', { Bucket, Key: 'b', Body: text('b') }),
      run(anonymous, 'ListObjectsV2', { Bucket }),
      run(anonymous, 'DeleteObject', read),
      run(anonymous, 'DeleteBucketPolicy', { Bucket }),
      run(anonymous, 'GetObject', { Bucket, Key: 'none' }),
    ];
    for (const one of refused) expect(await codeOf(one)).toBe('AccessDenied 403');
  });

  test('is shut out again by the restriction; the account is not', async () => {
    const { run, set, user } = await start(true);
    await set(readable);
    const block = (settings: object) =>
      run(root, 'PutPublicAccessBlock', { Bucket, PublicAccessBlockConfiguration: settings });
    await block({ RestrictPublicBuckets: true });
    expect(await codeOf(run(anonymous, 'GetObject', read))).toBe('AccessDenied 403');
    await run(await user('guest'), 'GetObject', read);
    await block({ BlockPublicPolicy: true });
    await run(anonymous, 'GetObject', read);
    expect(await codeOf(set(readable))).toBe('AccessDenied 403');
    expect(await codeOf(run(root, 'PutPublicAccessBlock', { Bucket }))).toBe('MalformedXML 400');
  });

  const open = (Condition: object, Principal: unknown = '*') =>
    policy(allow('s3:GetObject', objectsArn, { Principal, Condition }));

  test.each<[string, string, boolean]>([
    ['everybody', open({}), true],
    ['everybody, as a list of one', open({}, { AWS: ['*'] }), true],
    ['an account', open({}, { AWS: owner }), false],
    ['a service', open({}, { Service: 'cloudtrail.amazonaws.com' }), false],
    ['all addresses', open({ IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }), true],
    ['all addresses of IPv6', open({ IpAddress: { 'aws:SourceIp': '::/0' } }), true],
    [
      'a network',
      open({ IpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:db8::/32'] } }),
      false,
    ],
    [
      'a network and all',
      open({ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '0.0.0.0/1'] } }),
      true,
    ],
    ['all but a network', open({ NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }), true],
    ['an endpoint', open({ StringEquals: { 'aws:SourceVpce': 'vpce-1' } }), false],
    ['any endpoint', open({ StringLike: { 'aws:SourceVpce': 'vpce-*' } }), true],
    ['an endpoint if any', open({ StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }), true],
    ['all of none', open({ 'ForAllValues:StringEquals': { 'aws:SourceVpce': 'vpce-1' } }), true],
    ['an agent', open({ StringEquals: { 'aws:UserAgent': 'mine' } }), true],
    [
      'everybody refused',
      policy({ ...allow('s3:GetObject', objectsArn, everybody), Effect: 'Deny' }),
      false,
    ],
  ])('is let in by a policy for %s', async (_, Policy, expected) => {
    const { set, isPublic } = await start(true);
    await set(Policy);
    expect(await isPublic()).toBe(expected);
  });
});
