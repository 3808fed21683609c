/** What a client says about an object beside its bytes, read from requests and told in answers. */
import type { GetObjectOutput } from '@aws-sdk/client-s3';
import type { ContentHeaders, Description, ObjectFacts } from '../../engines/objects/rows.ts';
import { faults } from './faults.ts';
import { tagsOfHeader } from './tags.ts';

export interface Described {
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly Tagging?: string | undefined;
  readonly StorageClass?: string | undefined;
}

export const maxMetadataBytes = 2 * 1_024;

/** Throws MetadataTooLarge, InvalidTag, BadRequest, NotImplemented (a storage class). */
export function descriptionOf(input: Described): Description {
  const { StorageClass } = input;
  return {
    headers: contentHeaders(input),
    metadata: checkedMetadata(input.Metadata ?? {}),
    tags: tagsOfHeader(input.Tagging),
    ...(StorageClass === undefined ? {} : { storageClass: storageClassOf(StorageClass) }),
  };
}

function contentHeaders(input: Described): ContentHeaders {
  const encoding = withoutChunking(input.ContentEncoding);
  const { ContentType, CacheControl, ContentDisposition, ContentLanguage, Expires } = input;
  return {
    ...(ContentType === undefined ? {} : { contentType: ContentType }),
    ...(CacheControl === undefined ? {} : { cacheControl: CacheControl }),
    ...(ContentDisposition === undefined ? {} : { contentDisposition: ContentDisposition }),
    ...(encoding === undefined ? {} : { contentEncoding: encoding }),
    ...(ContentLanguage === undefined ? {} : { contentLanguage: ContentLanguage }),
    ...(Expires === undefined ? {} : { expiresAtMs: Expires.getTime() }),
  };
}

/** `aws-chunked` is about the request's body, not about the object. */
function withoutChunking(encoding: string | undefined): string | undefined {
  const kept = (encoding ?? '').split(',').map((name) => name.trim());
  const rest = kept.filter((name) => name !== '' && name !== 'aws-chunked');
  return rest.length === 0 ? undefined : rest.join(',');
}

function checkedMetadata(metadata: Readonly<Record<string, string>>) {
  const entries = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]);
  const sizeBytes = Buffer.byteLength(entries.flat().join(''));
  if (sizeBytes > maxMetadataBytes) throw faults.metadataTooLarge(sizeBytes, maxMetadataBytes);
  return Object.fromEntries(entries);
}

/** Those whose objects can be read at once. They are labels: all objects are kept alike. */
const storageClasses: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
]);

/** Those of archives, of other hardware, of other buckets: the original's, and not built here. */
const unbuiltClasses: ReadonlySet<string> = new Set([
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
  'FSX_ONTAP',
]);

function storageClassOf(name: string): string {
  if (storageClasses.has(name)) return name;
  if (!unbuiltClasses.has(name)) throw faults.invalidStorageClass(name);
  throw faults.notImplemented('x-amz-storage-class');
}

/** Members that every object has carry S3's defaults; the rest are there when they were given. */
export function describedMembers(object: ObjectFacts): Partial<GetObjectOutput> {
  const { headers, metadata, tags, storageClass } = object;
  return {
    ContentType: headers.contentType ?? 'binary/octet-stream',
    CacheControl: headers.cacheControl,
    ContentDisposition: headers.contentDisposition,
    ContentEncoding: headers.contentEncoding,
    ContentLanguage: headers.contentLanguage,
    Expires: headers.expiresAtMs === undefined ? undefined : new Date(headers.expiresAtMs),
    Metadata: Object.fromEntries(Object.entries(metadata).map(([k, v]) => [k, headerText(v)])),
    TagCount: tags.length === 0 ? undefined : tags.length,
    StorageClass: shownClass(storageClass),
  };
}

/** Told only when it is not the default. */
function shownClass(name: string | undefined): GetObjectOutput['StorageClass'] {
  return name === 'STANDARD' ? undefined : (name as GetObjectOutput['StorageClass']);
}

/** A header holds Latin-1: other text goes as an encoded word (RFC 2047), as S3 does it. */
function headerText(text: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text;
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
}
