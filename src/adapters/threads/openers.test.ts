/** Chunks opened by a thread: in their places, under their key, and what may go wrong. */
import { createCipheriv } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import type { ChunkOpeners, SealedChunks } from '../../ports/chunk-openers.ts';
import { program } from './opener-program.ts';
import { threadOpeners } from './openers.ts';

const chunkBytes = 8;
const key = Buffer.alloc(32, 7);
const baseNonce = Buffer.from('ffffffff00000000000000ff', 'hex');
const content = Buffer.from('what was kept, and more of it');

/** Chunk `number` of it, as sealed there. */
function sealed(number: number, of = content): Buffer {
  const nonce = Buffer.from(baseNonce);
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ BigInt(number), 4);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const piece = of.subarray(number * chunkBytes, (number + 1) * chunkBytes);
  return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
}

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-openers-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Behind a few bytes that are none of them. */
const startBytes = 5;

async function withFile<Result>(
  chunks: readonly Buffer[],
  use: (fd: number) => Promise<Result>,
): Promise<Result> {
  const path = join(folder, String((count += 1)));
  await writeFile(path, Buffer.concat([Buffer.alloc(startBytes, 1), ...chunks]));
  const file = await open(path);
  try {
    return await use(file.fd);
  } finally {
    await file.close();
  }
}

const reserved = (openers: ChunkOpeners) => defined(openers.reserve(), 'an opener');
const many = { first: 0, past: 1_000 };
const material = { key, baseNonce, startBytes };

/** What is opened of those chunks, how many that were, and whether the file ended there. */
async function opened(
  openers: ChunkOpeners,
  chunks: readonly Buffer[],
  more: Partial<SealedChunks> = {},
) {
  return withFile(chunks, async (fd) => {
    const opener = reserved(openers);
    try {
      opener.begin({ fd, ...material, ...many, ...more });
      const found = { text: '', chunks: 0, ended: false };
      for (let batch = await opener.next(); batch; batch = await opener.next()) {
        found.text += Buffer.from(batch.content).toString();
        found.chunks += batch.chunks;
        found.ended = batch.sizeBytes < batch.wantedBytes;
        if (found.ended || batch.chunks * (chunkBytes + 16) < batch.sizeBytes) break;
      }
      return found;
    } finally {
      await opener.end();
    }
  });
}

test('chunks are opened in their places, and none after one that is not what it was', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const text = content.toString();
  const [a, b, c, d] = [0, 1, 2, 3].map((number) => sealed(number)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const whole = { text, chunks: 4, ended: true };
  expect(await opened(openers, [a, b, c, d])).toEqual(whole);
  const behind = { text: text.slice(16), chunks: 2, ended: true };
  expect(await opened(openers, [a, b, c, d], { first: 2 })).toEqual(behind);
  const between = { text: text.slice(8, 24), chunks: 2, ended: false };
  expect(await opened(openers, [a, b, c, d], { first: 1, past: 3 })).toEqual(between);
  const none = { text: '', chunks: 0 };
  expect(await opened(openers, [a, b, c, d], { first: 2, past: 2 })).toMatchObject(none);
  expect(await opened(openers, [a, c, c, d])).toMatchObject({ text: text.slice(0, 8), chunks: 1 });
  expect(await opened(openers, [b])).toMatchObject(none);
  expect(await opened(openers, [d.subarray(0, 10)])).toMatchObject(none);
  expect(await opened(openers, [])).toEqual({ ...none, ended: true });
  expect(await opened(openers, [a], { first: 9 })).toEqual({ ...none, ended: true });
});

/** More chunks than are in the memory of one reader. */
const long = Buffer.from(Array.from({ length: 4_004 }, (_, at) => at % 251));
const longChunks = Array.from({ length: 501 }, (_, number) => sealed(number, long));

