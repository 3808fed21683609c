/** Listing every version of the objects of a bucket, delete markers included. */
import type {
  DeleteMarkerEntry,
  ListObjectVersionsOutput,
  ListObjectVersionsRequest,
  ObjectVersion,
} from '@aws-sdk/client-s3';
import type { Page } from '../../engines/objects/listing.ts';
import type { VersionRow } from '../../engines/objects/rows.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, ownerOf, quoted, versionIdOf } from './ground.ts';
import { commonPrefixes, queryOf } from './list-objects.ts';
import { namesIn, optional, pageSize } from './paging.ts';

export async function listObjectVersions(
  input: ListObjectVersionsRequest,
  ctx: S3Ctx,
): Promise<ListObjectVersionsOutput> {
  const { Prefix = '', Delimiter, KeyMarker = '', VersionIdMarker, EncodingType } = input;
  if (VersionIdMarker && KeyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.';
    throw faults.invalidArgument('version-id-marker', VersionIdMarker, message);
  }
  const limit = pageSize('max-keys', input.MaxKeys);
  const name = namesIn(EncodingType);
  const afterVersion = VersionIdMarker ? versionIdOf(VersionIdMarker) : undefined;
  const bucket = await bucketOf(input, ctx);
  const page = await ctx.objects.listVersions({
    ...queryOf(bucket, { ...input, limit, after: KeyMarker }),
    ...(afterVersion === undefined ? {} : { afterVersion }),
  });
  const last = page.truncated ? page.entries.at(-1) : undefined;
  const lastName = last?.kind === 'row' ? last.row.key : last?.prefix;
  const resumed = afterVersion === undefined ? undefined : KeyMarker;
  return {
    Name: bucket.name,
    Prefix: name(Prefix),
    Delimiter: optional(Delimiter, name),
    KeyMarker: name(KeyMarker),
    VersionIdMarker: VersionIdMarker ?? '',
    MaxKeys: limit,
    EncodingType,
    IsTruncated: page.truncated,
    NextKeyMarker: optional(lastName, name),
    NextVersionIdMarker: last?.kind === 'row' ? last.row.id : undefined,
    ...versions(page, { name, resumed, owner: ownerOf(bucket.owner) }),
    CommonPrefixes: commonPrefixes(page, name),
  };
}

interface Shown {
  readonly name: (name: string) => string;
  /** The key whose newest version was on a page before. */
  readonly resumed: string | undefined;
  readonly owner: { readonly ID: string };
}

function versions(page: Page<VersionRow>, { name, resumed, owner }: Shown) {
  const Versions: ObjectVersion[] = [];
  const DeleteMarkers: DeleteMarkerEntry[] = [];
  let before = resumed;
  for (const entry of page.entries) {
    if (entry.kind === 'prefix') continue;
    const { key, id, modifiedAtMs, object } = entry.row;
    const told = {
      Key: name(key),
      VersionId: id,
      IsLatest: key !== before,
      LastModified: new Date(modifiedAtMs),
      Owner: owner,
    };
    before = key;
    if (!object) {
      DeleteMarkers.push(told);
      continue;
    }
    const { checksum, etag, sizeBytes } = object;
    Versions.push({
      ...told,
      ETag: quoted(etag),
      Size: sizeBytes,
      StorageClass: 'STANDARD',
      ...(checksum ? { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type } : {}),
    });
  }
  return { Versions, DeleteMarkers };
}
