/**
 * Managed keys over the store: data is sealed by a key's current material, and opened by whichever
 * sealed it. A key's state is read from its row at every opening. Who may is decided elsewhere.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Vault } from '../envelope/vault.ts';
import { type Blob, openBlob, parseBlob, sealBlob } from './crypto/blob.ts';
import { type KeyUses, makeKeyUses } from './crypto/key-uses.ts';
import { newMaterial } from './crypto/material.ts';
import { makeOpenedMaterials } from './crypto/opened.ts';
import { type MakePair, madePair } from './crypto/pairs.ts';
import { incorrectKey, invalidCiphertext, refusal, unusable } from './crypto/usable.ts';
import { findKey } from './finding.ts';
import type { EncryptionContext, KeyAnswer, Keys } from './keys.ts';
import { policyOf } from './policy-of.ts';
import { type KeyRow, keyed, keyRows } from './rows.ts';
import { serviceKey } from './service-keys.ts';

/** Managed keys with everything that they do. */
export interface ManagedKeys extends Keys, KeyUses {
  /** Clears what is open in memory of a key whose bytes, or some of them, were removed. */
  forget(keyArn: string): void;
  /** For use elsewhere; takes its turn with all others. Throws `PairsBusy`. */
  readonly makePair: MakePair;
}

export interface KeysParts {
  readonly store: MetadataStore;
  readonly vault: Vault;
  /** Must be fit for keys. */
  readonly random: Random;
  readonly clock: Clock;
}

export function makeKeys(parts: KeysParts): ManagedKeys {
  const { store, vault, random, clock } = parts;
  const opened = makeOpenedMaterials({ reader: store, vault });
  const { seal, open } = makeSealing({ ...parts, opened });
  const ownerOf = async (blob: Blob): Promise<KeyRow | undefined> =>
    store.get(keyRows, keyed(blob, blob.id));

  return {
    ...makeKeyUses({ opened, random, clock }),
    forget: opened.forget,
    makePair: madePair,
    find: (reference, scope) => findKey(store, reference, scope),
    policyOf: (key, caller) => policyOf(store, key, caller),
    ofService: (service, scope) =>
      serviceKey(
        { store, random, clock, newMaterial: (spec, arn) => newMaterial(spec, parts, arn) },
        service,
        scope,
      ),
    seal: (key, plaintext, context) => seal(key, plaintext, { context, operation: 'Encrypt' }),
    async dataKey(key, { context, sizeBytes }) {
      const plaintext = random.bytes(sizeBytes);
      const sealed = await seal(key, plaintext, { context, operation: 'GenerateDataKey' });
      if (!sealed.ok) return sealed;
      const { arn: keyArn, material = '' } = key;
      return { ok: true, value: { plaintext, sealed: sealed.value, keyArn, material } };
    },
    async open(sealed, { context, keyArn }) {
      const blob = parseBlob(sealed);
      const key = blob && (await ownerOf(blob));
      if (!key) return invalidCiphertext;
      if (keyArn !== undefined && keyArn !== key.arn) return incorrectKey;
      const plaintext = await open(key, blob, context);
      if (!plaintext.ok) return plaintext;
      const { material } = blob;
      return { ok: true, value: { plaintext: plaintext.value, keyArn: key.arn, material } };
    },
    async keyOf(sealed) {
      const blob = parseBlob(sealed);
      const value = blob && (await ownerOf(blob));
      return value ? { ok: true, value } : invalidCiphertext;
    },
  };
}

interface SealHow {
  readonly context: EncryptionContext;
  readonly operation: string;
}

function makeSealing({ opened, random, clock }: SealingParts) {
  const refused = (key: KeyRow, operation: string) => {
    const wanted = { usage: 'ENCRYPT_DECRYPT', algorithm: 'SYMMETRIC_DEFAULT' } as const;
    return unusable(key, { ...wanted, operation }, clock.nowMs());
  };
  return {
    async seal(
      key: KeyRow,
      plaintext: Uint8Array,
      { context, operation }: SealHow,
    ): Promise<KeyAnswer<Uint8Array>> {
      const no = refused(key, operation);
      if (no) return no;
      const { id, account, region, material = '' } = key;
      const owner = { id, account, region, material };
      const value = await opened.withBytes(key, material, (bytes) =>
        sealBlob(plaintext, { owner, bytes, context, random }),
      );
      if (value) return { ok: true, value };
      return refusal('invalidState', `${key.arn} has no key material.`);
    },
    async open(
      key: KeyRow,
      blob: Blob,
      context: EncryptionContext,
    ): Promise<KeyAnswer<Uint8Array>> {
      const no = refused(key, 'Decrypt');
      if (no) return no;
      const value = await opened.withBytes(key, blob.material, (bytes) =>
        openBlob(blob, { bytes, context }),
      );
      return value ? { ok: true, value } : invalidCiphertext;
    },
  };
}

type SealingParts = Pick<KeysParts, 'random' | 'clock'> & {
  readonly opened: ReturnType<typeof makeOpenedMaterials>;
};
