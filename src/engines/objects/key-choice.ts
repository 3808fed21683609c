/**
 * Which managed key a write uses, and in which encryption context: what the request says, else what
 * the bucket says, else none. Nothing here uses the key.
 */
import { formatArn, type Scope } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import type { EncryptionContext, KeyAnswer, Keys } from '../keys/keys.ts';
import type { KeyRow } from '../keys/rows.ts';
import { type No, no } from './answer.ts';
import type { BucketRow } from './rows.ts';
import type { ObjectAddress } from './space.ts';

/** How new bytes are to be encrypted. */
export type SealRequest =
  /** The store's own key. */
  | { readonly kind: 'own' }
  | {
      readonly kind: 'key';
      /** Key id, key ARN, alias or alias ARN; absent: the service's own managed key. */
      readonly reference?: string;
      /** Absent: as the bucket has it. Ignored with `twice`. */
      readonly bucketKey?: boolean;
      readonly context?: EncryptionContext;
      readonly twice?: true;
    }
  /** 32 bytes of the client's, which are not kept. */
  | { readonly kind: 'customer'; readonly key: Uint8Array };

/** What a request says of it; absent or `default`: as the bucket has it. */
export type SealWish = SealRequest | { readonly kind: 'default'; readonly bucketKey?: boolean };

const asBucket = { kind: 'default' } as const;

/** The request's wish goes before the bucket's rule, and that before the store's own key. */
export function requestFor({ encryption }: BucketRow, wish: SealWish = asBucket): SealRequest {
  const ruled = encryption?.bucketKey ?? false;
  if (wish.kind === 'key') return { bucketKey: ruled, ...wish };
  if (wish.kind !== 'default') return wish;
  if (encryption?.kind !== 'key') return { kind: 'own' };
  const { key: reference, twice } = encryption;
  const { bucketKey = ruled } = wish;
  return {
    kind: 'key',
    bucketKey,
    ...(reference === undefined ? {} : { reference }),
    ...(twice ? { twice } : {}),
  };
}

/** The key of the service's own, in the account and region of the bucket. */
export const service = 's3';
export const serviceAlias = `alias/aws/${service}`;

export interface KeyFinder {
  readonly keys: Keys | undefined;
  readonly partition: string;
  scopeOf(bucket: BucketRow): Scope;
  /** The service's own key is made when it is not there yet. */
  keyFor(bucket: BucketRow, reference: string | undefined): Promise<KeyAnswer<KeyRow>>;
  /** As above, and never makes a key. */
  knownKeyFor(bucket: BucketRow, reference: string | undefined): Promise<KeyAnswer<KeyRow>>;
}

export function makeKeyFinder({
  keys,
  partition,
}: Pick<KeyFinder, 'keys' | 'partition'>): KeyFinder {
  // Keys of other regions cannot be reached from where the bucket is: its scope is the key's.
  const scopeOf = ({ region, owner }: BucketRow) => ({ partition, region, account: owner });
  const find = async (bucket: BucketRow, reference: string) =>
    keys ? keys.find(reference, scopeOf(bucket)) : noKeys;
  return {
    keys,
    partition,
    scopeOf,
    knownKeyFor: (bucket, reference = serviceAlias) => find(bucket, reference),
    async keyFor(bucket, reference = serviceAlias) {
      const scope = scopeOf(bucket);
      const own = [serviceAlias, formatArn(scope, 'kms', serviceAlias)];
      if (!keys || !own.includes(reference)) return find(bucket, reference);
      return { ok: true, value: await keys.ofService(service, scope) };
    },
  };
}

export const noKeys = {
  ok: false,
  problem: 'notFound',
  reason: 'there are no managed keys here',
} as const satisfies KeyAnswer<KeyRow>;

export function refusedKey<T>(answer: KeyAnswer<T>): No {
  assert(!answer.ok, 'a key that is fine is no refusal');
  return no('keyProblem', answer.reason, { problem: answer.problem });
}

export const arnContextName = 'aws:s3:arn';

/** What is authenticated with the data key: whose bytes it is for, and what the client added. */
export function contextOf(
  { bucket, key }: ObjectAddress,
  settings: { readonly bucketKey: boolean; readonly context?: EncryptionContext },
  partition: string,
): EncryptionContext {
  const resource = settings.bucketKey ? bucket : `${bucket}/${key}`;
  const arn = formatArn({ partition, region: '', account: '' }, 's3', resource);
  return { ...settings.context, [arnContextName]: arn };
}
