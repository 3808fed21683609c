/** Sealed messages: any range reads back; anything changed is refused, and none of it is served. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { threadOpeners } from '../../adapters/threads/openers.ts';
import { gather, once } from '../../kernel/bytes.ts';
import type { ChunkOpeners } from '../../ports/chunk-openers.ts';
import {
  type ChunkedForm,
  chunkCipher,
  commitsTo,
  messageHeadBytes,
  saltBytes,
} from './chunked.ts';
import { type Head, openMessage, sealMessage } from './messages.ts';
import { DamagedBlob } from './sealed-store.ts';

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

/** What is served, and whether it ended well. */
async function served(
  sealed: Buffer,
  range: { start: number; end: number },
  openers: ChunkOpeners | undefined,
) {
  const parts: Uint8Array[] = [];
  const read = (of: typeof range) => once(sealed.subarray(of.start, of.end));
  let damaged = false;
  try {
    for await (const part of openMessage(read, { ...head, openers }, range)) parts.push(part);
  } catch (cause) {
    if (!(cause instanceof DamagedBlob)) throw cause;
    damaged = true;
  }
  return { content: Buffer.concat(parts), damaged };
}

const content = fc.uint8Array({ maxLength: 160 }).map((bytes) => Buffer.from(bytes));
const all = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** By this thread, and, behind the first chunks, by another. */
const ways = [
  ['here', undefined],
  ['beside', threadOpeners(form.chunkBytes, { cores: 2 })],
] as const;

test.each(ways)('any range is what a slice of the content is, opened %s', async (_, openers) => {
  await fc.assert(
    fc.asyncProperty(content, fc.nat(170), fc.nat(170), async (bytes, start, length) => {
      const sealed = await sealedOf(bytes);
      const range = { start, end: start + length };
      const { content: got, damaged } = await served(sealed, range, openers);
      expect([damaged, got]).toEqual([false, Buffer.from(bytes.subarray(start, range.end))]);
    }),
    { numRuns: 400 },
  );
});

test.each(ways)(
  'a change anywhere is found, opened %s; what came before is right',
  async (_, openers) => {
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
        const { content: got, damaged } = await served(changed, all, openers);
        expect([how, damaged]).toEqual([how, true]);
        expect(got.equals(bytes.subarray(0, got.length))).toBe(true);
      }),
      { numRuns: 600 },
    );
  },
);
