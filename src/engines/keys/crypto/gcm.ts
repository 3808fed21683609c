/** AES-256-GCM with a 96-bit nonce and a 128-bit tag: the one use that ciphertexts make of it. */
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const nonceBytes = 12;
export const tagBytes = 16;
const cipher = 'aes-256-gcm';

export interface GcmOptions {
  /** 32 bytes; never used twice with the same nonce. */
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** Authenticated, not encrypted. */
  readonly beside: Uint8Array;
}

/** Ciphertext, and its tag after it. */
export function gcmSeal(plaintext: Uint8Array, { key, nonce, beside }: GcmOptions): Buffer {
  const sealing = createCipheriv(cipher, key, nonce);
  sealing.setAAD(beside);
  const ciphertext = sealing.update(plaintext);
  return Buffer.concat([ciphertext, sealing.final(), sealing.getAuthTag()]);
}

/** Undefined when anything was changed. `sealed` has at least the tag. */
export function gcmOpen(
  sealed: Uint8Array,
  { key, nonce, beside }: GcmOptions,
): Buffer | undefined {
  const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  opening.setAAD(beside);
  opening.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plaintext = opening.update(sealed.subarray(0, sealed.length - tagBytes));
  try {
    opening.final();
    return plaintext;
  } catch {
    // The only way `final` fails is a tag that does not match; Node gives it no code to check.
    plaintext.fill(0);
    return undefined;
  }
}
