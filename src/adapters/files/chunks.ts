/** Byte streams from and for files: read in chunks, and given up when a signal says so. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { ByteStream } from '../../kernel/bytes.ts';

const chunkBytes = 262_144;

export interface FileSlice {
  readonly start: number;
  /** Exclusive; the end of the file ends the stream as well. */
  readonly end: number;
  readonly signal?: AbortSignal | undefined;
  /** As `ReadOptions` have it. */
  readonly partsPass?: boolean | undefined;
}

/** The part in hand, the one before it, of which a piece may be held, and the one being read. */
const passingParts = 3;

/** The file is opened at the first read and closed when the reader is done or gives up. */
export async function* readChunks(
  path: string,
  { start, end, signal, partsPass = false }: FileSlice,
): ByteStream {
  const file = await openPlain(path, constants.O_RDONLY);
  const passing: Buffer[] = [];
  try {
    let at = start;
    while (at < end) {
      signal?.throwIfAborted();
      const sizeBytes = Math.min(chunkBytes, end - at);
      const used = passing.length === passingParts ? passing.shift() : undefined;
      const buffer = used ?? Buffer.allocUnsafe(sizeBytes);
      if (partsPass) passing.push(buffer);
      const { bytesRead } = await file.read(buffer, 0, sizeBytes, at);
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      // Files that are read here do not grow: it is the end.
      if (bytesRead < sizeBytes) return;
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** As `open`, and never by a symbolic link: whoever put it there may have it lead anywhere. */
export async function openPlain(path: string, flags: number, mode?: number): Promise<FileHandle> {
  try {
    // The flag is not everywhere, as the links are not.
    return await open(path, flags | (constants.O_NOFOLLOW ?? 0), mode);
  } catch (cause) {
    if (errorCode(cause) === 'ELOOP') throw new Error(`${path} is a symbolic link`, { cause });
    throw cause;
  }
}

/** Throws when there is a symbolic link instead of a folder. */
export async function refuseLink(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) throw new Error(`${path} is a symbolic link`);
}

export async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

export interface Writing {
  /** At least so many a write; with 0 each part is written before the next is taken. */
  readonly batchBytes: number;
  /** Told after each write how many bytes were written so far; it is not waited for. */
  readonly onWritten: (sizeBytes: number) => void;
}

/**
 * The whole stream. The next parts are taken while the last are being written, so none may be
 * overwritten by the source, unless `batchBytes` is 0. Answers how many bytes that were.
 */
export async function writeAll(
  file: FileHandle,
  content: ByteStream,
  { batchBytes, onWritten }: Writing,
): Promise<number> {
  let writing: Promise<void> = Promise.resolve();
  let parts: Uint8Array[] = [];
  let [sizeBytes, heldBytes] = [0, 0];
  const flush = async () => {
    // In order: a failed write ends all that follow, and is thrown here.
    await writing;
    onWritten(sizeBytes - heldBytes);
    writing = writeParts(file, parts, heldBytes);
    // It is waited for by the next, or at the end; until then it is no unhandled rejection.
    writing.catch(() => {});
    [parts, heldBytes] = [[], 0];
  };
  try {
    for await (const part of content) {
      parts.push(part);
      heldBytes += part.length;
      sizeBytes += part.length;
      if (heldBytes >= batchBytes) await flush();
      if (batchBytes === 0) await writing;
    }
    if (heldBytes > 0) await flush();
  } finally {
    // Not to be under way when the file is closed.
    await writing;
  }
  return sizeBytes;
}

async function writeParts(
  file: FileHandle,
  parts: readonly Uint8Array[],
  sizeBytes: number,
): Promise<void> {
  const { bytesWritten } = await file.writev([...parts]);
  // Less than all is rare: a disk that fills up.
  if (bytesWritten < sizeBytes) {
    await writeWhole(file, Buffer.concat(parts, sizeBytes).subarray(bytesWritten));
  }
}

/** The stream, which throws the signal's reason even while the source keeps silent. */
export async function* abortable(stream: ByteStream, signal: AbortSignal | undefined): ByteStream {
  if (!signal) return yield* stream;
  const source = stream[Symbol.asyncIterator]();
  let giveUp: () => void = () => {};
  const onAbort = () => giveUp();
  // Not a race with one promise for all steps, which would hold every part until the end.
  const step = () =>
    new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      giveUp = () => reject(signal.reason);
      if (signal.aborted) giveUp();
      else source.next().then(resolve, reject);
    });
  signal.addEventListener('abort', onAbort, { once: true });
  let ended = false;
  try {
    for (;;) {
      const next = await step();
      ended = next.done === true;
      if (ended) return;
      signal.throwIfAborted();
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that keeps silent would hold us up here. Its failure tells nothing new.
    if (!ended) void Promise.resolve(source.return?.()).catch(() => {});
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
}
