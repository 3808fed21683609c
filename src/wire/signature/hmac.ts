/** HMAC-SHA256 under a key that is used again and again. */
import { createHmac, hash } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';

const blockBytes = 64;
const hashBytes = 32;
/** Longer texts are left to Node's own. */
const mostCharacters = 1_024;
/** Of UTF-8, at most, for a unit of a JavaScript text. */
const unitBytes = 3;

/** In hex, of a text in UTF-8. */
export type Mac = (text: string) => string;

/** Of the text that is being signed; nothing waits between its writing and its hashing. */
const scratch = Buffer.alloc(blockBytes + unitBytes * mostCharacters);

/**
 * RFC 2104 by two hashes of one call each: an object of Node's for an HMAC takes twice as long. The
 * key has at most 64 bytes.
 */
export function macUnder(key: Uint8Array): Mac {
  assert(key.length <= blockBytes, 'a key of one block');
  const inner = Buffer.alloc(blockBytes);
  const outer = Buffer.alloc(blockBytes + hashBytes);
  for (let at = 0; at < blockBytes; at += 1) {
    inner[at] = 0x36 ^ (key[at] ?? 0);
    outer[at] = 0x5c ^ (key[at] ?? 0);
  }
  return (text) => {
    if (text.length > mostCharacters) return createHmac('sha256', key).update(text).digest('hex');
    scratch.set(inner);
    const end = blockBytes + scratch.write(text, blockBytes);
    outer.write(hash('sha256', scratch.subarray(0, end), 'hex'), blockBytes, 'hex');
    return hash('sha256', outer, 'hex');
  };
}
