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

/** `/bucket/key?versionId=id`, percent-encoded, the first slash optional. */
export function parseCopySource({ CopySource, ExpectedSourceBucketOwner }: CopyInput): Lookup {
  const [, path = '', , VersionId] = /^(.*?)(\?versionId=(.*))?$/s.exec(CopySource ?? '') ?? [];
  const [, Bucket, Key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(path)) ?? [];
  if (Bucket === undefined || Key === undefined || Bucket.includes(':')) {
    throw faults.invalidArgument(
      'x-amz-copy-source',
      CopySource,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
  return { Bucket, Key, VersionId, ExpectedBucketOwner: ExpectedSourceBucketOwner };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw faults.invalidArgument(
      'x-amz-copy-source',
      text,
      'Copy Source must be URL-encoded UTF-8',
    );
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
