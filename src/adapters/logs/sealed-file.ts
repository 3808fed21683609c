/**
 * The sealed files of a log: frames of `length(4, big-endian) ‖ CRC-32 of the length(4) ‖ sealed
 * piece`. The first frame says where in the log the file begins and is bound to the log's name; the
 * others are bound to that, and to where they stand. What is read are the pieces put together, by
 * their places; a frame that was half written when its process died is not there.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Sealer } from '../../ports/sealer.ts';
import { isMissing } from './missing.ts';

const headBytes = 8;
/** Longer pieces become several frames, so that a reader never opens more for a few bytes. */
const mostFrameBytes = 65_536;
/** Between places that are remembered of a file. */
const markBytes = 65_536;
const windowBytes = 131_072;
/** Files whose places are remembered. */
const mostKnown = 512;
const headForm = /^from (\d{1,15})\n/;

export class DamagedLog extends Error {
  override readonly name = 'DamagedLog';
}

/** Which log, and what its frames are sealed with. */
export interface LogPlace {
  readonly path: string;
  readonly name: string;
  readonly sealer: Sealer;
  readonly known: KnownFiles;
}

interface Mark {
  /** In the log's text, from the beginning of the file. */
  readonly at: number;
  /** In the file. */
  readonly fileAt: number;
}

/** What was found of a file so far; grows with it. */
interface FileIndex {
  readonly base: number;
  readonly marks: Mark[];
  end: Mark;
}

/** Where frames stand in files that were looked at, by their first frames, which are all unlike. */
export class KnownFiles {
  /** Longest unused first. */
  readonly #files = new Map<string, FileIndex>();

