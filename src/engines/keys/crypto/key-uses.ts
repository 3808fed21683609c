/**
 * What keys do besides sealing data: RSA encryption, signatures, message authentication codes and
 * agreement on secrets. Each looks at the key's state and usage first.
 */
import { diffieHellman, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../kernel/clock.ts';
import type { Random } from '../../../kernel/random.ts';
import type { KeyAnswer } from '../keys.ts';
import type { KeyRow } from '../rows.ts';
import { macOf } from './mac.ts';
import { publicKeyOf } from './material.ts';
import type { OpenedMaterials } from './opened.ts';
import { type OaepAlgorithm, oaepDecrypt, oaepEncrypt } from './rsa.ts';
import { isSignature, makeSignature, type ToSign } from './signing.ts';
import type { MacAlgorithm } from './specs.ts';
import {
  invalidCiphertext,
  type KeyRefusal,
  refusal,
  unusable,
  type Wanted,
  wrongState,
} from './usable.ts';

export interface KeyUses {
  /** At most `oaepLimitBytes` of plaintext. */
  encryptTo(key: KeyRow, text: Uint8Array, how: OaepUse): Promise<KeyAnswer<Uint8Array>>;
  decryptFrom(key: KeyRow, text: Uint8Array, how: OaepUse): Promise<KeyAnswer<Uint8Array>>;
  sign(key: KeyRow, what: ToSign): Promise<KeyAnswer<Uint8Array>>;
  verify(key: KeyRow, what: ToVerify): Promise<KeyAnswer<boolean>>;
  mac(key: KeyRow, what: ToAuthenticate): Promise<KeyAnswer<Uint8Array>>;
  /** The other's public key must be of the same curve: see `canAgree`. */
  sharedSecret(key: KeyRow, other: KeyObject): Promise<KeyAnswer<Uint8Array>>;
  /** SPKI DER. Whatever the pair is for; of keys that have bytes of their own, none. */
  publicKey(key: KeyRow): Promise<KeyAnswer<Uint8Array>>;
}

export interface OaepUse {
  readonly algorithm: OaepAlgorithm;
  readonly operation: string;
}

export type ToVerify = ToSign & { readonly signature: Uint8Array };

export interface ToAuthenticate {
  readonly message: Uint8Array;
  readonly algorithm: MacAlgorithm;
  readonly operation: string;
}

export interface KeyUsesParts {
  readonly opened: OpenedMaterials;
  readonly random: Random;
  readonly clock: Clock;
}

export function makeKeyUses({ opened, random, clock }: KeyUsesParts): KeyUses {
  /** The half that is asked for, of a key that can do what is wanted. */
  const half = async (
    which: 'privateKey' | 'publicKey',
    key: KeyRow,
    wanted: Wanted,
  ): Promise<KeyAnswer<KeyObject>> => {
    const refused = unusable(key, wanted, clock.nowMs());
    if (refused) return refused;
    const found = await opened[which](key);
    if (!found) return gone(key);
    return { ok: true, value: Buffer.isBuffer(found) ? publicKeyOf(found) : found };
  };
  const encrypting = ({ algorithm, operation }: OaepUse) =>
    ({ usage: 'ENCRYPT_DECRYPT', operation, algorithm }) as const;
  const signing = (algorithm: string, operation: string) =>
    ({ usage: 'SIGN_VERIFY', operation, algorithm }) as const;

  return {
    async encryptTo(key, text, how) {
      const own = await half('publicKey', key, encrypting(how));
      if (!own.ok) return own;
      return { ok: true, value: oaepEncrypt(text, how.algorithm, own.value) };
    },
    async decryptFrom(key, text, how) {
      const own = await half('privateKey', key, encrypting(how));
      if (!own.ok) return own;
      const value = oaepDecrypt(text, how.algorithm, own.value);
      return value ? { ok: true, value } : invalidCiphertext;
    },
    async sign(key, what) {
      const own = await half('privateKey', key, signing(what.algorithm, 'Sign'));
      if (!own.ok) return own;
      return { ok: true, value: await makeSignature(what, { key: own.value, random }) };
    },
    async verify(key, what) {
      const own = await half('publicKey', key, signing(what.algorithm, 'Verify'));
      if (!own.ok) return own;
      return { ok: true, value: await isSignature(what, own.value) };
    },
    async mac(key, { message, algorithm, operation }) {
      const wanted = { usage: 'GENERATE_VERIFY_MAC', operation, algorithm } as const;
      const refused = unusable(key, wanted, clock.nowMs());
      if (refused) return refused;
      const value = await opened.withBytes(key, key.material ?? '', (bytes) =>
        macOf(message, algorithm, bytes),
      );
      return value ? { ok: true, value } : gone(key);
    },
    async sharedSecret(key, other) {
      const wanted = { usage: 'KEY_AGREEMENT', operation: 'DeriveSharedSecret' } as const;
      const own = await half('privateKey', key, { ...wanted, algorithm: 'ECDH' });
      if (!own.ok) return own;
      const value = diffieHellman({ privateKey: own.value, publicKey: other });
      return { ok: true, value };
    },
    async publicKey(key) {
      const refused = wrongState(key, clock.nowMs());
      if (refused) return refused;
      const value = await opened.publicKey(key);
      return value ? { ok: true, value } : gone(key);
    },
  };
}

/** Between the look at the key and the look at its bytes, they were removed. */
function gone({ arn }: KeyRow): KeyRefusal {
  return refusal('invalidState', `${arn} has no key material.`);
}
