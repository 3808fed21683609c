/** The AWS SDK for JavaScript: every operation of trails, once at least; signed digests by hand. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import * as s3 from '@aws-sdk/client-s3';
import { named, once, policyOf, until } from './clients.mjs';
import { ask, caller, everyOperation, names, refused } from './every.mjs';

const send = caller('cloudtrail');
const buckets = new s3.S3Client({ ...once, forcePathStyle: true });

const hash = (algorithm, bytes) => createHash(algorithm).update(bytes).digest('hex');

/** As the user guide has it. */
function letsTrailsIn(Bucket, account) {
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const arn = `arn:aws:s3:::${Bucket}`;
  const Condition = { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } };
  return policyOf(
    { Effect: 'Allow', Principal, Action: 's3:GetBucketAcl', Resource: arn },
    {
      ...{ Effect: 'Allow', Principal, Action: 's3:PutObject', Condition },
      Resource: `${arn}/AWSLogs/${account}/*`,
    },
  );
}

async function keysIn(Bucket) {
  const { Contents = [] } = await buckets.send(new s3.ListObjectsV2Command({ Bucket }));
  return names(Contents, 'Key');
}

async function withBucket(use) {
  const Bucket = named('trail');
  const { Account } = await ask('GetCallerIdentity');
  await buckets.send(new s3.CreateBucketCommand({ Bucket }));
  const Policy = letsTrailsIn(Bucket, Account);
  await buckets.send(new s3.PutBucketPolicyCommand({ Bucket, Policy }));
  try {
    await use(Bucket);
  } finally {
    for (const Key of await keysIn(Bucket)) {
      await buckets.send(new s3.DeleteObjectCommand({ Bucket, Key }));
    }
    await buckets.send(new s3.DeleteBucketCommand({ Bucket }));
  }
}

const withTrail = (use) =>
  withBucket(async (S3BucketName) => {
    const Name = named('trail');
    const input = { Name, S3BucketName, EnableLogFileValidation: true };
    const made = await send('CreateTrail', input);
    try {
      await use(made);
    } finally {
      await send('DeleteTrail', { Name });
    }
  });

test('a trail and its settings', () =>
  withTrail(async ({ Name, TrailARN, S3BucketName }) => {
    assert.match(TrailARN, new RegExp(`^arn:aws:cloudtrail:[\\w-]+:\\d{12}:trail/${Name}$`));
    const changed = await send('UpdateTrail', { Name, IsMultiRegionTrail: true });
    assert.equal(changed.IsMultiRegionTrail, true);
    const { Trail } = await send('GetTrail', { Name: TrailARN });
    assert.deepEqual(
      [Trail.S3BucketName, Trail.LogFileValidationEnabled, Trail.IsMultiRegionTrail],
      [S3BucketName, true, true],
    );
    const { trailList } = await send('DescribeTrails', { trailNameList: [Name] });
    assert.deepEqual(trailList, [Trail]);
    assert.ok(names((await send('ListTrails')).Trails, 'TrailARN').includes(TrailARN));
    await refused('TrailAlreadyExistsException', 400, () =>
      send('CreateTrail', { Name, S3BucketName }),
    );
    await refused('TrailNotFoundException', 400, () => send('GetTrail', { Name: `${Name}-gone` }));
    await buckets.send(new s3.DeleteBucketPolicyCommand({ Bucket: S3BucketName }));
    await refused('InsufficientS3BucketPolicyException', 400, () =>
      send('UpdateTrail', { Name, S3BucketName }),
    );
  }));

test('what a trail delivers, with a digest that anybody can verify', () =>
  withTrail(async ({ Name, S3BucketName: Bucket }) => {
    await send('StartLogging', { Name });
    assert.equal((await send('GetTrailStatus', { Name })).IsLogging, true);
    await buckets.send(new s3.ListBucketsCommand({}));
    await send('StopLogging', { Name });
    const status = await until(async () => {
      const told = await send('GetTrailStatus', { Name });
      return told.LatestDigestDeliveryTime && told;
    });
    assert.deepEqual([status.IsLogging, status.LatestDeliveryError], [false, undefined]);
    const digestKey = (await keysIn(Bucket)).find((key) => key.includes('/CloudTrail-Digest/'));
    const { bytes, metadata } = await taken(Bucket, digestKey);
    const digest = JSON.parse(bytes);
    await assertSigned(digest, { bytes, signature: metadata.signature });
    const records = [];
    for (const { s3Object, hashValue } of digest.logFiles) {
      const log = await taken(Bucket, s3Object);
      assert.equal(hash('sha256', log.bytes), hashValue);
      records.push(...JSON.parse(log.bytes).Records);
    }
    assert.ok(names(records, 'eventName').includes('ListBuckets'));
    await refused('TrailNotFoundException', 400, () =>
      send('StartLogging', { Name: `${Name}-gone` }),
    );
  }));

