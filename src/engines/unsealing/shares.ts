/**
 * Shares of a secret as text that people keep: in Crockford's base 32, in groups, with the set they
 * belong to and a checksum against slips of the pen. What a share says of the secret is not judged.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface Share {
  /** Eight hex digits, the same of all shares that belong together. */
  readonly set: string;
  readonly bytes: Uint8Array;
}

export const setBytes = 4;
const checksumBytes = 4;
/** A share of 32 bytes is one byte longer. */
const shareBytes = 33;
const totalBytes = setBytes + shareBytes + checksumBytes;
const prefix = 'MKS';
const groupLength = 6;
/** Of text with its dashes and spaces. */
const longestText = 200;
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const bitsPerLetter = 5;
const textLength = Math.ceil((totalBytes * 8) / bitsPerLetter);

export function formatShare({ set, bytes }: Share): string {
  assert(bytes.length === shareBytes, `a share has ${shareBytes} bytes`);
  const body = Buffer.concat([Buffer.from(set, 'hex'), bytes]);
  const all = Buffer.concat([body, checksumOf(body)]);
  const letters = encode(all);
  const groups = letters.match(new RegExp(`.{1,${groupLength}}`, 'g')) ?? [];
  return [prefix, ...groups].join('-');
}

/** Letters of either case; O is read as 0, I and L as 1. Refusals never repeat the share. */
export function parseShare(text: string): Outcome<Share> {
  const notOne = refuse(`this is no share: it begins with ${prefix} and has ${textLength} letters`);
  if (text.length > longestText) return notOne;
  const plain = text
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  if (!plain.startsWith(prefix) || plain.length !== prefix.length + textLength) return notOne;
  const letters = plain.slice(prefix.length);
  const all = decode(letters);
  if (!all) return notOne;
  const body = all.subarray(0, setBytes + shareBytes);
  if (!timingSafeEqual(checksumOf(body), all.subarray(body.length))) {
    return refuse('the share has a slip in it: its checksum does not fit');
  }
  return ok({
    set: body.subarray(0, setBytes).toString('hex'),
    bytes: Uint8Array.from(body.subarray(setBytes)),
  });
}

function checksumOf(body: Uint8Array): Buffer {
  return createHash('sha256').update(prefix).update(body).digest().subarray(0, checksumBytes);
}

function encode(bytes: Uint8Array): string {
  let letters = '';
  for (let at = 0; at < textLength; at += 1) letters += alphabet[bitsAt(bytes, at)];
  return letters;
}

/** The five bits of a letter; beyond the last byte they are zero. */
function bitsAt(bytes: Uint8Array, letter: number): number {
  const bit = letter * bitsPerLetter;
  const byte = bit >> 3;
  const pair = ((bytes[byte] ?? 0) << 8) | (bytes[byte + 1] ?? 0);
  return (pair >> (11 - (bit & 7))) & 31;
}

function decode(letters: string): Buffer | undefined {
  const bytes = Buffer.alloc(totalBytes + 2);
  for (let at = 0; at < letters.length; at += 1) {
    const value = alphabet.indexOf(letters.charAt(at));
    if (value < 0) return undefined;
    const bit = at * bitsPerLetter;
    const byte = bit >> 3;
    const pair = value << (11 - (bit & 7));
    bytes[byte] = (bytes[byte] ?? 0) | (pair >> 8);
    bytes[byte + 1] = (bytes[byte + 1] ?? 0) | (pair & 255);
  }
  // Bits beyond the last byte mean nothing, and must then say nothing.
  return bytes.subarray(totalBytes).every((byte) => byte === 0)
    ? bytes.subarray(0, totalBytes)
    : undefined;
}
