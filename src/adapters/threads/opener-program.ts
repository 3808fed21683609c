/** What the opening thread runs: as text, so that it is the same from sources and when built. */
import { putProgram } from './shared-memory.ts';

/** To the thread, of what goes on at a seat. Its key lies there when it begins. */
export type Order =
  | { readonly seat: number; readonly fd: number; readonly startBytes: number }
  | Batch
  | { readonly seat: number; readonly end: true };

/** Chunks to be read into a slot and opened there. */
export interface Batch {
  readonly seat: number;
  readonly slot: number;
  readonly first: number;
  readonly count: number;
}

/** From the thread, in the order of what it was asked. */
export type Told =
  | { readonly seat: number; readonly batch: OpenedChunks }
  | { readonly seat: number; readonly failure: string }
  | { readonly seat: number; readonly ended: true };

export interface OpenedChunks {
  readonly sizeBytes: number;
  readonly openedBytes: number;
  readonly chunks: number;
}

export interface ThreadData {
  readonly shared: SharedArrayBuffer;
  readonly chunkBytes: number;
  readonly slotBytes: number;
}

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;
/** The key, and behind it the base nonce. */
export const materialBytes = keyBytes + nonceBytes;
/** Whoever takes the content holds two; the others are at work, or wait to be handed on. */
export const slotsEach = 5;

/** A seat begins with its material; its slots come behind. */
export const seatBytes = (slotBytes: number) => materialBytes + slotsEach * slotBytes;

export const program = `
const { createDecipheriv } = require('node:crypto');
const { readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { shared, chunkBytes, slotBytes } = workerData;
const sealedBytes = chunkBytes + ${tagBytes};
const seatBytes = ${materialBytes} + ${slotsEach} * slotBytes;
const seats = new Map();
const zeros = Buffer.alloc(slotBytes);

${putProgram}

function begin(seat, fd, startBytes) {
  const material = new Uint8Array(shared, seat * seatBytes, ${materialBytes});
  const slots = Array.from({ length: ${slotsEach} }, (_, slot) => ({
    memory: Buffer.from(shared, seat * seatBytes + ${materialBytes} + slot * slotBytes, slotBytes),
    usedBytes: 0,
  }));
  seats.set(seat, { fd, startBytes, slots, material: Buffer.from(material) });
  material.fill(0);
}

/** Nobody's bytes are left to who sits there next. */
function end(seat) {
  const { material, slots } = seats.get(seat);
  material.fill(0);
  for (const { memory, usedBytes } of slots) put(zeros.subarray(0, usedBytes), memory, 0);
  seats.delete(seat);
  parentPort.postMessage({ seat, ended: true });
}

function filled(fd, memory, position) {
  let at = 0;
  while (at < memory.length) {
    const readBytes = readSync(fd, memory, at, memory.length - at, position + at);
    if (readBytes === 0) break;
    at += readBytes;
  }
  return at;
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

function openAll({ fd, startBytes, slots, material }, { slot, first, count }) {
  const { memory } = slots[slot];
  const wanted = memory.subarray(0, count * sealedBytes);
  slots[slot].usedBytes = Math.max(slots[slot].usedBytes, wanted.length);
  const sizeBytes = filled(fd, wanted, startBytes + first * sealedBytes);
  let openedBytes = 0;
  let chunks = 0;
  for (let at = 0; at < sizeBytes; at += sealedBytes) {
    const sealed = wanted.subarray(at, Math.min(at + sealedBytes, sizeBytes));
    const content = opened(material, first + chunks, sealed);
    if (!content) break;
    // It ends before the next sealed chunk begins.
    put(content, memory, openedBytes);
    openedBytes += content.length;
    chunks += 1;
  }
  return { sizeBytes, openedBytes, chunks };
}

parentPort.on('message', (order) => {
  const { seat, fd, startBytes } = order;
  if (order.end) return end(seat);
  if (fd !== undefined) return begin(seat, fd, startBytes);
  try {
    parentPort.postMessage({ seat, batch: openAll(seats.get(seat), order) });
  } catch ({ message }) {
    parentPort.postMessage({ seat, failure: message });
  }
});`;
