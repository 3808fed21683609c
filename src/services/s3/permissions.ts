/**
 * What each operation needs permission for, by the service's authorization reference. Nothing here
 * looks at whether what a request names is there: that is told to those who may know.
 */
import type { Tag as ClientTag } from '@aws-sdk/client-s3';
import type { Tag } from '../../engines/objects/rows.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import type { Permission, Permissions } from '../../wire/operation.ts';
import {
  checksIn,
  existingKeys,
  existingTags,
  type Keys,
  keysOf,
  requestKeys,
  signatureKeys,
} from './checks.ts';
import type { S3Ctx } from './context.ts';
import { type CopyInput, readCopySource } from './copy-source.ts';
import { itemOf, maxObjects } from './delete-object.ts';
import { type EncryptionInput, isAnonymous, managedWish } from './encryption.ts';
import { type InBucket, type InObject, type Lookup, listItem, maxKeyBytes } from './ground.ts';
import type { s3 } from './index.ts';
import { lookUpBucket, lookUpVersion } from './lookups.ts';
import type { InUpload } from './multipart-upload.ts';

/** On the bucket itself. */
function onBucket(action: string): Permission<InBucket, S3Ctx> {
  return async (input, ctx) => (await checksIn(input.Bucket, ctx)).bucket(action, keysOf(input));
}

/** On the object, whichever version it is about. */
function onObject(action: string, keys: Keys = {}): Permission<InObject, S3Ctx> {
  return async (input, ctx) => {
    const { Bucket, Key = '' } = input;
    return (await checksIn(Bucket, ctx)).object(action, Key, { ...keysOf(input), ...keys });
  };
}

/** Versions that are named have actions of their own: `s3:GetObjectVersion`. */
function versioned(action: string, { VersionId }: Lookup): string {
  return VersionId === undefined ? action : action.replace('Object', 'ObjectVersion');
}

/** On what is there; conditions may look at its tags. */
function onExisting(...actions: readonly string[]) {
  return async (input: Lookup, ctx: S3Ctx): Promise<readonly Check[]> => {
    const { Bucket, Key = '' } = input;
    const checks = await checksIn(Bucket, ctx);
    const keys = { ...keysOf(input), ...existingKeys(await existingTags(input, ctx)) };
    return actions.map((action) => checks.object(versioned(action, input), Key, keys));
  };
}

/** As above; and who may not list the bucket is not told that the object is missing. */
function onRead(...actions: readonly string[]) {
  return async (input: Lookup, ctx: S3Ctx): Promise<readonly Check[]> => {
    const checks = await onExisting(...actions)(input, ctx);
    return (await isThere(input, ctx)) ? checks : [...checks, await mayList(input.Bucket, ctx)];
  };
}

/** What is found here is what the operation will read: nothing will be missing. */
async function isThere(
  { Bucket: bucket = '', Key: key = '', VersionId }: Lookup,
  ctx: S3Ctx,
): Promise<boolean> {
  if (Buffer.byteLength(key) > maxKeyBytes) return false;
  const found = await lookUpVersion({ bucket, key }, VersionId, ctx);
  return found.ok && found.value.object !== undefined;
}

/** As above, and the key that the object is encrypted under: for what tells of its bytes. */
function onBytes(...actions: readonly string[]) {
  return async (input: Lookup, ctx: S3Ctx): Promise<readonly Check[]> => [
    ...(await onRead(...actions)(input, ctx)),
    ...(await decrypting(input, ctx)),
  ];
}

async function decrypting(
  { Bucket: bucket = '', Key: key = '', VersionId }: Lookup,
  ctx: S3Ctx,
): Promise<readonly Check[]> {
  const { objects, caller } = ctx;
  if (isUnknown(key, caller)) return [];
  const found = await lookUpVersion({ bucket, key }, VersionId, ctx);
  return found.ok ? objects.keyNeeds.ofVersion(found.value, caller) : [];
}

/** What no object is called; and who has not said who they are is refused whatever the key. */
function isUnknown(key: string, caller: Caller): boolean {
  return Buffer.byteLength(key) > maxKeyBytes || isAnonymous(caller);
}

/** The key of a new object, or of an upload that begins. */
async function encrypting(
  input: InObject & EncryptionInput,
  ctx: S3Ctx,
): Promise<readonly Check[]> {
  const { objects, caller } = ctx;
  const { Bucket: bucket = '', Key: key = '' } = input;
  if (isUnknown(key, caller)) return [];
  const row = await lookUpBucket(bucket, ctx);
  if (!row) return [];
  return objects.keyNeeds.ofWriteTo(row, key, { caller, wish: managedWish(input) });
}

