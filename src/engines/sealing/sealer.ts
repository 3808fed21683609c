/**
 * Seals small pieces, many a second: AES-256-GCM under a key that is made once by a process, with a
 * counter for its nonce. A piece is
 * `check of the ring's key(8) ‖ salt(16) ‖ counter(8) ‖ ciphertext ‖ tag(16)`; its key is
 * derived from the ring's with the salt, its nonce is the counter, the binding is authenticated.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Sealer } from '../../ports/sealer.ts';
import { deriveKey, type Keyring, keyCheck, keyCheckBytes } from '../envelope/keyring.ts';

const cipher = 'aes-256-gcm';
const saltBytes = 16;
const counterBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const prefixBytes = keyCheckBytes + saltBytes;
const headBytes = prefixBytes + counterBytes;
/** Keys of processes before this one that are kept for opening. */
const maxKnown = 64;

/** What the pieces of this process begin with, and their key. */
interface Current {
  readonly of: Uint8Array;
  readonly prefix: Buffer;
  readonly key: Uint8Array;
  count: number;
}

export interface SealerParts {
  readonly keyring: Keyring;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Pieces for one purpose do not open for another. */
  readonly purpose: string;
}

export function makeSealer({ keyring, random, purpose }: SealerParts): Sealer {
  const derive = (key: Uint8Array, salt: Uint8Array) =>
    deriveKey(key, { purpose: `pieces of ${purpose}`, salt });
  let current: Current | undefined;
  const known = new Map<string, Uint8Array>();

  function own(): Current {
    // A ring that was rotated seals under its new key from the next piece on.
    if (current?.of === keyring.current) return current;
    const salt = random.bytes(saltBytes);
    const prefix = Buffer.concat([keyCheck(keyring.current), salt]);
    const key = derive(keyring.current, salt);
    current = { of: keyring.current, prefix, key, count: 0 };
    return current;
  }

  function keyOf(prefix: Buffer): Uint8Array | undefined {
    if (current?.prefix.equals(prefix)) return current.key;
    const name = prefix.toString('latin1');
    const found = known.get(name);
    if (found) return found;
    const ringKey = keyring.find(prefix.subarray(0, keyCheckBytes));
    if (!ringKey) return undefined;
    const key = derive(ringKey, prefix.subarray(keyCheckBytes));
    const [oldest] = known.keys();
    if (known.size >= maxKnown && oldest !== undefined) known.delete(oldest);
    known.set(name, key);
    return key;
  }

  return {
    overheadBytes: headBytes + tagBytes,
    seal(piece, binding, roomBytes = 0) {
      const state = own();
      const sealed = Buffer.allocUnsafe(roomBytes + headBytes + piece.length + tagBytes);
      const from = roomBytes + headBytes;
      sealed.set(state.prefix, roomBytes);
      writeCount(sealed, state.count, from - counterBytes);
      state.count += 1;
      const nonce = nonceOf(sealed.subarray(from - counterBytes, from));
      const sealing = createCipheriv(cipher, state.key, nonce);
      sealing.setAAD(Buffer.from(binding));
      sealed.set(sealing.update(piece), from);
      sealing.final();
      sealed.set(sealing.getAuthTag(), from + piece.length);
      return sealed;
    },
    open(sealed, binding) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
      if (bytes.length < headBytes + tagBytes) return refuse('too short to be a sealed piece');
      const key = keyOf(bytes.subarray(0, prefixBytes));
      if (!key) return refuse('sealed under another key');
      const nonce = nonceOf(bytes.subarray(prefixBytes, headBytes));
      const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
      opening.setAAD(Buffer.from(binding));
      opening.setAuthTag(bytes.subarray(bytes.length - tagBytes));
      const content = opening.update(bytes.subarray(headBytes, bytes.length - tagBytes));
      try {
        opening.final();
        return ok(content);
      } catch {
        // The only way `final` fails is a tag that does not match; Node gives it no code to check.
        return refuse('changed, or sealed for another place');
      }
    },
  };
}

/** Below 2^53; several times faster than as a BigInt. */
function writeCount(bytes: Buffer, count: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(count / 2 ** 32), at);
  bytes.writeUInt32BE(count % 2 ** 32, at + 4);
}

function nonceOf(counter: Uint8Array): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.set(counter, nonceBytes - counterBytes);
  return nonce;
}
