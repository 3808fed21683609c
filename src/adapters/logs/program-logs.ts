/** Program logs as sealed files in a folder, a log each; see `log-file.ts` for what is in them. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../kernel/assert.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { ProgramLogs } from '../../ports/program-logs.ts';
import type { Sealer } from '../../ports/sealer.ts';
import { LogFile } from './log-file.ts';
import { isMissing } from './missing.ts';
import { logNames } from './names.ts';
import { extentOf, readLog } from './reading.ts';
import { KnownFiles } from './sealed-file.ts';

const nameForm = /^[A-Za-z0-9-][A-Za-z0-9._-]*(\/[A-Za-z0-9-][A-Za-z0-9._-]*)*$/;
const defaultFileBytes = 10 * 1024 * 1024;
/** Logs that are held open; each costs a file descriptor. */
const mostOpen = 128;

export interface ProgramLogsParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly sealer: Sealer;
  /** 10 MiB unless given. */
  readonly fileBytes?: number;
}

export function fileProgramLogs(parts: ProgramLogsParts): ProgramLogs {
  const { folder, clock, sealer, fileBytes } = parts;
  /** Longest unused first. */
  const files = new Map<string, LogFile>();
  const limitBytes = fileBytes ?? defaultFileBytes;
  const known = new KnownFiles();
  const placeOf = (name: string) => {
    return { path: join(folder, `${name}.log`), name, sealer, known };
  };

  function makeRoom(): void {
    if (files.size < mostOpen) return;
    for (const [name, file] of files) {
      if (!file.idle) continue;
      files.delete(name);
      // Nothing is lost with it: what was written is written.
      file.close().catch(() => {});
      return;
    }
  }

  return {
    append(name, text) {
      assert(nameForm.test(name), `log name ${name}`);
      const known = files.get(name);
      if (known) files.delete(name);
      else makeRoom();
      const file = known ?? new LogFile(placeOf(name), { clock, limitBytes });
      files.set(name, file);
      file.append(text);
    },
    async *names(which) {
      const due = [...files].filter(([name]) => name.startsWith(which.prefix));
      await Promise.all(due.map(([, file]) => file.written()));
      yield* logNames(folder, which);
    },
    async madeAtMs(name) {
      if (!nameForm.test(name)) return undefined;
      try {
        const { birthtimeMs, ctimeMs } = await stat(join(folder, name));
        // Some file systems do not know when a file was made.
        return Math.floor(birthtimeMs > 0 ? birthtimeMs : ctimeMs);
      } catch (cause) {
        if (isMissing(cause)) return undefined;
        throw cause;
      }
    },
    async extent(name) {
      if (!nameForm.test(name)) return undefined;
      await files.get(name)?.written();
      return extentOf(placeOf(name));
    },
    async read(name, range) {
      if (!nameForm.test(name)) return undefined;
      await files.get(name)?.written();
      return readLog(placeOf(name), range);
    },
    async close() {
      for (const file of files.values()) await file.close();
      files.clear();
    },
  };
}
