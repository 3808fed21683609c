/** All rows under a prefix, however many, read a page at a time. */
import type { Collection, Entry, Reader } from '../../ports/metadata-store.ts';

const batch = 500;

/** In order of keys. What is written meanwhile after the page being read is seen. */
export async function* everyEntry<Row>(
  reader: Reader,
  from: Collection<Row>,
  prefix: string,
): AsyncGenerator<Entry<Row>> {
  let after: string | undefined;
  for (;;) {
    const range = { prefix, limit: batch, ...(after === undefined ? {} : { after }) };
    const entries = await reader.list(from, range);
    yield* entries;
    after = entries.at(-1)?.key;
    if (entries.length < batch) return;
  }
}
