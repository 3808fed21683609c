/** Verifies what trails delivered, through the running server's own API, as its administrator. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemClock } from '../adapters/system/system.ts';
import type { AnchorRecord } from '../engines/trail/digests/anchor.ts';
import { type Subject, type Verification, verifyTrail } from '../engines/trail/digests/verify.ts';
import { parseArn } from '../kernel/arn.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import { readAdministrator } from './administrator.ts';
import type { Config } from './config.ts';
import { readAnchor } from './trail-verify-anchor.ts';
import {
  ApiRefusal,
  makeTrailApi,
  type TrailApi,
  type TrailDescription,
} from './trail-verify-client.ts';

export interface VerifyOptions {
  /** By name or ARN; all trails unless given. */
  readonly trail?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** The path of the file. */
  readonly anchor?: string | undefined;
  /** PEM file of who signed the server's certificate, when that is no public authority. */
  readonly authority?: string | undefined;
}

export interface VerifiedTrail extends Verification {
  readonly trail: string;
  readonly bucket: string;
}

/** Refused with what kept it from looking; what it found is no refusal. */
export async function verifyTrails(
  config: Config,
  options: VerifyOptions,
): Promise<Outcome<readonly VerifiedTrail[]>> {
  const administrator = await readAdministrator(config);
  if (!administrator.ok) return administrator;
  const anchors = await anchorsOf(config, options.anchor);
  if (!anchors.ok) return anchors;
  const { url } = administrator.value;
  const ca = options.authority === undefined ? undefined : await readFile(options.authority);
  const api = makeTrailApi({ administrator: administrator.value, clock: systemClock, ca });
  try {
    return await verifyThrough(api, { ...options, anchors: anchors.value });
  } catch (cause) {
    if (cause instanceof ApiRefusal) return refuse(cause.message);
    const isOfNetwork = cause instanceof Error && 'code' in cause;
    if (!isOfNetwork) throw cause;
    return refuse(`the server at ${url} does not answer: ${reasonOf(cause)}`);
  }
}

/** One that was named must be there. */
async function anchorsOf(config: Config, given: string | undefined) {
  const named = given ?? config.trailAnchor;
  if (named !== undefined && !existsSync(named)) return refuse(`there is no anchor ${named}`);
  return readAnchor(named ?? usualAnchor(config));
}

/** Where the server notes the newest digests unless it is told otherwise. */
export function usualAnchor({ data }: Config): string {
  return `${data}.anchors`;
}

export interface Through extends VerifyOptions {
  readonly anchors: readonly AnchorRecord[];
}

/** The same through an API that is there. Throws `ApiRefusal`. */
export async function verifyThrough(
  api: TrailApi,
  { trail: wanted, sinceMs, anchors }: Through,
): Promise<Outcome<readonly VerifiedTrail[]>> {
  const all = await api.describe();
  const isWanted = ({ Name, TrailARN }: TrailDescription) =>
    wanted === undefined || wanted === Name || wanted === TrailARN;
  const chosen = all.filter(isWanted);
  if (chosen.length === 0) {
    return refuse(wanted === undefined ? 'there is no trail' : `there is no trail ${wanted}`);
  }
  const off = chosen.find(({ LogFileValidationEnabled }) => !LogFileValidationEnabled);
  if (off) {
    return refuse(`${off.TrailARN} writes no digests: its log file validation is not enabled`);
  }
  const verified: VerifiedTrail[] = [];
  for (const trail of chosen) {
    const subject = { ...(await subjectOf(api, trail, all)), sinceMs, anchors };
    const bucket = trail.S3BucketName;
    const source = {
      keys: (prefix: string) => api.keys(bucket, prefix),
      read: api.read,
      publicKeys: api.publicKeys,
    };
    verified.push({ trail: trail.TrailARN, bucket, ...(await verifyTrail(source, subject)) });
  }
  return ok(verified);
}

async function subjectOf(
  api: TrailApi,
  trail: TrailDescription,
  all: readonly TrailDescription[],
): Promise<Omit<Subject, 'anchors'>> {
  const sharing = all.filter(
    (one) => one.S3BucketName === trail.S3BucketName && one.S3KeyPrefix === trail.S3KeyPrefix,
  );
  const logging: string[] = [];
  for (const one of sharing) {
    const isSameHome = one.HomeRegion === trail.HomeRegion;
    const name = isSameHome ? one.Name : `${one.Name} of ${one.HomeRegion}`;
    if ((await api.status(one)).IsLogging) logging.push(name);
  }
  const { LatestDigestDeliveryTime: latest } = await api.status(trail);
  const arn = parseArn(trail.TrailARN);
  return {
    arn: trail.TrailARN,
    name: trail.Name,
    account: arn.ok ? arn.value.account : '',
    homeRegion: trail.HomeRegion,
    bucket: trail.S3BucketName,
    prefix: trail.S3KeyPrefix,
    latestDigestMs: latest === undefined ? undefined : latest * 1_000,
    logging,
    shared: sharing.some(({ LogFileValidationEnabled }) => !LogFileValidationEnabled),
  };
}
