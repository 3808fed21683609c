/** Deleting objects and versions of them, one or a thousand at a time. */
import type {
  DeletedObject,
  DeleteObjectOutput,
  DeleteObjectRequest,
  DeleteObjectsOutput,
  DeleteObjectsRequest,
  _Error as KeyError,
  ObjectIdentifier,
} from '@aws-sdk/client-s3';
import type { Answer } from '../../engines/objects/answer.ts';
import type { Removal, Removed } from '../../engines/objects/managing.ts';
import { defined } from '../../kernel/assert.ts';
import { Fault } from '../../wire/operation.ts';
import type { S3Ctx } from './context.ts';
import { faults } from './faults.ts';
import { addressOf, bucketOf, faultOf, unquoted, valueOf, versionIdOf } from './ground.ts';
import { refuseUnbuilt } from './unbuilt.ts';

export async function deleteObject(
  input: DeleteObjectRequest,
  ctx: S3Ctx,
): Promise<DeleteObjectOutput> {
  refuseUnbuilt(input);
  const at = addressOf(input);
  const removal = removalOf({ ...input, ETag: input.IfMatch });
  await bucketOf(input, ctx);
  const [removed] = valueOf(await ctx.objects.remove(at.bucket, [removal]), at);
  const { version, marker } = refusedAs(defined(removed, 'the answer'), removal, at.bucket);
  return {
    DeleteMarker: marker === undefined ? undefined : true,
    VersionId: version ?? marker,
  };
}

interface Named extends Pick<ObjectIdentifier, 'VersionId' | 'ETag'> {
  readonly Key: string | undefined;
}

function removalOf({ Key, VersionId, ETag }: Named): Removal {
  const version = versionIdOf(VersionId);
  return {
    key: defined(Key, 'Key'),
    ...(version === undefined ? {} : { version }),
    ...(ETag === undefined ? {} : { ifMatch: unquoted(ETag) }),
  };
}

/** A condition on an object that is not there does not hold. */
function refusedAs(answer: Answer<Removed>, removal: Removal, bucket: string): Removed {
  if (answer.ok) return answer.value;
  if (answer.why === 'noObject') throw faults.preconditionFailed('If-Match');
  throw faultOf(answer, { bucket, key: removal.key, version: removal.version });
}

export const maxObjects = 1_000;

/** The name of one of many objects, for what the caller may not delete. */
export function itemOf({ Key, VersionId }: Pick<Named, 'Key' | 'VersionId'>): string {
  return JSON.stringify([Key, VersionId]);
}

export async function deleteObjects(
  input: DeleteObjectsRequest,
  ctx: S3Ctx,
): Promise<DeleteObjectsOutput> {
  refuseUnbuilt(input);
  const { Objects: named = [], Quiet = false } = input.Delete ?? {};
  if (named.length === 0 || named.length > maxObjects) throw faults.malformedXml();
  const { name } = await bucketOf(input, ctx);
  const checked = named.map((one) => checkedRemoval(one, name, ctx));
  const removals = checked.flatMap((one) => (one instanceof Fault ? [] : [one]));
  const answers = valueOf(await ctx.objects.remove(name, removals), { bucket: name, key: '' });

  const Deleted: DeletedObject[] = [];
  const Errors: KeyError[] = [];
  let next = 0;
  for (const [i, one] of checked.entries()) {
    const { Key, VersionId } = defined(named[i], 'what was named');
    try {
      if (one instanceof Fault) throw one;
      const removed = refusedAs(defined(answers[next++], 'an answer'), one, name);
      if (!Quiet) Deleted.push(deletedOf(one.key, removed));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      Errors.push({ Key, VersionId, Code: error.code, Message: error.message });
    }
  }
  return { Deleted, Errors };
}

/** What is wrong with one of many is told beside the others' success. */
function checkedRemoval(one: ObjectIdentifier, bucket: string, ctx: S3Ctx): Removal | Fault {
  if (one.Key === undefined || one.Key === '') throw faults.malformedXml();
  const refused = ctx.refused?.get(itemOf(one));
  if (refused !== undefined) return faults.accessDenied(refused);
  try {
    addressOf({ Bucket: bucket, Key: one.Key });
    if (one.LastModifiedTime !== undefined || one.Size !== undefined) {
      throw faults.notImplemented('LastModifiedTime, Size');
    }
    return removalOf(one);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function deletedOf(Key: string, { version, marker }: Removed): DeletedObject {
  return {
    Key,
    VersionId: version,
    DeleteMarker: marker === undefined ? undefined : true,
    DeleteMarkerVersionId: marker,
  };
}