async function taken(Bucket, Key) {
  const { Body, Metadata } = await buckets.send(new s3.GetObjectCommand({ Bucket, Key }));
  return { bytes: gunzipSync(await Body.transformToByteArray()), metadata: Metadata };
}

async function assertSigned(digest, { bytes, signature }) {
  const { digestEndTime, digestS3Bucket, digestS3Object, digestPublicKeyFingerprint } = digest;
  const StartTime = new Date(digest.digestStartTime);
  const EndTime = new Date(digestEndTime);
  const { PublicKeyList } = await send('ListPublicKeys', { StartTime, EndTime });
  const found = PublicKeyList.find(({ Fingerprint }) => Fingerprint === digestPublicKeyFingerprint);
  assert.equal(hash('md5', found.Value), digestPublicKeyFingerprint);
  const key = createPublicKey({ key: Buffer.from(found.Value), format: 'der', type: 'pkcs1' });
  const signed = [
    ...[digestEndTime, `${digestS3Bucket}/${digestS3Object}`, hash('sha256', bytes)],
    digest.previousDigestSignature ?? 'null',
  ].join('\n');
  assert.ok(verify('sha256', Buffer.from(signed), key, Buffer.from(signature, 'hex')));
}

test('selectors of events, and of insights that there are none of', () =>
  withTrail(async ({ Name: TrailName, TrailARN, S3BucketName }) => {
    const Values = [`arn:aws:s3:::${S3BucketName}/`];
    const EventSelectors = [
      {
        ...{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true },
        DataResources: [{ Type: 'AWS::S3::Object', Values }],
        ExcludeManagementEventSources: ['kms.amazonaws.com'],
      },
    ];
    await send('PutEventSelectors', { TrailName, EventSelectors });
    const told = await send('GetEventSelectors', { TrailName: TrailARN });
    assert.deepEqual(told.EventSelectors, EventSelectors);
    await refused('InvalidEventSelectorsException', 400, () =>
      send('PutEventSelectors', { TrailName }),
    );
    const none = await send('PutInsightSelectors', { TrailName, InsightSelectors: [] });
    assert.deepEqual(none.InsightSelectors, []);
    await refused('UnsupportedOperationException', 400, () =>
      send('PutInsightSelectors', {
        ...{ TrailName, InsightSelectors: [{ InsightType: 'ApiCallRateInsight' }] },
      }),
    );
    await refused('InsightNotEnabledException', 400, () =>
      send('GetInsightSelectors', { TrailName }),
    );
  }));

test('tags', () =>
  withTrail(async ({ TrailARN: ResourceId }) => {
    const tag = (Key, Value) => ({ Key, Value });
    await send('AddTags', { ResourceId, TagsList: [tag('a', '1'), tag('b', '2')] });
    await send('RemoveTags', { ResourceId, TagsList: [{ Key: 'a' }] });
    const { ResourceTagList } = await send('ListTags', { ResourceIdList: [ResourceId] });
    assert.deepEqual(ResourceTagList, [{ ResourceId, TagsList: [tag('b', '2')] }]);
    await refused('InvalidTagParameterException', 400, () =>
      send('AddTags', { ResourceId, TagsList: [tag('aws:a', '1')] }),
    );
  }));

test('events are looked up, page by page', () =>
  withTrail(async ({ Name, TrailARN }) => {
    await send('UpdateTrail', { Name, IncludeGlobalServiceEvents: true });
    const attribute = { AttributeKey: 'ResourceName', AttributeValue: TrailARN };
    const page = (NextToken) =>
      send('LookupEvents', { LookupAttributes: [attribute], MaxResults: 1, NextToken });
    const first = await until(async () => {
      const told = await page();
      return told.NextToken && told;
    });
    const second = await page(first.NextToken);
    const found = [...first.Events, ...second.Events];
    assert.deepEqual(names(found, 'EventName'), ['UpdateTrail', 'CreateTrail']);
    const record = JSON.parse(found[1].CloudTrailEvent);
    assert.deepEqual([record.eventID, record.requestParameters.name], [found[1].EventId, Name]);
    await refused('InvalidNextTokenException', 400, () => page('nothing'));
    await refused('InvalidLookupAttributesException', 400, () =>
      send('LookupEvents', { LookupAttributes: [attribute, attribute] }),
    );
  }));

everyOperation(
  'cloudtrail',
  `
  CreateTrail UpdateTrail DeleteTrail DescribeTrails GetTrail ListTrails
  StartLogging StopLogging GetTrailStatus PutEventSelectors GetEventSelectors
  PutInsightSelectors GetInsightSelectors ListPublicKeys LookupEvents AddTags RemoveTags ListTags
`,
  'GetInsightSelectors',
);
