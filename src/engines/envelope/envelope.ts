/**
 * Sealing small secrets under a key: AES-256-GCM, with a context that is authenticated and not
 * stored. Not for large objects, which need ranges, and not where keys are kept or rotated.
 *
 * Layout of an envelope, version 1:
 * `version(1) ‖ keyCheck(8) ‖ salt(16) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`.
 * Each envelope has a key of its own, HKDF-SHA256(key, salt), so that the number of envelopes under
 * one key is not bounded by the nonces of GCM (NIST SP 800-38D, 8.3). Authenticated besides the
 * ciphertext: everything before it, then the context as count, and for every pair in order of its
 * name's UTF-8 bytes, length and name, length and value (32 bits, big-endian).
 */
import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto';
import { compareUtf8 } from '../../kernel/bytes.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { keyBytes, keyCheck, keyCheckBytes } from './keyring.ts';

/** Names and values that must be the same when opening; an empty one is the same as none. */
export type SealContext = Readonly<Record<string, string>>;

export interface OpenOptions {
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly context: SealContext;
}

export interface SealOptions extends OpenOptions {
  /** Must be fit for keys. */
  readonly random: Random;
}

const version = 1;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + keyCheckBytes + saltBytes + nonceBytes;
const cipher = 'aes-256-gcm';

/** Bytes that an envelope has beyond its content. */
export const overheadBytes = headBytes + tagBytes;

export function seal(plaintext: Uint8Array, { key, context, random }: SealOptions): Uint8Array {
  const salt = random.bytes(saltBytes);
  const nonce = random.bytes(nonceBytes);
  const head = Buffer.concat([Uint8Array.of(version), keyCheck(key), salt, nonce]);
  const sealing = createCipheriv(cipher, ownKey(key, salt), nonce);
  sealing.setAAD(Buffer.concat([head, encodeContext(context)]));
  const ciphertext = Buffer.concat([sealing.update(plaintext), sealing.final()]);
  return Buffer.concat([head, ciphertext, sealing.getAuthTag()]);
}

/** Refused with the reason: no envelope, another key, or changed bytes or context. */
export function open(sealed: Uint8Array, { key, context }: OpenOptions): Outcome<Uint8Array> {
  const bytes = Buffer.from(sealed);
  if (bytes.length < overheadBytes) return refuse('too short to be an envelope');
  if (bytes[0] !== version) return refuse(`an envelope of unknown version ${bytes[0]}`);
  if (!timingSafeEqual(envelopeKeyCheck(bytes), keyCheck(key))) {
    return refuse('sealed under another key');
  }
  const head = bytes.subarray(0, headBytes);
  const salt = head.subarray(1 + keyCheckBytes, 1 + keyCheckBytes + saltBytes);
  const nonce = head.subarray(headBytes - nonceBytes);
  const opening = createDecipheriv(cipher, ownKey(key, salt), nonce, { authTagLength: tagBytes });
  opening.setAAD(Buffer.concat([head, encodeContext(context)]));
  opening.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const content = opening.update(bytes.subarray(headBytes, bytes.length - tagBytes));
  try {
    return ok(Buffer.concat([content, opening.final()]));
  } catch {
    // The only way `final` fails is a tag that does not match; Node gives it no code to check.
    return refuse('corrupted, or sealed with another context');
  }
}

/** Which key an envelope was sealed under; too short a one names none. */
export function envelopeKeyCheck(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(1, 1 + keyCheckBytes);
}

function ownKey(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, 'modelkeep envelope v1', keyBytes));
}

/** Lengths keep `{a: 'bc'}` and `{ab: 'c'}` apart. */
export function encodeContext(context: SealContext): Buffer {
  const names = Object.keys(context).sort(compareUtf8);
  const parts = [length(names.length)];
  for (const text of names.flatMap((name) => [name, context[name] ?? ''])) {
    const bytes = Buffer.from(text, 'utf8');
    parts.push(length(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
