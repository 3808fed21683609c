/** What the hashing thread runs: as text, so that it is the same from sources and when built. */

/** To the thread. `part` is in the shared bytes, from `slot * slotBytes` on. */
export type Order =
  | { readonly id: number; readonly slot: number; readonly sizeBytes: number }
  | { readonly id: number; readonly finish: true }
  | { readonly id: number; readonly forget: true };

/** From the thread: a slot that was read, or a digest that is done. */
export type Told = { readonly slot: number } | { readonly id: number; readonly hex: string };

export interface ThreadData {
  readonly shared: SharedArrayBuffer;
  readonly slotBytes: number;
}

export const program = `
const { createHash } = require('node:crypto');
const { parentPort, workerData: { shared, slotBytes } } = require('node:worker_threads');
const running = new Map();
parentPort.on('message', ({ id, slot, sizeBytes, finish, forget }) => {
  if (forget) return void running.delete(id);
  let digest = running.get(id);
  if (!digest) running.set(id, (digest = createHash('md5')));
  if (finish) {
    running.delete(id);
    return parentPort.postMessage({ id, hex: digest.digest('hex') });
  }
  digest.update(new Uint8Array(shared, slot * slotBytes, sizeBytes));
  parentPort.postMessage({ slot });
});`;
