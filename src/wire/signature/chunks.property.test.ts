/** Chunked bodies of any bytes, cut anywhere: the same outcome as in one piece, and no surprise. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ByteStream } from '../../kernel/bytes.ts';
import { Fault } from '../operation.ts';
import { dechunk } from './chunks.ts';

async function* cut(bytes: Buffer, sizes: readonly number[]): ByteStream {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** The content and the trailers, or the code of the refusal. */
async function outcome(source: ByteStream, mayTrail: boolean): Promise<string> {
  const trailers = new Map<string, string>();
  const parts: Uint8Array[] = [];
  try {
    for await (const part of dechunk(source, { chain: undefined, mayTrail, trailers })) {
      parts.push(part);
    }
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    return cause.code;
  }
  return JSON.stringify([Buffer.concat(parts).toString('hex'), [...trailers]]);
}

const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const good = fc.tuple(fc.array(chunk, { maxLength: 5 }), fc.boolean()).map(([chunks, trails]) => {
  const pieces = chunks.flatMap((one) => [
    Buffer.from(`${one.length.toString(16)}\r\n`),
    one,
    '\r\n',
  ]);
  const end = trails ? '0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n' : '0\r\n\r\n';
  return Buffer.concat([...pieces, end].map((one) => Buffer.from(one)));
});
const noise = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '0',
        '1',
        'f',
        'F',
        '\r\n',
        '\n',
        ';',
        ':',
        'chunk-signature=',
        '-',
        ' ',
        'x',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 20 },
  )
  .map((all) => Buffer.from(all.join('')));
const spoiled = fc
  .tuple(good, fc.nat(), fc.uint8Array({ maxLength: 4 }))
  .map(([bytes, at, put]) => {
    const place = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + (at % 3))]);
  });
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

test('where the pieces are cut makes no difference', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(good, spoiled, noise),
      sizes,
      fc.boolean(),
      async (bytes, at, may) => {
        const whole = await outcome(cut(bytes, [bytes.length || 1]), may);
        expect(await outcome(cut(bytes, at), may)).toBe(whole);
      },
    ),
    { numRuns: 500 },
  );
});

test('what was chunked is what comes out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), sizes, async (chunks, at) => {
      const pieces = chunks.flatMap((one) => [`${one.length.toString(16)}\r\n`, one, '\r\n']);
      const bytes = Buffer.concat([...pieces, '0\r\n\r\n'].map((one) => Buffer.from(one)));
      const content = Buffer.concat(chunks).toString('hex');
      expect(await outcome(cut(bytes, at), false)).toBe(JSON.stringify([content, []]));
    }),
    { numRuns: 200 },
  );
});
