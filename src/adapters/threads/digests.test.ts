/** Digests of a thread are those of one call: for any pieces, beside others, given up or not. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defined } from '../../kernel/assert.ts';
import type { RunningDigest } from '../../ports/digests.ts';
import { program } from './digest-program.ts';
import { slotBytes, threadDigests } from './digests.ts';

const content = Buffer.alloc(8_000_000, 'what is hashed; ');
const wanted = (sizeBytes: number) =>
  createHash('md5').update(content.subarray(0, sizeBytes)).digest('hex');

async function feed(digest: RunningDigest, sizeBytes: number, pieceBytes: number): Promise<void> {
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    await digest.update(content.subarray(at, Math.min(sizeBytes, at + pieceBytes)));
  }
}

async function digested(digest: RunningDigest, sizeBytes: number, pieceBytes: number) {
  await feed(digest, sizeBytes, pieceBytes);
  const hex = await digest.hex();
  digest.end();
  return hex;
}

test.each([0, 1, slotBytes - 1, slotBytes, slotBytes + 1, 3 * slotBytes, 8_000_000])(
  'of %i bytes',
  async (sizeBytes) => {
    const digests = threadDigests({ cores: 2 });
    for (const pieceBytes of [65_536, 8_000_000]) {
      const digest = defined(digests.md5(), 'a digest');
      expect(await digested(digest, sizeBytes, pieceBytes)).toBe(wanted(sizeBytes));
    }
  },
);

test('many at once, some given up in their middle', async () => {
  const digests = threadDigests({ cores: 2 });
  const one = fc.record({
    sizeBytes: fc.integer({ min: 0, max: 3_000_000 }),
    pieceBytes: fc.integer({ min: 20_000, max: 700_000 }),
    givenUp: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 4 }), async (all) => {
      const runs = all.map(async ({ sizeBytes, pieceBytes, givenUp }) => {
        const digest = defined(digests.md5(), 'a digest');
        if (!givenUp) {
          expect(await digested(digest, sizeBytes, pieceBytes)).toBe(wanted(sizeBytes));
          return;
        }
        await feed(digest, sizeBytes / 2, pieceBytes);
        digest.end();
        digest.end();
      });
      await Promise.all(runs);
    }),
    { numRuns: 15 },
  );
});

test('who finds it busy, or a machine of one core, computes for itself', () => {
  const digests = threadDigests({ cores: 2 });
  const running = Array.from({ length: 4 }, () => defined(digests.md5(), 'a digest'));
  expect(digests.md5()).toBeUndefined();
  running[0]?.end();
  expect(digests.md5()).toBeDefined();
  expect(threadDigests({ cores: 1 }).md5()).toBeUndefined();
});

test('what runs fails when the thread is lost, and what comes after it does not', async () => {
  const ends = `require('node:worker_threads').parentPort.on('message', () => process.exit(1));`;
  const programs = [ends, ends, program];
  const digests = threadDigests({ cores: 2, runs: () => programs.shift() ?? '' });
  for (const sizeBytes of [slotBytes + 1, 8_000_000]) {
    const [lost, short] = [digests.md5(), digests.md5()].map((it) => defined(it, 'a digest'));
    await short?.update(content.subarray(0, 10));
    const run = digested(defined(lost, 'a digest'), sizeBytes, 65_536);
    await expect(run).rejects.toThrow('a helping thread ended');
    lost?.end();
    expect(await short?.hex()).toBe(wanted(10));
    short?.end();
  }
  for (let time = 0; time < 3; time++) {
    const digest = defined(digests.md5(), 'a digest');
    expect(await digested(digest, 8_000_000, 65_536)).toBe(wanted(8_000_000));
  }
});
