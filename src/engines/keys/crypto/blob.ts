/**
 * Ciphertexts of symmetric keys, a format of our own: it names the key and the material that sealed
 * it, so that it opens without being told, whatever rotations came after.
 *
 * Layout, version 1: `version(1) ‖ algorithm(1) ‖ form of key id(1) ‖ key number(16) ‖ account(5) ‖
 * length of region(1) ‖ region ‖ material id(32) ‖ salt(16) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`.
 * AES-256-GCM under a key of its own, HKDF-SHA256(material, salt): the number of ciphertexts of one
 * material is then not bounded by GCM's nonces (NIST SP 800-38D, 8.3). Authenticated besides the
 * ciphertext: everything before it, then the context as `encodeContext` writes it.
 */
import { assert } from '../../../kernel/assert.ts';
import type { Random } from '../../../kernel/random.ts';
import { encodeContext } from '../../envelope/envelope.ts';
import type { EncryptionContext } from '../keys.ts';
import { hkdfSha256 } from './derive.ts';
import { gcmOpen, gcmSeal, nonceBytes, tagBytes } from './gcm.ts';

/** Whose ciphertext it is. */
export interface BlobOwner {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** 64 hex digits. */
  readonly material: string;
}

/** A ciphertext taken apart; nothing in it is verified. */
export interface Blob extends BlobOwner {
  readonly header: Buffer;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  /** With its tag. */
  readonly ciphertext: Buffer;
}

const version = 1;
const aesGcm = 1;
const numberBytes = 16;
const accountBytes = 5;
const materialBytes = 32;
const saltBytes = 16;
const purpose = 'modelkeep key ciphertext v1';
const info = Buffer.from(purpose, 'utf8');

/** Where in the header the key's number, its account and its region are. */
const numberAt = 3;
const accountAt = numberAt + numberBytes;
const regionAt = accountAt + accountBytes + 1;
const regionLimitBytes = 64;
const leastBytes = regionAt + materialBytes + saltBytes + nonceBytes + tagBytes;

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const multiRegionForm = /^mrk-[0-9a-f]{32}$/;
const regionForm = /^[a-z0-9-]+$/;

export interface SealBlobOptions {
  readonly owner: BlobOwner;
  /** Of the material, 32 bytes. */
  readonly bytes: Uint8Array;
  readonly context: EncryptionContext;
  readonly random: Random;
}

export function sealBlob(
  plaintext: Uint8Array,
  { owner, bytes, context, random }: SealBlobOptions,
): Buffer {
  const fresh = random.bytes(saltBytes + nonceBytes);
  const header = Buffer.concat([ownerBytes(owner), fresh]);
  const salt = header.subarray(-saltBytes - nonceBytes, -nonceBytes);
  const key = hkdfSha256(bytes, { salt, info });
  const nonce = header.subarray(-nonceBytes);
  const beside = Buffer.concat([header, encodeContext(context)]);
  const ciphertext = gcmSeal(plaintext, { key, nonce, beside });
  key.fill(0);
  return Buffer.concat([header, ciphertext]);
}

/** Undefined for damage, another material or another context: which of them is not told. */
export function openBlob(
  blob: Blob,
  { bytes, context }: Pick<SealBlobOptions, 'bytes' | 'context'>,
): Buffer | undefined {
  const key = hkdfSha256(bytes, { salt: blob.salt, info });
  const beside = Buffer.concat([blob.header, encodeContext(context)]);
  const plaintext = gcmOpen(blob.ciphertext, { key, nonce: blob.nonce, beside });
  key.fill(0);
  return plaintext;
}

/** Undefined for what is no ciphertext of ours. */
export function parseBlob(sealed: Uint8Array): Blob | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
  if (bytes.length < leastBytes || bytes[0] !== version || bytes[1] !== aesGcm) return undefined;
  const regionEnd = regionAt + (bytes[regionAt - 1] ?? 0);
  const nonceEnd = regionEnd + materialBytes + saltBytes + nonceBytes;
  if (bytes.length < nonceEnd + tagBytes) return undefined;
  const id = idOf(bytes[2], bytes.toString('hex', numberAt, accountAt));
  const region = bytes.toString('latin1', regionAt, regionEnd);
  const account = String(bytes.readUIntBE(accountAt, accountBytes)).padStart(12, '0');
  if (!id || !regionForm.test(region)) return undefined;
  return {
    ...{ id, region, account },
    material: bytes.toString('hex', regionEnd, regionEnd + materialBytes),
    header: bytes.subarray(0, nonceEnd),
    salt: bytes.subarray(nonceEnd - nonceBytes - saltBytes, nonceEnd - nonceBytes),
    nonce: bytes.subarray(nonceEnd - nonceBytes, nonceEnd),
    ciphertext: bytes.subarray(nonceEnd),
  };
}

function ownerBytes({ id, account, region, material }: BlobOwner): Buffer {
  const multiRegion = multiRegionForm.test(id);
  assert(multiRegion || uuidForm.test(id), `${id} is no id of a key`);
  assert(regionForm.test(region) && region.length <= regionLimitBytes, `${region} is no region`);
  const place = Buffer.alloc(accountBytes + 1);
  place.writeUIntBE(Number(account), 0, accountBytes);
  place.writeUInt8(region.length, accountBytes);
  return Buffer.concat([
    Uint8Array.of(version, aesGcm, multiRegion ? 1 : 0),
    Buffer.from(id.slice(multiRegion ? 4 : 0).replaceAll('-', ''), 'hex'),
    place,
    Buffer.from(region, 'latin1'),
    Buffer.from(material, 'hex'),
  ]);
}

function idOf(form: number | undefined, number: string): string | undefined {
  if (form === 1) return `mrk-${number}`;
  if (form !== 0) return undefined;
  return number.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
