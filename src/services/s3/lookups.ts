/**
 * Rows as one call sees them: what was read to decide whether a call may run is what it then works
 * on, without reading it again. Kept as long as the call's context.
 */
import type { Answer } from '../../engines/objects/answer.ts';
import type { BucketRow, VersionRow } from '../../engines/objects/rows.ts';
import type { ObjectAddress } from '../../engines/objects/space.ts';
import type { S3Ctx } from './context.ts';

interface Seen {
  readonly buckets: Map<string, Promise<BucketRow | undefined>>;
  readonly versions: Map<string, Promise<Answer<VersionRow>>>;
}

const seenIn = new WeakMap<S3Ctx, Seen>();

function seen(ctx: S3Ctx): Seen {
  const known = seenIn.get(ctx) ?? { buckets: new Map(), versions: new Map() };
  seenIn.set(ctx, known);
  return known;
}

export function lookUpBucket(name: string, ctx: S3Ctx): Promise<BucketRow | undefined> {
  return remembered(seen(ctx).buckets, name, () => ctx.objects.buckets.get(name));
}

/** As `Objects.find`, for deciding on a call. */
export function lookUpVersion(
  at: ObjectAddress,
  version: string | undefined,
  ctx: S3Ctx,
): Promise<Answer<VersionRow>> {
  const find = () => ctx.objects.find(at, version);
  return remembered(seen(ctx).versions, nameOf(at, version), find);
}

/** As `Objects.find`, for working on it: an answer serves once, and who asks again looks again. */
export function takeVersion(
  at: ObjectAddress,
  version: string | undefined,
  ctx: S3Ctx,
): Promise<Answer<VersionRow>> {
  const { versions } = seen(ctx);
  const found = lookUpVersion(at, version, ctx);
  versions.delete(nameOf(at, version));
  return found;
}

/** Bucket names have no slash, and version ids no space. */
function nameOf({ bucket, key }: ObjectAddress, version = ''): string {
  return `${version} ${bucket}/${key}`;
}

function remembered<T>(
  known: Map<string, Promise<T>>,
  name: string,
  find: () => Promise<T>,
): Promise<T> {
  const found = known.get(name) ?? find();
  known.set(name, found);
  return found;
}
