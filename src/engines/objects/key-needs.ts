/**
 * What using the managed key of an object needs permission for, before the bytes are touched. No
 * answer means no key: what cannot be found is refused when it is used.
 */
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { aliasMeant } from '../keys/finding.ts';
import type { EncryptionContext } from '../keys/keys.ts';
import { keyCheck } from '../keys/permission.ts';
import type { KeyRow } from '../keys/rows.ts';
import {
  contextOf,
  type KeyFinder,
  requestFor,
  type SealRequest,
  type SealWish,
  service,
  serviceAlias,
} from './key-choice.ts';
import { type UploadAddress, uploadKey } from './keys.ts';
import { find } from './managing.ts';
import { type BucketRow, bucketRows, type Encryption, uploadRows } from './rows.ts';
import type { ObjectAddress } from './space.ts';

export interface KeyNeeds {
  /** A new data key. */
  ofWrite(
    at: ObjectAddress,
    writing: { readonly caller: Caller; readonly wish: SealWish | undefined },
  ): Promise<readonly Check[]>;
  /** To open the data key of the newest or the named version. */
  ofRead(
    at: ObjectAddress,
    reading: { readonly caller: Caller; readonly version?: string | undefined },
  ): Promise<readonly Check[]>;
  /** To open the data key of an upload, for its parts. */
  ofPart(at: UploadAddress, caller: Caller): Promise<readonly Check[]>;
}

export interface KeyNeedsParts {
  readonly store: Reader;
  readonly finder: KeyFinder;
}

interface Use {
  readonly action: 'kms:GenerateDataKey' | 'kms:Decrypt';
  readonly caller: Caller;
  readonly context: EncryptionContext;
  readonly alias?: string | undefined;
}

export function makeKeyNeeds({ store, finder }: KeyNeedsParts): KeyNeeds {
  const { keys, partition } = finder;

  function checkOf(key: KeyRow, { alias, ...use }: Use): readonly Check[] {
    const policy = async () => (await keys?.policyOf(key, use.caller)) ?? '';
    const named = alias === undefined ? {} : { alias };
    return [keyCheck(key, { ...use, ...named, policy, viaService: service })];
  }

  async function opening(
    at: ObjectAddress,
    encryption: Encryption | undefined,
    caller: Caller,
  ): Promise<readonly Check[]> {
    const bucket = await store.get(bucketRows, at.bucket);
    if (!bucket || encryption?.kind !== 'key') return [];
    const found = await finder.knownKeyFor(bucket, encryption.keyArn);
    if (!found.ok) return [];
    const context = contextOf(at, encryption, partition);
    return checkOf(found.value, { action: 'kms:Decrypt', caller, context });
  }

  async function writing(
    at: ObjectAddress,
    bucket: BucketRow,
    { caller, request }: { readonly caller: Caller; readonly request: SealRequest },
  ): Promise<readonly Check[]> {
    if (request.kind !== 'key') return [];
    const { reference = serviceAlias, bucketKey = false, twice, context } = request;
    const found = await finder.knownKeyFor(bucket, reference);
    if (!found.ok) return [];
    const settings = { bucketKey: bucketKey && !twice, ...(context ? { context } : {}) };
    return checkOf(found.value, {
      action: 'kms:GenerateDataKey',
      caller,
      context: contextOf(at, settings, partition),
      alias: aliasMeant(reference, finder.scopeOf(bucket)),
    });
  }

  return {
    async ofWrite(at, { caller, wish }) {
      const bucket = await store.get(bucketRows, at.bucket);
      if (!bucket) return [];
      return writing(at, bucket, { caller, request: requestFor(bucket, wish) });
    },
    async ofRead(at, { caller, version }) {
      const found = await find(store, at, version);
      return found.ok ? opening(at, found.value.object?.encryption, caller) : [];
    },
    async ofPart(at, caller) {
      const upload = await store.get(uploadRows, uploadKey(at));
      return upload ? opening(at, upload.encryption, caller) : [];
    },
  };
}
