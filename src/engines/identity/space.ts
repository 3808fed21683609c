/**
 * The one way in which identities, keys and policies are written: each write moves the generation
 * on, so that whatever was read before it, and compiled, is dropped before the next request.
 */
import type { MetadataStore, Reader, Transaction } from '../../ports/metadata-store.ts';

export interface IdentitySpace {
  readonly reader: Reader;
  /** As `MetadataStore.write`; the generation has moved on when it resolves. */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Grows with each write. What was read at an earlier generation may be out of date. */
  generation(): number;
}

export function makeIdentitySpace(store: MetadataStore): IdentitySpace {
  let generation = 0;
  return {
    reader: store,
    async write(work) {
      // Before as well: a reader that starts in between must not keep what it reads for long.
      generation += 1;
      try {
        return await store.write(work);
      } finally {
        generation += 1;
      }
    },
    generation: () => generation,
  };
}
