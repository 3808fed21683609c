/**
 * Every service with what its operations are given: who is mounted, not what anything does.
 */
import { schedules, scoped } from '../engines/monitoring/rows.ts';
import type { Reader } from '../ports/metadata-store.ts';
import { cloudtrail } from '../services/cloudtrail/index.ts';
import { cloudtrailPermissions } from '../services/cloudtrail/permissions.ts';
import { cloudwatch } from '../services/cloudwatch/index.ts';
import { cloudwatchPermissions } from '../services/cloudwatch/permissions.ts';
import { iam, iamPermissions } from '../services/iam/index.ts';
import { kms, kmsPermissions } from '../services/kms/index.ts';
import { logs } from '../services/logs/index.ts';
import { logsPermissions } from '../services/logs/permissions.ts';
import { s3 } from '../services/s3/index.ts';
import { s3Permissions } from '../services/s3/permissions.ts';
import { sagemaker } from '../services/sagemaker/index.ts';
import { sagemakerPermissions } from '../services/sagemaker/permissions.ts';
import { secretsManager } from '../services/secretsmanager/index.ts';
import { secretsManagerPermissions } from '../services/secretsmanager/permissions.ts';
import { sns } from '../services/sns/index.ts';
import { snsPermissions } from '../services/sns/permissions.ts';
import { sqs } from '../services/sqs/index.ts';
import { sqsPermissions } from '../services/sqs/permissions.ts';
import { sts } from '../services/sts/index.ts';
import { stsPermissions } from '../services/sts/permissions.ts';
import { type Mounted, mount } from '../wire/operation.ts';
import type { Engines, Jobs, Shared } from './compose.ts';
import { type Guards } from './guards.ts';
import { type Safekeeping } from './safekeeping.ts';
import type { World } from './world.ts';

export const partition = 'aws';

export interface Mounting extends Shared {
  readonly engines: Engines;
  readonly jobs: Jobs;
  readonly guards: Guards;
  readonly safekeeping: Safekeeping;
}

export function mountServices(world: World, mounting: Mounting): readonly Mounted[] {
  const { engines, loops, jobs, guards, vault, keys } = mounting;
  const { store, clock, wallClock, random, programLogs } = world;
  const { objects, queues, topics, series, fleet, processingQueue, transformQueue } = engines;
  const { stopProcessing, stopTransform } = jobs;
  const { wake } = loops;
  const { passwords, qr, webIdentities } = world;
  const { space, identity, access } = guards;
  const sagemakerParts = {
    ...{ store, clock, random, wake, fleet, access, keys },
    ...{ processingQueue, stopProcessing, transformQueue, stopTransform },
    schedulesOn,
  };
  // Credentials and sessions go by the time that clients have.
  const who = { vault, random, clock: wallClock, access };
  const iamParts = { ...who, identity: space, passwords, qr };
  const stsParts = { ...who, identity, space, webIdentities };
  return [
    mount('iam', { operations: iam, permissions: iamPermissions }, iamParts),
    mount('sts', { operations: sts, permissions: stsPermissions }, stsParts),
    mount('s3', { operations: s3, permissions: s3Permissions }, { objects, clock }),
    mount('sqs', { operations: sqs, permissions: sqsPermissions }, { queues }),
    mount('sns', { operations: sns, permissions: snsPermissions }, { topics }),
    mount(
      'cloudwatch',
      { operations: cloudwatch, permissions: cloudwatchPermissions },
      { store, series, clock, wake },
    ),
    mount('logs', { operations: logs, permissions: logsPermissions }, { programLogs }),
    mount(
      'sagemaker',
      { operations: sagemaker, permissions: sagemakerPermissions },
      sagemakerParts,
    ),
    ...mountSafekeeping(world, mounting),
  ];
}

function mountSafekeeping(world: World, mounting: Mounting): readonly Mounted[] {
  const { engines, loops, guards, vault, keys, safekeeping } = mounting;
  const { store, clock, random, functions } = world;
  const { lifecycle, secrets, trail, signingKeys, admission } = safekeeping;
  const { access } = guards;
  return [
    mount(
      'kms',
      { operations: kms, permissions: kmsPermissions },
      { store, vault, random, clock, keys, lifecycle, access },
    ),
    mount(
      'secretsmanager',
      { operations: secretsManager, permissions: secretsManagerPermissions },
      { secrets, functions, random },
    ),
    mount(
      'cloudtrail',
      { operations: cloudtrail, permissions: cloudtrailPermissions },
      {
        ...{ store, clock, trail, signingKeys, admission, keys },
        lookup: trail.lookup,
        topics: engines.topics,
        wake: loops.wake,
      },
    ),
  ];
}

/** Names of the schedules that watch an endpoint; it cannot be deleted before them. */
async function schedulesOn(
  reader: Reader,
  at: { readonly account: string; readonly region: string; readonly name: string },
): Promise<readonly string[]> {
  const { account, region, name } = at;
  const equals = scoped({ partition, account, region }, name);
  const found = await reader.listBy(schedules, { index: 'endpoint', equals, limit: 10 });
  return found.map(({ row }) => row.name);
}
