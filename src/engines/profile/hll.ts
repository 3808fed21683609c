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
  if (typeof value === 'number') hashNumber(value);
  else hashText(value);
  const index = hashed.high >>> (32 - indexBits);
  const rank = Math.clz32(hashed.low) + 1;
  if (rank > (registers[index] ?? 0)) registers[index] = rank;
}

/** Changes `registers` as adding the first `count` of `numbers` one by one would. */
export function addNumbersToRegisters(
  registers: Registers,
  numbers: Float64Array,
  count: number,
): void {
  // A -0 hashes as the 0 it is equal to, which is for the caller to see to: the bits are read.
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * count);
  for (let i = 0; i < 2 * count; i += 2) {
    const upper = words[i + 1] as number;
    const high = mix((words[i] as number) ^ mix(upper ^ 0x9e3779b9));
    const rank = Math.clz32(mix(high ^ upper ^ 0x85ebca6b)) + 1;
    const index = high >>> (32 - indexBits);
    if (rank > (registers[index] as number)) registers[index] = rank;
  }
}

/** A new set of registers: that of the union. */
export function mergeRegisters(a: Registers, b: Registers): Registers {
  return a.map((rank, i) => Math.max(rank, b[i] ?? 0));
}

export function estimateDistinct(registers: Registers): number {
  const counts = new Uint32Array(256);
  for (const rank of registers) counts[rank] = (counts[rank] as number) + 1;
  // Sums of so few powers of two are exact, in whichever order.
  const inverse = counts.reduce((sum, count, rank) => sum + count * 2 ** -rank, 0);
  const zeros = counts[0] as number;
  const raw = (alpha * registerCount * registerCount) / inverse;
  const small = raw <= 2.5 * registerCount && zeros > 0;
  return Math.round(small ? registerCount * Math.log(registerCount / zeros) : raw);
}

// The last hash, here and not answered as a pair: this runs once a cell.
const hashed = { high: 0, low: 0 };
const scratch = new Float64Array(1);
const halves = new Uint32Array(scratch.buffer);

function hashNumber(value: number): void {
  scratch[0] = value + 0;
  const a = halves[0] ?? 0;
  const b = halves[1] ?? 0;
  hashed.high = mix(a ^ mix(b ^ 0x9e3779b9));
  hashed.low = mix(hashed.high ^ b ^ 0x85ebca6b);
}

/** Over the UTF-16 units with two multipliers, each mixed at the end. */
function hashText(text: string): void {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  hashed.high = mix(a ^ (b >>> 13));
  hashed.low = mix(b ^ hashed.high);
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
