/** The machine's clock and its source of chance. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';

export const systemClock: Clock = { nowMs: () => Date.now() };

/** Fit for keys and tokens. */
export const systemRandom: Random = {
  next01: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (count) => randomBytes(count),
};
