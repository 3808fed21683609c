/**
 * Many objects in a bucket without their bytes: rows written to the metadata of a data folder whose
 * server is not running, as the engine would write them.
 */

import { locatorOf } from '../../dist/engines/objects/keys.js';
import { blobRows, liveRows } from '../../dist/engines/objects/rows.js';
import { readConfig } from '../../dist/server/config.js';
import { openMetadata } from '../../dist/server/metadata.js';
import { openKeyring } from '../../dist/server/unseal.js';

const rowsAWrite = 5_000;

/** Keys are `keyOf(0)` to `keyOf(keys - 1)` of `listing.mjs`. */
export async function filled(data, { bucket, keys, keyOf }) {
  const config = readConfig({ flags: { data }, environment: {} });
  if (!config.ok) throw new Error(config.reason);
  const ring = await openKeyring(config.value);
  if (!ring.ok) throw new Error(ring.reason);
  const store = await openMetadata(data, ring.value);
  const modifiedAtMs = Date.now();
  for (let from = 0; from < keys; from += rowsAWrite) {
    await store.write(async (tx) => {
      for (let n = from; n < Math.min(keys, from + rowsAWrite); n += 1) {
        const blob = n.toString(16).padStart(32, '0');
        const key = keyOf(n);
        await tx.put(blobRows, blob, { refs: 1 });
        await tx.put(liveRows, locatorOf(bucket, key), rowOf({ bucket, key, blob, modifiedAtMs }));
      }
    });
  }
  await store.close();
}

function rowOf({ bucket, key, blob, modifiedAtMs }) {
  return {
    ...{ bucket, key, id: 'null', seq: modifiedAtMs, modifiedAtMs },
    object: {
      headers: { contentType: 'application/octet-stream' },
      ...{ metadata: {}, tags: [], sizeBytes: 1_024, etag: blob },
      content: { kind: 'blob', blob },
      encryption: { kind: 'own' },
    },
  };
}
