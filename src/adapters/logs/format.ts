/** The files of a log: their first line, their lines, and where in the log each of them begins. */
import { type FileHandle, open } from 'node:fs/promises';
import { isMissing } from './missing.ts';

const newline = 0x0a;
const headPattern = /^… goes on from byte (\d{1,15})\n/;
const headBytes = 64;
const chunkBytes = 64 * 1024;
/** `2001-02-03T04:05:06.789Z ` */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const timeLength = 24;

/** The first line of a file whose log goes on from another file. */
export function headOf(position: number): string {
  return `… goes on from byte ${position}\n`;
}

/** An open file, of which the complete lines are read. */
export interface Segment {
  readonly handle: FileHandle;
  readonly inode: number;
  /** Position in the log of its first line; undefined when it does not say. */
  readonly base: number | undefined;
  /** Of its first line in the file. */
  readonly skipBytes: number;
  /** Of its complete lines. */
  readonly contentBytes: number;
  /** For lines that carry no time. */
  readonly changedMs: number;
}

/** Undefined when there is no such file. */
export async function openSegment(path: string): Promise<Segment | undefined> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    if (isMissing(cause)) return undefined;
    throw cause;
  });
  if (!handle) return undefined;
  try {
    const { size, ino, mtimeMs } = await handle.stat();
    const head = headPattern.exec((await bytesAt(handle, 0, headBytes)).toString());
    const skipBytes = head ? Buffer.byteLength(head[0]) : 0;
    return {
      handle,
      inode: ino,
      base: head ? Number(head[1]) : undefined,
      skipBytes,
      contentBytes: Math.max(0, (await endOfLines(handle, size)) - skipBytes),
      changedMs: Math.floor(mtimeMs),
    };
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** Where in its log a file ends; undefined when there is no such file. */
export async function endOfFile(path: string): Promise<number | undefined> {
  const segment = await openSegment(path);
  if (!segment) return undefined;
  await segment.handle.close();
  return (segment.base ?? 0) + segment.contentBytes;
}

async function bytesAt(handle: FileHandle, from: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  const { bytesRead } = await handle.read(buffer, 0, lengthBytes, from);
  return buffer.subarray(0, bytesRead);
}

/** After the last line end: what follows is still being written. */
async function endOfLines(handle: FileHandle, sizeBytes: number): Promise<number> {
  for (let end = sizeBytes; end > 0; ) {
    // The last byte alone says it of nearly every file.
    const from = end === sizeBytes ? end - 1 : Math.max(0, end - chunkBytes);
    const at = (await bytesAt(handle, from, end - from)).lastIndexOf(newline);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}

export interface RawLine {
  /** Of the first byte, from the file's first line on. */
  readonly offset: number;
  readonly endOffset: number;
  readonly text: string;
}

/** The lines that begin at or after an offset, as many at a time as a piece of the file holds. */
export async function* linesOf(
  { handle, skipBytes, contentBytes }: Segment,
  fromOffset: number,
): AsyncGenerator<readonly RawLine[]> {
  // One byte earlier, so that an offset within a line leads to the next one.
  let at = Math.max(0, fromOffset - 1);
  let skipping = fromOffset > 0;
  let rest: Buffer = Buffer.alloc(0);
  while (at < contentBytes) {
    const length = Math.min(chunkBytes, contentBytes - at);
    const piece = await bytesAt(handle, skipBytes + at, length);
    if (piece.length === 0) return;
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const start = at - rest.length;
    at += piece.length;
    const lines: RawLine[] = [];
    let from = 0;
    for (let to = bytes.indexOf(newline); to >= 0; to = bytes.indexOf(newline, from)) {
      const line = { offset: start + from, endOffset: start + to + 1 };
      if (!skipping) lines.push({ ...line, text: bytes.toString('utf8', from, to) });
      skipping = false;
      from = to + 1;
    }
    rest = bytes.subarray(from);
    yield lines;
  }
}

/** The time that begins a line, and the line without it. */
export function timedText(line: string): { readonly timeMs?: number; readonly text: string } {
  if (!timePattern.test(line)) return { text: line };
  const timeMs = Date.parse(line.slice(0, timeLength));
  return Number.isNaN(timeMs) ? { text: line } : { timeMs, text: line.slice(timeLength + 1) };
}
