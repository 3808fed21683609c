/** What the opening thread runs: as text, so that it is the same from sources and when built. */

/** To the thread: a key, in memory that both share, sealed chunks, or the end. */
export type Order =
  | { readonly id: number; readonly material: SharedArrayBuffer }
  | Batch
  | { readonly id: number; readonly end: true };

/** Its memory goes over with it. */
export interface Batch {
  readonly id: number;
  readonly number: number;
  readonly first: number;
  readonly memory: ArrayBuffer;
  readonly sizeBytes: number;
}

/** From the thread, with the memory: the content lies in the place of what was sealed. */
export interface Told {
  readonly id: number;
  readonly number: number;
  readonly memory: ArrayBuffer;
  readonly openedBytes: number;
  readonly chunks: number;
}

export interface ThreadData {
  readonly chunkBytes: number;
}

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;
/** The key, and behind it the base nonce. */
export const materialBytes = keyBytes + nonceBytes;

export const program = `
const { createDecipheriv } = require('node:crypto');
const { parentPort, workerData: { chunkBytes } } = require('node:worker_threads');
const running = new Map();

function begin(id, shared) {
  const material = new Uint8Array(shared);
  running.set(id, Buffer.from(material));
  material.fill(0);
}

function end(id) {
  running.get(id)?.fill(0);
  running.delete(id);
}

function opened(material, index, sealed) {
  const at = sealed.length - ${tagBytes};
  if (at < 0) return undefined;
  const nonce = Buffer.from(material.subarray(${keyBytes}));
  const count = nonce.readBigUInt64BE(${nonceBytes - 8}) ^ BigInt(index);
  nonce.writeBigUInt64BE(count, ${nonceBytes - 8});
  const opening = createDecipheriv('aes-256-gcm', material.subarray(0, ${keyBytes}), nonce, {
    authTagLength: ${tagBytes},
  });
  opening.setAuthTag(sealed.subarray(at));
  const content = opening.update(sealed.subarray(0, at));
  try {
    opening.final();
  } catch {
    // The only way it fails is a tag that does not match.
    return undefined;
  }
  return content;
}

parentPort.on('message', (order) => {
  const { id, number, first, memory, sizeBytes } = order;
  if (order.material) return begin(id, order.material);
  if (order.end) return end(id);
  const material = running.get(id);
  const sealed = Buffer.from(memory, 0, sizeBytes);
  const sealedBytes = chunkBytes + ${tagBytes};
  const count = Math.ceil(sizeBytes / sealedBytes);
  let openedBytes = 0;
  let chunks = 0;
  for (; chunks < count; chunks += 1) {
    const chunk = sealed.subarray(chunks * sealedBytes, (chunks + 1) * sealedBytes);
    const content = opened(material, first + chunks, chunk);
    if (!content) break;
    // It ends before the next sealed chunk begins.
    sealed.set(content, openedBytes);
    openedBytes += content.length;
  }
  parentPort.postMessage({ id, number, memory, openedBytes, chunks }, [memory]);
});`;
