/**
 * Under which key an object's bytes are: chosen when they are written, opened when they are read.
 * A managed key is looked at each time, whatever is remembered of the data keys it sealed. Not
 * whether the caller may use it; see key-needs.ts.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { assert, defined } from '../../kernel/assert.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { SealOptions } from '../sealing/sealed-store.ts';
import { type Answer, no } from './answer.ts';
import { dataKeyBytes, makeDataKeys } from './data-keys.ts';
import { contextOf, type KeyFinder, noKeys, refusedKey, type SealRequest } from './key-choice.ts';
import type { BucketRow, Encryption } from './rows.ts';
import type { ObjectAddress } from './space.ts';

/** A key in use, until `end`. */
export interface Seal {
  /** What the object's row records. */
  readonly encryption: Encryption;
  /** How the store reads and writes the blobs; good until `end`. */
  options(): SealOptions;
  /** 32 hex digits that tell nothing of the bytes; absent where the etag is their MD5. */
  readonly newEtag?: () => string;
  /** Zeroes the key; may be called more than once. */
  end(): void;
}

export interface Unlocking {
  /** 32 bytes, for objects under a key of the client's. */
  readonly customerKey?: Uint8Array;
}

export interface Sealed {
  readonly at: ObjectAddress;
  readonly encryption: Encryption | undefined;
}

export interface Keeper {
  /** For new bytes. Refuses `keyProblem`, `customerKeysBlocked`. */
  begin(at: ObjectAddress, bucket: BucketRow, request: SealRequest): Promise<Answer<Seal>>;
  /**
   * For bytes that are there, and for more parts of an upload. Refuses `keyProblem`,
   * `customerKeyMissing`, `customerKeyUnwanted`, `customerKeyWrong`.
   */
  open(sealed: Sealed, unlocking: Unlocking): Promise<Answer<Seal>>;
}

export interface KeeperParts {
  readonly finder: KeyFinder;
  readonly clock: Clock;
  readonly random: Random;
}

const saltBytes = 16;
const etagBytes = 16;

export function makeKeeper({ finder, clock, random }: KeeperParts): Keeper {
  const { keys, partition } = finder;
  const dataKeys = keys && makeDataKeys({ keys, clock });

  async function underKey(
    at: ObjectAddress,
    bucket: BucketRow,
    request: Extract<SealRequest, { kind: 'key' }>,
  ): Promise<Answer<Seal>> {
    const key = await finder.keyFor(bucket, request.reference);
    if (!key.ok) return refusedKey(key);
    const { context, twice, bucketKey = false } = request;
    const settings = { bucketKey: bucketKey && !twice, ...(context ? { context } : {}) };
    const full = contextOf(at, settings, partition);
    const made = await defined(dataKeys, 'data keys').make(key.value, {
      context: full,
      ...(settings.bucketKey ? { bucket: at.bucket } : {}),
    });
    if (!made.ok) return refusedKey(made);
    const encryption: Encryption = {
      kind: 'key',
      keyArn: key.value.arn,
      sealedKey: made.value.sealedKey,
      ...settings,
      ...(twice ? { twice } : {}),
    };
    return { ok: true, value: sealOf(encryption, made.value.plaintext, random) };
  }

  async function openKey(
    at: ObjectAddress,
    encryption: Extract<Encryption, { kind: 'key' }>,
  ): Promise<Answer<Seal>> {
    if (!dataKeys) return refusedKey(noKeys);
    const context = contextOf(at, encryption, partition);
    const { keyArn, sealedKey } = encryption;
    const opened = await dataKeys.open(sealedKey, { keyArn, context });
    if (!opened.ok) return refusedKey(opened);
    return { ok: true, value: sealOf(encryption, opened.value, random) };
  }

  return {
    async begin(at, bucket, request) {
      if (request.kind === 'key') return underKey(at, bucket, request);
      if (request.kind === 'own') return { ok: true, value: ownSeal };
      if (bucket.encryption?.blocksCustomerKeys) {
        return no('customerKeysBlocked', 'the bucket takes no objects under keys of clients');
      }
      const key = Uint8Array.from(request.key);
      const encryption = { kind: 'customer', keyCheck: checkOf(key, random) } as const;
      return { ok: true, value: sealOf(encryption, key, random) };
    },

    async open({ at, encryption = ownEncryption }, { customerKey }) {
      if (encryption.kind === 'customer') return openCustomer(encryption, customerKey, random);
      if (customerKey) return no('customerKeyUnwanted', 'not encrypted with a key of a client');
      if (encryption.kind === 'own') return { ok: true, value: ownSeal };
      return openKey(at, encryption);
    },
  };
}

const ownEncryption = { kind: 'own' } as const;

/** The store's own key: nothing to choose, nothing to zero. */
export const ownSeal: Seal = {
  encryption: ownEncryption,
  options: () => ({}),
  end: () => undefined,
};

/** Takes the key over. */
function sealOf(encryption: Encryption, secret: Uint8Array, random: Random): Seal {
  assert(secret.length === dataKeyBytes, `a key of an object has ${dataKeyBytes} bytes`);
  const twice = encryption.kind === 'key' && encryption.twice ? { twice: true } : {};
  let ended = false;
  return {
    encryption,
    options() {
      // It is zeroes by now: what would be written could be read by anybody.
      assert(!ended, 'a key is used after its end');
      return { key: secret, ...twice };
    },
    newEtag: () => Buffer.from(random.bytes(etagBytes)).toString('hex'),
    end() {
      ended = true;
      secret.fill(0);
    },
  };
}

function openCustomer(
  encryption: Extract<Encryption, { kind: 'customer' }>,
  key: Uint8Array | undefined,
  random: Random,
): Answer<Seal> {
  if (!key) return no('customerKeyMissing', 'encrypted with a key of the client’s');
  if (!isKey(key, encryption.keyCheck)) {
    return no('customerKeyWrong', 'encrypted with another key of the client’s');
  }
  return { ok: true, value: sealOf(encryption, Uint8Array.from(key), random) };
}

function checkOf(key: Uint8Array, random: Random): string {
  const salt = random.bytes(saltBytes);
  return Buffer.concat([salt, saltedCheck(key, salt)]).toString('base64');
}

function isKey(key: Uint8Array, keyCheck: string): boolean {
  const bytes = Buffer.from(keyCheck, 'base64');
  const salt = bytes.subarray(0, saltBytes);
  return timingSafeEqual(bytes.subarray(saltBytes), saltedCheck(key, salt));
}

function saltedCheck(key: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac('sha256', key).update('modelkeep object key check').update(salt).digest();
}