test('what was given stays as it is until three more were asked for', async () => {
  await withFile(longChunks, async (fd) => {
    const opener = reserved(threadOpeners(chunkBytes, { cores: 2 }));
    opener.begin({ fd, ...material, ...many });
    const given: { at: number; content: Uint8Array }[] = [];
    let at = 0;
    for (let ended = false; !ended; ) {
      const batch = defined(await opener.next(), 'a batch');
      given.push({ at, content: batch.content });
      at += batch.content.length;
      ended = batch.sizeBytes < batch.wantedBytes;
      // The thread is done with what is ahead of them.
      await new Promise((done) => setTimeout(done, 1));
      for (const { at: from, content: bytes } of given.slice(-3)) {
        expect(Buffer.compare(bytes, long.subarray(from, from + bytes.length))).toBe(0);
      }
    }
    expect(at).toBe(long.length);
    const last = given.at(-1)?.content ?? Buffer.from('none');
    await opener.end();
    expect(Buffer.from(last)).toEqual(Buffer.alloc(last.length));
  });
});

test('memory is wiped of all that it held before another content is opened there', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const memory = new Set<ArrayBufferLike>();
  for (const past of [501, 3, 60]) {
    await withFile(longChunks, async (fd) => {
      const opener = reserved(openers);
      opener.begin({ fd, ...material, first: 0, past });
      for (let batch = await opener.next(); batch; batch = await opener.next()) {
        memory.add(batch.content.buffer);
      }
      await opener.end();
    });
    const [shared, ...others] = [...memory];
    expect(others).toEqual([]);
    const bytes = Buffer.from(defined(shared, 'memory'));
    expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true);
  }
});

test('four at once; a fifth, or a machine of one core, opens for itself', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const running = Array.from({ length: 4 }, () => reserved(openers));
  expect(openers.reserve()).toBeUndefined();
  await running[0]?.end();
  await running[0]?.end();
  expect(openers.reserve()).toBeDefined();
  expect(openers.reserve()).toBeUndefined();
  expect(threadOpeners(chunkBytes, { cores: 1 }).reserve()).toBeUndefined();
});

test('keys of one are never those of another', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const whole = { text: content.toString(), chunks: 4 };
  const chunks = [0, 1, 2, 3].map((number) => sealed(number));
  for (let time = 0; time < 20; time += 1) {
    const others = { key: Buffer.alloc(32, 9) };
    const [own, other] = [opened(openers, chunks), opened(openers, chunks, others)];
    expect(await own).toMatchObject(whole);
    expect(await other).toMatchObject({ text: '', chunks: 0 });
  }
});

test('what cannot be read is a failure of its reader alone', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  for (let time = 0; time < 5; time += 1) {
    const opener = reserved(openers);
    // Of no file: a process does not have so many.
    opener.begin({ fd: 2 ** 30, ...material, ...many });
    await expect(opener.next()).rejects.toThrow('EBADF');
    await opener.end();
  }
  expect(await opened(openers, [sealed(0)])).toMatchObject({ chunks: 1 });
});

test('what runs fails when the thread is lost, and what comes after it does not', async () => {
  const ends = `require('node:worker_threads').parentPort.on('message', ({ slot }) => {
    if (slot !== undefined) process.exit(1);
  });`;
  const programs = [ends, program];
  const openers = threadOpeners(chunkBytes, { cores: 2, runs: () => programs.shift() ?? '' });
  const waiting = reserved(openers);
  await withFile([sealed(0)], async (fd) => {
    const lost = reserved(openers);
    lost.begin({ fd, ...material, ...many });
    await expect(lost.next()).rejects.toThrow('a helping thread ended');
    await expect(lost.next()).rejects.toThrow('a helping thread ended');
    await lost.end();
    // It had a seat only.
    waiting.begin({ fd, ...material, ...many });
    expect(await waiting.next()).toMatchObject({ chunks: 1 });
    await waiting.end();
  });
  expect(await opened(openers, [sealed(0)])).toMatchObject({ chunks: 1 });
});
