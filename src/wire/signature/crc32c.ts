/**
 * CRC-32C (Castagnoli), eight bytes at a time: several times the speed of the SDK's, which counts
 * when every uploaded byte passes through it. Source: RFC 3720, appendix B.4, for the polynomial;
 * Kounavis and Berry, "A Systematic Approach to Building High Performance Software-Based CRC
 * Generators" (2005), for the slicing.
 */

/** 0x1EDC6F41 with its bits reversed. */
const polynomial = 0x82f63b78;
const lanes = 8;

/** `table[256 * k + b]` is the effect of byte b, k bytes before the end of a group. */
const table = new Int32Array(256 * lanes);
for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
  table[byte] = value;
}
for (let at = 256; at < table.length; at += 1) {
  const before = table[at - 256] ?? 0;
  table[at] = (before >>> 8) ^ (table[before & 255] ?? 0);
}

/** The checksum of what `crc` is the checksum of, followed by `bytes`; starts at 0. */
export function crc32c(bytes: Uint8Array, crc: number): number {
  const effect = (lane: number, byte: number) => table[lane * 256 + byte] ?? 0;
  let value = ~crc;
  let at = 0;
  for (const end = bytes.length - lanes; at <= end; at += lanes) {
    const low =
      value ^
      ((bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24));
    value =
      effect(7, low & 255) ^
      effect(6, (low >>> 8) & 255) ^
      effect(5, (low >>> 16) & 255) ^
      effect(4, low >>> 24) ^
      effect(3, bytes[at + 4] ?? 0) ^
      effect(2, bytes[at + 5] ?? 0) ^
      effect(1, bytes[at + 6] ?? 0) ^
      effect(0, bytes[at + 7] ?? 0);
  }
  for (; at < bytes.length; at += 1) {
    value = (value >>> 8) ^ effect(0, (value ^ (bytes[at] ?? 0)) & 255);
  }
  return ~value >>> 0;
}
