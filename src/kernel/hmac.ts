/**
 * HMAC (RFC 2104) of short messages by two hashes of one call each: an object of Node's for an HMAC
 * takes three times as long as all of that. Not for long messages, which are copied.
 */
import { createHmac, hash } from 'node:crypto';

interface Sizes {
  readonly blockBytes: number;
  readonly hashBytes: number;
}

const sizes: Readonly<Record<'sha256' | 'sha512', Sizes>> = {
  sha256: { blockBytes: 64, hashBytes: 32 },
  sha512: { blockBytes: 128, hashBytes: 64 },
};

/** Of a message that is put together here; nearly all are far shorter. */
const mostBytes = 49_152;
const inner = Buffer.alloc(128 + mostBytes);
const outer = Buffer.alloc(128 + 64);

/** Of the parts one after another, texts as UTF-8; the answer is Latin-1, a character a byte. */
export function shortHmac(
  algorithm: keyof typeof sizes,
  key: Uint8Array,
  parts: readonly (string | Uint8Array)[],
): string {
  const { blockBytes, hashBytes } = sizes[algorithm];
  let most = 0;
  for (const part of parts) most += typeof part === 'string' ? 3 * part.length : part.length;
  if (most > mostBytes || key.length > blockBytes) return longHmac(algorithm, key, parts);
  for (let at = 0; at < blockBytes; at += 1) {
    const byte = key[at] ?? 0;
    inner[at] = 0x36 ^ byte;
    outer[at] = 0x5c ^ byte;
  }
  let end = blockBytes;
  for (const part of parts) {
    if (typeof part === 'string') end += inner.write(part, end);
    else {
      inner.set(part, end);
      end += part.length;
    }
  }
  const within = hash(algorithm, inner.subarray(0, end), 'binary');
  outer.write(within, blockBytes, hashBytes, 'latin1');
  const mac = hash(algorithm, outer.subarray(0, blockBytes + hashBytes), 'binary');
  // They hold the key.
  inner.fill(0, 0, blockBytes);
  outer.fill(0, 0, blockBytes);
  return mac;
}

function longHmac(
  algorithm: string,
  key: Uint8Array,
  parts: readonly (string | Uint8Array)[],
): string {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('binary');
}
