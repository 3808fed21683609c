/** Trails as they are made, changed, shown and deleted, and what is refused. */
import { describe, expect, test } from 'vitest';
import {
  account,
  bucketName,
  bucketPolicy,
  codeOf,
  region,
  setup,
  wanted,
} from './cloudtrail.fixture.ts';
import { cloudtrail } from './index.ts';

const arn = `arn:aws:cloudtrail:${region}:${account}:trail/main`;
const keyArn = `arn:aws:kms:${region}:${account}:key/0f6f2a3c-0000-4000-8000-000000000001`;

const key = {
  ...{ id: 'k', arn: keyArn, account, region, createdAtMs: 0, manager: 'customer' as const },
  ...({ spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' } as const),
  ...{ state: 'Enabled' as const, multiRegion: false, policy: '', tags: [], description: '' },
  demandedRotations: 0,
};
const letsIn = (Action: string, Resource = '*') =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, Action, Resource },
    ],
  });

describe('a trail', () => {
  test('is made with the usual settings, and shown by name and ARN', async () => {
    const { ctx } = setup();
    const made = await cloudtrail.CreateTrail(wanted, ctx);
    const settings = {
      Name: 'main',
      S3BucketName: bucketName,
      IncludeGlobalServiceEvents: true,
      IsMultiRegionTrail: false,
      TrailARN: arn,
      LogFileValidationEnabled: false,
      IsOrganizationTrail: false,
    };
    expect(made).toEqual(settings);
    const shown = {
      ...settings,
      HomeRegion: region,
      HasCustomEventSelectors: false,
      HasInsightSelectors: false,
    };
    for (const Name of ['main', arn]) {
      expect(await cloudtrail.GetTrail({ Name }, ctx)).toEqual({ Trail: shown });
      expect(await cloudtrail.DescribeTrails({ trailNameList: [Name] }, ctx)).toEqual({
        trailList: [shown],
      });
    }
    expect(await cloudtrail.ListTrails({}, ctx)).toEqual({
      Trails: [{ TrailARN: arn, Name: 'main', HomeRegion: region }],
    });
    expect(await cloudtrail.GetTrailStatus({ Name: 'main' }, ctx)).toMatchObject({
      IsLogging: false,
      LatestDeliveryAttemptTime: '',
    });
  });

  test('of all regions is seen from each of them, and changed only at home', async () => {
    const { ctx, at } = setup();
    await cloudtrail.CreateTrail({ ...wanted, IsMultiRegionTrail: true }, ctx);
    const far = at({ region: 'us-east-1' });
    const names = async (input: object) =>
      (await cloudtrail.DescribeTrails(input, far)).trailList?.map(({ Name }) => Name);
    expect(await names({})).toEqual(['main']);
    expect(await names({ trailNameList: ['main'] })).toEqual(['main']);
    expect(await names({ includeShadowTrails: false })).toEqual([]);
    expect(await names({ trailNameList: ['main'], includeShadowTrails: false })).toEqual([]);
    for (const change of [
      cloudtrail.UpdateTrail({ Name: arn }, far),
      cloudtrail.StartLogging({ Name: arn }, far),
      cloudtrail.StopLogging({ Name: arn }, far),
      cloudtrail.PutEventSelectors({ TrailName: arn, EventSelectors: [{}] }, far),
      cloudtrail.DeleteTrail({ Name: arn }, far),
    ]) {
      expect(await codeOf(change)).toBe('InvalidHomeRegionException');
    }
    expect(await codeOf(cloudtrail.GetTrail({ Name: 'main' }, far))).toBe('TrailNotFoundException');
    expect(await cloudtrail.GetTrail({ Name: arn }, far)).toMatchObject({
      Trail: { Name: 'main' },
    });
  });

  test('of another account is unknown', async () => {
    const { ctx, at } = setup();
    await cloudtrail.CreateTrail(wanted, ctx);
    const other = at({ account: '999999999999' });
    const unknown = [
      cloudtrail.GetTrail({ Name: arn }, other),
      cloudtrail.DeleteTrail({ Name: arn }, other),
      cloudtrail.GetEventSelectors({ TrailName: arn }, other),
    ];
    for (const run of unknown) expect(await codeOf(run)).toBe('TrailNotFoundException');
    expect(await cloudtrail.DescribeTrails({ trailNameList: [arn] }, other)).toEqual({
      trailList: [],
    });
    expect(await codeOf(cloudtrail.ListTags({ ResourceIdList: [arn] }, other))).toBe(
      'ResourceNotFoundException',
    );
  });

  test('that does not exist is refused in the words of the original', async () => {
    const { ctx } = setup();
    await expect(cloudtrail.GetTrail({ Name: 'gone' }, ctx)).rejects.toThrow(
      `Unknown trail: gone for the user: ${account}`,
    );
  });

  test('is one of five in a region, each of a name of its own', async () => {
    const { ctx, at } = setup();
    for (let n = 0; n < 5; n += 1) await cloudtrail.CreateTrail({ ...wanted, Name: `t${n}x` }, ctx);
    const again = cloudtrail.CreateTrail({ ...wanted, Name: 't1x' }, ctx);
    expect(await codeOf(again)).toBe('TrailAlreadyExistsException');
    const sixth = cloudtrail.CreateTrail({ ...wanted, Name: 't6x' }, ctx);
    expect(await codeOf(sixth)).toBe('MaximumNumberOfTrailsExceededException');
    const far = at({ region: 'us-east-1' });
    // The bucket lets in trails of one region only.
    const elsewhere = cloudtrail.CreateTrail({ ...wanted, Name: 't6x' }, far);
    expect(await codeOf(elsewhere)).toBe('InsufficientS3BucketPolicyException');
  });

  test('is changed in what is given, and loses what is given as empty', async () => {
    const { ctx, buckets, keys, topics } = setup();
    const topicArn = `arn:aws:sns:${region}:${account}:notices`;
    const address = { partition: 'aws', account, region, name: 'notices' };
    const attributes = { Policy: letsIn('SNS:Publish', topicArn) };
    topics.set('notices', { address, attributes, tags: {}, fifo: false } as never);
    keys.set(keyArn, { row: key, policy: letsIn('kms:*') });
    await cloudtrail.CreateTrail({ ...wanted, SnsTopicName: 'notices', KmsKeyId: keyArn }, ctx);
    buckets.policies.set('other-logs', bucketPolicy('other-logs', 'p/q/'));
    const changed = await cloudtrail.UpdateTrail(
      { Name: 'main', S3BucketName: 'other-logs', S3KeyPrefix: 'p/q/', IsMultiRegionTrail: true },
      ctx,
    );
    expect(changed).toMatchObject({
      S3BucketName: 'other-logs',
      S3KeyPrefix: 'p/q',
      IsMultiRegionTrail: true,
      SnsTopicName: 'notices',
      SnsTopicARN: topicArn,
      KmsKeyId: keyArn,
    });
    const bare = await cloudtrail.UpdateTrail(
      { Name: 'main', SnsTopicName: '', KmsKeyId: '', EnableLogFileValidation: true },
      ctx,
    );
    expect(bare).toMatchObject({ S3KeyPrefix: 'p/q', LogFileValidationEnabled: true });
    expect(Object.keys(bare)).not.toContain('SnsTopicARN');
    expect(Object.keys(bare)).not.toContain('KmsKeyId');
  });

  test('that is deleted is gone', async () => {
    const { ctx } = setup();
    await cloudtrail.CreateTrail(wanted, ctx);
    await cloudtrail.StartLogging({ Name: 'main' }, ctx);
    await cloudtrail.DeleteTrail({ Name: 'main' }, ctx);
    expect(await cloudtrail.DescribeTrails({}, ctx)).toEqual({ trailList: [] });
    const again = cloudtrail.DeleteTrail({ Name: 'main' }, ctx);
    expect(await codeOf(again)).toBe('TrailNotFoundException');
  });
});

