/**
 * Where what opens a data folder lies: `seal.json` inside it, the key file and the anchor beside
 * it. Reads and writes those files with care; does not know what is in them.
 */
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import {
  formatSealFile,
  parseSealFile,
  type SealFile,
  sealFileLimitBytes,
} from '../engines/unsealing/seal-file.ts';
import type { Trust } from '../engines/unsealing/trust.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';

type Places = Pick<Config, 'data' | 'rootKeyFile' | 'anchorFile'>;

export const sealPath = ({ data }: Places) => join(data, 'seal.json');
/** What `seal.json` was before it was changed, until the change has been proven. */
export const formerSealPath = (config: Places) => `${sealPath(config)}.before`;
/** Where older versions kept their key. */
export const oldKeyPath = ({ data }: Places) => join(data, 'root.key');

export function keyFilePath(config: Places): string {
  return config.rootKeyFile ?? `${resolve(config.data)}.key`;
}

export function anchorPath(config: Places): string {
  return config.anchorFile ?? `${resolve(config.data)}.anchor`;
}

/** Undefined when the folder was never sealed. Refused when the file cannot be trusted. */
export async function readSealFile(config: Places): Promise<Outcome<SealFile | undefined>> {
  const path = sealPath(config);
  const read = await readPrivate(path, sealFileLimitBytes);
  if (!read.ok) return read;
  if (read.value === undefined) return ok(undefined);
  const parsed = parseSealFile(read.value.toString('utf8'));
  if (parsed.ok) return parsed;
  const former = formerSealPath(config);
  const hint = (await exists(former)) ? `; ${former} is what it was before` : '';
  return refuse(`${path} is damaged: ${parsed.reason}. Put a copy in its place${hint}`);
}

/**
 * Writes the file, keeping what it was until `proves` says that the new one, as it lies on the
 * disk, opens. Refused, with the old one back in its place, when it does not.
 */
export async function writeSealFile(
  config: Places,
  trust: Trust,
  proves: (written: SealFile) => boolean,
): Promise<Outcome<void>> {
  const path = sealPath(config);
  const former = formerSealPath(config);
  const isFirst = !(await exists(path));
  if (!isFirst) {
    await rm(former, { force: true });
    await link(path, former);
  }
  await writeDurably(path, formatSealFile(trust.file));
  const written = await readSealFile(config);
  if (written.ok && written.value && proves(written.value)) {
    await rm(former, { force: true });
    await syncFolder(dirname(path));
    return ok(undefined);
  }
  if (isFirst) await rm(path, { force: true });
  else await rename(former, path);
  await syncFolder(dirname(path));
  return refuse(`${path} could not be read back as it was written: nothing was changed`);
}

/** Of a change whose proof was cut short: the file opens, so what it was is not needed. */
export async function forgetFormer(config: Places): Promise<void> {
  await rm(formerSealPath(config), { force: true });
}

/**
 * A file that nobody but its owner can read. Undefined when there is none; refused when it is a
 * link, not a plain file, readable by others, or larger than the limit.
 */
export async function readPrivate(
  path: string,
  limitBytes: number,
): Promise<Outcome<Buffer | undefined>> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const file = await open(path, flags);
    try {
      const wrong = wrongWith(path, await file.stat(), limitBytes);
      return wrong === undefined ? ok(await file.readFile()) : refuse(wrong);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return ok(undefined);
    if (code === 'ELOOP') return refuse(`${path} is a symbolic link: name the file itself`);
    return refuse(`cannot read ${path}: ${reasonOf(cause)}`);
  }
}

function wrongWith(path: string, stats: Stats, limitBytes: number): string | undefined {
  if (!stats.isFile()) return `${path} is not a plain file`;
  if ((stats.mode & 0o077) !== 0) {
    return `${path} can be read or written by others than its owner: chmod 600 ${path}`;
  }
  return stats.size > limitBytes ? `${path} has more than ${limitBytes} bytes` : undefined;
}

/** Whether a file would lie in the data folder, whatever links lead there. */
export async function isInside(path: string, { data }: Places): Promise<boolean> {
  const folder = await nearestReal(data);
  const file = join(await nearestReal(dirname(resolve(path))), basename(path));
  return file === folder || file.startsWith(folder + sep);
}

/** The path without links, as far as it exists. */
async function nearestReal(path: string): Promise<string> {
  const absolute = resolve(path);
  const real = await realpath(absolute).catch(() => undefined);
  if (real !== undefined) return real;
  const above = dirname(absolute);
  return above === absolute ? absolute : join(await nearestReal(above), basename(absolute));
}

/** Whole or not at all, and on the disk when it resolves; readable by its owner alone. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

export async function exists(path: string): Promise<boolean> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => cause,
  );
  // Whatever cannot be opened is there all the same, unless it is said not to be.
  if (file instanceof Error) return file.code !== 'ENOENT' && file.code !== 'ENOTDIR';
  await file.close();
  return true;
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
