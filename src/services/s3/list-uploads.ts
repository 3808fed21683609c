/** Listing uploads that have not been completed, and the parts one has so far. */
import type {
  ListMultipartUploadsOutput,
  ListMultipartUploadsRequest,
  ListPartsOutput,
  ListPartsRequest,
  MultipartUpload,
  StorageClass,
} from '@aws-sdk/client-s3';
import type { UploadRow } from '../../engines/objects/rows.ts';
import { valueMember } from './checksums.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, ownerOf, quoted, valueOf } from './ground.ts';
import { commonPrefixes, queryOf } from './list-objects.ts';
import { uploadAddressOf } from './multipart-upload.ts';
import { namesIn, optional, pageSize } from './paging.ts';

export async function listMultipartUploads(
  input: ListMultipartUploadsRequest,
  ctx: S3Ctx,
): Promise<ListMultipartUploadsOutput> {
  const { Prefix = '', Delimiter, KeyMarker = '', UploadIdMarker = '', EncodingType } = input;
  const limit = pageSize('max-uploads', input.MaxUploads);
  const name = namesIn(EncodingType);
  const bucket = await bucketOf(input, ctx);
  const page = await ctx.objects.uploads.list({
    ...queryOf(bucket, { ...input, limit, after: KeyMarker }),
    // Without a key marker an upload marker is passed over, as documented.
    ...(KeyMarker && UploadIdMarker ? { afterUploadId: UploadIdMarker } : {}),
  });
  const last = page.truncated ? page.entries.at(-1) : undefined;
  const lastName = last?.kind === 'row' ? last.row.key : last?.prefix;
  const owner = ownerOf(bucket.owner);
  return {
    Bucket: bucket.name,
    KeyMarker: name(KeyMarker),
    UploadIdMarker,
    NextKeyMarker: optional(lastName, name),
    NextUploadIdMarker: last?.kind === 'row' ? last.row.uploadId : undefined,
    Prefix: name(Prefix),
    Delimiter: optional(Delimiter, name),
    MaxUploads: limit,
    EncodingType,
    IsTruncated: page.truncated,
    Uploads: page.entries.flatMap((entry) =>
      entry.kind === 'row' ? [shownUpload(entry.row, { name, owner })] : [],
    ),
    CommonPrefixes: commonPrefixes(page, name),
  };
}

interface Shown {
  readonly name: (name: string) => string;
  readonly owner: { readonly ID: string };
}

function shownUpload(upload: UploadRow, { name, owner }: Shown): MultipartUpload {
  return {
    UploadId: upload.uploadId,
    Key: name(upload.key),
    Initiated: new Date(upload.initiatedAtMs),
    StorageClass: classOf(upload),
    Owner: owner,
    Initiator: { ID: upload.initiator },
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
  };
}

function classOf({ storageClass = 'STANDARD' }: UploadRow): StorageClass {
  return storageClass as StorageClass;
}

export async function listParts(input: ListPartsRequest, ctx: S3Ctx): Promise<ListPartsOutput> {
  const at = uploadAddressOf(input);
  const limit = pageSize('max-parts', input.MaxParts);
  const marker = input.PartNumberMarker ?? '0';
  if (!/^\d{1,9}$/.test(marker)) {
    const message = 'Argument part-number-marker must be an integer between 0 and 2147483647';
    throw faults.invalidArgument('part-number-marker', marker, message);
  }
  const bucket = await bucketOf(input, ctx);
  const upload = valueOf(await ctx.objects.uploads.get(at), at);
  const after = Number(marker);
  const found = valueOf(await ctx.objects.uploads.parts(at, { after, limit: limit + 1 }), at);
  const page = found.slice(0, limit);
  return {
    Bucket: at.bucket,
    Key: at.key,
    UploadId: at.uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: String(page.at(-1)?.number ?? after),
    MaxParts: limit,
    IsTruncated: limit > 0 && found.length > limit,
    Parts: page.map(({ number, etag, sizeBytes, modifiedAtMs, checksum }) => ({
      PartNumber: number,
      LastModified: new Date(modifiedAtMs),
      ETag: quoted(etag),
      Size: sizeBytes,
      ...valueMember(checksum),
    })),
    Initiator: { ID: upload.initiator },
    Owner: ownerOf(bucket.owner),
    StorageClass: classOf(upload),
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
  };
}
