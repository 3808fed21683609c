/** JSON lines as streams of bytes: cut into lines, and packed. Every gathering has a bound. */
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createBrotliCompress, createBrotliDecompress, createGunzip } from 'node:zlib';
import type { ByteStream } from '../../kernel/bytes.ts';

const newline = 0x0a;
/** No record comes near it: its members are bounded. */
const longestLineBytes = 4 * 1_024 * 1_024;
/**
 * Records repeat each other: a fast quality packs them to a twentieth, in half the time that gzip
 * takes for less.
 */
const packing = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    [constants.BROTLI_PARAM_LGWIN]: 20,
  },
  chunkSize: 65_536,
};

/** Whole lines without their ends; a last line without its end is left out. */
export async function* linesOf(content: ByteStream): AsyncIterable<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const part of content) {
    let held = rest.length === 0 ? Buffer.from(part) : Buffer.concat([rest, part]);
    for (;;) {
      const end = held.indexOf(newline);
      if (end < 0) break;
      yield held.subarray(0, end);
      held = held.subarray(end + 1);
    }
    if (held.length > longestLineBytes) throw new Error('a line of the trail has no end');
    rest = held;
  }
}

/** Texts of whole lines with their ends; a last line without its end is left out. */
export async function* wholeLinesOf(content: ByteStream): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const part of content) {
    const held = rest.length === 0 ? Buffer.from(part) : Buffer.concat([rest, part]);
    const end = held.lastIndexOf(newline) + 1;
    if (end > 0) yield held.toString('utf8', 0, end);
    rest = held.subarray(end);
    if (rest.length > longestLineBytes) throw new Error('a line of the trail has no end');
  }
}

export function packed(content: ByteStream): ByteStream {
  return through(content, createBrotliCompress(packing));
}

/** `gzip` is what stretches were packed by before. */
export function unpacked(content: ByteStream, by: 'brotli' | 'gzip'): ByteStream {
  return through(content, by === 'gzip' ? createGunzip() : createBrotliDecompress());
}

function through(content: ByteStream, change: Transform): ByteStream {
  // A failure of the source destroys the end, whose reader gets the error.
  return pipeline(Readable.from(content, { objectMode: false }), change, () => {});
}
