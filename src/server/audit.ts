/**
 * The security checklist of a data folder, whether its server runs or not. Reads what is stored,
 * never writes.
 */
import { existsSync } from 'node:fs';
import { systemClock } from '../adapters/system/system.ts';
import { type BucketRow, bucketRows } from '../engines/objects/rows.ts';
import { auditOf, isPassed } from '../engines/posture/audit.ts';
import { type BoundedReader, boundedReader, readSnapshot } from '../engines/posture/snapshot.ts';
import type { CheckRow, SharedResource } from '../engines/posture/types.ts';
import { queueArn, queueRows } from '../engines/queues/rows.ts';
import { topicArn, topicRows } from '../engines/topics/rows.ts';
import { formatArn } from '../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import { publicAccessOf } from '../services/s3/public.ts';
import type { Config } from './config.ts';
import { metadataPath, openMetadata } from './metadata.ts';
import { openKeyring } from './unseal.ts';

export interface Audit {
  /** Whether nothing of severity high failed. */
  readonly passed: boolean;
  /** The most severe first. */
  readonly checks: readonly CheckRow[];
}

const partition = 'aws';

/** Refused when the folder holds no server's data. */
export async function auditFolder(config: Config): Promise<Outcome<Audit>> {
  if (!existsSync(metadataPath(config.data))) {
    return refuse(`no server was started on ${config.data} yet: run modelkeep up first`);
  }
  const keyring = await openKeyring(config);
  if (!keyring.ok) return keyring;
  const store = await openMetadata(config.data, keyring.value);
  try {
    const bounded = boundedReader(store);
    const snapshot = await readSnapshot(store, bounded, await sharedOf(bounded));
    const { account, region } = config;
    const checks = auditOf(snapshot, { nowMs: systemClock.nowMs(), account, region });
    return ok({ passed: isPassed(checks), checks });
  } finally {
    await store.close();
  }
}

async function sharedOf(bounded: BoundedReader): Promise<readonly SharedResource[]> {
  const [buckets, queues, topics] = [
    await bounded.all(bucketRows),
    await bounded.all(queueRows),
    await bounded.all(topicRows),
  ];
  return [
    ...[...buckets.values()].map(sharedBucket),
    ...[...queues.values()].map(({ address, settings }) => ({
      ...{ arn: queueArn(address), account: address.account },
      ...policyOf(settings.further['Policy']),
    })),
    // Without a policy of its own a topic has the usual one, which lets nobody else in.
    ...[...topics.values()].map(({ address, attributes }) => ({
      ...{ arn: topicArn(address), account: address.account },
      ...policyOf(attributes['Policy']),
    })),
  ];
}

function sharedBucket(row: BucketRow): SharedResource {
  const { name, owner: account, policy } = row;
  const block = publicAccessOf(row);
  const settings = {
    BlockPublicAcls: block?.blockAcls,
    IgnorePublicAcls: block?.ignoreAcls,
    BlockPublicPolicy: block?.blockPolicy,
    RestrictPublicBuckets: block?.restrictBuckets,
  };
  const open = Object.entries(settings).filter(([, isSet]) => !isSet);
  return {
    arn: formatArn({ partition, region: '', account: '' }, 's3', name),
    account,
    ...policyOf(policy),
    publicAccess: {
      open: open.map(([setting]) => setting),
      restricted: block?.restrictBuckets === true,
    },
  };
}

function policyOf(text: string | undefined): Pick<SharedResource, 'policy'> {
  return text ? { policy: text } : {};
}
