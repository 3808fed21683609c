/** The engine as jobs and the gateway use it; see space.ts. Puts are in objects.ts. */
import type { Abortable } from '../../ports/metadata-store.ts';
import { type Answer, noObject } from './answer.ts';
import { locatorOf } from './keys.ts';
import type { Kit } from './kit.ts';
import { rowsOf, walk } from './listing.ts';
import { remove } from './managing.ts';
import { summaryOf } from './putting.ts';
import { openVersion, versionAsFile } from './reading.ts';
import { bucketRows, liveRows, type StoredVersion } from './rows.ts';
import {
  formatObjectUri,
  ObjectAccessDenied,
  type ObjectAddress,
  type ObjectSpace,
} from './space.ts';

export function makeSpace(kit: Kit): Omit<ObjectSpace, 'put'> {
  const find = (at: ObjectAddress) => kit.store.get(liveRows, locatorOf(at.bucket, at.key));
  return {
    hasBucket: async (bucket) => (await kit.store.get(bucketRows, bucket)) !== undefined,
    async head(at) {
      const version = await find(at);
      return version && summaryOf(version);
    },
    read: (at, options = {}) => settled(at, find, (version) => openVersion(kit, version, options)),
    asFile: (at, options: Abortable = {}) =>
      settled(at, find, (version) => versionAsFile(kit, version, options)),
    async list(bucket, { prefix, after, limit }) {
      const query = { bucket, prefix, limit, ...(after === undefined ? {} : { after }) };
      const { entries } = await walk(rowsOf(kit.store, liveRows), query);
      return entries.flatMap((entry) => (entry.kind === 'row' ? [summaryOf(entry.row)] : []));
    },
    async delete(at) {
      const done = await remove(kit, at.bucket, [{ key: at.key }]);
      // A bucket that is gone has no object to delete.
      if (!done.ok && done.why !== 'noBucket') throw new Error(done.reason);
    },
  };
}

/**
 * Looks again as long as the object changes between being found and being held. Throws
 * `ObjectAccessDenied` for what cannot be opened.
 */
async function settled<T>(
  at: ObjectAddress,
  find: (at: ObjectAddress) => Promise<StoredVersion | undefined>,
  use: (version: StoredVersion) => Promise<Answer<T>>,
): Promise<T | undefined> {
  const tries = 10;
  let answer: Answer<T> = noObject(at.key);
  for (let i = 0; i < tries; i += 1) {
    const version = await find(at);
    if (!version) return undefined;
    answer = await use(version);
    if (answer.ok) return answer.value;
    if (answer.why !== 'changed') {
      throw new ObjectAccessDenied(`${formatObjectUri(at)}: ${answer.reason}`);
    }
  }
  throw new Error(`${at.key} kept changing: ${answer.ok ? '' : answer.reason}`);
}
