/**
 * Checks as this service asks them: which resource, whose, under which policy, and the condition
 * keys that requests have. Which operation asks for what is told in permissions.ts.
 *
 * `aws:ResourceTag` is not told: buckets have their tags there only where their owner switched that
 * on, which cannot be done here, and objects have theirs in `s3:ExistingObjectTag`.
 */
import type { BucketRow, Tag } from '../../engines/objects/rows.ts';
import { isRootUser } from '../../kernel/caller.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { S3Ctx } from './context.ts';
import { bucketArn, maxKeyBytes } from './ground.ts';
import { lookUpBucket, lookUpVersion } from './lookups.ts';
import { policyFor } from './public.ts';

export type Keys = Readonly<Record<string, KeyValue>>;

/** Checks on one bucket and on what is in it. */
export interface BucketChecks {
  bucket(action: string, keys?: Keys): Check;
  object(action: string, key: string, keys?: Keys): Check;
}

/** A bucket that is not there belongs to whoever asks: what is refused tells nothing of it. */
export async function checksIn(name: string | undefined, ctx: S3Ctx): Promise<BucketChecks> {
  const row = name === undefined ? undefined : await lookUpBucket(name, ctx);
  const owner = row?.owner ?? ctx.caller.account;
  const common = { ...signatureKeys(ctx), 's3:resourceaccount': owner };
  const arn = bucketArn(name ?? '', ctx.scope);
  const check = (action: string, resource: string, keys: Keys = {}): Check => ({
    action,
    resource,
    keys: { ...common, ...keys },
    owner,
    ...(row?.policy !== undefined && !isRescue(action, row, ctx)
      ? { resourcePolicy: async () => policyFor(row, ctx.caller) }
      : {}),
  });
  return {
    bucket: (action, keys) => check(action, arn, keys),
    object: (action, key, keys) => check(action, `${arn}/${key}`, keys),
  };
}

const rescues = new Set(['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']);

/** A policy that locks everybody out can still be taken away by the account's root user. */
function isRescue(action: string, { owner }: BucketRow, { caller }: S3Ctx): boolean {
  return rescues.has(action) && isRootUser(caller) && caller.account === owner;
}

/** How the request was signed; nothing for those that were not. */
export function signatureKeys({ caller, url, headers, clock }: S3Ctx): Keys {
  if (caller.accessKeyId === '') return {};
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const presigned = query.has('X-Amz-Signature');
  const signedAtMs = instantOf((presigned ? query.get('X-Amz-Date') : headers['x-amz-date']) ?? '');
  const sha256 = headers['x-amz-content-sha256'];
  return {
    's3:authtype': presigned ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    ...(signedAtMs === undefined
      ? {}
      : { 's3:signatureage': Math.max(0, clock.nowMs() - signedAtMs) }),
    ...(sha256 === undefined ? {} : { 's3:x-amz-content-sha256': sha256 }),
  };
}

/** `20300101T000000Z` in milliseconds. */
function instantOf(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

interface Version {
  readonly Bucket: string | undefined;
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

/** The tags of what is there; none when nothing is. */
export async function existingTags(
  { Bucket: bucket = '', Key: key = '', VersionId }: Version,
  ctx: S3Ctx,
): Promise<readonly Tag[]> {
  if (Buffer.byteLength(key) > maxKeyBytes) return [];
  const found = await lookUpVersion({ bucket, key }, VersionId, ctx);
  return (found.ok && found.value.object?.tags) || [];
}

export function existingKeys(tags: readonly Tag[]): Keys {
  return Object.fromEntries(tags.map(({ key, value }) => [`s3:existingobjecttag/${key}`, value]));
}

export function requestKeys(tags: readonly Tag[]): Keys {
  if (tags.length === 0) return {};
  const each = tags.map(({ key, value }) => [`s3:requestobjecttag/${key}`, value] as const);
  return { ...Object.fromEntries(each), 's3:requestobjecttagkeys': tags.map(({ key }) => key) };
}

/** Members whose values are condition keys, by the key. */
const memberKeys = {
  ACL: 's3:x-amz-acl',
  BucketNamespace: 's3:x-amz-bucket-namespace',
  CopySource: 's3:x-amz-copy-source',
  Delimiter: 's3:delimiter',
  GrantFullControl: 's3:x-amz-grant-full-control',
  GrantRead: 's3:x-amz-grant-read',
  GrantReadACP: 's3:x-amz-grant-read-acp',
  GrantWrite: 's3:x-amz-grant-write',
  GrantWriteACP: 's3:x-amz-grant-write-acp',
  IfMatch: 's3:if-match',
  IfNoneMatch: 's3:if-none-match',
  MaxKeys: 's3:max-keys',
  MetadataDirective: 's3:x-amz-metadata-directive',
  ObjectLockLegalHoldStatus: 's3:object-lock-legal-hold',
  ObjectLockMode: 's3:object-lock-mode',
  ObjectOwnership: 's3:x-amz-object-ownership',
  Prefix: 's3:prefix',
  SSECustomerAlgorithm: 's3:x-amz-server-side-encryption-customer-algorithm',
  SSEKMSKeyId: 's3:x-amz-server-side-encryption-aws-kms-key-id',
  ServerSideEncryption: 's3:x-amz-server-side-encryption',
  StorageClass: 's3:x-amz-storage-class',
  VersionId: 's3:versionid',
  WebsiteRedirectLocation: 's3:x-amz-website-redirect-location',
} as const;

export function keysOf(input: object): Keys {
  const members = input as Readonly<Record<string, unknown>>;
  const keys: Record<string, KeyValue> = {};
  for (const [member, key] of Object.entries(memberKeys)) {
    const value = members[member];
    if (typeof value === 'string' || typeof value === 'number') keys[key] = value;
  }
  return keys;
}
