/** Message authentication codes, HMAC of FIPS 198-1, and telling whether one is right. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MacAlgorithm } from './specs.ts';

const hashes: Readonly<Record<MacAlgorithm, string>> = {
  HMAC_SHA_224: 'sha224',
  HMAC_SHA_256: 'sha256',
  HMAC_SHA_384: 'sha384',
  HMAC_SHA_512: 'sha512',
};

export function macOf(message: Uint8Array, algorithm: MacAlgorithm, key: Uint8Array): Buffer {
  return createHmac(hashes[algorithm], key).update(message).digest();
}

/** Takes as long for any code of the right length. */
export function isSame(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && timingSafeEqual(one, two);
}
