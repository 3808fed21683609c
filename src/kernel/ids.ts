/** Identifiers made from a `Random`. */
import type { Random } from './random.ts';

/** RFC 9562 version 4, lower case. */
export function uuid(random: Random): string {
  const { buffer, byteOffset } = random.bytes(16);
  const bytes = Buffer.from(buffer, byteOffset, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  const [first, second] = [hex.slice(0, 8), hex.slice(8, 12)];
  return `${first}-${second}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The same, written hundreds at a time: asking for each costs more than all else about it. */
export function uuids(random: Random): () => string {
  let written = '';
  let at = 0;
  return () => {
    if (at === written.length) {
      written = writtenUuids(random.bytes(uuidBytes * uuidsAtATime));
      at = 0;
    }
    at += uuidChars;
    return written.slice(at - uuidChars, at);
  };
}

const uuidBytes = 16;
const uuidChars = 36;
const uuidsAtATime = 256;
const hexDigits = '0123456789abcdef';
const dash = 0x2d;

function writtenUuids(bytes: Uint8Array): string {
  const text = Buffer.alloc((bytes.length / uuidBytes) * uuidChars, dash);
  for (let from = 0, at = 0; from < bytes.length; from += uuidBytes, at += uuidChars) {
    writeUuid(bytes.subarray(from, from + uuidBytes), text, at);
  }
  return text.toString('latin1');
}

/** Of its own: one loop over all would be compiled while it runs, and thrown away at its end. */
function writeUuid(bytes: Uint8Array, text: Buffer, start: number): void {
  let at = start;
  for (let place = 0; place < uuidBytes; place += 1) {
    let byte = bytes[place] ?? 0;
    if (place === 6) byte = (byte & 0x0f) | 0x40;
    if (place === 8) byte = (byte & 0x3f) | 0x80;
    if (place === 4 || place === 6 || place === 8 || place === 10) at += 1;
    text[at] = hexDigits.charCodeAt(byte >> 4);
    text[at + 1] = hexDigits.charCodeAt(byte & 0x0f);
    at += 2;
  }
}

/** `length` characters drawn evenly from `alphabet`, by rejection. */
export function randomText(random: Random, alphabet: string, length: number): string {
  const fair = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < fair && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
