/** RSA-OAEP (RFC 8017, 7.1), with no label and the same hash in its mask. */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { EncryptionAlgorithm } from './specs.ts';

export type OaepAlgorithm = Exclude<EncryptionAlgorithm, 'SYMMETRIC_DEFAULT'>;

const hashes: Readonly<Record<OaepAlgorithm, string>> = {
  RSAES_OAEP_SHA_1: 'sha1',
  RSAES_OAEP_SHA_256: 'sha256',
};
const padding = constants.RSA_PKCS1_OAEP_PADDING;

/** At most `oaepLimitBytes` of plaintext. */
export function oaepEncrypt(
  plaintext: Uint8Array,
  algorithm: OaepAlgorithm,
  key: KeyObject,
): Buffer {
  return publicEncrypt({ key, padding, oaepHash: hashes[algorithm] }, plaintext);
}

/** Undefined for what was not encrypted so: why is not told. */
export function oaepDecrypt(
  ciphertext: Uint8Array,
  algorithm: OaepAlgorithm,
  key: KeyObject,
): Buffer | undefined {
  try {
    return privateDecrypt({ key, padding, oaepHash: hashes[algorithm] }, ciphertext);
  } catch {
    // What the padding did not like would help an attacker; OpenSSL says no more than that either.
    return undefined;
  }
}
