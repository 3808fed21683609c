/**
 * Blobs as files: `ab/abcd…`, in 256 folders that are made at once. A blob is written under a
 * temporary name, synced, renamed, and its folder synced, so it is whole and durable or not there
 * at all. One process at a time: opening removes what an earlier one left behind.
 */
import { randomBytes } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../kernel/assert.ts';
import type { ByteStream } from '../../kernel/bytes.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import {
  type Blob,
  type BlobFile,
  BlobMissing,
  type ByteRange,
  type ObjectStore,
  type OpenBlob,
  type PutOptions,
  type ReadOptions,
} from '../../ports/object-store.ts';
import {
  abortable,
  errorCode,
  openPlain,
  readChunks,
  refuseLink,
  syncFolder,
  writeAll,
} from './chunks.ts';

const idPattern = /^[0-9a-f]{32}$/;
/** Parts that stay are written so many at a time: each write costs a turn of its own. */
const minWriteBytes = 262_144;
const earlySyncBytes = 16_777_216;
const homeCount = 256;
const homePattern = /^[0-9a-f]{2}$/;
/** Read-only: a path is handed out by `asFile`, and nobody may change a blob through it. */
const blobMode = 0o400;
const folderMode = 0o700;

/** Makes the folder when it is missing; removes leftover temporary files. */
export async function fileObjectStore(folder: string): Promise<ObjectStore> {
  const temporary = join(folder, 'tmp');
  await mkdir(folder, { recursive: true, mode: folderMode });
  await refuseLink(folder);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { mode: folderMode });
  await makeHomes(folder);
  await syncFolder(folder);
  return new FileObjectStore(folder, temporary);
}

class FileObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #temporary: string;
  #closed = false;

  constructor(folder: string, temporary: string) {
    this.#folder = folder;
    this.#temporary = temporary;
  }

  async put(content: ByteStream, options?: PutOptions): Promise<Blob> {
    assert(!this.#closed, 'the object store is closed');
    const id = options?.id ?? randomBytes(16).toString('hex');
    assert(idPattern.test(id), `an id of a blob, ${id.slice(0, 64)}`);
    const unfinished = join(this.#temporary, id);
    try {
      const stream = abortable(content, options?.signal);
      const sizeBytes = await writeSynced(unfinished, stream, options?.partsStay === true);
      await rename(unfinished, this.#path(id));
      await syncFolder(homeOf(this.#folder, id));
      return { id, sizeBytes };
    } catch (cause) {
      await rm(unfinished, { force: true });
      throw cause;
    }
  }

  async *read(id: string, range?: ByteRange, options?: ReadOptions): ByteStream {
    const { start = 0, end = Number.MAX_SAFE_INTEGER } = range ?? {};
    const slice = { start, end, ...options };
    yield* orMissing(id, () => readChunks(this.#path(id), slice));
  }

  async openBlob(id: string): Promise<OpenBlob> {
    const file = await openPlain(this.#path(id), constants.O_RDONLY).catch((cause: unknown) => {
      throw missingOr(id, cause);
    });
    return {
      fd: file.fd,
      read: async (memory, position) =>
        (await file.read(memory, 0, memory.length, position)).bytesRead,
      close: () => file.close(),
    };
  }

  async delete(id: string): Promise<void> {
    if (idPattern.test(id)) await rm(this.#path(id), { force: true });
  }

  async asFile(id: string, options?: Abortable): Promise<BlobFile> {
    options?.signal?.throwIfAborted();
    // A second name for the same file, which outlives the deletion of the blob.
    const path = join(this.#temporary, `file-${randomBytes(16).toString('hex')}`);
    try {
      await link(this.#path(id), path);
    } catch (cause) {
      throw missingOr(id, cause);
    }
    return { path, release: () => rm(path, { force: true }) };
  }

  async *ids(): AsyncIterable<string> {
    for (const home of await folders(this.#folder)) {
      const files = await readdir(join(this.#folder, home));
      yield* files.filter((name) => idPattern.test(name));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Every path is made from a checked id, so none can lead out of the folder. */
  #path(id: string): string {
    if (!idPattern.test(id)) throw new BlobMissing(id.slice(0, 64));
    return join(homeOf(this.#folder, id), id);
  }
}

function homeOf(folder: string, id: string): string {
  return join(folder, id.slice(0, 2));
}

/** All of them before the first blob: made one by one, each would cost a put its own syncs. */
async function makeHomes(folder: string): Promise<void> {
  const known = new Set(await folders(folder));
  const names = Array.from({ length: homeCount }, (_, n) => n.toString(16).padStart(2, '0'));
  const missing = names.filter((name) => !known.has(name));
  await Promise.all(missing.map((name) => makeHome(join(folder, name))));
}

async function makeHome(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: folderMode });
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') await refuseLink(path);
    throw cause;
  }
}

async function writeSynced(path: string, content: ByteStream, partsStay: boolean): Promise<number> {
  const file = await open(path, 'wx', blobMode);
  const early = earlySyncs(file);
  try {
    const batchBytes = partsStay ? minWriteBytes : 0;
    const sizeBytes = await writeAll(file, content, { batchBytes, onWritten: early.onWritten });
    await early.end();
    await file.sync();
    return sizeBytes;
  } finally {
    await early.end();
    await file.close();
  }
}

/**
 * Has the disk begin while more is coming, so that less is left to wait for at the end. What fails
 * here fails again in the sync that counts, which follows.
 */
function earlySyncs(file: FileHandle) {
  let syncedBytes = 0;
  let syncing: Promise<void> | undefined;
  return {
    onWritten(sizeBytes: number): void {
      if (syncing || sizeBytes - syncedBytes < earlySyncBytes) return;
      syncedBytes = sizeBytes;
      syncing = file
        .datasync()
        .catch(() => {})
        .finally(() => {
          syncing = undefined;
        });
    },
    /** The file must not be closed under it. */
    end: async () => syncing,
  };
}

async function* orMissing(id: string, read: () => ByteStream): ByteStream {
  try {
    yield* read();
  } catch (cause) {
    throw missingOr(id, cause);
  }
}

function missingOr(id: string, cause: unknown): unknown {
  return errorCode(cause) === 'ENOENT' ? new BlobMissing(id) : cause;
}

async function folders(path: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true });
  return entries.filter((e) => e.isDirectory() && homePattern.test(e.name)).map((e) => e.name);
}
