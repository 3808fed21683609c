/** A sealer for tests: hides nothing from anybody who looks, and notices every change. */
import { createHash } from 'node:crypto';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { Sealer } from '../../ports/sealer.ts';

const tagBytes = 16;
const saltBytes = 8;
const mask = 0x5a;

export function testSealer(): Sealer {
  let count = 0;
  const tagOf = (salt: Uint8Array, text: Uint8Array, binding: string) =>
    createHash('sha256').update(salt).update(`${binding}\0`).update(text).digest().subarray(0, 16);
  return {
    overheadBytes: tagBytes + saltBytes,
    seal(piece, binding) {
      const salt = Buffer.alloc(saltBytes);
      salt.writeUInt32BE((count += 1));
      const text = Buffer.from(piece).map((byte) => byte ^ mask);
      return Buffer.concat([tagOf(salt, text, binding), salt, text]);
    },
    open(sealed, binding) {
      const bytes = Buffer.from(sealed);
      const salt = bytes.subarray(tagBytes, tagBytes + saltBytes);
      const text = bytes.subarray(tagBytes + saltBytes);
      const sound = tagOf(salt, text, binding).equals(bytes.subarray(0, tagBytes));
      return sound ? ok(text.map((byte) => byte ^ mask)) : refuse('changed');
    },
  };
}
