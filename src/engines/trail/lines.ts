/** JSON lines as streams of bytes: cut into lines, and packed. Every gathering has a bound. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import type { ByteStream } from '../../kernel/bytes.ts';

const newline = 0x0a;
/** No record comes near it: its members are bounded. */
const longestLineBytes = 4 * 1_024 * 1_024;
/** Records repeat each other: the fastest level packs them to a tenth. */
const level = 1;

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

export function packed(content: ByteStream): ByteStream {
  // A failure of the source destroys the end, whose reader gets the error.
  return pipeline(Readable.from(content, { objectMode: false }), createGzip({ level }), () => {});
}

export function unpacked(content: ByteStream): ByteStream {
  return pipeline(Readable.from(content, { objectMode: false }), createGunzip(), () => {});
}
