/**
 * Programs of a server that was killed live on without it. Each has a note in its folder, by which
 * the next server ends it and removes the folder. Folders without a note are not touched.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killGroup } from './program.ts';
import { statOf } from './usage.ts';

const noteName = '.modelkeep-program';

/** Makes the folder anew, empty but for the note. */
export async function makeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, noteName), '');
}

export async function noteProgram(folder: string, pid: number): Promise<void> {
  const stat = await statOf(pid);
  await writeFile(join(folder, noteName), `${pid} ${stat?.startTicks ?? ''}`);
}

/** Only while no other server uses the work folder. */
export async function sweep(workFolder: string): Promise<void> {
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(workFolder)) {
    const folder = join(workFolder, name);
    const text = await readFile(join(folder, noteName), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const [pid = 0, startTicks] = text.split(' ').map(Number);
    const stat = pid > 0 ? await statOf(pid) : undefined;
    // The id may have gone to a stranger since; the time of its start has not.
    if (stat && stat.startTicks === startTicks) killGroup(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}
