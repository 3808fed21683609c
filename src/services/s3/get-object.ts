/** Reading an object, or only what is known of it. */
import type {
  GetObjectOutput,
  GetObjectRequest,
  HeadObjectOutput,
  HeadObjectRequest,
} from '@aws-sdk/client-s3';
import type { BucketRow, StoredVersion } from '../../engines/objects/rows.ts';
import type { ByteRange } from '../../ports/object-store.ts';
import { Fault } from '../../wire/operation.ts';
import { checksumMembers } from './checksums.ts';
import { checkRead } from './conditions.ts';
import type { S3Ctx } from './context.ts';
import { describedMembers } from './description.ts';
import { customerKeyOf, encryptionMembers, refuseUnsigned } from './encryption.ts';
import { faults } from './faults.ts';
import {
  addressOf,
  bucketOf,
  findObject,
  quoted,
  type Sent,
  settled,
  shownVersion,
  valueOf,
} from './ground.ts';
import { contentRange, partRangeOf, rangeOf } from './ranges.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function getObject(
  input: GetObjectRequest,
  ctx: S3Ctx,
): Promise<Sent<GetObjectOutput>> {
  const bucket = await bucketOf(input, ctx);
  const overrides = overridesOf(input);
  const found = await settled(async () => {
    const { version, range, members } = await look(input, bucket, ctx);
    const customerKey = customerKeyOf(input, ctx);
    const options = {
      // They are sent, and whoever sends them says when the next may come.
      ...({ signal: ctx.signal, partsPass: true } as const),
      ...(range ? { range } : {}),
      ...(customerKey ? { customerKey } : {}),
    };
    const body = await ctx.objects.open(version, options);
    return body.ok
      ? { ok: true, value: { ...members, Body: body.value.whole ?? body.value } }
      : body;
  });
  return { ...valueOf(found, addressOf(input)), ...overrides };
}

export async function headObject(input: HeadObjectRequest, ctx: S3Ctx): Promise<HeadObjectOutput> {
  try {
    const bucket = await bucketOf(input, ctx);
    const { version, members } = await look(input, bucket, ctx);
    await provenKey(input, version, ctx);
    return { ...(members as HeadObjectOutput), ...overridesOf(input) };
  } catch (error) {
    const missing = error instanceof Fault && error.status === 404;
    throw missing ? faults.notFound(error.headers) : error;
  }
}

/** A key of the client's is asked for even where no bytes are. */
async function provenKey(
  input: HeadObjectRequest,
  version: StoredVersion,
  ctx: S3Ctx,
): Promise<void> {
  const customerKey = customerKeyOf(input, ctx);
  if (!customerKey && version.object.encryption?.kind !== 'customer') {
    // Metadata alone does not need the managed key; a checksum tells of the bytes.
    if (input.ChecksumMode !== 'ENABLED') return;
  }
  valueOf(await ctx.objects.unlock(version, customerKey ? { customerKey } : {}), addressOf(input));
}

interface Look {
  readonly version: StoredVersion;
  readonly range: ByteRange | undefined;
  readonly members: Omit<GetObjectOutput, 'Body'>;
}

async function look(
  input: GetObjectRequest | HeadObjectRequest,
  bucket: BucketRow,
  ctx: S3Ctx,
): Promise<Look> {
  refuseUnbuilt(input);
  const version = await findObject(input, ctx);
  refuseUnsigned(version.object.encryption, ctx);
  checkRead(version, input);
  const { object } = version;
  const range = await wantedRange(input, version, ctx);
  const { start, end } = range ?? { start: 0, end: object.sizeBytes };
  // A checksum of the whole says nothing of a piece, and clients would hold it against the piece.
  const whole = end - start === object.sizeBytes;
  const checksum = input.ChecksumMode === 'ENABLED' && whole ? object.checksum : undefined;
  const count = object.content.kind === 'parts' ? object.content.count : undefined;
  const members = {
    ...describedMembers(object),
    ...encryptionMembers(object.encryption, input),
    AcceptRanges: 'bytes',
    LastModified: new Date(version.modifiedAtMs),
    ContentLength: end - start,
    ContentRange: range && end > start ? contentRange(range, object.sizeBytes) : undefined,
    ETag: quoted(object.etag),
    ...checksumMembers(checksum),
    VersionId: shownVersion(bucket, version),
    PartsCount: input.PartNumber === undefined ? undefined : count,
  };
  return { version, range, members };
}

async function wantedRange(
  { Range, PartNumber }: GetObjectRequest | HeadObjectRequest,
  version: StoredVersion,
  ctx: S3Ctx,
): Promise<ByteRange | undefined> {
  const { sizeBytes } = version.object;
  if (PartNumber === undefined) return rangeOf(Range, sizeBytes);
  if (Range !== undefined) {
    const message = 'Cannot specify both Range header and partNumber query parameter';
    throw faults.invalidRequest(message);
  }
  return partRangeOf(PartNumber, { parts: await ctx.objects.parts(version), sizeBytes });
}

/** What the request wants told instead of what was stored. */
function overridesOf(input: GetObjectRequest | HeadObjectRequest): Partial<HeadObjectOutput> {
  const texts = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
  };
  const given = Object.entries(texts).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, headerValue(name, value)]],
  );
  const expires = input.ResponseExpires;
  return { ...Object.fromEntries(given), ...(expires === undefined ? {} : { Expires: expires }) };
}

/** From a query string, so it may hold what no header can. */
function headerValue(name: string, value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  const header = `response${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw faults.invalidArgument(header, value, `Invalid value for ${header}`);
}
