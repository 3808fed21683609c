/**
 * Journals as files. `append` resolves after write(2): the bytes are in the kernel and survive the
 * death of the process. Not synced: a power cut may take the last seconds. Written on the main
 * thread: a copy into the kernel's memory takes less than handing it to another thread would.
 */
import { constants, writeSync } from 'node:fs';
import { type FileHandle, mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../kernel/assert.ts';
import { type ByteStream, joined } from '../../kernel/bytes.ts';
import type { Journal, Journals } from '../../ports/journals.ts';
import { errorCode, openPlain, readChunks, refuseLink } from './chunks.ts';

const namePattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;
const folderMode = 0o700;
const fileMode = 0o600;
const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

/** Makes the folder when it is missing. Nothing else may keep files in it. */
export async function fileJournals(folder: string): Promise<Journals> {
  await mkdir(folder, { recursive: true, mode: folderMode });
  await refuseLink(folder);
  const journals = new Map<string, Promise<FileJournal>>();
  let closed = false;
  const openFile = async (name: string) => {
    const path = join(folder, name);
    const file = await openPlain(path, appendFlags, fileMode);
    const { size } = await file.stat();
    return new FileJournal({
      name,
      path,
      file,
      sizeBytes: size,
      gone: () => journals.delete(name),
    });
  };
  return {
    async open(name) {
      assert(namePattern.test(name), `not a journal name: ${name.slice(0, 250)}`);
      assert(!closed, 'the journals are closed');
      const opening = journals.get(name) ?? openFile(name);
      journals.set(name, opening);
      opening.catch(() => journals.delete(name));
      return opening;
    },
    async names() {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && namePattern.test(entry.name))
        .map((entry) => entry.name);
    },
    async close() {
      closed = true;
      for (const opening of journals.values()) await (await opening).close();
      journals.clear();
    },
  };
}

interface JournalParts {
  readonly name: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly gone: () => void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

class FileJournal implements Journal {
  readonly name: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #gone: () => void;
  #sizeBytes: number;
  /** Bounded by the callers, each of which waits for its append. */
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #state: 'open' | 'removed' | 'closed' = 'open';

  constructor(parts: JournalParts) {
    this.name = parts.name;
    this.#path = parts.path;
    this.#file = parts.file;
    this.#gone = parts.gone;
    this.#sizeBytes = parts.sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      assert(this.#state === 'open', `journal ${this.name} was ${this.#state}`);
      this.#waiting.push({ bytes, resolve, reject });
    });
    this.#writing ??= this.#write();
    return done;
  }

  read(): ByteStream {
    assert(this.#state === 'open', `journal ${this.name} was ${this.#state}`);
    return readChunks(this.#path, { start: 0, end: this.#sizeBytes });
  }

  async truncate(sizeBytes: number): Promise<void> {
    assert(this.#state === 'open', `journal ${this.name} was ${this.#state}`);
    await this.#writing;
    assert(sizeBytes <= this.#sizeBytes, `journal ${this.name} has ${this.#sizeBytes} bytes`);
    await this.#file.truncate(sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  async remove(): Promise<void> {
    if (this.#state !== 'open') return;
    await this.#end('removed');
    try {
      await unlink(this.#path);
    } catch (cause) {
      if (errorCode(cause) !== 'ENOENT') throw cause;
    }
    this.#gone();
  }

  async close(): Promise<void> {
    if (this.#state === 'open') await this.#end('closed');
  }

  async #end(state: 'removed' | 'closed'): Promise<void> {
    this.#state = state;
    await this.#writing;
    await this.#file.close();
  }

  /** Writes all that waits in one piece, until nothing does. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeGroup(joined(group.map(({ bytes }) => bytes)));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        for (const { reject } of group) reject(cause);
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file.fd, bytes, at);
      this.#sizeBytes += bytes.length;
    } catch (cause) {
      // What got in before the disk was full must not stand before the next record.
      await this.#file.truncate(this.#sizeBytes);
      throw cause;
    }
  }
}
