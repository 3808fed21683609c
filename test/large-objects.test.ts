/** Many read large objects at once, some slowly, some not to the end: each gets its own bytes. */
import { createHash } from 'node:crypto';
import { once as event } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fileObjectStore } from '../src/adapters/files/object-store.ts';
import { folderTemporaryFiles } from '../src/adapters/files/temporary-files.ts';
import { threadOpeners } from '../src/adapters/threads/openers.ts';
import { keyringOf } from '../src/engines/envelope/keyring.ts';
import { storageForm } from '../src/engines/sealing/chunked.ts';
import { sealedObjects } from '../src/engines/sealing/sealed-objects.ts';
import { once } from '../src/kernel/bytes.ts';
import { seededRandom } from '../src/kernel/random.ts';
import { sendStream } from '../src/wire/send.ts';

const random = seededRandom(5);
const { chunkBytes } = storageForm;
const sizes = [2 * chunkBytes, 2 * chunkBytes + 1, 1_000_000, 3_000_000, 9_000_000, 20_000_000];
const hashOf = () => createHash('sha256');

/** What was received, unless it was given up after so many bytes. */
async function fetched(url: string, { slow, enoughBytes }: { slow: boolean; enoughBytes: number }) {
  const asked = get(url, { agent: false });
  const [response] = await event(asked, 'response');
  const hash = hashOf();
  let sizeBytes = 0;
  for await (const part of response) {
    hash.update(part);
    sizeBytes += part.length;
    if (sizeBytes > enoughBytes) return undefined;
    if (slow && sizeBytes % 7 === 0) await sleep(5);
  }
  return hash.digest('hex');
}

test('by a thread, in memory that is used again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-large-'));
  const store = sealedObjects(await fileObjectStore(join(folder, 'objects')), {
    ...{ keyring: keyringOf([random.bytes(32)]), random },
    temporaryFiles: folderTemporaryFiles(join(folder, 'copies')),
    openers: threadOpeners(chunkBytes, { cores: 2 }),
  });
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? '';
    sendStream(response, store.read(id, undefined, { partsPass: true })).catch(() => {});
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const objects = await Promise.all(
      sizes.map(async (sizeBytes) => {
        const bytes = Buffer.alloc(sizeBytes, Buffer.from(random.bytes(4_099)));
        const { id } = await store.put(once(bytes));
        return { url: `${base}/${id}`, sizeBytes, hash: hashOf().update(bytes).digest('hex') };
      }),
    );
    let [whole, givenUp] = [0, 0];
    const reader = async (number: number) => {
      for (let time = 0; time < 20; time += 1) {
        const object = objects[(number + time * 5) % objects.length] as (typeof objects)[0];
        const ends = (number + time) % 4 === 0;
        const enoughBytes = ends ? object.sizeBytes * ((time % 9) / 9) : Number.POSITIVE_INFINITY;
        const got = await fetched(object.url, { slow: time % 3 === 0, enoughBytes });
        expect(got === undefined || got === object.hash).toBe(true);
        if (got === undefined) givenUp += 1;
        else whole += 1;
      }
    };
    await Promise.all(Array.from({ length: 9 }, (_, number) => reader(number)));
    expect([whole, givenUp]).toEqual([135, 45]);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
}, 60_000);
