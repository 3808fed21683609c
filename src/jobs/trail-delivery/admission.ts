/**
 * Whether buckets, topics and keys let trails in. Trails write as the service that they are, so the
 * resource's own policy must allow it; which trail writes is told to the policy.
 */
import type { Access } from '../../engines/access/access.ts';
import type { Keys } from '../../engines/keys/keys.ts';
import { keyCheck } from '../../engines/keys/permission.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { BucketAccess } from '../../engines/objects/objects.ts';
import { policyOf } from '../../engines/topics/access.ts';
import type { Topic } from '../../engines/topics/topics.ts';
import { accountFolder } from '../../engines/trail/digests/names.ts';
import type { TrailRow } from '../../engines/trail/digests/rows.ts';
import { formatArn, parseArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import type { Check } from '../../kernel/check.ts';
import type { Clock } from '../../kernel/clock.ts';

const service = 'cloudtrail.amazonaws.com';

/** What of a trail decides; a trail that is not made yet has it, too. */
export type Writer = Pick<TrailRow, 'arn' | 'account' | 'region' | 'bucket' | 'prefix'>;

export interface TrailAdmission {
  /** Whether the bucket exists and lets the trail in, as is asked when a trail is made. */
  bucketRefusal(trail: Writer): Promise<'noBucket' | 'denied' | undefined>;
  /** The words of the refusal; undefined when the object may be put. */
  putRefusal(trail: Writer, key: string): Promise<'NoSuchBucket' | 'AccessDenied' | undefined>;
  mayNotify(trail: Writer, topic: Topic): Promise<boolean>;
  maySeal(trail: Writer, key: KeyRow): Promise<boolean>;
}

/** Of the encryption context that keys of trails are used with. */
export const trailContextName = 'aws:cloudtrail:arn';

export interface AdmissionParts {
  readonly access: Access;
  readonly objects: { policyOf(bucket: string): Promise<BucketAccess | undefined> };
  readonly keys: Pick<Keys, 'policyOf'>;
  readonly clock: Clock;
}

export function makeTrailAdmission(parts: AdmissionParts): TrailAdmission {
  const { access, objects, keys, clock } = parts;

  async function may({ arn, account, region }: Writer, check: Check): Promise<boolean> {
    const about = { 'aws:sourcearn': arn, 'aws:sourceaccount': account };
    const refusal = await access.refusalOf(
      { ...check, keys: { ...about, ...check.keys } },
      {
        caller: { accessKeyId: '', arn: '', userId: service, account, service },
        facts: { nowMs: clock.nowMs(), region, secure: true },
      },
    );
    return refusal === undefined;
  }

  return {
    async bucketRefusal(trail) {
      const bucket = await objects.policyOf(trail.bucket);
      if (!bucket) return 'noBucket';
      const key = `${accountFolder(trail)}CloudTrail/${trail.region}/`;
      const both =
        (await may(trail, onBucket(trail, bucket, { action: 's3:GetBucketAcl' }))) &&
        (await may(trail, onBucket(trail, bucket, { action: 's3:PutObject', key })));
      return both ? undefined : 'denied';
    },
    async putRefusal(trail, key) {
      const bucket = await objects.policyOf(trail.bucket);
      if (!bucket) return 'NoSuchBucket';
      const allowed = await may(trail, onBucket(trail, bucket, { action: 's3:PutObject', key }));
      return allowed ? undefined : 'AccessDenied';
    },
    mayNotify: (trail, topic) =>
      may(trail, {
        action: 'sns:Publish',
        resource: formatArn(
          { ...topic.address, partition: partitionOf(trail) },
          'sns',
          topic.address.name,
        ),
        owner: topic.address.account,
        keys: { 'aws:sourceowner': trail.account },
        resourcePolicy: async () => policyOf(topic),
      }),
    maySeal: (trail, key) =>
      may(
        trail,
        keyCheck(key, {
          action: 'kms:GenerateDataKey',
          caller: trail,
          context: { [trailContextName]: trail.arn },
          policy: () => keys.policyOf(key),
        }),
      ),
  };
}

interface BucketUse {
  readonly action: string;
  readonly key?: string;
}

function onBucket(trail: Writer, bucket: BucketAccess, { action, key }: BucketUse): Check {
  const resource = key === undefined ? trail.bucket : `${trail.bucket}/${key}`;
  const place = { partition: partitionOf(trail), region: '', account: '' };
  return {
    action,
    resource: formatArn(place, 's3', resource),
    owner: bucket.owner,
    keys: key === undefined ? {} : { 's3:x-amz-acl': 'bucket-owner-full-control' },
    resourcePolicy: async () => bucket.policy,
  };
}

function partitionOf({ arn }: Writer): string {
  const parsed = parseArn(arn);
  return defined(parsed.ok ? parsed.value : undefined, arn).partition;
}
