/**
 * Where jobs, programs and decrypted copies lie while they are needed: never in the data folder,
 * where they would be kept, and in memory where the machine has it to spare.
 */
import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  rmdir,
  statfs,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';

const memoryPath = '/dev/shm';
const leastFreeBytes = 2 ** 30;
const folderMode = 0o700;
/** What a server makes there, and the next one on the same data removes. */
const parts = ['jobs', 'temporary', 'objects'] as const;

export interface WorkPlace {
  readonly path: string;
  /** Whether what is written there stays off the disk. */
  readonly inMemory: boolean;
}

/** Where the work folder of a configuration is, or would be made. */
export async function workPlaceOf(config: Config): Promise<WorkPlace> {
  const chosen = config.workFolder;
  if (chosen !== undefined) {
    const path = resolve(chosen);
    return { path, inMemory: path === memoryPath || path.startsWith(`${memoryPath}/`) };
  }
  const name = `modelkeep-${await nameOf(config.data)}`;
  const [inMemory, onDisk] = [join(memoryPath, name), join(tmpdir(), name)];
  // Where an earlier server left its programs, whatever is free there now.
  if (await exists(inMemory)) return { path: inMemory, inMemory: true };
  if (await exists(onDisk)) return { path: onDisk, inMemory: false };
  const spare = await hasMemory();
  return { path: spare ? inMemory : onDisk, inMemory: spare };
}

/** The same for every path that leads to the folder. */
async function nameOf(data: string): Promise<string> {
  const path = await realpath(data).catch(() => resolve(data));
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** A file system in memory with room, from which programs may be run. */
async function hasMemory(): Promise<boolean> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  const fields = mounts.split('\n').map((line) => line.split(' '));
  const mount = fields.findLast(([, place]) => place === memoryPath);
  const [, , kind, flags = ''] = mount ?? [];
  if (kind !== 'tmpfs' || flags.split(',').includes('noexec')) return false;
  const { bavail, bsize } = await statfs(memoryPath);
  return bavail * bsize >= leastFreeBytes;
}

/**
 * Makes it, or takes it over from an earlier server on the same data, without what that left. An
 * ephemeral server has a new one, so that no other takes its programs for leftovers. Refused when
 * it is a link or somebody else's: they would read what is decrypted there.
 */
export async function makeWorkFolder(config: Config): Promise<Outcome<string>> {
  if (config.ephemeral) {
    const above = config.workFolder ?? ((await hasMemory()) ? memoryPath : tmpdir());
    await mkdir(above, { recursive: true, mode: folderMode });
    return ok(await mkdtemp(join(above, 'modelkeep-')));
  }
  const { path } = await workPlaceOf(config);
  if (!(await exists(path))) await mkdir(path, { recursive: true, mode: folderMode });
  const found = await lstat(path);
  const owner = process.getuid?.();
  if (found.isSymbolicLink()) return refuse(`the work folder ${path} is a symbolic link`);
  if (!found.isDirectory()) return refuse(`the work folder ${path} is no folder`);
  if (owner !== undefined && found.uid !== owner) {
    return refuse(`the work folder ${path} belongs to another user: name one with --work-folder`);
  }
  await chmod(path, folderMode);
  await emptyWorkFolder(path);
  return ok(path);
}

/** At the end of a server: nothing is left but what still runs there. */
export async function leaveWorkFolder(path: string): Promise<void> {
  await emptyWorkFolder(path);
  for (const folder of [join(path, 'programs'), path]) {
    await rmdir(folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT' && cause.code !== 'ENOTEMPTY') throw cause;
    });
  }
}

/** Takes away what is decrypted; what programs have left is the business of their launcher. */
async function emptyWorkFolder(path: string): Promise<void> {
  for (const part of parts) {
    await rm(join(path, part), { recursive: true, force: true, maxRetries: 3 });
  }
}