/** A part of an upload, or (`whole`) the object that its parts make. */
function onPart(isWhole: boolean) {
  return async (input: InUpload, ctx: S3Ctx): Promise<readonly Check[]> => {
    const { Bucket, Key = '' } = input;
    const keys = { ...keysOf(input), 's3:objectcreationoperation': isWhole };
    return [
      (await checksIn(Bucket, ctx)).object('s3:PutObject', Key, keys),
      ...(await encryptingPart(input, ctx)),
    ];
  };
}

/** The key of an upload that was begun. */
async function encryptingPart(
  { Bucket: bucket = '', Key: key = '', UploadId: uploadId = '' }: InUpload,
  { objects, caller }: S3Ctx,
): Promise<readonly Check[]> {
  if (isUnknown(key, caller)) return [];
  return objects.keyNeeds.ofPart({ bucket, key, uploadId }, caller);
}

async function mayList(bucket: string | undefined, ctx: S3Ctx): Promise<Check> {
  return { ...(await checksIn(bucket, ctx)).bucket('s3:ListBucket'), item: listItem };
}

interface Writing extends InObject {
  readonly ACL?: string | undefined;
  readonly Tagging?: string | undefined;
}

function headerTags({ Tagging = '' }: Writing): readonly Tag[] {
  return [...new URLSearchParams(Tagging)].map(([key, value]) => ({ key, value }));
}

/** `whole`: the request makes an object, not a part of one or the beginning of an upload. */
async function writing(
  input: Writing,
  ctx: S3Ctx,
  { tags, whole }: { readonly tags: readonly Tag[]; readonly whole: boolean },
): Promise<readonly Check[]> {
  const { Bucket, Key = '', ACL } = input;
  const checks = await checksIn(Bucket, ctx);
  const keys = {
    ...keysOf(input),
    ...requestKeys(tags),
    's3:objectcreationoperation': whole,
  };
  return [
    checks.object('s3:PutObject', Key, keys),
    ...(tags.length > 0 ? [checks.object('s3:PutObjectTagging', Key, keys)] : []),
    ...(ACL === undefined ? [] : [checks.object('s3:PutObjectAcl', Key, keys)]),
  ];
}

/** A new object, or an upload that begins. */
async function creatingObject(
  input: Writing & EncryptionInput,
  ctx: S3Ctx,
  isWhole: boolean,
): Promise<readonly Check[]> {
  return [
    ...(await writing(input, ctx, { tags: headerTags(input), whole: isWhole })),
    ...(await encrypting(input, ctx)),
  ];
}

interface Copying extends CopyInput, Writing {
  readonly TaggingDirective?: string | undefined;
}

/** Reading the source, under its bucket's policy, and writing the target, under the other's. */
async function copying(input: Copying, ctx: S3Ctx, isWhole: boolean): Promise<readonly Check[]> {
  const source = readCopySource(input);
  // The operation will refuse what names no source.
  if (typeof source === 'string') return writing(input, ctx, { tags: [], whole: isWhole });
  const kept = isWhole && input.TaggingDirective !== 'REPLACE';
  const sourceTags = kept ? await existingTags(source, ctx) : [];
  const reads = sourceTags.length > 0 ? ['s3:GetObject', 's3:GetObjectTagging'] : ['s3:GetObject'];
  return [
    ...(await onBytes(...reads)(source, ctx)),
    ...(await writing(input, ctx, {
      tags: kept ? sourceTags : headerTags(input),
      whole: isWhole,
    })),
  ];
}

interface Creating extends InBucket {
  readonly CreateBucketConfiguration?:
    | { readonly LocationConstraint?: string | undefined; readonly Tags?: ClientTag[] | undefined }
    | undefined;
}

/** Under no policy: what is made has none, and what is there is not the caller's to make. */
async function creating(input: Creating, ctx: S3Ctx): Promise<readonly Check[]> {
  const { LocationConstraint: where, Tags = [] } = input.CreateBucketConfiguration ?? {};
  const tags = Tags.map(({ Key = '', Value = '' }) => [`aws:requesttag/${Key}`, Value] as const);
  const keys: Keys = {
    ...keysOf(input),
    ...(where === undefined ? {} : { 's3:locationconstraint': where }),
    ...Object.fromEntries(tags),
    ...(tags.length > 0 ? { 'aws:tagkeys': Tags.map(({ Key = '' }) => Key) } : {}),
  };
  const {
    resourcePolicy: _,
    owner: __,
    ...made
  } = (await checksIn(input.Bucket, ctx)).bucket('s3:CreateBucket', keys);
  return tags.length > 0 ? [made, { ...made, action: 's3:TagResource' }] : [made];
}

