/** The lines of a file of a log, and their times. */
import { type LogPlace, openSealed, type SealedFile } from './sealed-file.ts';

const newline = 0x0a;
const chunkBytes = 64 * 1024;
/** `2001-02-03T04:05:06.789Z ` */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const timeLength = 24;

/** An open file, of which the complete lines are read. */
export interface Segment {
  readonly file: SealedFile;
  /** Position in the log of its first line. */
  readonly base: number;
  /** Of its complete lines. */
  readonly contentBytes: number;
}

/** Undefined when there is no such file. */
export async function openSegment(place: LogPlace): Promise<Segment | undefined> {
  const file = await openSealed(place);
  if (!file) return undefined;
  try {
    return { file, base: file.base, contentBytes: await endOfLines(file) };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** After the last line end: what follows is still being written. */
async function endOfLines(file: SealedFile): Promise<number> {
  for (let end = file.sizeBytes; end > 0; ) {
    // The last byte alone says it of nearly every file.
    const from = end === file.sizeBytes ? end - 1 : Math.max(0, end - chunkBytes);
    const at = (await file.bytesAt(from, end - from)).lastIndexOf(newline);
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
  { file, contentBytes }: Segment,
  fromOffset: number,
): AsyncGenerator<readonly RawLine[]> {
  // One byte earlier, so that an offset within a line leads to the next one.
  let at = Math.max(0, fromOffset - 1);
  let skipping = fromOffset > 0;
  let rest: Buffer = Buffer.alloc(0);
  while (at < contentBytes) {
    const length = Math.min(chunkBytes, contentBytes - at);
    const piece = await file.bytesAt(at, length);
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
