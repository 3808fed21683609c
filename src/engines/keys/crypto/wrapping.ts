/**
 * Key bytes on their way in: unwrapping what was encrypted for an import, by each way of wrapping.
 * Where the wrapping key comes from and for how long it is good is told in `import-token.ts`.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { privateKeyOf } from './material.ts';
import { type OaepAlgorithm, oaepDecrypt } from './rsa.ts';

export type WrappingAlgorithm =
  | 'RSAES_OAEP_SHA_1'
  | 'RSAES_OAEP_SHA_256'
  | 'RSA_AES_KEY_WRAP_SHA_1'
  | 'RSA_AES_KEY_WRAP_SHA_256';

export const wrappingAlgorithms: readonly WrappingAlgorithm[] = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
];

/** Whether it wraps a key of its own first, so that what is wrapped may be long. */
export function wrapsTwice(algorithm: WrappingAlgorithm): boolean {
  return algorithm.startsWith('RSA_AES_KEY_WRAP');
}

/** Undefined for what was not wrapped so. `privateKey` is PKCS#8 DER. */
export function unwrap(
  wrapped: Uint8Array,
  { algorithm, privateKey }: { readonly algorithm: WrappingAlgorithm; readonly privateKey: Buffer },
): Buffer | undefined {
  const key = privateKeyOf(privateKey);
  const oaep: OaepAlgorithm = algorithm.endsWith('SHA_1')
    ? 'RSAES_OAEP_SHA_1'
    : 'RSAES_OAEP_SHA_256';
  if (!wrapsTwice(algorithm)) return oaepDecrypt(wrapped, oaep, key);
  // PKCS #11, CKM_RSA_AES_KEY_WRAP: the AES key under RSA-OAEP, then what it wraps.
  const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const inner = oaepDecrypt(wrapped.subarray(0, modulusBytes), oaep, key);
  if (inner?.length !== aesKeyBytes) return undefined;
  const unwrapped = kwpUnwrap(wrapped.subarray(modulusBytes), inner);
  inner.fill(0);
  return unwrapped;
}

const aesKeyBytes = 32;
const kwp = 'id-aes256-wrap-pad';
/** RFC 5649, 3: the first half of the alternative initial value. */
const kwpStart = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6);
const kwpBlockBytes = 8;

/** AES key wrap with padding, RFC 5649, of 32-byte keys; undefined for what was not wrapped so. */
export function kwpUnwrap(wrapped: Uint8Array, key: Uint8Array): Buffer | undefined {
  const blocks = wrapped.length / kwpBlockBytes;
  if (blocks < 2 || !Number.isInteger(blocks)) return undefined;
  const opening = createDecipheriv(kwp, key, kwpStart);
  try {
    return Buffer.concat([opening.update(wrapped), opening.final()]);
  } catch {
    // Its check failed; OpenSSL says no more than that.
    return undefined;
  }
}

/** The other way, for whoever prepares an import. */
export function kwpWrap(plain: Uint8Array, key: Uint8Array): Buffer {
  const wrapping = createCipheriv(kwp, key, kwpStart);
  return Buffer.concat([wrapping.update(plain), wrapping.final()]);
}
