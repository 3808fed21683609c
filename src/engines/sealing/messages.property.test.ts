/** Sealed messages: any range reads back; anything changed is refused, and none of it is served. */
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { threadOpeners } from '../../adapters/threads/openers.ts';
import { gather, once } from '../../kernel/bytes.ts';
import type { ChunkOpeners } from '../../ports/chunk-openers.ts';
import type { OpenBlob } from '../../ports/object-store.ts';
import {
  type ChunkedForm,
  chunkCipher,
  commitsTo,
  messageHeadBytes,
  saltBytes,
} from './chunked.ts';
import { type Head, openMessage, sealMessage } from './messages.ts';
import { DamagedBlob } from './sealed-store.ts';

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-messages-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Small, so that a few bytes are many chunks. */
const form: ChunkedForm = { cipher: 'aes-256-gcm', label: 'of this test', chunkBytes: 8 };
const key = Buffer.alloc(32, 7);
const salt = Buffer.alloc(saltBytes, 3);
const cipherOf = (found: Uint8Array) => chunkCipher(form, { key, salt: found, context: 'c' });
const head: Head = {
  lengthBytes: messageHeadBytes,
  chunkBytes: form.chunkBytes,
  open(found) {
    const cipher = cipherOf(found.subarray(0, saltBytes));
    if (!commitsTo(cipher, found.subarray(saltBytes))) throw new DamagedBlob('commitment');
    return cipher;
  },
};
const limitBytes = 2_000;
const sealedOf = (content: Uint8Array) =>
  gather(sealMessage(cipherOf(salt), salt, once(content)), limitBytes);

interface Range {
  readonly start: number;
  readonly end: number;
}

/** What is served, and whether it ended well. */
type Serve = (sealed: Buffer, range: Range) => Promise<{ content: Buffer; damaged: boolean }>;

const serve =
  (openers: ChunkOpeners | undefined, partsPass?: true): Serve =>
  async (sealed, range) => {
    const path = join(folder, String((count += 1)));
    if (openers) await writeFile(path, sealed);
    const read = (of: Range) => once(sealed.subarray(of.start, of.end));
    const aside = openers && { openers, openBlob: () => openBlob(path) };
    const parts: Uint8Array[] = [];
    let taken = 0;
    let damaged = false;
    try {
      for await (const part of openMessage(read, { ...head, aside, partsPass }, range)) {
        parts.push(part);
        // As late as it is allowed: when the one after the next is there.
        for (; partsPass && taken < parts.length - 2; taken += 1) copied(parts, taken);
      }
    } catch (cause) {
      if (!(cause instanceof DamagedBlob)) throw cause;
      damaged = true;
    }
    return { content: Buffer.concat(parts), damaged };
  };

function copied(parts: Uint8Array[], at: number): void {
  parts[at] = Buffer.from(parts[at] ?? []);
}

async function openBlob(path: string): Promise<OpenBlob> {
  const file = await open(path);
  return {
    fd: file.fd,
    read: async (memory, position) =>
      (await file.read(memory, 0, memory.length, position)).bytesRead,
    close: () => file.close(),
  };
}

const content = fc.uint8Array({ maxLength: 160 }).map((bytes) => Buffer.from(bytes));
const all = { start: 0, end: Number.MAX_SAFE_INTEGER };

const openers = threadOpeners(form.chunkBytes, { cores: 2 });
/** By this thread, and by another, in memory that is kept and in memory that passes. */
const ways: readonly (readonly [string, Serve])[] = [
  ['here', serve(undefined)],
  ['beside', serve(openers)],
  ['beside, passing', serve(openers, true)],
];

test.each(ways)('any range is what a slice of the content is, opened %s', async (_, served) => {
  await fc.assert(
    fc.asyncProperty(content, fc.nat(170), fc.nat(170), async (bytes, start, length) => {
      const sealed = await sealedOf(bytes);
      const range = { start, end: start + length };
      const { content: got, damaged } = await served(sealed, range);
      expect([damaged, got]).toEqual([false, Buffer.from(bytes.subarray(start, range.end))]);
    }),
    { numRuns: 400 },
  );
});

test.each(ways)(
  'a change anywhere is found, opened %s; what came before is right',
  async (_, served) => {
    const change = fc.constantFrom('flip', 'cut', 'add', 'drop', 'double', 'swap');
    await fc.assert(
      fc.asyncProperty(content, change, fc.nat(), async (bytes, how, n) => {
        const sealed = await sealedOf(bytes);
        const at = n % sealed.length;
        const chunk = form.chunkBytes + 16;
        const chunkAt = messageHeadBytes + (n % 16) * chunk;
        const [before, after] = [sealed.subarray(0, at), sealed.subarray(at)];
        const made: Record<string, () => Uint8Array[]> = {
          flip: () => [before, Buffer.of((sealed[at] ?? 0) ^ (1 << (n % 8))), after.subarray(1)],
          cut: () => [before],
          add: () => [sealed, Buffer.alloc(1 + (n % 40), n)],
          drop: () => [sealed.subarray(0, chunkAt), sealed.subarray(chunkAt + chunk)],
          double: () => [sealed.subarray(0, chunkAt + chunk), sealed.subarray(chunkAt)],
          swap: () => [
            sealed.subarray(0, chunkAt),
            sealed.subarray(chunkAt + chunk, chunkAt + 2 * chunk),
            sealed.subarray(chunkAt, chunkAt + chunk),
            sealed.subarray(chunkAt + 2 * chunk),
          ],
        };
        const changed = Buffer.concat(made[how]?.() ?? []);
        fc.pre(!changed.equals(sealed));
        const { content: got, damaged } = await served(changed, all);
        expect([how, damaged]).toEqual([how, true]);
        expect(got.equals(bytes.subarray(0, got.length))).toBe(true);
      }),
      { numRuns: 600 },
    );
  },
);
