/**
 * Versions of one key inside a transaction: which is newest, where a new one goes, what is left
 * when one is deleted. The invariant of rows.ts is kept here and nowhere else.
 */
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { type Answer, no, noObject } from './answer.ts';
import { holdAgain, letGo } from './blobs.ts';
import { locatorOf, versionOrder } from './keys.ts';
import {
  type BucketRow,
  liveRows,
  manifestRows,
  nullVersion,
  type ObjectFacts,
  pastRows,
  type StoredVersion,
  type VersionRow,
  versionIndex,
} from './rows.ts';
import type { ObjectAddress } from './space.ts';

/** What must hold of the key's newest version for a write or a delete to happen. */
export interface Precondition {
  /** Its etag, or `*`: there is an object. */
  readonly ifMatch?: string;
  /** There is no object. */
  readonly ifAbsent?: boolean;
}

/** What a change inside a transaction needs and gathers. */
export interface Change {
  readonly nowMs: number;
  /** For a version made where versioning is on; unique. */
  readonly newId: string;
  /** Blobs that no row names once this has committed. */
  readonly freed: string[];
}

export async function newestOf(reader: Reader, at: ObjectAddress): Promise<VersionRow | undefined> {
  const live = await reader.get(liveRows, locatorOf(at.bucket, at.key));
  return live ?? (await newestPast(reader, at));
}

async function newestPast(reader: Reader, at: ObjectAddress): Promise<VersionRow | undefined> {
  const [first] = await reader.list(pastRows, { prefix: locatorOf(at.bucket, at.key), limit: 1 });
  return first?.row;
}

export async function versionOf(
  reader: Reader,
  at: ObjectAddress,
  id: string,
): Promise<VersionRow | undefined> {
  const live = await reader.get(liveRows, locatorOf(at.bucket, at.key));
  if (live?.id === id) return live;
  const equals = versionIndex(at.bucket, at.key, id);
  const [past] = await reader.listBy(pastRows, { index: 'version', equals, limit: 1 });
  return past?.row;
}

/** Refuses `precondition`, and `noObject` for an etag where there is nothing to compare with. */
export async function checkPrecondition(
  reader: Reader,
  at: ObjectAddress,
  { ifMatch, ifAbsent }: Precondition,
): Promise<Answer<undefined>> {
  if (ifMatch === undefined && !ifAbsent) return { ok: true, value: undefined };
  const live = await reader.get(liveRows, locatorOf(at.bucket, at.key));
  if (ifAbsent && live) {
    return no('precondition', 'the object exists', { condition: 'If-None-Match' });
  }
  if (ifMatch === undefined) return { ok: true, value: undefined };
  if (!live) return noObject(at.key);
  if (ifMatch === '*' || ifMatch === live.object.etag) return { ok: true, value: undefined };
  return no('precondition', 'the object has another etag', { condition: 'If-Match' });
}

/** Makes the key's newest version: an object, or without one a delete marker. */
export async function place(
  tx: Transaction,
  bucket: BucketRow,
  version: { readonly key: string; readonly object?: ObjectFacts },
  change: Change,
): Promise<VersionRow> {
  const at = { bucket: bucket.name, key: version.key };
  const locator = locatorOf(at.bucket, at.key);
  const live = await tx.get(liveRows, locator);
  // A bucket that never had versions has nothing past: its puts skip the look.
  const past = bucket.versioning === 'off' ? undefined : await newestPast(tx, at);
  const row: VersionRow = {
    ...at,
    id: bucket.versioning === 'enabled' ? change.newId : nullVersion,
    seq: Math.max(change.nowMs, (live?.seq ?? 0) + 1, (past?.seq ?? 0) + 1),
    modifiedAtMs: change.nowMs,
    ...(version.object ? { object: version.object } : {}),
  };
  if (live && live.id !== row.id) await tx.put(pastRows, locator + versionOrder(live.seq), live);
  if (live?.id === row.id) await release(tx, live.object, change.freed);
  else if (row.id === nullVersion && past) await removePast(tx, at, row.id, change);
  if (row.object) {
    await tx.put(liveRows, locator, { ...row, object: row.object });
  } else {
    if (live) await tx.delete(liveRows, locator);
    await tx.put(pastRows, locator + versionOrder(row.seq), row);
  }
  return row;
}

/** Deletes the object of a bucket without versions; nothing happens when there is none. */
export async function removeOnly(
  tx: Transaction,
  at: ObjectAddress,
  change: Change,
): Promise<void> {
  const locator = locatorOf(at.bucket, at.key);
  const live = await tx.get(liveRows, locator);
  if (!live) return;
  await tx.delete(liveRows, locator);
  await release(tx, live.object, change.freed);
}

/** Deletes one version for good, and answers what it was. */
export async function removeVersion(
  tx: Transaction,
  at: ObjectAddress,
  id: string,
  change: Change,
): Promise<VersionRow | undefined> {
  const locator = locatorOf(at.bucket, at.key);
  const live = await tx.get(liveRows, locator);
  if (live?.id === id) {
    await tx.delete(liveRows, locator);
    await release(tx, live.object, change.freed);
    await promote(tx, at);
    return live;
  }
  const removed = await removePast(tx, at, id, change);
  if (removed && !live) await promote(tx, at);
  return removed;
}

async function removePast(
  tx: Transaction,
  at: ObjectAddress,
  id: string,
  change: Change,
): Promise<VersionRow | undefined> {
  const equals = versionIndex(at.bucket, at.key, id);
  const [past] = await tx.listBy(pastRows, { index: 'version', equals, limit: 1 });
  if (!past) return undefined;
  await tx.delete(pastRows, past.key);
  if (past.row.object) await release(tx, past.row.object, change.freed);
  return past.row;
}

/** With no live version: the newest past one becomes live, unless it is a delete marker. */
async function promote(tx: Transaction, at: ObjectAddress): Promise<void> {
  const locator = locatorOf(at.bucket, at.key);
  const newest = await newestPast(tx, at);
  if (!newest?.object) return;
  await tx.delete(pastRows, locator + versionOrder(newest.seq));
  await tx.put(liveRows, locator, { ...newest, object: newest.object });
}

async function release(tx: Transaction, object: ObjectFacts, freed: string[]): Promise<void> {
  for (const blob of await blobsOf(tx, object)) await letGo(tx, blob, freed);
  if (object.content.kind === 'parts') await tx.delete(manifestRows, object.content.manifest);
}

/** Empty when the object is made of parts and has been deleted since. */
export async function blobsOf(reader: Reader, object: ObjectFacts): Promise<readonly string[]> {
  if (object.content.kind === 'blob') return [object.content.blob];
  const manifest = await reader.get(manifestRows, object.content.manifest);
  return manifest?.parts.map((part) => part.blob) ?? [];
}

/** Replaces a version's row where it is; false when it is no longer there. */
export async function amend(tx: Transaction, row: StoredVersion): Promise<boolean> {
  const locator = locatorOf(row.bucket, row.key);
  const live = await tx.get(liveRows, locator);
  if (live?.id === row.id && live.seq === row.seq) {
    await tx.put(liveRows, locator, row);
    return true;
  }
  const pastKey = locator + versionOrder(row.seq);
  if ((await tx.get(pastRows, pastKey))?.id !== row.id) return false;
  await tx.put(pastRows, pastKey, row);
  return true;
}

/** One more object with the bytes of one that has them in one blob. */
export function share(tx: Transaction, blob: string): Promise<boolean> {
  return holdAgain(tx, blob);
}
