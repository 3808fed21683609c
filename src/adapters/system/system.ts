/** The machine's clock and its source of chance. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';

export const systemClock: Clock = { nowMs: () => Date.now() };

const poolBytes = 4_096;
const mostPooledBytes = 256;
let pool = Buffer.alloc(0);
let taken = 0;

/** Asking the system for a few bytes costs as much as asking for many. No byte is used twice. */
function bytes(count: number): Buffer {
  if (count > mostPooledBytes) return randomBytes(count);
  if (taken + count > pool.length) {
    pool = randomBytes(poolBytes);
    taken = 0;
  }
  const part = pool.subarray(taken, taken + count);
  taken += count;
  const own = Buffer.allocUnsafeSlow(count);
  part.copy(own);
  part.fill(0);
  return own;
}

/** Fit for keys and tokens. */
export const systemRandom: Random = {
  next01: () => bytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes,
};
