/** Keeps the disk under a folder busy until it is ended: writes and syncs, again and again. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const piece = Buffer.alloc(4 * 1_048_576, 'x');
const file = openSync(join(process.argv[2], 'busy-disk'), 'w');
process.on('SIGTERM', () => {
  closeSync(file);
  process.exit(0);
});
console.log('busy');
function write() {
  writeSync(file, piece, 0, piece.length, 0);
  fsyncSync(file);
  // Signals are seen between two turns.
  setImmediate(write);
}
write();
