/** What the opening thread runs: as text, so that it is the same from sources and when built. */

/** To the thread. Keys, and chunks by the slot, are in the memory that came with `shared`. */
export type Order =
  | { readonly id: number; readonly shared: SharedArrayBuffer }
  | {
      readonly id: number;
      readonly slot: number;
      readonly first: number;
      readonly sizeBytes: number;
    }
  | { readonly id: number; readonly end: true };

/** From the thread: the content lies in the place of what was sealed. */
export interface Told {
  readonly id: number;
  readonly slot: number;
  readonly openedBytes: number;
  readonly chunks: number;
}

export interface ThreadData {
  readonly slotBytes: number;
  readonly chunkBytes: number;
}

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;
/** The key and the base nonce, before the first slot. */
export const materialBytes = 64;

export const program = `
const { createDecipheriv } = require('node:crypto');
const { parentPort, workerData: { slotBytes, chunkBytes } } = require('node:worker_threads');
const running = new Map();

function begin(id, shared) {
  const material = new Uint8Array(shared, 0, ${keyBytes + nonceBytes});
  running.set(id, { shared, material: Buffer.from(material) });
  material.fill(0);
}

function end(id) {
  running.get(id)?.material.fill(0);
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
  const { id, slot, first, sizeBytes } = order;
  if (order.shared) return begin(id, order.shared);
  if (order.end) return end(id);
  const { shared, material } = running.get(id);
  const sealed = Buffer.from(shared, ${materialBytes} + slot * slotBytes, sizeBytes);
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
  parentPort.postMessage({ id, slot, openedBytes, chunks });
});`;
