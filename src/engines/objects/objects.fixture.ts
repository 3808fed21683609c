/** An object engine in memory for tests, with what they look at behind it. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Answer } from './answer.ts';
import { makeObjects } from './objects.ts';
import type { StoredVersion, VersionRow } from './rows.ts';

export const account = '123456789012';

export function fixture() {
  const store = memoryMetadataStore();
  const blobs = memoryObjectStore();
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const objects = makeObjects({ store, blobs, clock, random: seededRandom(7) });
  const blobCount = async () => {
    let count = 0;
    for await (const _ of blobs.ids()) count += 1;
    return count;
  };
  const bucket = async (name: string) => {
    valueOf(await objects.buckets.create({ name, owner: account, region: 'us-east-1' }));
    return name;
  };
  const put = async (bucket: string, key: string, content: string) =>
    valueOf(await objects.put({ bucket, key }, text(content)));
  const textOf = async (version: StoredVersion, range?: { start: number; end: number }) =>
    gathered(valueOf(await objects.open(version, range ? { range } : {})));
  return { store, blobs, clock, objects, blobCount, bucket, put, textOf };
}

export function valueOf<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`refused: ${answer.why}: ${answer.reason}`);
  return answer.value;
}

export function whyOf<T>(answer: Answer<T>): string | undefined {
  return answer.ok ? undefined : answer.why;
}

export function stored(row: VersionRow): StoredVersion {
  if (!row.object) throw new Error('a delete marker');
  return { ...row, object: row.object };
}

export const text = (content: string) => once(Buffer.from(content));

export async function gathered(stream: AsyncIterable<Uint8Array>): Promise<string> {
  return (await gather(stream, 64 * 1024 ** 2)).toString();
}