describe('refused are', () => {
  test.each([
    [{ Name: 'ab' }, 'InvalidTrailNameException'],
    [{ Name: 'a'.repeat(129) }, 'InvalidTrailNameException'],
    [{ Name: '-main' }, 'InvalidTrailNameException'],
    [{ Name: 'main-' }, 'InvalidTrailNameException'],
    [{ Name: 'ma--in' }, 'InvalidTrailNameException'],
    [{ Name: 'ma in' }, 'InvalidTrailNameException'],
    [{ Name: '10.0.0.1' }, 'InvalidTrailNameException'],
    [{ Name: 'a/b/c' }, 'InvalidTrailNameException'],
    [{ S3BucketName: 'No' }, 'InvalidS3BucketNameException'],
    [{ S3BucketName: 'a..b' }, 'InvalidS3BucketNameException'],
    [{ S3BucketName: 'missing-bucket' }, 'S3BucketDoesNotExistException'],
    [{ S3KeyPrefix: 'x'.repeat(201) }, 'InvalidS3PrefixException'],
    [{ S3KeyPrefix: 'a b' }, 'InvalidS3PrefixException'],
    [{ S3KeyPrefix: 'not-let-in' }, 'InsufficientS3BucketPolicyException'],
    [{ SnsTopicName: 'a b' }, 'InvalidSnsTopicNameException'],
    [{ SnsTopicName: 'missing' }, 'InsufficientSnsTopicPolicyException'],
    [{ KmsKeyId: 'no key' }, 'InvalidKmsKeyIdException'],
    [{ KmsKeyId: 'alias/missing' }, 'KmsKeyNotFoundException'],
    [{ IsOrganizationTrail: true }, 'OrganizationsNotInUseException'],
    [{ CloudWatchLogsLogGroupArn: 'arn' }, 'NotImplemented'],
    [{ CloudWatchLogsRoleArn: 'arn' }, 'NotImplemented'],
    [
      { IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false },
      'InvalidParameterCombinationException',
    ],
    [{ TagsList: [{ Key: 'aws:x' }] }, 'InvalidTagParameterException'],
    [{ TagsList: [{ Key: 'a' }, { Key: 'a' }] }, 'InvalidTagParameterException'],
    [
      { TagsList: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}` })) },
      'TagsLimitExceededException',
    ],
  ])('%o: %s', async (over, code) => {
    const { ctx } = setup();
    expect(await codeOf(cloudtrail.CreateTrail({ ...wanted, ...over }, ctx))).toBe(code);
  });

  test('ARNs of something else', async () => {
    const { ctx } = setup();
    for (const Name of [
      'arn:aws:cloudtrail',
      `arn:aws:s3:::${bucketName}`,
      `arn:aws:cloudtrail:${region}:${account}:eventdatastore/x`,
      `arn:aws:cloudtrail:${region}:x:trail/main`,
    ]) {
      expect(await codeOf(cloudtrail.GetTrail({ Name }, ctx))).toBe(
        'CloudTrailARNInvalidException',
      );
    }
  });

  test('keys that are not enabled, of another kind, or that do not let the trail in', async () => {
    const { ctx, keys } = setup();
    const attempt = () => codeOf(cloudtrail.CreateTrail({ ...wanted, KmsKeyId: keyArn }, ctx));
    keys.set(keyArn, { row: { ...key, state: 'Disabled' }, policy: letsIn('kms:*') });
    expect(await attempt()).toBe('KmsKeyDisabledException');
    keys.set(keyArn, { row: { ...key, state: 'PendingDeletion' }, policy: letsIn('kms:*') });
    expect(await attempt()).toBe('KmsException');
    keys.set(keyArn, { row: { ...key, spec: 'RSA_2048' }, policy: letsIn('kms:*') });
    expect(await attempt()).toBe('InvalidKmsKeyIdException');
    keys.set(keyArn, { row: key, policy: letsIn('kms:Decrypt') });
    expect(await attempt()).toBe('InsufficientEncryptionPolicyException');
    keys.set(keyArn, { row: key, policy: letsIn('kms:GenerateDataKey*') });
    expect(await attempt()).toBeUndefined();
  });

  test('buckets whose policy lets in another trail, or nobody', async () => {
    const { ctx, buckets } = setup();
    const policies = [undefined, bucketPolicy().replaceAll('trail/*', 'trail/other')];
    for (const policy of policies) {
      buckets.policies.set(bucketName, policy);
      const run = cloudtrail.CreateTrail(wanted, ctx);
      expect(await codeOf(run)).toBe('InsufficientS3BucketPolicyException');
    }
  });
});

describe('tags', () => {
  test('are added, replaced, listed and taken away', async () => {
    const { ctx } = setup();
    await cloudtrail.CreateTrail({ ...wanted, TagsList: [{ Key: 'a', Value: '1' }] }, ctx);
    const TagsList = [{ Key: 'a', Value: '2' }, { Key: 'b' }];
    await cloudtrail.AddTags({ ResourceId: arn, TagsList }, ctx);
    const list = () => cloudtrail.ListTags({ ResourceIdList: [arn] }, ctx);
    expect(await list()).toEqual({ ResourceTagList: [{ ResourceId: arn, TagsList }] });
    const wrong = [{ Key: 'a', Value: '1' }, { Key: 'b' }];
    await cloudtrail.RemoveTags({ ResourceId: arn, TagsList: wrong }, ctx);
    expect(await list()).toEqual({
      ResourceTagList: [{ ResourceId: arn, TagsList: [{ Key: 'a', Value: '2' }] }],
    });
  });

  test('belong to trails that exist', async () => {
    const { ctx } = setup();
    const add = (ResourceId: string) =>
      codeOf(cloudtrail.AddTags({ ResourceId, TagsList: [{ Key: 'a' }] }, ctx));
    expect(await add(arn)).toBe('ResourceNotFoundException');
    expect(await add('main')).toBe('CloudTrailARNInvalidException');
    const store = `arn:aws:cloudtrail:${region}:${account}:eventdatastore/x`;
    expect(await add(store)).toBe('ResourceTypeNotSupportedException');
    const next = cloudtrail.ListTags({ ResourceIdList: [], NextToken: 'x' }, ctx);
    expect(await codeOf(next)).toBe('InvalidTokenException');
  });
});
