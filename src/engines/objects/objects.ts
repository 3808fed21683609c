/**
 * Named, versioned objects in buckets, over a metadata store and a store of blobs. Everything a
 * write depends on is decided inside the transaction that writes. Not who may do it.
 */
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Digests } from '../../ports/digests.ts';
import type { Abortable, MetadataStore } from '../../ports/metadata-store.ts';
import type { Keys } from '../keys/keys.ts';
import type { SealedStore } from '../sealing/sealed-store.ts';
import type { Answer } from './answer.ts';
import { makeBlobs } from './blobs.ts';
import { type Buckets, makeBuckets } from './buckets.ts';
import { type CopyRequest, copy } from './copying.ts';
import { makeKeyFinder } from './key-choice.ts';
import { type KeyNeeds, makeKeyNeeds } from './key-needs.ts';
import type { Kit } from './kit.ts';
import {
  allVersions,
  type ListQuery,
  type Page,
  rowsOf,
  startAfter,
  startAfterVersion,
  walk,
} from './listing.ts';
import { makeSpace } from './local.ts';
import { find, type Removal, type Removed, remove, setTags } from './managing.ts';
import { type PutRequest, type PutResult, put } from './putting.ts';
import { type Opened, openVersion, partsOf, type ReadOptions, unlock } from './reading.ts';
import { liveRows, type Part, type StoredVersion, type Tag, type VersionRow } from './rows.ts';
import { makeKeeper, type Unlocking } from './seals.ts';
import type { ObjectAddress, ObjectSpace } from './space.ts';
import { makeUploads, type Uploads } from './uploads.ts';

export interface ObjectsParts {
  readonly store: MetadataStore;
  readonly blobs: SealedStore;
  /** Absent: MD5s of long content are computed on the caller's thread. */
  readonly digests?: Digests | undefined;
  /** Absent: what is to be encrypted under a managed key is refused. */
  readonly keys?: Keys;
  /** Of the ARNs of keys and objects; `aws` when absent. */
  readonly partition?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
}

export interface VersionQuery extends ListQuery {
  /** With `after`: the version of that key to continue after. */
  readonly afterVersion?: string;
}

export interface SweepRequest extends Abortable {
  /** How long a blob must have been without a name; longer than any put takes. */
  readonly graceMs: number;
}

export interface BucketAccess {
  /** The account. */
  readonly owner: string;
  /** JSON text. */
  readonly policy?: string;
}

export interface Objects extends ObjectSpace {
  readonly buckets: Buckets;
  /** Whose a bucket is, and what its policy says; undefined when there is no such bucket. */
  policyOf(bucket: string): Promise<BucketAccess | undefined>;
  readonly uploads: Uploads;
  /** What using the managed key of an object needs permission for. */
  readonly keyNeeds: KeyNeeds;
  /** Refuses `noBucket`, `precondition`, `noObject` (ifMatch), `tooLarge`; as `Keeper.begin`. */
  put(at: ObjectAddress, content: ByteStream, request?: PutRequest): Promise<Answer<PutResult>>;
  /** The newest or the named version, a delete marker included. Refuses `noObject`, `noVersion`. */
  find(at: ObjectAddress, version?: string): Promise<Answer<VersionRow>>;
  /** The bytes of a version just found. Refuses `changed`: find it again; as `Keeper.open`. */
  open(version: StoredVersion, options?: ReadOptions): Promise<Answer<Opened>>;
  /** Whether the bytes of the version can be opened now. Refuses as `Keeper.open`. */
  unlock(version: StoredVersion, unlocking: Unlocking): Promise<Answer<undefined>>;
  /** Undefined when it was not made of parts. */
  parts(version: StoredVersion): Promise<readonly Part[] | undefined>;
  /** Copies a version just found. Refuses as `put` does, and `changed`: find it again. */
  copy(source: StoredVersion, to: ObjectAddress, request: CopyRequest): Promise<Answer<PutResult>>;
  /** One transaction; an answer for each, in order. Refuses `noBucket`. */
  remove(bucket: string, which: readonly Removal[]): Promise<Answer<readonly Answer<Removed>[]>>;
  /** Refuses `noObject`, `noVersion`, `isMarker`. */
  setTags(
    at: ObjectAddress,
    tags: readonly Tag[],
    version?: string,
  ): Promise<Answer<StoredVersion>>;
  listObjects(query: ListQuery): Promise<Page<StoredVersion>>;
  /** Newest first within a key. */
  listVersions(query: VersionQuery): Promise<Page<VersionRow>>;
  /**
   * Deletes blobs that no row names and none named `graceMs` ago, which a process that died
   * between storing and recording leaves; answers how many. Run it more than once: the first
   * sweep that sees one only remembers it.
   */
  sweepOrphans(request: SweepRequest): Promise<number>;
}

export function makeObjects(parts: ObjectsParts): Objects {
  const { store, clock, random, keys, partition = 'aws' } = parts;
  const finder = makeKeyFinder({ keys, partition });
  const keeper = makeKeeper({ finder, clock, random });
  const kit: Kit = { store, clock, random, keeper, blobs: makeBlobs(parts) };
  const buckets = makeBuckets(kit);
  return {
    ...makeSpace(kit),
    buckets,
    async policyOf(bucket) {
      const row = await buckets.get(bucket);
      if (!row) return undefined;
      const { owner, policy } = row;
      return { owner, ...(policy === undefined ? {} : { policy }) };
    },
    uploads: makeUploads(kit),
    keyNeeds: makeKeyNeeds({ store, finder }),
    put: (at, content, request = {}) => put(kit, at, { content, request }),
    find: (at, version) => find(store, at, version),
    open: (version, options = {}) => openVersion(kit, version, options),
    unlock: (version, unlocking) => unlock(kit, version, unlocking),
    parts: (version) => partsOf(kit, version),
    copy: (source, to, request) => copy(kit, { source, to, request }),
    remove: (bucket, which) => remove(kit, bucket, which),
    setTags: (at, tags, version) => setTags(kit, at, { tags, version }),
    listObjects: (query) => walk(rowsOf(store, liveRows), query),
    listVersions: async (query) => walk(allVersions(store), query, await versionStart(kit, query)),
    sweepOrphans: (request) => kit.blobs.sweep({ ...request, nowMs: clock.nowMs() }),
  };
}

function versionStart(kit: Kit, query: VersionQuery) {
  const { bucket, after: key, afterVersion: version } = query;
  if (key === undefined || version === undefined) return startAfter(query);
  return startAfterVersion(kit.store, bucket, { key, version });
}
