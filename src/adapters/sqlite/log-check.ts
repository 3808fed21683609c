/**
 * Notices damage inside SQLite's write-ahead log. SQLite itself reads a log up to its first frame
 * that does not check, as it must after a power cut, and drops what follows without a word. But
 * each commit here is synced before the next is begun: where frames of a later commit follow the
 * one that does not check, it was written whole once, and commits would be lost. Format:
 * https://www.sqlite.org/fileformat2.html#walformat
 */
import { type FileHandle, open } from 'node:fs/promises';

const headBytes = 32;
const frameHeadBytes = 24;
const magic = 0x377f0682;
/** Set in the magic number of logs whose checksums are over big-endian words. */
const bigEndianBit = 1;
const smallestPage = 512;
const largestPage = 65_536;

interface Head {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly bigEndian: boolean;
}

/** SQLite's two running sums, of 32 bits each. */
interface Sums {
  first: number;
  second: number;
}

/** What is wrong with the log, and what can be done; undefined for a sound one, and for none. */
export async function damageInLog(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (!file) return undefined;
  try {
    const found = await scan(file);
    if (!found) return undefined;
    // A log that another process begins anew meanwhile is not judged by what it was.
    if (!(await bytesAt(file, { from: 0, length: headBytes })).equals(found.head)) return undefined;
    return (
      `${path} is damaged at byte ${found.soundBytes}, and later commits follow it: put back a ` +
      'copy of the folder, or cut the file off there to go on without them'
    );
  } finally {
    await file.close();
  }
}

interface Damage {
  /** As they were read. */
  readonly head: Buffer;
  /** How much of the log holds, up to the end of a frame. */
  readonly soundBytes: number;
}

async function scan(file: FileHandle): Promise<Damage | undefined> {
  const { size } = await file.stat();
  if (size < headBytes) return undefined;
  const bytes = await bytesAt(file, { from: 0, length: headBytes });
  const sums: Sums = { first: 0, second: 0 };
  const head = headOf(bytes, sums);
  // It is written and synced before any frame.
  if (!head) return size > headBytes ? { head: bytes, soundBytes: 0 } : undefined;
  const length = frameHeadBytes + head.pageBytes;
  let from = headBytes;
  for (; from + length <= size; from += length) {
    const frame = await bytesAt(file, { from, length });
    if (!isOfLog(frame, head)) break;
    addTo(sums, frame.subarray(0, 8), head.bigEndian);
    addTo(sums, frame.subarray(frameHeadBytes), head.bigEndian);
    if (!isSum(frame, 16, sums)) break;
  }
  const followed = await laterCommit(file, { head, from, size });
  return followed ? { head: bytes, soundBytes: from } : undefined;
}

interface Rest {
  readonly head: Head;
  /** Of the first frame that does not check. */
  readonly from: number;
  readonly size: number;
}

/**
 * Whether frames of this log go on after a commit that is not whole. Those of an older log in the
 * same file carry other salts.
 */
async function laterCommit(file: FileHandle, { head, from, size }: Rest): Promise<boolean> {
  const length = frameHeadBytes + head.pageBytes;
  let ended = false;
  for (let at = from; at + length <= size; at += length) {
    const frame = await bytesAt(file, { from: at, length: frameHeadBytes });
    if (!isOfLog(frame, head)) {
      // It may be the damaged one, whose own mark of a commit cannot be believed.
      if (at === from) continue;
      return false;
    }
    if (ended) return true;
    // The size of the database after a commit, which only its last frame has.
    ended = frame.readUInt32BE(4) !== 0;
  }
  return false;
}

/** Begins the sums, which run on from the head through all frames. */
function headOf(bytes: Buffer, sums: Sums): Head | undefined {
  const found = bytes.readUInt32BE(0);
  const pageBytes = bytes.readUInt32BE(8);
  if ((found & ~bigEndianBit) >>> 0 !== magic) return undefined;
  if (pageBytes < smallestPage || pageBytes > largestPage) return undefined;
  if ((pageBytes & (pageBytes - 1)) !== 0) return undefined;
  const bigEndian = (found & bigEndianBit) !== 0;
  addTo(sums, bytes.subarray(0, 24), bigEndian);
  return isSum(bytes, 24, sums) ? { bytes, pageBytes, bigEndian } : undefined;
}

/** Both salts are those of the log's head. */
function isOfLog(frame: Buffer, { bytes }: Head): boolean {
  return frame.compare(bytes, 16, 24, 8, 16) === 0;
}

function isSum(bytes: Buffer, at: number, { first, second }: Sums): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second;
}

function addTo(sums: Sums, bytes: Buffer, bigEndian: boolean): void {
  let { first, second } = sums;
  for (let at = 0; at < bytes.length; at += 8) {
    const one = bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const two = bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    first = (first + one + second) >>> 0;
    second = (second + two + first) >>> 0;
  }
  sums.first = first;
  sums.second = second;
}

async function bytesAt(
  file: FileHandle,
  { from, length }: { readonly from: number; readonly length: number },
): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, from);
  return bytes;
}
