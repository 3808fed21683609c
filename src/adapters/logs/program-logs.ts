/**
 * Program logs as files, one a program, cut at a size: `NAME.log`, and `NAME.log.1` with what came
 * before. Lines carry the time at which they were read.
 */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../../kernel/assert.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { ProgramLogs } from '../../ports/program-logs.ts';

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const defaultFileBytes = 10 * 1024 * 1024;
/** Lines of one program that wait for the disk; further ones are dropped and counted. */
const mostWaiting = 10_000;

export interface ProgramLogsParts {
  readonly folder: string;
  readonly clock: Clock;
  /** 10 MiB unless given. */
  readonly fileBytes?: number;
}

export function fileProgramLogs(parts: ProgramLogsParts): ProgramLogs {
  const files = new Map<string, LogFile>();
  return {
    append(name, line) {
      assert(nameForm.test(name), `log name ${name}`);
      const file = files.get(name) ?? new LogFile(join(parts.folder, `${name}.log`), parts);
      files.set(name, file);
      file.append(line);
    },
    async close() {
      for (const file of files.values()) await file.close();
      files.clear();
    },
  };
}

class LogFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #limitBytes: number;
  #waiting: string[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #handle: FileHandle | undefined;
  #sizeBytes = 0;

  constructor(path: string, { clock, fileBytes = defaultFileBytes }: ProgramLogsParts) {
    this.#path = path;
    this.#clock = clock;
    this.#limitBytes = fileBytes;
  }

  append(line: string): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(`${new Date(this.#clock.nowMs()).toISOString()} ${line}\n`);
    // A full disk must not take the server down with it: the next line tries again.
    this.#writing ??= this.#write()
      .catch(() => {})
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0);
      if (this.#dropped > 0) lines.push(`… ${this.#dropped} lines were dropped\n`);
      this.#dropped = 0;
      const text = lines.join('');
      const handle = await this.#open();
      await handle.write(text);
      this.#sizeBytes += Buffer.byteLength(text);
      if (this.#sizeBytes >= this.#limitBytes) await this.#turnOver();
    }
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#handle = await open(this.#path, 'a', 0o600);
    this.#sizeBytes = (await this.#handle.stat()).size;
    return this.#handle;
  }

  async #turnOver(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(this.#path, `${this.#path}.1`);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }
}
