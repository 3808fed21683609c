/** An object engine in memory for tests, with what they look at behind it. */
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { memoryObjectStore } from '../../adapters/memory/object-store.ts';
import { gather, once } from '../../kernel/bytes.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { sealedObjects } from '../sealing/sealed-objects.ts';
import type { Answer } from './answer.ts';
import { FakeKeys } from './keys.fixture.ts';
import { makeObjects } from './objects.ts';
import type { StoredVersion, VersionRow } from './rows.ts';

export const account = '123456789012';

/** Blobs are kept as they are: what is tested with it has many, and looks at none. */
export function fixture() {
  const inner = memoryObjectStore();
  return fixtureOver({ blobs: inner, inner });
}

export function sealedFixture() {
  return fixtureOver(sealedBlobs());
}

/** As a server has it: what is small is in rows. */
export function wholeFixture() {
  return fixtureOver(allSeals());
}

function fixtureOver({ blobs, inner }: Pick<ReturnType<typeof allSeals>, 'blobs' | 'inner'>) {
  const store = memoryMetadataStore();
  const keys = new FakeKeys();
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const objects = makeObjects({ store, blobs, keys, clock, random: seededRandom(7) });
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
  return { store, blobs, inner, keys, clock, objects, blobCount, bucket, put, textOf };
}

/** Blobs as a server keeps them: sealed, over a store that tests may tamper with. */
export function sealedBlobs() {
  const { blobs, inner } = allSeals();
  // Without seals for small ones: tests tamper with blobs, and theirs are small.
  const { small: _, ...rest } = blobs;
  return { blobs: rest, inner };
}

function allSeals() {
  const inner = memoryObjectStore();
  const scratch = memoryObjectStore();
  const random = seededRandom(8);
  const key = random.bytes(32);
  const blobs = sealedObjects(inner, {
    keyring: { current: key, all: [key], find: () => key },
    random,
    temporaryFiles: { make: async (content) => scratch.asFile((await scratch.put(content)).id) },
  });
  return { blobs, inner };
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
