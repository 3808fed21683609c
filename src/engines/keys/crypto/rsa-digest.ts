/**
 * RSA signatures over a digest that was made elsewhere: node:crypto signs and verifies messages
 * only. The encodings of RFC 8017, 9.1 (PSS) and 9.2 (PKCS #1 v1.5), around its raw operation.
 */
import {
  constants,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  timingSafeEqual,
} from 'node:crypto';
import { assert } from '../../../kernel/assert.ts';
import type { Random } from '../../../kernel/random.ts';
import type { HashName } from './signing.ts';

const hex = (digits: string) => Buffer.from(digits, 'hex');

/** RFC 8017, 9.2, note 1: what stands before the digest says which it is. */
const digestPrefixes: Readonly<Record<HashName, Buffer>> = {
  sha256: hex('3031300d060960864801650304020105000420'),
  sha384: hex('3041300d060960864801650304020205000430'),
  sha512: hex('3051300d060960864801650304020305000440'),
};

export function signPkcs1(digest: Uint8Array, hash: HashName, key: KeyObject): Buffer {
  const padding = constants.RSA_PKCS1_PADDING;
  return privateEncrypt({ key, padding }, Buffer.concat([digestPrefixes[hash], digest]));
}

interface Signed {
  readonly digest: Uint8Array;
  readonly hash: HashName;
  readonly signature: Uint8Array;
}

export function verifyPkcs1({ digest, hash, signature }: Signed, key: KeyObject): boolean {
  // Compared as a whole: what is taken apart may hide bytes that nobody looks at.
  const info = Buffer.concat([digestPrefixes[hash], digest]);
  const padding = Buffer.alloc(modulusBytes(key) - info.length - 3, 0xff);
  const expected = Buffer.concat([Uint8Array.of(0, 1), padding, Uint8Array.of(0), info]);
  const encoded = rawOf(signature, key);
  return encoded !== undefined && timingSafeEqual(encoded, expected);
}

export interface PssOptions {
  readonly hash: HashName;
  readonly key: KeyObject;
  readonly random: Random;
}

/** The salt is as long as the digest. */
export function signPss(digest: Uint8Array, { hash, key, random }: PssOptions): Buffer {
  const sizeBytes = modulusBytes(key);
  const salt = random.bytes(digest.length);
  const h = pssHash(hash, digest, salt);
  const block = Buffer.alloc(sizeBytes - h.length - 1);
  block.set(salt, block.length - salt.length);
  block[block.length - salt.length - 1] = 1;
  const masked = exclusiveOr(block, maskOf(hash, h, block.length));
  // The encoded message has one bit less than the modulus, whose lengths are whole bytes.
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([masked, h, Uint8Array.of(0xbc)]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

export function verifyPss({ digest, hash, signature }: Signed, key: KeyObject): boolean {
  const encoded = rawOf(signature, key);
  if (!encoded || encoded[encoded.length - 1] !== 0xbc) return false;
  const masked = encoded.subarray(0, encoded.length - digest.length - 1);
  const h = encoded.subarray(masked.length, -1);
  if ((masked[0] ?? 0) >= 0x80) return false;
  const block = exclusiveOr(masked, maskOf(hash, h, masked.length));
  block[0] = (block[0] ?? 0) & 0x7f;
  const salt = block.subarray(block.length - digest.length);
  const zeros = block.subarray(0, block.length - digest.length - 1);
  if (zeros.some((byte) => byte !== 0) || block[zeros.length] !== 1) return false;
  return timingSafeEqual(h, pssHash(hash, digest, salt));
}

function pssHash(hash: HashName, digest: Uint8Array, salt: Uint8Array): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** MGF1: RFC 8017, B.2.1. */
function maskOf(hash: HashName, seed: Uint8Array, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, done = 0; done < sizeBytes; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const block = createHash(hash).update(seed).update(number).digest();
    blocks.push(block);
    done += block.length;
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

function exclusiveOr(one: Uint8Array, two: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (two[at] ?? 0)));
}

/** What was signed, padding included; undefined for what is no number below the modulus. */
function rawOf(signature: Uint8Array, key: KeyObject): Buffer | undefined {
  if (signature.length !== modulusBytes(key)) return undefined;
  try {
    return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    // Without padding there is nothing to fail on but a number that is too large.
    return undefined;
  }
}

function modulusBytes({ asymmetricKeyDetails }: KeyObject): number {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  assert(bits > 0 && bits % 8 === 0, 'an RSA key of whole bytes');
  return bits / 8;
}
