/** Buckets: names, owners, settings. Not what is in them. */
import type { Transaction } from '../../ports/metadata-store.ts';
import { type Answer, no, noBucket } from './answer.ts';
import { prefixOf } from './keys.ts';
import { commit, type Kit } from './kit.ts';
import {
  type BucketEncryption,
  type BucketRow,
  bucketRows,
  liveRows,
  type PublicAccessBlock,
  pastRows,
  type Tag,
  uploadRows,
} from './rows.ts';
import { discardUpload } from './uploads.ts';

export type NewBucket = Pick<BucketRow, 'name' | 'owner' | 'region'> & {
  readonly tags?: readonly Tag[];
};

export interface BucketQuery {
  readonly prefix: string;
  /** Exclusive. */
  readonly after?: string;
  readonly limit: number;
}

export interface Buckets {
  /** Refuses `bucketExists`, the row that is there in the way; names are global to the server. */
  create(bucket: NewBucket): Promise<Answer<BucketRow>>;
  get(name: string): Promise<BucketRow | undefined>;
  /** One owner's, in order of names. */
  list(owner: string, query: BucketQuery): Promise<readonly BucketRow[]>;
  /** Refuses `noBucket`, `bucketNotEmpty` (versions count); unfinished uploads go with it. */
  remove(name: string): Promise<Answer<undefined>>;
  /** Refuses `noBucket`. Once on, versioning can be suspended but never be off again. */
  setVersioning(name: string, to: 'enabled' | 'suspended'): Promise<Answer<BucketRow>>;
  /** Refuses `noBucket`. Replaces all tags. */
  setTags(name: string, tags: readonly Tag[]): Promise<Answer<BucketRow>>;
  /** Refuses `noBucket`. The text must have been checked; undefined takes the policy away. */
  setPolicy(name: string, policy: string | undefined): Promise<Answer<BucketRow>>;
  /** Refuses `noBucket`. */
  setPublicAccess(name: string, block: PublicAccessBlock | 'none'): Promise<Answer<BucketRow>>;
  /** Refuses `noBucket`. Of what is put from now on; undefined goes back to the default. */
  setEncryption(name: string, to: BucketEncryption | undefined): Promise<Answer<BucketRow>>;
}

export function makeBuckets(kit: Kit): Buckets {
  const update = (name: string, change: (row: BucketRow) => BucketRow) =>
    commit(kit, async (tx) => {
      const row = await tx.get(bucketRows, name);
      if (!row) return noBucket(name);
      const value = change(row);
      await tx.put(bucketRows, name, value);
      return { ok: true, value };
    });
  return {
    create: ({ name, owner, region, tags = [] }) =>
      commit(kit, async (tx, { nowMs }) => {
        const there = await tx.get(bucketRows, name);
        if (there) {
          const { owner, region } = there;
          return no('bucketExists', `there is a bucket ${name}`, { owner, region });
        }
        const value = { name, owner, region, tags, createdAtMs: nowMs, versioning: 'off' as const };
        await tx.put(bucketRows, name, value);
        return { ok: true, value };
      }),
    get: (name) => kit.store.get(bucketRows, name),
    list: (owner, query) => listOwned(kit, owner, query),
    remove: (name) => commit(kit, (tx, { freed }) => remove(tx, name, freed)),
    setVersioning: (name, versioning) => update(name, (row) => ({ ...row, versioning })),
    setTags: (name, tags) => update(name, (row) => ({ ...row, tags })),
    setPolicy: (name, policy) =>
      update(name, ({ policy: _, ...row }) => (policy === undefined ? row : { ...row, policy })),
    setPublicAccess: (name, publicAccess) => update(name, (row) => ({ ...row, publicAccess })),
    setEncryption: (name, to) =>
      update(name, ({ encryption: _, ...row }) => (to ? { ...row, encryption: to } : row)),
  };
}

/** The index orders by owner and name, so an owner's buckets are one run of it. */
async function listOwned(
  kit: Kit,
  owner: string,
  { prefix, after, limit }: BucketQuery,
): Promise<readonly BucketRow[]> {
  const found: BucketRow[] = [];
  let last = after;
  while (found.length < limit) {
    const page = await kit.store.listBy(bucketRows, {
      index: 'owner',
      equals: owner,
      limit,
      ...(last === undefined ? {} : { after: { value: owner, key: last } }),
    });
    found.push(...page.map((entry) => entry.row).filter((row) => row.name.startsWith(prefix)));
    last = page.at(-1)?.key;
    if (page.length < limit) break;
  }
  return found.slice(0, limit);
}

async function remove(tx: Transaction, name: string, freed: string[]): Promise<Answer<undefined>> {
  if (!(await tx.get(bucketRows, name))) return noBucket(name);
  const range = { prefix: prefixOf(name, ''), limit: 1 };
  const inside = [await tx.list(liveRows, range), await tx.list(pastRows, range)];
  if (inside.some((rows) => rows.length > 0)) {
    return no('bucketNotEmpty', `the bucket ${name} has objects or versions of objects`);
  }
  for (;;) {
    const [upload] = await tx.list(uploadRows, range);
    if (!upload) break;
    await discardUpload(tx, upload.row, freed);
  }
  await tx.delete(bucketRows, name);
  return { ok: true, value: undefined };
}
