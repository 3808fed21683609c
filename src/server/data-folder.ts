/**
 * The files of the data folder that the server reads itself: the root key, and the note that says
 * where the server listens and, sealed, who its administrator is.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Random } from '../kernel/random.ts';
import type { Config } from './config.ts';

const rootKeyBytes = 32;

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

export function rootKeyPath(config: Config): string {
  return config.rootKeyFile ?? join(config.data, 'root.key');
}

/** Made at first start, readable by its owner alone. */
export async function loadOrMakeRootKey(
  config: Config,
  random: Random,
): Promise<Outcome<Uint8Array>> {
  const path = rootKeyPath(config);
  if (!existsSync(path)) {
    await makeFolder(dirname(path));
    const key = Buffer.from(random.bytes(rootKeyBytes)).toString('base64');
    await writeDurably(path, `${key}\n`);
  }
  return readRootKey(config);
}

export async function readRootKey(config: Config): Promise<Outcome<Uint8Array>> {
  const path = rootKeyPath(config);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return refuse(`cannot read the root key ${path}`);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== rootKeyBytes) {
    return refuse(`the root key ${path} must be ${rootKeyBytes} bytes in base64`);
  }
  return ok(key);
}

/** What `modelkeep env` and `modelkeep status` need of a server that was started on the folder. */
export interface ServerNote {
  readonly url: string;
  readonly region: string;
  readonly processId: number;
  /** Sealed under the root key. */
  readonly administrator: string;
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

/** Whole or not at all: written beside, synced, renamed. */
async function writeDurably(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  await writeFile(beside, text, { mode: 0o600 });
  const file = await open(beside, 'r');
  await file.sync();
  await file.close();
  await chmod(beside, 0o600);
  await rename(beside, path);
}
