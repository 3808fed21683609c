/** The source of a copy: how it is named, and that it is there, allowed, and as expected. */
import type { StoredVersion } from '../../engines/objects/rows.ts';
import { type CopyConditions, checkSource } from './conditions.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { bucketOf, findObject, type Lookup } from './ground.ts';

export interface CopyInput extends CopyConditions {
  readonly CopySource: string | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

const badSources = {
  encoding: 'Copy Source must be URL-encoded UTF-8',
  form: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
} as const;

/** `/bucket/key?versionId=id`, percent-encoded, the first slash optional. */
export function readCopySource({
  CopySource,
  ExpectedSourceBucketOwner,
}: CopyInput): Lookup | keyof typeof badSources {
  const [, path = '', , VersionId] = /^(.*?)(\?versionId=(.*))?$/s.exec(CopySource ?? '') ?? [];
  const text = decoded(path);
  if (text === undefined) return 'encoding';
  const [, Bucket, Key] = /^\/?([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (Bucket === undefined || Key === undefined || Bucket.includes(':')) return 'form';
  return { Bucket, Key, VersionId, ExpectedBucketOwner: ExpectedSourceBucketOwner };
}

/** Throws InvalidArgument. */
export function parseCopySource(input: CopyInput): Lookup {
  const read = readCopySource(input);
  if (typeof read !== 'string') return read;
  throw faults.invalidArgument('x-amz-copy-source', input.CopySource, badSources[read]);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}

/** Largest source that is copied in one request; larger ones are copied in parts. */
const maxSourceBytes = 5 * 1024 ** 3;

export interface Source {
  readonly version: StoredVersion;
  /** As an answer tells it: only where the bucket has versions. */
  readonly versionId: string | undefined;
}

/** Throws NoSuchBucket, NoSuchKey, NoSuchVersion, InvalidRequest, PreconditionFailed. */
export async function findSource(input: CopyInput, ctx: S3Ctx): Promise<Source> {
  const from = parseCopySource(input);
  const bucket = await bucketOf(from, ctx);
  const version = await findObject(from, ctx);
  checkSource(version, input);
  return { version, versionId: bucket.versioning === 'off' ? undefined : version.id };
}

export function checkSourceSize(sizeBytes: number): void {
  if (sizeBytes <= maxSourceBytes) return;
  throw faults.invalidRequest(
    'The specified copy source is larger than the maximum allowable size for a copy source:' +
      ` ${maxSourceBytes}`,
  );
}
