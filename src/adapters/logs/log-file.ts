/**
 * Writes one log: `NAME.log`, cut at a size, and `NAME.log.1` with what came before. Every line
 * carries its time; a file that goes on from another says so in its first line.
 */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { endOfFile, headOf } from './format.ts';

/** Lines of one program that wait for the disk; further ones are dropped and counted. */
const mostWaiting = 10_000;
/** Longer lines are broken, so that a reader never holds more of one. */
const lineForm = /[^\n]{1,262144}/gu;

export interface LogFileParts {
  readonly clock: Clock;
  /** At which a file is put aside. */
  readonly limitBytes: number;
}

export class LogFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #limitBytes: number;
  #waiting: string[] = [];
  #watching: (() => void)[] = [];
  #dropped = 0;
  #lastMs = 0;
  #writing: Promise<void> | undefined;
  #handle: FileHandle | undefined;
  #sizeBytes = 0;

  constructor(path: string, { clock, limitBytes }: LogFileParts) {
    this.#path = path;
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
        const text = lines.join('');
        const handle = await this.#open();
        await handle.write(text);
        this.#sizeBytes += Buffer.byteLength(text);
      } finally {
        for (const tell of told) tell();
      }
      if (this.#sizeBytes >= this.#limitBytes) await this.#turnOver();
    }
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, 'a', 0o600);
    this.#handle = handle;
    this.#sizeBytes = (await handle.stat()).size;
    if (this.#sizeBytes > 0) return handle;
    const continued = await endOfFile(`${this.#path}.1`);
    if (continued !== undefined) await handle.write(headOf(continued));
    return handle;
  }

  async #turnOver(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(this.#path, `${this.#path}.1`);
  }
}
