/**
 * HyperLogLog: how many different values were seen, within about 1.6 %, in 4 KiB.
 * Flajolet et al. 2007 with linear counting for small ranges; merging is exact and associative.
 */

const indexBits = 12;
const registerCount = 1 << indexBits;
const alpha = 0.7213 / (1 + 1.079 / registerCount);

export type Registers = Uint8Array;

export function emptyRegisters(): Registers {
  return new Uint8Array(registerCount);
}

/** Changes `registers`. */
export function addValue(registers: Registers, value: string | number): void {
  if (typeof value === 'number') addHash(registers, hashNumber(value));
  else addHash(registers, hashText(value));
}

function addHash(registers: Registers, [high, low]: readonly [number, number]): void {
  const index = high >>> (32 - indexBits);
  const rank = low === 0 ? 33 : Math.clz32(low) + 1;
  if (rank > (registers[index] ?? 0)) registers[index] = rank;
}

/** A new set of registers: that of the union. */
export function mergeRegisters(a: Registers, b: Registers): Registers {
  return a.map((rank, i) => Math.max(rank, b[i] ?? 0));
}

export function estimateDistinct(registers: Registers): number {
  let inverse = 0;
  let zeros = 0;
  for (const rank of registers) {
    inverse += 2 ** -rank;
    if (rank === 0) zeros += 1;
  }
  const raw = (alpha * registerCount * registerCount) / inverse;
  const small = raw <= 2.5 * registerCount && zeros > 0;
  return Math.round(small ? registerCount * Math.log(registerCount / zeros) : raw);
}

const scratch = new Float64Array(1);
const halves = new Uint32Array(scratch.buffer);

function hashNumber(value: number): readonly [number, number] {
  scratch[0] = value + 0;
  const [a = 0, b = 0] = halves;
  const high = mix(a ^ mix(b ^ 0x9e3779b9));
  return [high, mix(high ^ b ^ 0x85ebca6b)];
}

/** Two rounds over the UTF-16 units with different multipliers, each mixed at the end. */
function hashText(text: string): readonly [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  const high = mix(a ^ (b >>> 13));
  return [high, mix(b ^ high)];
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
