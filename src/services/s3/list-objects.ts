/** Listing the objects of a bucket: the first version of the call, and the second. */
import type {
  _Object as Listed,
  ListObjectsOutput,
  ListObjectsRequest,
  ListObjectsV2Output,
  ListObjectsV2Request,
} from '@aws-sdk/client-s3';
import type { ListQuery, Page } from '../../engines/objects/listing.ts';
import type { BucketRow, StoredVersion } from '../../engines/objects/rows.ts';
import { lasting } from '../../wire/protocols/xml.ts';
import type { S3Ctx } from './context.ts';
import { bucketOf, ownerOf, quoted } from './ground.ts';
import { namesIn, optional, pageSize, readToken, writeToken } from './paging.ts';

export async function listObjects(
  input: ListObjectsRequest,
  ctx: S3Ctx,
): Promise<ListObjectsOutput> {
  const { Prefix = '', Delimiter, Marker = '', EncodingType } = input;
  const limit = pageSize('max-keys', input.MaxKeys);
  const name = namesIn(EncodingType);
  const bucket = await bucketOf(input, ctx);
  const page = await ctx.objects.listObjects(queryOf(bucket, { ...input, limit, after: Marker }));
  const last = lastOf(page);
  return {
    Name: bucket.name,
    Prefix: name(Prefix),
    Marker: name(Marker),
    Delimiter: optional(Delimiter, name),
    MaxKeys: limit,
    EncodingType,
    IsTruncated: page.truncated,
    // Without a delimiter the last key of the page is the next marker, and is not told again.
    NextMarker: page.truncated && Delimiter ? optional(last, name) : undefined,
    ...contents(page, { name, owner: ownerOf(bucket.owner) }),
  };
}

export async function listObjectsV2(
  input: ListObjectsV2Request,
  ctx: S3Ctx,
): Promise<ListObjectsV2Output> {
  const { Prefix = '', Delimiter, StartAfter, ContinuationToken, EncodingType } = input;
  const limit = pageSize('max-keys', input.MaxKeys);
  const name = namesIn(EncodingType);
  const bucket = await bucketOf(input, ctx);
  const after =
    ContinuationToken === undefined ? StartAfter : readToken('ListObjectsV2', ContinuationToken);
  const page = await ctx.objects.listObjects(queryOf(bucket, { ...input, limit, after }));
  const last = lastOf(page);
  return {
    Name: bucket.name,
    Prefix: name(Prefix),
    StartAfter: optional(StartAfter, name),
    Delimiter: optional(Delimiter, name),
    MaxKeys: limit,
    EncodingType,
    KeyCount: page.entries.length,
    IsTruncated: page.truncated,
    ContinuationToken,
    NextContinuationToken: page.truncated
      ? optional(last, (at) => writeToken('ListObjectsV2', at))
      : undefined,
    ...contents(page, { name, owner: input.FetchOwner ? ownerOf(bucket.owner) : undefined }),
  };
}

export interface Asked {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly limit: number;
  readonly after: string | undefined;
}

/** An empty delimiter or marker is none. */
export function queryOf(
  { name: bucket }: BucketRow,
  { Prefix: prefix = '', Delimiter, limit, after }: Asked,
): ListQuery {
  return {
    bucket,
    prefix,
    limit,
    ...(Delimiter ? { delimiter: Delimiter } : {}),
    ...(after ? { after } : {}),
  };
}

/** The key or common prefix a list goes on after. */
function lastOf(page: Page<StoredVersion>): string | undefined {
  const last = page.entries.at(-1);
  return last?.kind === 'row' ? last.row.key : last?.prefix;
}

interface Shown {
  readonly name: (name: string) => string;
  readonly owner: { readonly ID: string } | undefined;
}

function contents(page: Page<StoredVersion>, shown: Shown) {
  const Contents: Listed[] = [];
  for (const entry of page.entries) {
    if (entry.kind === 'row') Contents.push(listed(entry.row, shown));
  }
  return { Contents, CommonPrefixes: commonPrefixes(page, shown.name) };
}

export function commonPrefixes<Row>(page: Page<Row>, name: (name: string) => string) {
  return page.entries.flatMap((entry) =>
    entry.kind === 'prefix' ? [{ Prefix: name(entry.prefix) }] : [],
  );
}

/** What lists tell of rows that are kept in memory, by how names are written; without an owner. */
const known = new Map<Shown['name'], WeakMap<StoredVersion, Listed>>();

function listed(row: StoredVersion, shown: Shown): Listed {
  // Frozen is what the store hands out more than once.
  if (shown.owner || !Object.isFrozen(row)) return listedNow(row, shown);
  const ofName = known.get(shown.name) ?? new WeakMap<StoredVersion, Listed>();
  known.set(shown.name, ofName);
  const item = ofName.get(row) ?? lasting(listedNow(row, shown));
  ofName.set(row, item);
  return item;
}

function listedNow({ key, modifiedAtMs, object }: StoredVersion, { name, owner }: Shown): Listed {
  const { etag, sizeBytes, checksum, storageClass = 'STANDARD' } = object;
  return {
    Key: name(key),
    LastModified: new Date(modifiedAtMs),
    ETag: quoted(etag),
    ...(checksum ? { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type } : {}),
    Size: sizeBytes,
    StorageClass: storageClass as NonNullable<Listed['StorageClass']>,
    Owner: owner,
  };
}
