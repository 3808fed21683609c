/** Whole lines of a part of a text file, many at a time, as bytes and in bounded memory. */
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { UnreadableData } from '../../ports/analytics.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { lineLimitBytes } from './lines.ts';

/** The lines that begin at `from` or later, and before `to`. */
export interface FilePart {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface Block {
  /** Good until the next block is asked for. */
  readonly bytes: Buffer;
  /** Lines begin here, and each has its line feed: that of a last line without one is added. */
  readonly start: number;
  readonly end: number;
  /** Where in the file `bytes` begins. */
  readonly offset: number;
}

const blockBytes = 1024 * 1024;
/** Read at a time where the end of a line is looked for. */
const stepBytes = 16 * 1024;
/**
 * What was read into last, for whoever reads next: memory of this size that is left to the
 * collector piles up, since it comes round far too seldom for it.
 */
let spare: Buffer | undefined;
const lineFeed = 10;
const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf);

/** Without a byte order mark. Throws `UnreadableData`: no such file, not UTF-8, a line too long. */
export async function* blocksOf(part: FilePart, { signal }: Abortable = {}): AsyncIterable<Block> {
  signal?.throwIfAborted();
  const { path } = part;
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new UnreadableData(path, 'there is no such file');
  const file = await open(path);
  // One byte more than is read, for the line feed that a last line may lack.
  const bytes = spare ?? Buffer.allocUnsafe(blockBytes + 1);
  spare = undefined;
  try {
    const from = await lineFrom(part.from, { file, bytes, size: found.size });
    const to = await lineFrom(part.to, { file, bytes, size: found.size });
    for await (const block of blocksIn({ file, bytes }, { path, from, to })) {
      signal?.throwIfAborted();
      yield block;
    }
  } finally {
    spare = bytes;
    await file.close();
  }
}

/** Of the line with the byte at `at` of the file, from 1. */
export async function lineNumberAt(path: string, at: number): Promise<number> {
  const file = await open(path);
  try {
    const bytes = Buffer.allocUnsafe(blockBytes);
    let number = 1;
    for (let from = 0; from < at; ) {
      const { bytesRead } = await file.read(bytes, 0, Math.min(blockBytes, at - from), from);
      if (bytesRead === 0) break;
      for (let i = 0; i < bytesRead; i += 1) if (bytes[i] === lineFeed) number += 1;
      from += bytesRead;
    }
    return number;
  } finally {
    await file.close();
  }
}

interface Reading {
  readonly file: FileHandle;
  /** Read into; a longer line gets a buffer of its own. */
  readonly bytes: Buffer;
}

/** Where the first line begins that does not begin before `at`. */
async function lineFrom(
  at: number,
  { file, bytes, size }: Reading & { readonly size: number },
): Promise<number> {
  if (at <= 0 || at >= size) return Math.min(Math.max(0, at), size);
  for (let from = at - 1; from < size; ) {
    const { bytesRead } = await file.read(bytes, 0, stepBytes, from);
    const feed = bytes.subarray(0, bytesRead).indexOf(lineFeed);
    if (feed >= 0) return from + feed + 1;
    if (bytesRead === 0) break;
    from += bytesRead;
  }
  return size;
}

async function* blocksIn(
  { file, bytes: given }: Reading,
  { path, from, to }: FilePart,
): AsyncIterable<Block> {
  let bytes = given;
  let offset = from;
  let held = 0;
  while (offset + held < to) {
    const room = Math.min(bytes.length - 1 - held, to - offset - held);
    const { bytesRead } = await file.read(bytes, held, room, offset + held);
    if (bytesRead === 0) break;
    held += bytesRead;
    let end = bytes.subarray(0, held).lastIndexOf(lineFeed) + 1;
    if (end < held && offset + held >= to) {
      bytes[held] = lineFeed;
      held += 1;
      end = held;
    }
    if (end === 0) {
      bytes = await widened(bytes, { path, offset });
      continue;
    }
    const start = offset === 0 && startsMarked(bytes.subarray(0, end)) ? byteOrderMark.length : 0;
    if (!isUtf8(bytes.subarray(start, end))) await refuseBytes(path, { bytes, start, end, offset });
    yield { bytes, start, end, offset };
    bytes.copyWithin(0, end, held);
    offset += end;
    held -= end;
  }
}

function startsMarked(bytes: Buffer): boolean {
  return bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark);
}

/** Room for a line that is longer than the block. */
async function widened(
  bytes: Buffer,
  { path, offset }: { readonly path: string; readonly offset: number },
): Promise<Buffer> {
  if (bytes.length > lineLimitBytes) {
    const reason = `is longer than ${lineLimitBytes} bytes`;
    throw new UnreadableData(path, reason, await lineNumberAt(path, offset));
  }
  return Buffer.concat([bytes.subarray(0, -1)], 2 * bytes.length);
}

async function refuseBytes(path: string, { bytes, start, end, offset }: Block): Promise<never> {
  let at = start;
  for (;;) {
    const next = bytes.indexOf(lineFeed, at) + 1;
    if (next === 0 || next >= end || !isUtf8(bytes.subarray(at, next))) break;
    at = next;
  }
  throw new UnreadableData(path, 'is not UTF-8', await lineNumberAt(path, offset + at));
}
