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
import {
  type BucketRow,
  bucketRows,
  type Encryption,
  uploadRows,
  type VersionRow,
} from './rows.ts';
import type { ObjectAddress } from './space.ts';

export interface KeyNeeds {
  /** A new data key. */
  ofWrite(at: ObjectAddress, writing: Writing): Promise<readonly Check[]>;
  /** As above, into a bucket just looked up. */
  ofWriteTo(bucket: BucketRow, key: string, writing: Writing): Promise<readonly Check[]>;
  /** To open the data key of the newest version. */
  ofRead(at: ObjectAddress, reading: { readonly caller: Caller }): Promise<readonly Check[]>;
  /** As above, of a version just found. */
  ofVersion(version: VersionRow, caller: Caller): Promise<readonly Check[]>;
  /** To open the data key of an upload, for its parts. */
  ofPart(at: UploadAddress, caller: Caller): Promise<readonly Check[]>;
}

export interface Writing {
  readonly caller: Caller;
  readonly wish: SealWish | undefined;
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
    if (encryption?.kind !== 'key') return [];
    const bucket = await store.get(bucketRows, at.bucket);
    if (!bucket) return [];
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

  const ofWriteTo: KeyNeeds['ofWriteTo'] = (bucket, key, { caller, wish }) => {
    const request = requestFor(bucket, wish);
    return writing({ bucket: bucket.name, key }, bucket, { caller, request });
  };

  return {
    ofWriteTo,
    async ofWrite(at, about) {
      const bucket = await store.get(bucketRows, at.bucket);
      return bucket ? ofWriteTo(bucket, at.key, about) : [];
    },
    ofVersion: (version, caller) => opening(version, version.object?.encryption, caller),
    async ofRead(at, { caller }) {
      const found = await find(store, at);
      return found.ok ? opening(at, found.value.object?.encryption, caller) : [];
    },
    async ofPart(at, caller) {
      const upload = await store.get(uploadRows, uploadKey(at));
      return upload ? opening(at, upload.encryption, caller) : [];
    },
  };
}
