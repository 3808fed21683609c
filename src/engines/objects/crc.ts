/**
 * Cyclic redundancy checks of the reflected kind with all ones before and after, and the check of
 * two texts in a row from the checks of each (as zlib's crc32_combine does). No streaming of
 * bytes from anywhere; see digest.ts.
 */

export interface CrcKind {
  readonly bits: 32 | 64;
  /** The polynomial, its lowest power in the highest bit. */
  readonly polynomial: bigint;
}

export const crc32Kind: CrcKind = { bits: 32, polynomial: 0xedb88320n };
/** Castagnoli. */
export const crc32cKind: CrcKind = { bits: 32, polynomial: 0x82f63b78n };
/** NVM Express. */
export const crc64NvmeKind: CrcKind = { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n };

export interface Crc {
  update(bytes: Uint8Array): void;
  value(): bigint;
}

/** A running check; both halves of a 64-bit one are kept apart, as numbers. */
export function makeCrc(kind: CrcKind): Crc {
  const { high, low } = tableOf(kind);
  const wide = kind.bits === 64;
  let hi = wide ? 0xffffffff : 0;
  let lo = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) {
        const at = (lo ^ byte) & 0xff;
        lo = ((lo >>> 8) | (hi << 24)) ^ (low[at] ?? 0);
        hi = (hi >>> 8) ^ (high[at] ?? 0);
      }
    },
    value() {
      const lower = BigInt(~lo >>> 0);
      return wide ? (BigInt(~hi >>> 0) << 32n) | lower : lower;
    },
  };
}

interface Table {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

const tables = new Map<CrcKind, Table>();

function tableOf(kind: CrcKind): Table {
  const known = tables.get(kind);
  if (known) return known;
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let rest = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      rest = rest & 1n ? (rest >> 1n) ^ kind.polynomial : rest >> 1n;
    }
    high[byte] = Number(rest >> 32n);
    low[byte] = Number(rest & 0xffffffffn);
  }
  const table = { high, low };
  tables.set(kind, table);
  return table;
}

export interface Checked {
  readonly crc: bigint;
  readonly sizeBytes: number;
}

/** The check of all pieces in a row; 0 bytes have the check 0. */
export function combineCrc(kind: CrcKind, pieces: readonly Checked[]): bigint {
  // Parts of an upload are mostly of one size, so the power is computed once.
  const powers = new Map<number, bigint>();
  let crc = 0n;
  for (const piece of pieces) {
    const power = powers.get(piece.sizeBytes) ?? powerOfX(kind, piece.sizeBytes * 8);
    powers.set(piece.sizeBytes, power);
    crc = multiply(kind, power, crc) ^ piece.crc;
  }
  return crc;
}

/** Product of two reflected polynomials modulo the kind's. */
function multiply(kind: CrcKind, a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let mask = 1n << BigInt(kind.bits - 1); mask > 0n; mask >>= 1n) {
    if (a & mask) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ kind.polynomial : shifted >> 1n;
  }
  return product;
}

function powerOfX(kind: CrcKind, exponent: number): bigint {
  let power = 1n << BigInt(kind.bits - 1);
  let square = 1n << BigInt(kind.bits - 2);
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(kind, power, square);
    square = multiply(kind, square, square);
  }
  return power;
}
