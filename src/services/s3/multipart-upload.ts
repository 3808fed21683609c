/** Uploads in parts, from their beginning to their completion or their end without one. */
import type {
  AbortMultipartUploadRequest,
  CompletedPart as ClientPart,
  CompleteMultipartUploadOutput,
  CompleteMultipartUploadRequest,
  CreateMultipartUploadOutput,
  CreateMultipartUploadRequest,
} from '@aws-sdk/client-s3';
import type { CompletedPart, Completion } from '../../engines/objects/completion.ts';
import { maxPartNumber, type UploadAddress } from '../../engines/objects/keys.ts';
import { defined } from '../../kernel/assert.ts';
import { checksumMembers, givenChecksum, uploadChecksum } from './checksums.ts';
import { preconditionOf } from './conditions.ts';
import type { S3Ctx } from './context.ts';
import { descriptionOf } from './description.ts';
import {
  customerKeyOf,
  encryptionMembers,
  refuseUnsigned,
  refuseUnsignedWrite,
  sealWishOf,
  writtenMembers,
} from './encryption.ts';
import { faults } from './faults.ts';
import {
  addressOf,
  bucketOf,
  type InObject,
  quoted,
  shownVersion,
  unquoted,
  valueOf,
} from './ground.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export interface InUpload extends InObject {
  readonly UploadId: string | undefined;
}

export function uploadAddressOf(input: InUpload): UploadAddress {
  return { ...addressOf(input), uploadId: defined(input.UploadId, 'UploadId') };
}

export async function createMultipartUpload(
  input: CreateMultipartUploadRequest,
  ctx: S3Ctx,
): Promise<CreateMultipartUploadOutput> {
  refuseUnbuilt(input);
  const at = addressOf(input);
  const description = descriptionOf(input);
  const checksum = uploadChecksum(input.ChecksumAlgorithm, input.ChecksumType);
  const encryption = sealWishOf(input, ctx);
  const bucket = await bucketOf(input, ctx);
  refuseUnsignedWrite(encryption, bucket, ctx);
  const begun = await ctx.objects.uploads.begin({
    ...at,
    ...description,
    initiator: ctx.caller.arn,
    ...(checksum ? { checksum } : {}),
    ...(encryption ? { encryption } : {}),
  });
  const upload = valueOf(begun, at);
  return {
    Bucket: at.bucket,
    Key: at.key,
    UploadId: upload.uploadId,
    ...writtenMembers(upload.encryption, input),
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
  };
}

export async function completeMultipartUpload(
  input: CompleteMultipartUploadRequest,
  ctx: S3Ctx,
): Promise<CompleteMultipartUploadOutput> {
  refuseUnbuilt(input);
  const at = uploadAddressOf(input);
  const bucket = await bucketOf(input, ctx);
  const customerKey = customerKeyOf(input, ctx);
  const completion = { ...completionOf(input), ...(customerKey ? { customerKey } : {}) };
  const upload = await ctx.objects.uploads.get(at);
  if (upload.ok) refuseUnsigned(upload.value.encryption, ctx);
  const type = upload.ok ? upload.value.checksum?.type : undefined;
  if (input.ChecksumType !== undefined && type !== undefined && input.ChecksumType !== type) {
    throw faults.invalidRequest(
      'The upload was created using the ' +
        `${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const done = await ctx.objects.uploads.complete(at, completion);
  if (!done.ok && done.why === 'partChecksumMissing') {
    const algorithm = upload.ok ? upload.value.checksum?.algorithm.toLowerCase() : '';
    throw faults.invalidRequest(
      `The upload was created using a ${algorithm} checksum. The complete request must include` +
        ' the checksum for each part. It was missing for part' +
        ` ${done.detail?.['number']} in the request.`,
    );
  }
  const version = valueOf(done, at);
  return {
    Location: urlOf(at, ctx.endpointUrl),
    Bucket: at.bucket,
    Key: at.key,
    ETag: quoted(version.object.etag),
    ...checksumMembers(version.object.checksum),
    // Of a key of the client's this answer tells nothing.
    ...(version.object.encryption?.kind === 'customer'
      ? {}
      : encryptionMembers(version.object.encryption)),
    VersionId: shownVersion(bucket, version),
  };
}

/** In the style of the request: a host that names the bucket already is not told it again. */
function urlOf({ bucket, key }: UploadAddress, endpointUrl: string): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const named = new URL(endpointUrl).hostname.startsWith(`${bucket}.`);
  return named ? `${endpointUrl}/${path}` : `${endpointUrl}/${bucket}/${path}`;
}

function completionOf(input: CompleteMultipartUploadRequest): Completion {
  const listed = input.MultipartUpload?.Parts ?? [];
  if (listed.length === 0 || listed.length > maxPartNumber) throw faults.malformedXml();
  const checksum = givenChecksum(input);
  const { MpuObjectSize } = input;
  return {
    parts: listed.map(completedPart),
    precondition: preconditionOf(input),
    ...(checksum ? { checksum } : {}),
    ...(MpuObjectSize === undefined ? {} : { sizeBytes: Number(MpuObjectSize) }),
  };
}

function completedPart(part: ClientPart): CompletedPart {
  const { PartNumber: number, ETag } = part;
  if (number === undefined || ETag === undefined) throw faults.malformedXml();
  checkPartNumber(number);
  const checksum = givenChecksum(part);
  return { number, etag: unquoted(ETag), ...(checksum ? { checksum } : {}) };
}

export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= maxPartNumber) return;
  const message = `Part number must be an integer between 1 and ${maxPartNumber}, inclusive`;
  throw faults.invalidArgument('partNumber', number, message);
}

export async function abortMultipartUpload(
  input: AbortMultipartUploadRequest,
  ctx: S3Ctx,
): Promise<void> {
  const at = uploadAddressOf(input);
  await bucketOf(input, ctx);
  valueOf(await ctx.objects.uploads.abort(at), at);
}
