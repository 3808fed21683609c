/** Finding, deleting and tagging versions of objects. */
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { type Answer, no, noBucket, noObject } from './answer.ts';
import { commit, type Kit } from './kit.ts';
import {
  type BucketRow,
  bucketRows,
  type StoredVersion,
  type Tag,
  type VersionRow,
} from './rows.ts';
import type { ObjectAddress } from './space.ts';
import {
  amend,
  type Change,
  checkPrecondition,
  newestOf,
  place,
  removeOnly,
  removeVersion,
  versionOf,
} from './versions.ts';

export async function find(
  reader: Reader,
  at: ObjectAddress,
  version?: string,
): Promise<Answer<VersionRow>> {
  if (version === undefined) {
    const value = await newestOf(reader, at);
    return value ? { ok: true, value } : noObject(at.key);
  }
  const value = await versionOf(reader, at, version);
  return value ? { ok: true, value } : no('noVersion', `there is no version ${version}`);
}

export interface Removal {
  readonly key: string;
  /** That version for good; without it the object, by a marker where versions are kept. */
  readonly version?: string;
  /** The etag, or `*`, of what is deleted. */
  readonly ifMatch?: string;
}

export interface Removed {
  /** The version deleted for good. */
  readonly version?: string;
  /** A delete marker: the one made, or the one deleted. */
  readonly marker?: string;
}

export function remove(
  kit: Kit,
  name: string,
  which: readonly Removal[],
): Promise<Answer<readonly Answer<Removed>[]>> {
  return commit(kit, async (tx, change) => {
    const bucket = await tx.get(bucketRows, name);
    if (!bucket) return noBucket(name);
    const value: Answer<Removed>[] = [];
    for (const [i, removal] of which.entries()) {
      // One id serves one version; keys may come twice.
      const own = { ...change, newId: ithId(change.newId, i) };
      value.push(await removeOne(tx, bucket, { removal, change: own }));
    }
    return { ok: true, value };
  });
}

/** An id of the same length for the i-th of at most 36⁴ made together. */
function ithId(id: string, i: number): string {
  const tail = i.toString(36).padStart(4, '0');
  return id.slice(0, id.length - tail.length) + tail;
}

async function removeOne(
  tx: Transaction,
  bucket: BucketRow,
  { removal, change }: { readonly removal: Removal; readonly change: Change },
): Promise<Answer<Removed>> {
  const { key, version, ifMatch } = removal;
  const at = { bucket: bucket.name, key };
  if (version !== undefined) {
    const refused = await versionMismatch(tx, at, removal);
    if (refused) return refused;
    const removed = await removeVersion(tx, at, version, change);
    const marker = removed && !removed.object ? { marker: version } : {};
    return { ok: true, value: { version, ...marker } };
  }
  const allowed = await checkPrecondition(tx, at, ifMatch === undefined ? {} : { ifMatch });
  if (!allowed.ok) return allowed;
  if (bucket.versioning === 'off') {
    await removeOnly(tx, at, change);
    return { ok: true, value: {} };
  }
  const marker = await place(tx, bucket, { key }, change);
  return { ok: true, value: { marker: marker.id } };
}

async function versionMismatch(
  tx: Transaction,
  at: ObjectAddress,
  { version = '', ifMatch }: Removal,
) {
  if (ifMatch === undefined) return undefined;
  const etag = (await versionOf(tx, at, version))?.object?.etag;
  if (etag !== undefined && (ifMatch === '*' || ifMatch === etag)) return undefined;
  return no('precondition', 'the version has another etag', { condition: 'If-Match' });
}

export function setTags(
  kit: Kit,
  at: ObjectAddress,
  { tags, version }: { readonly tags: readonly Tag[]; readonly version: string | undefined },
): Promise<Answer<StoredVersion>> {
  return commit(kit, async (tx) => {
    const found = await find(tx, at, version);
    if (!found.ok) return found;
    const { object } = found.value;
    if (!object) return no('isMarker', 'a delete marker has no tags', { version: found.value.id });
    const value = { ...found.value, object: { ...object, tags } };
    await amend(tx, value);
    return { ok: true, value };
  });
}
