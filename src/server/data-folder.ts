/**
 * The files of the data folder that the server reads itself: the lock of the one server that runs
 * on it, and the note that says where that listens and, sealed, who its administrator is. What
 * opens the folder is in `seal-folder.ts`.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import { makeFolder, writeDurably } from './seal-folder.ts';

export { makeFolder } from './seal-folder.ts';

/** What `modelkeep env` and `modelkeep status` need of a server that was started on the folder. */
export interface ServerNote {
  readonly url: string;
  /** Where invocations are served beside `url`, and by how many processes. */
  readonly dataPlane?: { readonly url: string; readonly processes: number };
  readonly region: string;
  readonly processId: number;
  /** See `administrator.ts`. */
  readonly administrator?: string;
  /** Of an ephemeral server, whose ring nobody else has: sealed under the key file. */
  readonly underKeyFile?: boolean;
  /** The server waits for somebody to open it. */
  readonly isSealed?: boolean;
}

const notePath = (config: Config) => join(config.data, 'server.json');

export async function writeNote(config: Config, note: ServerNote): Promise<void> {
  await makeFolder(config.data);
  await writeDurably(notePath(config), `${JSON.stringify(note, null, 2)}\n`);
}

export async function readNote(config: Config): Promise<Outcome<ServerNote>> {
  const path = notePath(config);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    return refuse(`no server was started on ${config.data} yet: run modelkeep up first`);
  }
  try {
    return ok(JSON.parse(text) as ServerNote);
  } catch {
    return refuse(`${path} is not JSON: start the server again`);
  }
}

/** Held by the one server that runs on a data folder. */
export interface FolderLock {
  release(): Promise<void>;
}

interface LockHolder {
  readonly processId: number;
  /** Tells the process from a later one of the same id; empty where the system does not say. */
  readonly processStart: string;
}

const lockPath = (config: Config) => join(config.data, 'server.lock');
/** Takeovers of stale locks that race with each other. */
const lockTries = 3;

/**
 * Refused while another process holds it, or when nothing can be written there; the lock of a
 * process that died is taken over.
 */
export async function lockFolder(config: Config): Promise<Outcome<FolderLock>> {
  try {
    return await takeLock(config);
  } catch (cause) {
    return refuse(`cannot write to ${config.data}: ${reasonOf(cause)}`);
  }
}

async function takeLock(config: Config): Promise<Outcome<FolderLock>> {
  await makeFolder(config.data);
  const path = lockPath(config);
  const own: LockHolder = {
    processId: process.pid,
    processStart: (await startOf(process.pid)) ?? '',
  };
  for (let tries = 0; tries < lockTries; tries += 1) {
    if (await placed(path, own)) return ok({ release: () => rm(path, { force: true }) });
    const holder = await readHolder(path);
    if (holder && (await isAlive(holder))) {
      return refuse(
        `another server (process ${holder.processId}) runs on ${config.data}: ` +
          'stop it, or name another folder with --data',
      );
    }
    await removeStale(path);
  }
  return refuse(`${path} is being taken over by other servers: try again`);
}

/** False when there is a lock already. Linked, so that nobody ever reads half of one. */
async function placed(path: string, own: LockHolder): Promise<boolean> {
  const beside = `${path}.${process.pid}.new`;
  await writeFile(beside, JSON.stringify(own), { mode: 0o600 });
  try {
    await link(beside, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    return false;
  } finally {
    await rm(beside, { force: true });
  }
}

/** Takes the lock away to look at it alone: another server may have replaced it a moment ago. */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  await rename(path, aside).catch(ignoreMissing);
  const holder = await readHolder(aside);
  if (holder && (await isAlive(holder))) await link(aside, path);
  await rm(aside, { force: true });
}

function ignoreMissing(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'ENOENT') throw cause;
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LockHolder;
  } catch {
    // Gone meanwhile, or half written by a process that died: nobody holds it.
    return undefined;
  }
}

async function isAlive({ processId, processStart }: LockHolder): Promise<boolean> {
  try {
    process.kill(processId, 0);
  } catch (cause) {
    // EPERM: it is there and belongs to somebody else.
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = await startOf(processId);
  return start === undefined || processStart === '' || start === processStart;
}

/** When a process started, in ticks since the machine did; undefined where there is no /proc. */
async function startOf(processId: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => undefined);
  // The name, in parentheses, may hold spaces; the start time is the 20th field after it.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}
