/** Blobs in memory, for tests and servers that keep nothing. `asFile` writes a temporary file. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { BlobMissing, type ByteRange, type ObjectStore } from '../../ports/object-store.ts';

const chunkBytes = 65_536;
const idPattern = /^[0-9a-f]{32}$/;

export function memoryObjectStore(): ObjectStore {
  const blobs = new Map<string, Buffer>();
  const find = (id: string) => {
    const bytes = blobs.get(id);
    if (!bytes) throw new BlobMissing(id);
    return bytes;
  };
  return {
    async put(content, options) {
      const id = options?.id ?? randomBytes(16).toString('hex');
      assert(idPattern.test(id), `an id of a blob, ${id.slice(0, 64)}`);
      const parts: Uint8Array[] = [];
      for await (const part of content) {
        options?.signal?.throwIfAborted();
        // A stream may reuse its buffer for the next part.
        parts.push(Buffer.from(part));
      }
      options?.signal?.throwIfAborted();
      const bytes = Buffer.concat(parts);
      blobs.set(id, bytes);
      return { id, sizeBytes: bytes.length };
    },
    read: (id, range, options) => chunks(() => find(id), range, options),
    async delete(id) {
      blobs.delete(id);
    },
    async asFile(id, options) {
      const bytes = find(id);
      const folder = await mkdtemp(join(tmpdir(), 'modelkeep-blob-'));
      const path = join(folder, id);
      const release = () => rm(folder, { recursive: true, force: true });
      try {
        await writeFile(path, bytes, options);
      } catch (cause) {
        await release();
        throw cause;
      }
      return { path, release };
    },
    async *ids() {
      yield* Array.from(blobs.keys());
    },
    async close() {
      blobs.clear();
    },
  };
}

async function* chunks(
  find: () => Buffer,
  range: ByteRange | undefined,
  options: Abortable | undefined,
): ByteStream {
  const bytes = find();
  const end = Math.min(bytes.length, range?.end ?? bytes.length);
  for (let at = range?.start ?? 0; at < end; at += chunkBytes) {
    options?.signal?.throwIfAborted();
    // A copy, so that nobody can change what is kept.
    yield Buffer.from(bytes.subarray(at, Math.min(end, at + chunkBytes)));
  }
}
