/**
 * Writes one log: `NAME.log`, cut at a size, and `NAME.log.1` with what came before. Every line
 * carries its time; what a line is kept as, `sealed-file.ts` knows.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { DamagedLog, firstFrame, frames, type LogPlace, openSealed } from './sealed-file.ts';

/** Lines of one program that wait for the disk; further ones are dropped and counted. */
const mostWaiting = 10_000;
const fileMode = 0o600;
const appendFlags =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
/** Longer lines are broken, so that a reader never holds more of one. */
const lineForm = /[^\n]{1,262144}/gu;

export interface LogFileParts {
  readonly clock: Clock;
  /** At which a file is put aside. */
  readonly limitBytes: number;
}

export class LogFile {
  readonly #place: LogPlace;
  readonly #clock: Clock;
  readonly #limitBytes: number;
  #waiting: string[] = [];
  #watching: (() => void)[] = [];
  #dropped = 0;
  #lastMs = 0;
  #writing: Promise<void> | undefined;
  #handle: FileHandle | undefined;
  /** Position in the log of the file's beginning. */
  #base = 0;
  /** Of the text in the file. */
  #sizeBytes = 0;

  constructor(place: LogPlace, { clock, limitBytes }: LogFileParts) {
    this.#place = place;
    this.#clock = clock;
    this.#limitBytes = limitBytes;
  }

  get idle(): boolean {
    return this.#writing === undefined;
  }

  append(text: string): void {
    for (const line of text.match(lineForm) ?? ['']) {
      if (this.#waiting.length >= mostWaiting) this.#dropped += 1;
      else this.#waiting.push(`${this.#time()} ${line}\n`);
    }
    // A full disk must not take the server down with it: the next line tries again.
    this.#writing ??= this.#write()
      .catch(() => {})
      .finally(() => {
        this.#writing = undefined;
        this.#tell();
      });
  }

  /** Resolves when what was appended so far is written, or could not be. */
  async written(): Promise<void> {
    if (this.#writing) await new Promise<void>((tell) => this.#watching.push(tell));
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #time(): string {
    this.#lastMs = Math.max(this.#lastMs, this.#clock.nowMs());
    return new Date(this.#lastMs).toISOString();
  }

  #tell(): void {
    for (const tell of this.#watching.splice(0)) tell();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      const told = this.#watching.splice(0);
      if (this.#dropped > 0) lines.push(`${this.#time()} … ${this.#dropped} lines were dropped\n`);
      this.#dropped = 0;
      try {
        await this.#add(Buffer.from(lines.join('')));
      } finally {
        for (const tell of told) tell();
      }
      if (this.#sizeBytes >= this.#limitBytes) await this.#turnOver();
    }
  }

  async #add(text: Buffer): Promise<void> {
    const handle = await this.#open();
    const file = { base: this.#base, sizeBytes: this.#sizeBytes };
    try {
      await writeWhole(handle, frames(this.#place, file, text));
      this.#sizeBytes += text.length;
    } catch (cause) {
      // What got in before the disk was full is cut off when the file is opened again.
      this.#handle = undefined;
      await handle.close();
      throw cause;
    }
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    const { path } = this.#place;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await refuseLinks(this.#place);
    const found = (await this.#found()) ?? (await this.#next());
    const handle = await open(path, appendFlags, fileMode);
    try {
      await handle.truncate(found.fileBytes);
      if (found.fileBytes === 0) await writeWhole(handle, firstFrame(this.#place, found.base));
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    this.#handle = handle;
    this.#base = found.base;
    this.#sizeBytes = found.sizeBytes;
    return handle;
  }

  /** The file as an earlier process, or this one, left it; one that was damaged is put aside. */
  async #found(): Promise<Extent | undefined> {
    try {
      return await extentOfFile(this.#place);
    } catch (cause) {
      if (!(cause instanceof DamagedLog)) throw cause;
      const { size } = await lstat(this.#place.path);
      const { base } = await this.#next();
      await rename(this.#place.path, `${this.#place.path}.1`);
      // Positions are never used twice: no more than this was in the file.
      return { base: base + size, sizeBytes: 0, fileBytes: 0 };
    }
  }

  /** A new file, which goes on where the one that was put aside ends. */
  async #next(): Promise<Extent> {
    const older = await extentOfFile({ ...this.#place, path: `${this.#place.path}.1` });
    const base = older ? older.base + older.sizeBytes : 0;
    return { base, sizeBytes: 0, fileBytes: 0 };
  }

  async #turnOver(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(this.#place.path, `${this.#place.path}.1`);
  }
}

/** Whoever can put one below the folder of logs would choose where lines are written. */
async function refuseLinks({ path, name }: LogPlace): Promise<void> {
  let folder = path;
  for (const _ of name.split('/')) {
    folder = dirname(folder);
    if ((await lstat(folder)).isSymbolicLink()) throw new Error(`${folder} is a symbolic link`);
  }
}

interface Extent {
  readonly base: number;
  readonly sizeBytes: number;
  readonly fileBytes: number;
}

async function extentOfFile(place: LogPlace): Promise<Extent | undefined> {
  const file = await openSealed(place);
  if (!file) return undefined;
  await file.close();
  const { base, sizeBytes, fileBytes } = file;
  return { base, sizeBytes, fileBytes };
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}
