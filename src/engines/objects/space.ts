/**
 * The object space as jobs and the gateway see it: named objects in buckets, without requests,
 * versions or access rules. The engine in this folder provides it.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import type { BlobFile } from '../../ports/object-store.ts';

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

export interface ObjectSummary {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** Hex, without quotes; multipart objects end in `-<parts>`. */
  readonly etag: string;
}

export interface PutOptions extends Abortable {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** A managed key: its id, ARN or alias. Absent: as the bucket has it. */
  readonly keyId?: string;
  /**
   * The etag may be any, as of objects that were put in parts: finding the MD5 of the bytes takes
   * longer than all else about them.
   */
  readonly anyEtag?: boolean;
}

/** Buckets are global to the server; a missing one is refused, never made on the side. */
export interface ObjectSpace {
  hasBucket(bucket: string): Promise<boolean>;
  put(
    at: ObjectAddress,
    content: ByteStream,
    options?: PutOptions,
  ): Promise<Outcome<ObjectSummary>>;
  /**
   * Why a put would be refused for lack of rights now, asked anew; for puts that take long. A space
   * without rules has none.
   */
  putRefusal?(at: ObjectAddress, options?: PutOptions): Promise<string | undefined>;
  /** Undefined when there is no such object (or its newest version is a delete marker). */
  head(at: ObjectAddress): Promise<ObjectSummary | undefined>;
  read(at: ObjectAddress, options?: Abortable): Promise<ByteStream | undefined>;
  asFile(at: ObjectAddress, options?: Abortable): Promise<BlobFile | undefined>;
  /** In order of keys as UTF-8 bytes. */
  list(bucket: string, range: ListRange): Promise<readonly ObjectSummary[]>;
  delete(at: ObjectAddress): Promise<void>;
}

export interface ListRange {
  readonly prefix: string;
  /** Exclusive. */
  readonly after?: string;
  readonly limit: number;
}

const uriPattern = /^s3:\/\/([^/]+)\/?(.*)$/s;

/** `s3://bucket/some/key`; the key may be empty (a whole bucket). */
export function parseObjectUri(uri: string): Outcome<ObjectAddress> {
  const [, bucket, key = ''] = uriPattern.exec(uri) ?? [];
  if (!bucket) return refuse(`not an object URI (s3://bucket/key): ${uri.slice(0, 200)}`);
  return ok({ bucket, key });
}

export function formatObjectUri(at: ObjectAddress): string {
  return `s3://${at.bucket}/${at.key}`;
}

/** Every object under a prefix, page by page. */
export async function* objectsUnder(
  space: ObjectSpace,
  at: ObjectAddress,
): AsyncIterable<ObjectSummary> {
  const limit = 1_000;
  let after: string | undefined;
  for (;;) {
    const page = await space.list(at.bucket, {
      prefix: at.key,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    after = page.at(-1)?.key;
    if (page.length < limit || after === undefined) return;
  }
}

/** Whose rights are used on objects: a role that a service takes over for a job or a model. */
export interface RoleUse {
  readonly roleArn: string;
  readonly account: string;
  readonly region: string;
  readonly sessionName: string;
  /** The job or endpoint that the service acts for. */
  readonly sourceArn?: string;
}

/**
 * The space as the role may use it. Refused when the role does not exist or may not be taken over.
 * What the role may not do throws `ObjectAccessDenied`, or is refused where an outcome is answered.
 */
export type ObjectsFor = (role: RoleUse) => Promise<Outcome<ObjectSpace>>;

/**
 * The message names the principal, the action and the resource, in Amazon's words; or says what is
 * the matter with the key that the object is encrypted under.
 */
export class ObjectAccessDenied extends Error {
  override readonly name = 'ObjectAccessDenied';
}
