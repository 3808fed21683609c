/**
 * Encryption of long content in chunks that are verified one by one: C2SP chunked-encryption
 * (https://c2sp.org/chunked-encryption), whose chunks are of 16 KiB, and the same construction with
 * larger chunks, which has a label of its own. Where the salt comes from is the caller's business.
 *
 * `key ‖ base nonce ‖ commitment = HKDF-Expand-SHA512(input key, label ‖ 00 ‖ salt ‖ context)`; a
 * sealed message is `salt(24) ‖ commitment(32) ‖ chunks`, each chunk `ciphertext ‖ tag(16)` under
 * the base nonce XOR its number. The last chunk is shorter than the others, if need be empty, so
 * that a message cannot be cut at the end of a chunk.
 */
import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';
import { shortHmac } from '../../kernel/hmac.ts';

export interface ChunkedForm {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm';
  readonly label: string;
  /** Of the content; a chunk has `tagBytes` more when it is sealed. */
  readonly chunkBytes: number;
}

export const saltBytes = 24;
export const commitmentBytes = 32;
/** Before the first chunk. */
export const messageHeadBytes = saltBytes + commitmentBytes;
export const tagBytes = 16;
const nonceBytes = 12;
const sha512Bytes = 64;

/** As published. */
export const cobblestone128: ChunkedForm = {
  cipher: 'aes-128-gcm',
  label: 'c2sp.org/chunked-encryption@v1+AEAD_AES_128_GCM',
  chunkBytes: 16_384,
};
export const cobblestone256: ChunkedForm = {
  cipher: 'aes-256-gcm',
  label: 'c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM',
  chunkBytes: 16_384,
};
/** For what is kept: a chunk costs a set-up of the cipher, which the published size pays often. */
export const storageForm: ChunkedForm = {
  cipher: 'aes-256-gcm',
  label: 'modelkeep/chunked-encryption@v2+AEAD_AES_256_GCM',
  chunkBytes: 262_144,
};
/** Of blobs that were kept before. */
export const firstStorageForm: ChunkedForm = {
  cipher: 'aes-256-gcm',
  label: 'modelkeep/chunked-encryption@v1+AEAD_AES_256_GCM',
  chunkBytes: 65_536,
};

export interface MessageKey {
  /** As long as the cipher's. */
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly context: string | Uint8Array;
}

export interface SealingChunk {
  update(content: Uint8Array): Uint8Array;
  /** What is left, and the tag. */
  end(): Uint8Array;
}

export interface ChunkCipher {
  readonly chunkBytes: number;
  readonly commitment: Uint8Array;
  /** For who opens chunks elsewhere. */
  readonly material: { readonly key: Uint8Array; readonly baseNonce: Uint8Array };
  seal(index: number): SealingChunk;
  /** A whole sealed chunk; undefined when it is not what was sealed at this place. */
  open(index: number, sealed: Uint8Array): Uint8Array | undefined;
}

export function chunkCipher(form: ChunkedForm, { key, salt, context }: MessageKey): ChunkCipher {
  const keyBytes = form.cipher === 'aes-128-gcm' ? 16 : 32;
  assert(key.length === keyBytes && salt.length === saltBytes, 'key and salt of a message');
  const info = [Buffer.from(`${form.label}\0`), salt, Buffer.from(context)];
  const all = expand(key, Buffer.concat(info), keyBytes + nonceBytes + commitmentBytes);
  const own = all.subarray(0, keyBytes);
  const baseNonce = all.subarray(keyBytes, keyBytes + nonceBytes);
  return {
    chunkBytes: form.chunkBytes,
    commitment: all.subarray(keyBytes + nonceBytes),
    material: { key: own, baseNonce },
    seal(index) {
      const cipher = createCipheriv(form.cipher, own, nonceOf(baseNonce, index));
      const end = () => Buffer.concat([cipher.final(), cipher.getAuthTag()]);
      return { update: (content) => cipher.update(content), end };
    },
    open(index, sealed) {
      const at = sealed.length - tagBytes;
      if (at < 0) return undefined;
      const nonce = nonceOf(baseNonce, index);
      const opening = createDecipheriv(form.cipher, own, nonce, { authTagLength: tagBytes });
      opening.setAuthTag(sealed.subarray(at));
      const content = opening.update(sealed.subarray(0, at));
      try {
        opening.final();
        return content;
      } catch {
        // The only way `final` fails is a tag that does not match; Node gives it no code to check.
        return undefined;
      }
    },
  };
}

/** Whether a message was sealed with this key, salt and context. */
export function commitsTo({ commitment }: ChunkCipher, found: Uint8Array): boolean {
  return found.length === commitment.length && timingSafeEqual(commitment, found);
}

function nonceOf(base: Uint8Array, index: number): Buffer {
  const nonce = Buffer.from(base);
  const at = nonceBytes - 8;
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(at) ^ BigInt(index), at);
  return nonce;
}

/** HKDF-Expand of RFC 5869. */
function expand(key: Uint8Array, info: Uint8Array, lengthBytes: number): Buffer {
  const all = Buffer.alloc(Math.ceil(lengthBytes / sha512Bytes) * sha512Bytes);
  for (let count = 1, at = 0; at < lengthBytes; count += 1, at += sha512Bytes) {
    const before = all.subarray(Math.max(0, at - sha512Bytes), at);
    const block = shortHmac('sha512', key, [before, info, Uint8Array.of(count)]);
    all.write(block, at, 'latin1');
  }
  return all.subarray(0, lengthBytes);
}
