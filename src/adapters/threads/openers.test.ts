/** Chunks opened by a thread: in their places, under their key, and what may go wrong. */
import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import type { ChunkOpeners, RunningOpener } from '../../ports/chunk-openers.ts';
import { program } from './opener-program.ts';
import { threadOpeners } from './openers.ts';

const chunkBytes = 8;
const key = Buffer.alloc(32, 7);
const baseNonce = Buffer.from('ffffffff00000000000000ff', 'hex');
const content = Buffer.from('what was kept, and more of it');

/** Chunk `number` of the content, as sealed there. */
function sealed(number: number): Buffer {
  const nonce = Buffer.from(baseNonce);
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ BigInt(number), 4);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const piece = content.subarray(number * chunkBytes, (number + 1) * chunkBytes);
  return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
}

const begun = (openers: ChunkOpeners) => defined(openers.begin({ key, baseNonce }), 'an opener');

/** Sends one batch; answers its content and how many chunks that were. */
async function opened(opener: RunningOpener, first: number, chunks: readonly Buffer[]) {
  const batch = await opener.send(first, async (memory) => {
    const bytes = Buffer.concat(chunks);
    memory.set(bytes);
    return bytes.length;
  });
  const told = await batch.opened;
  batch.release();
  return [Buffer.from(told.content).toString(), told.chunks];
}

test('chunks are opened in their places, and none after one that is not what it was', async () => {
  const opener = begun(threadOpeners(chunkBytes, { cores: 2 }));
  const [a, b, c, d] = [0, 1, 2, 3].map(sealed) as [Buffer, Buffer, Buffer, Buffer];
  expect(await opened(opener, 0, [a, b, c, d])).toEqual([content.toString(), 4]);
  expect(await opened(opener, 2, [c, d])).toEqual([content.subarray(16).toString(), 2]);
  expect(await opened(opener, 0, [a, c, c, d])).toEqual([content.subarray(0, 8).toString(), 1]);
  expect(await opened(opener, 1, [a])).toEqual(['', 0]);
  expect(await opened(opener, 3, [d.subarray(0, 10)])).toEqual(['', 0]);
  expect(await opened(opener, 0, [])).toEqual(['', 0]);
  opener.end();
  opener.end();
});

test('memory that was not released is not used again', async () => {
  const opener = begun(threadOpeners(chunkBytes, { cores: 2 }));
  const send = (number: number) =>
    opener.send(number, async (memory) => {
      const bytes = sealed(number);
      memory.set(bytes);
      return bytes.length;
    });
  const batches = [await send(0), await send(1), await send(2), await send(3)];
  await expect(send(0)).rejects.toThrow('memory for a batch of chunks');
  const told = await Promise.all(batches.map((batch) => batch.opened));
  const all = () => Buffer.concat(told.map((one) => one.content)).toString();
  expect(all()).toBe(content.toString());
  batches[1]?.release();
  batches[1]?.release();
  const again = await (await send(0)).opened;
  expect(Buffer.from(again.content)).toEqual(content.subarray(0, 8));
  await expect(send(0)).rejects.toThrow('memory for a batch of chunks');
  const kept = [0, 2, 3].map((at) => Buffer.from(told[at]?.content ?? []).toString());
  const [first = '', , ...rest] = content.toString().match(/.{1,8}/g) ?? [];
  expect(kept).toEqual([first, ...rest]);
  opener.end();
});

test('four at once; a fifth, or a machine of one core, opens for itself', () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const running = Array.from({ length: 4 }, () => begun(openers));
  expect(openers.begin({ key, baseNonce })).toBeUndefined();
  running[0]?.end();
  expect(openers.begin({ key, baseNonce })).toBeDefined();
  expect(threadOpeners(chunkBytes, { cores: 1 }).begin({ key, baseNonce })).toBeUndefined();
});

test('keys of one are never those of another', async () => {
  const openers = threadOpeners(chunkBytes, { cores: 2 });
  const others = { key: Buffer.alloc(32, 9), baseNonce };
  for (let time = 0; time < 20; time += 1) {
    const own = begun(openers);
    const other = defined(openers.begin(others), 'an opener');
    own.end();
    other.end();
    const [again, wrong] = [begun(openers), defined(openers.begin(others), 'an opener')];
    expect(await opened(again, 0, [sealed(0)])).toEqual([content.subarray(0, 8).toString(), 1]);
    expect(await opened(wrong, 0, [sealed(0)])).toEqual(['', 0]);
    again.end();
    wrong.end();
  }
});

test('what cannot be read leaves its place to the next', async () => {
  const opener = begun(threadOpeners(chunkBytes, { cores: 2 }));
  for (let time = 0; time < 4; time += 1) {
    const failing = opener.send(0, () => Promise.reject(new Error('the disk is gone')));
    await expect(failing).rejects.toThrow('the disk is gone');
  }
  expect(await opened(opener, 0, [sealed(0)])).toEqual([content.subarray(0, 8).toString(), 1]);
  opener.end();
});

test('what runs fails when the thread is lost, and what comes after it does not', async () => {
  const ends = `require('node:worker_threads').parentPort.on('message', ({ number }) => {
    if (number !== undefined) process.exit(1);
  });`;
  const programs = [ends, program];
  const openers = threadOpeners(chunkBytes, { cores: 2, runs: () => programs.shift() ?? '' });
  const lost = begun(openers);
  await expect(opened(lost, 0, [sealed(0)])).rejects.toThrow('a helping thread ended');
  await expect(opened(lost, 0, [sealed(0)])).rejects.toThrow('a helping thread ended');
  lost.end();
  const next = begun(openers);
  expect(await opened(next, 0, [sealed(0)])).toEqual([content.subarray(0, 8).toString(), 1]);
  next.end();
});
