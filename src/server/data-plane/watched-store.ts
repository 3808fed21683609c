/**
 * A metadata store whose writes are told of: after they are committed, and before whoever asked for
 * them learns so. What follows a write can take back what others keep of it in time.
 */
import type { MetadataStore, Transaction } from '../../ports/metadata-store.ts';

/** Told which collections were written to; the write is answered when it resolves. */
export type Follower = (collections: ReadonlySet<string>) => Promise<void>;

export interface WatchedStore extends MetadataStore {
  /** In the place of the one before. */
  follow(follower: Follower): void;
}

export function watchedStore(inner: MetadataStore): WatchedStore {
  let follower: Follower = async () => {};
  return {
    follow(next) {
      follower = next;
    },
    get: (from, key) => inner.get(from, key),
    list: (from, range) => inner.list(from, range),
    listBy: (from, range) => inner.listBy(from, range),
    async write(work, options) {
      const written = new Set<string>();
      try {
        return await inner.write((tx) => work(noting(tx, written)), options);
      } finally {
        // Of a write that failed as well: it may have been committed all the same.
        if (written.size > 0) await follower(written);
      }
    },
    close: () => inner.close(),
  };
}

function noting(tx: Transaction, written: Set<string>): Transaction {
  return {
    get: (from, key) => tx.get(from, key),
    list: (from, range) => tx.list(from, range),
    listBy: (from, range) => tx.listBy(from, range),
    insert(into, key, row) {
      written.add(into.name);
      return tx.insert(into, key, row);
    },
    put(into, key, row) {
      written.add(into.name);
      return tx.put(into, key, row);
    },
    delete(from, key) {
      written.add(from.name);
      return tx.delete(from, key);
    },
  };
}
