/** Temporary files in one folder, made with the first of them. Whoever opens it empties it. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemporaryFiles } from '../../ports/temporary-files.ts';
import { abortable, writeWhole } from './chunks.ts';

const folderMode = 0o700;
const fileMode = 0o600;

export function folderTemporaryFiles(folder: string): TemporaryFiles {
  return {
    async make(content, options) {
      options?.signal?.throwIfAborted();
      await mkdir(folder, { recursive: true, mode: folderMode });
      const path = join(folder, randomBytes(16).toString('hex'));
      const release = () => rm(path, { force: true });
      try {
        const file = await open(path, 'wx', fileMode);
        try {
          for await (const part of abortable(content, options?.signal))
            await writeWhole(file, part);
        } finally {
          await file.close();
        }
      } catch (cause) {
        await release();
        throw cause;
      }
      return { path, release };
    },
  };
}
