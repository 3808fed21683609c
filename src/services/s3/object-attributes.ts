/** What is known of an object beside its bytes, as one document. */
import type {
  GetObjectAttributesOutput,
  GetObjectAttributesParts,
  GetObjectAttributesRequest,
  StorageClass,
} from '@aws-sdk/client-s3';
import type { StoredVersion } from '../../engines/objects/rows.ts';
import { checksumMembers, valueMember } from './checksums.ts';
import type { S3Ctx } from './context.ts';
import { customerKeyOf, refuseUnsigned } from './encryption.ts';
import { faults } from './faults.ts';
import { addressOf, bucketOf, findObject, shownVersion, valueOf } from './ground.ts';
import { pageSize } from './paging.ts';
import { refuseUnbuilt } from './unbuilt.ts';

const known = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']);

export async function getObjectAttributes(
  input: GetObjectAttributesRequest,
  ctx: S3Ctx,
): Promise<GetObjectAttributesOutput> {
  refuseUnbuilt(input);
  const asked = input.ObjectAttributes ?? [];
  const unknown = asked.find((name) => !known.has(name));
  if (unknown !== undefined || asked.length === 0) {
    const message = 'Invalid attribute name specified.';
    throw faults.invalidArgument('x-amz-object-attributes', unknown ?? '', message);
  }
  const bucket = await bucketOf(input, ctx);
  const version = await findObject(input, ctx);
  refuseUnsigned(version.object.encryption, ctx);
  const customerKey = customerKeyOf(input, ctx);
  if (customerKey || opensBytes(input, version)) {
    const unlocking = customerKey ? { customerKey } : {};
    valueOf(await ctx.objects.unlock(version, unlocking), addressOf(input));
  }
  const { etag, checksum, sizeBytes, storageClass = 'STANDARD' } = version.object;
  const all: GetObjectAttributesOutput = {
    // Alone among S3's answers, this one tells etags without quotes.
    ETag: etag,
    Checksum: checksum && checksumMembers(checksum),
    ObjectParts: await objectParts(input, version, ctx),
    StorageClass: storageClass as StorageClass,
    ObjectSize: sizeBytes,
  };
  const chosen = asked.map((name) => [name, all[name]] as const);
  return {
    LastModified: new Date(version.modifiedAtMs),
    VersionId: shownVersion(bucket, version),
    ...Object.fromEntries(chosen),
  };
}

/** Checksums tell of the bytes; and a key of the client's is asked for whatever is told. */
function opensBytes(
  { ObjectAttributes: asked = [] }: GetObjectAttributesRequest,
  { object }: StoredVersion,
): boolean {
  return object.encryption?.kind === 'customer' || asked.includes('Checksum');
}

/** The parts themselves are told only when they have checksums. */
async function objectParts(
  input: GetObjectAttributesRequest,
  version: StoredVersion,
  ctx: S3Ctx,
): Promise<GetObjectAttributesParts | undefined> {
  const parts = await ctx.objects.parts(version);
  if (!parts) return undefined;
  if (!version.object.checksum) return { TotalPartsCount: parts.length };
  const limit = pageSize('max-parts', input.MaxParts);
  const marker = Number(input.PartNumberMarker ?? 0);
  const after = parts.filter((part) => part.number > marker);
  const page = after.slice(0, limit);
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(page.at(-1)?.number ?? marker),
    MaxParts: limit,
    IsTruncated: after.length > page.length,
    Parts: page.map(({ number, sizeBytes, checksum }) => ({
      PartNumber: number,
      Size: sizeBytes,
      ...valueMember(checksum),
    })),
  };
}
