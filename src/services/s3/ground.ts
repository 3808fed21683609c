/**
 * What nearly every operation does first and last: find the bucket and see that it is the caller's,
 * see that a key can be one, turn the engine's refusals into faults. Not conditions; see
 * conditions.ts.
 */
import { createHash } from 'node:crypto';
import type { KeyProblem } from '../../engines/keys/keys.ts';
import type { Answer, No } from '../../engines/objects/answer.ts';
import { maxPutBytes } from '../../engines/objects/blobs.ts';
import { minPartBytes } from '../../engines/objects/completion.ts';
import type { BucketRow, StoredVersion, VersionRow } from '../../engines/objects/rows.ts';
import type { ObjectAddress } from '../../engines/objects/space.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Fault } from '../../wire/operation.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { lookUpBucket, takeVersion } from './lookups.ts';

/** An input as it arrives: the wire streams bodies, whatever the client's type says. */
export type Streamed<T> = Omit<T, 'Body'> & { readonly Body?: ByteStream | undefined };

/** An output as it leaves: a body that is all there is no stream. */
export type Sent<T> = Omit<T, 'Body'> & { readonly Body?: ByteStream | Uint8Array | undefined };

export interface InBucket {
  readonly Bucket: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

export interface InObject extends InBucket {
  readonly Key: string | undefined;
}

/** The caller's own bucket. Throws NoSuchBucket, AccessDenied. */
export async function bucketOf(
  { Bucket, ExpectedBucketOwner: expected }: InBucket,
  ctx: S3Ctx,
): Promise<BucketRow> {
  const name = defined(Bucket, 'Bucket');
  const bucket = await lookUpBucket(name, ctx);
  if (!bucket) throw faults.noSuchBucket(name);
  if (bucket.owner !== ctx.caller.account) throw faults.accessDenied();
  if (expected !== undefined && expected !== bucket.owner) throw faults.accessDenied();
  return bucket;
}

/** S3's names have neither region nor account. */
export function bucketArn(name: string, { partition }: Scope): Arn {
  return formatArn({ partition, region: '', account: '' }, 's3', name);
}

export const maxKeyBytes = 1_024;

/** Throws KeyTooLongError. Any other text is a key. */
export function addressOf({ Bucket, Key }: InObject): ObjectAddress {
  const at = { bucket: defined(Bucket, 'Bucket'), key: defined(Key, 'Key') };
  const sizeBytes = Buffer.byteLength(at.key);
  if (sizeBytes > maxKeyBytes) throw faults.keyTooLong(sizeBytes, maxKeyBytes);
  return at;
}

/** Throws InvalidArgument for what no version could be called. */
export function versionIdOf(VersionId: string | undefined): string | undefined {
  if (VersionId === undefined || /^(null|[A-Za-z0-9._]{32})$/.test(VersionId)) return VersionId;
  throw faults.invalidArgument('versionId', VersionId, 'Invalid version id specified');
}

export interface Lookup extends InObject {
  readonly VersionId?: string | undefined;
}

/** Under this name calls that read an object ask whether the caller may list its bucket. */
export const listItem = 'list';

/** Whoever may not list a bucket does not learn what is missing from it. */
function hideMissing({ refused }: S3Ctx): void {
  const words = refused?.get(listItem);
  if (words !== undefined) throw faults.accessDenied(words);
}

/** The newest or the named version, delete markers included. */
export async function findVersion(input: Lookup, ctx: S3Ctx): Promise<VersionRow> {
  const at = addressOf(input);
  const version = versionIdOf(input.VersionId);
  const found = await takeVersion(at, version, ctx);
  if (!found.ok) hideMissing(ctx);
  return valueOf(found, { ...at, version });
}

/** The object, not a delete marker: those are NoSuchKey when newest, MethodNotAllowed by name. */
export async function findObject(
  input: Lookup,
  ctx: S3Ctx,
  method = 'GET',
): Promise<StoredVersion> {
  const row = await findVersion(input, ctx);
  const { object } = row;
  if (object) return { ...row, object };
  if (input.VersionId !== undefined) throw faults.isMarker(method, row.id);
  hideMissing(ctx);
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': row.id };
  throw faults.noSuchKey(row.key, headers);
}

/** Ids are told only where versions are or were kept. */
export function shownVersion(bucket: BucketRow, row: Pick<VersionRow, 'id'>): string | undefined {
  return bucket.versioning === 'off' ? undefined : row.id;
}

export interface Subject extends ObjectAddress {
  readonly version?: string | undefined;
  readonly uploadId?: string;
}

/** The engine's value, or its refusal in S3's words. */
export function valueOf<T>(answer: Answer<T>, subject: Subject): T {
  if (answer.ok) return answer.value;
  throw faultOf(answer, subject);
}

const keyProblems: Readonly<Record<KeyProblem, string>> = {
  notFound: 'NotFoundException',
  disabled: 'DisabledException',
  invalidState: 'KMSInvalidStateException',
  invalidUsage: 'InvalidKeyUsageException',
  invalidCiphertext: 'InvalidCiphertextException',
  incorrectKey: 'IncorrectKeyException',
};

type CustomerKeyWhy = 'customerKeyMissing' | 'customerKeyUnwanted' | 'customerKeyWrong';

const ofObjects: Readonly<Record<CustomerKeyWhy, string>> = {
  customerKeyMissing:
    'The object was stored using a form of Server Side Encryption. The correct parameters must' +
    ' be provided to retrieve the object.',
  customerKeyUnwanted: 'The encryption parameters are not applicable to this object.',
  customerKeyWrong:
    'Requests specifying Server Side Encryption with Customer provided keys must provide the' +
    ' correct secret key.',
};
const ofUploads: Readonly<Record<CustomerKeyWhy, string>> = {
  customerKeyMissing:
    'The multipart upload initiate requested encryption. Subsequent part requests must include' +
    ' the appropriate encryption parameters.',
  customerKeyUnwanted:
    'The multipart upload initiate did not request encryption. Please resend the request without' +
    ' sending encryption parameters.',
  customerKeyWrong: 'The provided encryption parameters did not match the ones used originally.',
};

function customerKeyFault(why: CustomerKeyWhy, inUpload: boolean): Fault {
  if (inUpload) return faults.invalidRequest(ofUploads[why]);
  const message = ofObjects[why];
  return why === 'customerKeyWrong' ? faults.accessDenied(message) : faults.invalidRequest(message);
}

export function faultOf({ why, reason, detail = {} }: No, subject: Subject): Fault {
  const { bucket, key, version = '', uploadId: UploadId = '' } = subject;
  const { number: PartNumber = 0, etag: ETag = '', sizeBytes: ProposedSize = 0 } = detail;
  switch (why) {
    case 'noBucket':
      return faults.noSuchBucket(bucket);
    case 'bucketExists':
      return faults.bucketExists(bucket);
    case 'bucketNotEmpty':
      return faults.bucketNotEmpty(bucket, false);
    case 'noObject':
      return faults.noSuchKey(key);
    case 'noVersion':
      return faults.noSuchVersion(key, version);
    case 'isMarker':
      return faults.isMarker('PUT', String(detail['version']));
    case 'precondition':
      return faults.preconditionFailed(String(detail['condition']));
    case 'changed':
      return faults.changing();
    case 'tooLarge':
      return faults.entityTooLarge(maxPutBytes);
    case 'keyProblem':
      return faults.keyProblem(keyProblems[detail['problem'] as KeyProblem], reason);
    case 'customerKeyMissing':
    case 'customerKeyUnwanted':
    case 'customerKeyWrong':
      return customerKeyFault(why, UploadId !== '');
    case 'customerKeysBlocked':
      return faults.accessDenied(
        'Access Denied: server-side encryption with customer-provided keys (SSE-C) is blocked' +
          ' for this bucket.',
      );
    case 'noUpload':
      return faults.noSuchUpload(UploadId);
    case 'badPart':
      return faults.invalidPart({ UploadId, PartNumber });
    case 'partOrder':
      return faults.partOrder(UploadId);
    case 'partTooSmall':
      return faults.partTooSmall({ ProposedSize, MinSizeAllowed: minPartBytes, PartNumber, ETag });
    case 'badChecksum':
      return faults.badDigest(String(detail['algorithm']));
    default:
      return faults.invalidRequest(reason);
  }
}

/** Refuses by the size a request announces, and one that announces none; the engine counts. */
export function checkBodySize({ headers }: S3Ctx): void {
  const announced = headers['x-amz-decoded-content-length'] ?? headers['content-length'];
  if (Number(announced) > maxPutBytes) throw faults.entityTooLarge(maxPutBytes);
  if (announced === undefined && headers['transfer-encoding'] !== undefined) {
    throw faults.notImplemented('Transfer-Encoding');
  }
}

export const quoted = (etag: string) => `"${etag}"`;

/** An etag as clients send it, with or without its quotes. */
export const unquoted = (etag: string) => etag.trim().replace(/^"(.*)"$/, '$1');

/** S3 knows accounts by a canonical id of 64 hex digits. */
export function ownerOf(account: string): { ID: string } {
  return { ID: createHash('sha256').update(`owner ${account}`).digest('hex') };
}

const tries = 10;

/** Runs again what a concurrent change of its object got in the way of. */
export async function settled<T>(run: () => Promise<Answer<T>>): Promise<Answer<T>> {
  let answer = await run();
  for (let i = 1; i < tries && !answer.ok && answer.why === 'changed'; i += 1) {
    answer = await run();
  }
  return answer;
}
