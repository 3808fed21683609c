/**
 * HKDF-SHA256 (RFC 5869) for the one length that is needed here: the extraction and one block of
 * expansion. As `hkdfSync` of node:crypto, at half its cost, which is most of a small ciphertext's.
 */
import { createHmac } from 'node:crypto';

const digestBytes = 32;
const firstBlock = Uint8Array.of(1);

/** Up to 32 bytes. */
export function hkdfSha256(
  key: Uint8Array,
  { salt, info, sizeBytes = digestBytes }: HkdfOptions,
): Buffer {
  const extracted = createHmac('sha256', salt).update(key).digest();
  const block = createHmac('sha256', extracted).update(info).update(firstBlock).digest();
  extracted.fill(0);
  return block.subarray(0, sizeBytes);
}

export interface HkdfOptions {
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  readonly sizeBytes?: number;
}