interface Deleting extends InBucket {
  readonly Delete?:
    | { readonly Objects?: readonly Pick<Lookup, 'Key' | 'VersionId'>[] | undefined }
    | undefined;
}

/** One by one; the operation refuses more than it takes. */
async function deletingMany(input: Deleting, ctx: S3Ctx): Promise<readonly Check[]> {
  const checks = await checksIn(input.Bucket, ctx);
  return (input.Delete?.Objects ?? []).slice(0, maxObjects).map((one) => ({
    ...checks.object(versioned('s3:DeleteObject', one as Lookup), one.Key ?? '', keysOf(one)),
    item: itemOf(one),
  }));
}

export const s3Permissions: Permissions<typeof s3, S3Ctx> = {
  AbortMultipartUpload: onObject('s3:AbortMultipartUpload'),
  CompleteMultipartUpload: onPart(true),
  CopyObject: async (input, ctx) => [
    ...(await copying(input, ctx, true)),
    ...(await encrypting(input, ctx)),
  ],
  CreateBucket: creating,
  CreateMultipartUpload: (input, ctx) => creatingObject(input, ctx, false),
  DeleteBucket: onBucket('s3:DeleteBucket'),
  DeleteBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  DeleteBucketPolicy: onBucket('s3:DeleteBucketPolicy'),
  DeleteBucketTagging: onBucket('s3:PutBucketTagging'),
  DeleteObject: async (input, ctx) =>
    (await checksIn(input.Bucket, ctx)).object(
      versioned('s3:DeleteObject', input),
      input.Key ?? '',
      keysOf(input),
    ),
  DeleteObjects: deletingMany,
  DeleteObjectTagging: onExisting('s3:DeleteObjectTagging'),
  DeletePublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  GetBucketEncryption: onBucket('s3:GetEncryptionConfiguration'),
  GetBucketLocation: onBucket('s3:GetBucketLocation'),
  GetBucketPolicy: onBucket('s3:GetBucketPolicy'),
  GetBucketPolicyStatus: onBucket('s3:GetBucketPolicyStatus'),
  GetBucketTagging: onBucket('s3:GetBucketTagging'),
  GetBucketVersioning: onBucket('s3:GetBucketVersioning'),
  GetObject: onBytes('s3:GetObject'),
  GetObjectAttributes: onBytes('s3:GetObject', 's3:GetObjectAttributes'),
  GetObjectTagging: onRead('s3:GetObjectTagging'),
  GetPublicAccessBlock: onBucket('s3:GetBucketPublicAccessBlock'),
  HeadBucket: onBucket('s3:ListBucket'),
  // Without a checksum it tells nothing of the bytes.
  HeadObject: (input, ctx) =>
    (input.ChecksumMode === 'ENABLED' ? onBytes : onRead)('s3:GetObject')(input, ctx),
  ListBuckets: (_, ctx) => ({
    action: 's3:ListAllMyBuckets',
    resource: '*',
    keys: signatureKeys(ctx),
  }),
  ListMultipartUploads: onBucket('s3:ListBucketMultipartUploads'),
  ListObjects: onBucket('s3:ListBucket'),
  ListObjectsV2: onBucket('s3:ListBucket'),
  ListObjectVersions: onBucket('s3:ListBucketVersions'),
  ListParts: onObject('s3:ListMultipartUploadParts'),
  PutBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  PutBucketPolicy: onBucket('s3:PutBucketPolicy'),
  PutBucketTagging: onBucket('s3:PutBucketTagging'),
  PutBucketVersioning: onBucket('s3:PutBucketVersioning'),
  PutObject: (input, ctx) => creatingObject(input, ctx, true),
  PutObjectTagging: async (input, ctx) => {
    const tags = (input.Tagging?.TagSet ?? []).map(({ Key = '', Value = '' }) => ({
      key: Key,
      value: Value,
    }));
    const checks = await onExisting('s3:PutObjectTagging')(input, ctx);
    return checks.map((check) => ({ ...check, keys: { ...check.keys, ...requestKeys(tags) } }));
  },
  PutPublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  UploadPart: onPart(false),
  UploadPartCopy: async (input, ctx) => [
    ...(await copying(input, ctx, false)),
    ...(await encryptingPart(input, ctx)),
  ],
};
