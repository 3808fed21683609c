/** The parts of an upload: sent, or copied from an object. */
import type {
  UploadPartCopyOutput,
  UploadPartCopyRequest,
  UploadPartOutput,
  UploadPartRequest,
} from '@aws-sdk/client-s3';
import { giveUp } from '../../engines/objects/blobs.ts';
import type { ChecksumAlgorithm } from '../../engines/objects/rows.ts';
import { defined } from '../../kernel/assert.ts';
import { once } from '../../kernel/bytes.ts';
import { algorithmOf, announcedAlgorithm, provenChecksum, valueMember } from './checksums.ts';
import type { S3Ctx } from './context.ts';
import { checkSourceSize, findSource } from './copy-source.ts';
import { customerKeyOf, encryptionMembers, refuseUnsigned, sourceKeyOf } from './encryption.ts';
import { faults } from './faults.ts';
import {
  addressOf,
  bucketOf,
  checkBodySize,
  quoted,
  type Streamed,
  settled,
  valueOf,
} from './ground.ts';
import { checkPartNumber, uploadAddressOf } from './multipart-upload.ts';
import { copyRangeOf } from './ranges.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function uploadPart(
  input: Streamed<UploadPartRequest>,
  ctx: S3Ctx,
): Promise<UploadPartOutput> {
  refuseUnbuilt(input);
  algorithmOf(input.ChecksumAlgorithm);
  checkBodySize(ctx);
  const at = uploadAddressOf(input);
  const number = defined(input.PartNumber, 'PartNumber');
  checkPartNumber(number);
  const customerKey = customerKeyOf(input, ctx);
  await bucketOf(input, ctx);
  const upload = valueOf(await ctx.objects.uploads.get(at), at);
  refuseUnsigned(upload.encryption, ctx);
  const digest = digestFor(upload.checksum?.algorithm, announcedAlgorithm(ctx));
  const put = await ctx.objects.uploads.putPart(at, input.Body ?? once(new Uint8Array()), {
    number,
    checksum: () => provenChecksum(ctx),
    signal: ctx.signal,
    ...(digest ? { digest } : {}),
    ...(customerKey ? { customerKey } : {}),
  });
  const { etag, checksum } = valueOf(put, at);
  return {
    ETag: quoted(etag),
    ...valueMember(checksum),
    ...encryptionMembers(upload.encryption, input),
  };
}

/** What is left to compute: the upload's own algorithm, unless the part comes with its value. */
function digestFor(
  expected: ChecksumAlgorithm | undefined,
  announced: ChecksumAlgorithm | undefined,
): ChecksumAlgorithm | undefined {
  if (!expected || !announced) return expected;
  if (expected === announced) return undefined;
  throw faults.invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()},` +
      ` actual checksum Type: ${announced.toLowerCase()}`,
  );
}

export async function uploadPartCopy(
  input: UploadPartCopyRequest,
  ctx: S3Ctx,
): Promise<UploadPartCopyOutput> {
  refuseUnbuilt(input);
  const at = uploadAddressOf(input);
  const number = defined(input.PartNumber, 'PartNumber');
  checkPartNumber(number);
  const customerKey = customerKeyOf(input, ctx);
  const sourceKey = sourceKeyOf(input, ctx);
  await bucketOf(input, ctx);
  const upload = valueOf(await ctx.objects.uploads.get(at), at);
  refuseUnsigned(upload.encryption, ctx);
  const opened = await settled(async () => {
    const { version, versionId } = await findSource(input, ctx);
    const { sizeBytes } = version.object;
    const range =
      input.CopySourceRange === undefined
        ? { start: 0, end: sizeBytes }
        : copyRangeOf(input.CopySourceRange, sizeBytes);
    checkSourceSize(range.end - range.start);
    refuseUnsigned(version.object.encryption, ctx);
    const options = { range, signal: ctx.signal, ...(sourceKey ? { customerKey: sourceKey } : {}) };
    const bytes = await ctx.objects.open(version, options);
    return bytes.ok ? { ok: true, value: { bytes: bytes.value, versionId } } : bytes;
  });
  // What is wrong with the key of the source is not the upload's to tell.
  const { bytes, versionId } = valueOf(opened, addressOf(input));
  const digest = upload.checksum?.algorithm;
  const request = {
    ...{ number, signal: ctx.signal },
    ...(digest ? { digest } : {}),
    ...(customerKey ? { customerKey } : {}),
  };
  const put = await ctx.objects.uploads.putPart(at, bytes, request).finally(() => giveUp(bytes));
  const { etag, checksum, modifiedAtMs } = valueOf(put, at);
  return {
    CopySourceVersionId: versionId,
    ...encryptionMembers(upload.encryption, input),
    CopyPartResult: {
      ETag: quoted(etag),
      LastModified: new Date(modifiedAtMs),
      ...valueMember(checksum),
    },
  };
}
