/**
 * The keys under which the server seals what it keeps: the newest seals, older ones still open.
 * Where they come from, and how they are kept, is not decided here.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { assert, defined } from '../../kernel/assert.ts';

export const keyBytes = 32;
export const keyCheckBytes = 8;

export interface Keyring {
  /** 32 bytes: what is new is sealed under it. */
  readonly current: Uint8Array;
  /** Newest first. */
  readonly all: readonly Uint8Array[];
  /** By the check that what was sealed begins with; undefined for a key of another ring. */
  find(check: Uint8Array): Uint8Array | undefined;
}

/** Newest first, at least one, of 32 bytes each. */
export function keyringOf(keys: readonly Uint8Array[]): Keyring {
  const all = keys.map((key) => Uint8Array.from(key));
  const byCheck = new Map(all.map((key) => [keyCheck(key).toString('hex'), key]));
  return {
    current: defined(all[0], 'a keyring without a key'),
    all,
    find: (check) => byCheck.get(Buffer.from(check).toString('hex')),
  };
}

/** Tells a wrong key from damage, and nothing else about the key. */
export function keyCheck(key: Uint8Array): Buffer {
  assert(key.length === keyBytes, `a key of a ring has ${keyBytes} bytes`);
  const digest = createHmac('sha256', key).update('modelkeep envelope key check').digest();
  return digest.subarray(0, keyCheckBytes);
}

/** A key for one purpose, HKDF-SHA256: who learns it learns nothing of the key it came from. */
export function deriveKey(
  key: Uint8Array,
  { purpose, salt = new Uint8Array(0) }: { readonly purpose: string; readonly salt?: Uint8Array },
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, `modelkeep ${purpose}`, keyBytes));
}
