/** Putting an object in one request. */
import type { PutObjectOutput, PutObjectRequest } from '@aws-sdk/client-s3';
import { once } from '../../kernel/bytes.ts';
import { algorithmOf, checksumMembers, provenChecksum } from './checksums.ts';
import { preconditionOf } from './conditions.ts';
import type { S3Ctx } from './context.ts';
import { descriptionOf } from './description.ts';
import { refuseUnsignedWrite, sealWishOf, writtenMembers } from './encryption.ts';
import {
  addressOf,
  bucketOf,
  checkBodySize,
  quoted,
  type Streamed,
  shownVersion,
  valueOf,
} from './ground.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function putObject(
  input: Streamed<PutObjectRequest>,
  ctx: S3Ctx,
): Promise<PutObjectOutput> {
  refuseUnbuilt(input);
  algorithmOf(input.ChecksumAlgorithm);
  checkBodySize(ctx);
  const at = addressOf(input);
  const description = descriptionOf(input);
  const precondition = preconditionOf(input);
  const encryption = sealWishOf(input, ctx);
  const bucket = await bucketOf(input, ctx);
  refuseUnsignedWrite(encryption, bucket, ctx);
  const answer = await ctx.objects.put(at, input.Body ?? once(new Uint8Array()), {
    ...{ description, precondition, bucket },
    ...(encryption ? { encryption } : {}),
    checksum: () => provenChecksum(ctx),
    signal: ctx.signal,
  });
  const { etag, version } = valueOf(answer, at);
  return {
    ETag: quoted(etag),
    ...checksumMembers(version.object.checksum),
    ...writtenMembers(version.object.encryption, input),
    VersionId: shownVersion(bucket, version),
  };
}
