/** Removes, in pages, what purged and deleted queues left behind. */
import type { Loop } from '../../kernel/loop.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';
import { bodyRows, doomedRows, groupRows, messageRows, seenRows, tallyRows } from './rows.ts';

const pageSize = 500;
const intervalMs = 60_000;

export function makeSweeper(store: MetadataStore): Loop {
  return {
    name: 'queues/sweep',
    async tick(nowMs, { signal }) {
      for (;;) {
        const [doomed] = await store.list(doomedRows, { limit: 1 });
        if (doomed === undefined || signal.aborted) return nowMs + intervalMs;
        await removePage(store, doomed.key);
      }
    },
  };
}

async function removePage(store: MetadataStore, content: string): Promise<void> {
  const collections: readonly Collection<unknown>[] = [
    messageRows as Collection<unknown>,
    bodyRows as Collection<unknown>,
    groupRows as Collection<unknown>,
    seenRows as Collection<unknown>,
  ];
  await store.write(async (tx) => {
    let left = pageSize;
    for (const collection of collections) {
      const page = await tx.list(collection, { prefix: `${content}/`, limit: left });
      for (const { key } of page) await tx.delete(collection, key);
      left -= page.length;
      if (left <= 0) return;
    }
    await tx.delete(tallyRows, content);
    await tx.delete(doomedRows, content);
  });
}