  index(head: Buffer, make: () => FileIndex): FileIndex {
    const name = head.toString('latin1');
    const index = this.#files.get(name) ?? make();
    this.#files.delete(name);
    const [oldest] = this.#files.keys();
    if (this.#files.size >= mostKnown && oldest !== undefined) this.#files.delete(oldest);
    this.#files.set(name, index);
    return index;
  }
}

function frame(sealer: Sealer, piece: Uint8Array, binding: string): Buffer {
  const sealed = sealer.seal(piece, binding);
  return Buffer.concat([frameHead(sealed.length), sealed]);
}

function frameHead(lengthBytes: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(lengthBytes);
  head.writeUInt32BE(crc32(head.subarray(0, 4)), 4);
  return head;
}

const headBinding = (name: string) => `log ${name}`;
const binding = (name: string, base: number, at: number) => `log ${name} ${base} ${at}`;

/** The first frame of a file whose log goes on from a position. */
export function firstFrame({ name, sealer }: LogPlace, base: number): Buffer {
  return frame(sealer, Buffer.from(`from ${base}\n`), headBinding(name));
}

/** The frames of a text that stands at a place of a file that begins at `base`. */
export function frames(
  { name, sealer }: LogPlace,
  file: { readonly base: number; readonly sizeBytes: number },
  text: Buffer,
): Buffer {
  const made: Buffer[] = [];
  for (let at = 0; at < text.length; at += mostFrameBytes) {
    const part = text.subarray(at, at + mostFrameBytes);
    made.push(frame(sealer, part, binding(name, file.base, file.sizeBytes + at)));
  }
  return Buffer.concat(made);
}

/** Of a log, open for reading. */
export interface SealedFile {
  readonly base: number;
  /** Of the text, without what is half written. */
  readonly sizeBytes: number;
  /** Of the frames that hold it. */
  readonly fileBytes: number;
  /** For lines that carry no time. */
  readonly changedMs: number;
  /** Throws `DamagedLog`. */
  bytesAt(from: number, lengthBytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Undefined when there is no such file, or it was made by a process that died at once. Throws
 * `DamagedLog`, also for a symbolic link.
 */
export async function openSealed(place: LogPlace): Promise<SealedFile | undefined> {
  const handle = await openPlain(place.path);
  if (!handle) return undefined;
  try {
    const { size, mtimeMs } = await handle.stat();
    const index = await indexOf(handle, place, size);
    if (!index) {
      await handle.close();
      return undefined;
    }
    const { at, fileAt } = index.end;
    return {
      base: index.base,
      sizeBytes: at,
      fileBytes: fileAt,
      changedMs: Math.floor(mtimeMs),
      bytesAt: (from, length) => readText(handle, place, index, { from, to: from + length }),
      close: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    if ((cause as NodeJS.ErrnoException).code !== 'ELOOP') throw cause;
    throw new DamagedLog(`${path} is a symbolic link`, { cause });
  }
}

async function indexOf(
  handle: FileHandle,
  place: LogPlace,
  sizeBytes: number,
): Promise<FileIndex | undefined> {
  const window = await rawAt(handle, 0, Math.min(sizeBytes, windowBytes));
  const first = frameIn(place, window, 0);
  if (!first || first.end > window.length) return undefined;
  const head = window.subarray(headBytes, first.end);
  const index = place.known.index(head, () => {
    const opened = place.sealer.open(head, headBinding(place.name));
    const [, base] = (opened.ok && headForm.exec(Buffer.from(opened.value).toString())) || [];
    if (base === undefined) throw new DamagedLog(`the beginning of ${place.path} was changed`);
    const mark = { at: 0, fileAt: first.end };
    return { base: Number(base), marks: [mark], end: mark };
  });
  // A file that was cut short is looked at anew.
  if (index.end.fileAt > sizeBytes) {
    index.marks.splice(1);
    index.end = index.marks[0] ?? { at: 0, fileAt: first.end };
  }
  await extend(handle, place, index, sizeBytes);
  return index;
}

/** Finds the frames that came since the last look. */
async function extend(
  handle: FileHandle,
  place: LogPlace,
  index: FileIndex,
  sizeBytes: number,
): Promise<void> {
  const { overheadBytes } = place.sealer;
  let { at, fileAt } = index.end;
  while (fileAt + headBytes <= sizeBytes) {
    const start = fileAt;
    const window = await rawAt(handle, start, Math.min(windowBytes, sizeBytes - start));
    for (;;) {
      const found = frameIn(place, window, fileAt - start);
      if (!found || start + found.end > sizeBytes) break;
      at += found.end - (fileAt - start) - headBytes - overheadBytes;
      fileAt = start + found.end;
      const last = index.marks.at(-1);
      if (!last || at - last.at >= markBytes) index.marks.push({ at, fileAt });
    }
    index.end = { at, fileAt };
    if (fileAt === start) return;
  }
}

/** Where a frame ends; undefined when its head is not whole, or was never written. */
function frameIn(
  { path, sealer }: LogPlace,
  window: Buffer,
  at: number,
): { readonly end: number } | undefined {
  const head = window.subarray(at, at + headBytes);
  if (head.length < headBytes) return undefined;
  const length = head.readUInt32BE();
  const sound = frameHead(length).equals(head) && length >= sealer.overheadBytes;
  if (sound && length <= mostFrameBytes + sealer.overheadBytes) {
    return { end: at + headBytes + length };
  }
  // A file system that lost power may leave the end of a file as zeros.
  if (window.subarray(at).every((byte) => byte === 0)) return undefined;
  throw new DamagedLog(`${path} was changed`);
}

interface TextRange {
  readonly from: number;
  readonly to: number;
}

async function readText(
  handle: FileHandle,
  place: LogPlace,
  index: FileIndex,
  { from, to }: TextRange,
): Promise<Buffer> {
  const { overheadBytes } = place.sealer;
  const past = Math.min(to, index.end.at);
  const pieces: Buffer[] = [];
  let { at, fileAt } = index.marks.findLast((mark) => mark.at <= from) ?? index.end;
  while (at < past) {
    const start = fileAt;
    const window = await rawAt(handle, start, Math.min(windowBytes, index.end.fileAt - start));
    while (at < past) {
      const here = fileAt - start;
      const found = frameIn(place, window, here);
      if (!found || found.end > window.length) break;
      const next = at + found.end - here - headBytes - overheadBytes;
      if (next > from) {
        const sealed = window.subarray(here + headBytes, found.end);
        const text = opened(place, sealed, binding(place.name, index.base, at));
        pieces.push(text.subarray(Math.max(0, from - at), past - at));
      }
      at = next;
      fileAt = start + found.end;
    }
    if (fileAt === start) throw new DamagedLog(`${place.path} ends before its text`);
  }
  return Buffer.concat(pieces);
}

function opened({ path, sealer }: LogPlace, sealed: Uint8Array, place: string): Buffer {
  const text = sealer.open(sealed, place);
  if (!text.ok) throw new DamagedLog(`${path}: ${text.reason}`);
  return Buffer.from(text.value);
}

async function rawAt(handle: FileHandle, from: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  const { bytesRead } = await handle.read(buffer, 0, lengthBytes, from);
  return buffer.subarray(0, bytesRead);
}
