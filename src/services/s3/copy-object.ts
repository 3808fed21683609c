/** Copying an object, with what is said of it or with something else said. */
import type { CopyObjectOutput, CopyObjectRequest } from '@aws-sdk/client-s3';
import type { Description, StoredVersion } from '../../engines/objects/rows.ts';
import type { ObjectAddress } from '../../engines/objects/space.ts';
import { algorithmOf, checksumMembers } from './checksums.ts';
import { preconditionOf } from './conditions.ts';
import type { S3Ctx } from './context.ts';
import { checkSourceSize, findSource, parseCopySource } from './copy-source.ts';
import { descriptionOf } from './description.ts';
import {
  refuseUnsigned,
  refuseUnsignedWrite,
  sealWishOf,
  sourceKeyOf,
  writtenMembers,
} from './encryption.ts';
import { faults } from './faults.ts';
import { addressOf, bucketOf, quoted, settled, shownVersion, valueOf } from './ground.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function copyObject(input: CopyObjectRequest, ctx: S3Ctx): Promise<CopyObjectOutput> {
  refuseUnbuilt(input);
  const to = addressOf(input);
  checkDirectives(input);
  const said = descriptionOf(input);
  const precondition = preconditionOf(input);
  const algorithm = algorithmOf(input.ChecksumAlgorithm);
  const encryption = sealWishOf(input, ctx);
  const sourceKey = sourceKeyOf(input, ctx);
  const bucket = await bucketOf(input, ctx);
  refuseUnsignedWrite(encryption, bucket, ctx);
  refuseIdle(input, { to, changes: encryption !== undefined });
  const done = await settled(async () => {
    const { version: source, versionId } = await findSource(input, ctx);
    checkSourceSize(source.object.sizeBytes);
    refuseUnsigned(source.object.encryption, ctx);
    const description = describe(input, { said, source });
    const request = { description, precondition, signal: ctx.signal };
    const copy = await ctx.objects.copy(source, to, {
      ...request,
      ...(algorithm ? { algorithm } : {}),
      ...(encryption ? { encryption } : {}),
      ...(sourceKey ? { sourceKey } : {}),
    });
    return copy.ok ? { ok: true, value: { versionId, version: copy.value.version } } : copy;
  });
  const { version, versionId } = valueOf(done, to);
  return {
    CopySourceVersionId: versionId,
    VersionId: shownVersion(bucket, version),
    ...writtenMembers(version.object.encryption, input),
    CopyObjectResult: {
      ETag: quoted(version.object.etag),
      LastModified: new Date(version.modifiedAtMs),
      ...checksumMembers(version.object.checksum),
    },
  };
}

function checkDirectives({ MetadataDirective, TaggingDirective }: CopyObjectRequest): void {
  for (const [header, value] of [
    ['x-amz-metadata-directive', MetadataDirective],
    ['x-amz-tagging-directive', TaggingDirective],
  ] as const) {
    if (value === undefined || value === 'COPY' || value === 'REPLACE') continue;
    throw faults.invalidArgument(header, value, `Unknown ${header}.`);
  }
}

/** An object copied onto itself must change in the copying; an old version of it does. */
function refuseIdle(
  input: CopyObjectRequest,
  { to, changes }: { readonly to: ObjectAddress; readonly changes: boolean },
): void {
  const { Bucket, Key, VersionId } = parseCopySource(input);
  if (Bucket !== to.bucket || Key !== to.key || VersionId !== undefined) return;
  if (changes || input.MetadataDirective === 'REPLACE' || input.StorageClass !== undefined) return;
  throw faults.invalidRequest(
    'This copy request is illegal because it is trying to copy an object to itself without' +
      " changing the object's metadata, storage class, website redirect location or encryption" +
      ' attributes.',
  );
}

/** The storage class is never copied. */
function describe(
  { MetadataDirective, TaggingDirective }: CopyObjectRequest,
  { said, source }: { readonly said: Description; readonly source: StoredVersion },
): Description {
  const { headers, metadata } = MetadataDirective === 'REPLACE' ? said : source.object;
  const { tags } = TaggingDirective === 'REPLACE' ? said : source.object;
  const { storageClass } = said;
  return { headers, metadata, tags, ...(storageClass === undefined ? {} : { storageClass }) };
}
