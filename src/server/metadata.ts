/**
 * The metadata of a data folder: `metadata.db`, encrypted under a key of its own, which lies beside
 * it in `metadata.key`, sealed under the ring. Changing the ring seals that file anew and leaves
 * the database as it is.
 */
import { constants } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sqliteMetadataStore } from '../adapters/sqlite/metadata-store.ts';
import { systemRandom } from '../adapters/system/system.ts';
import { envelopeKeyCheck, overheadBytes } from '../engines/envelope/envelope.ts';
import { type Keyring, keyBytes, keyCheck } from '../engines/envelope/keyring.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';

const context = { purpose: 'metadata key' };
/** In base64, with a line end. */
const mostBytes = Math.ceil(((keyBytes + overheadBytes) * 4) / 3) + 16;
const fileMode = 0o600;

export const metadataPath = (data: string) => join(data, 'metadata.db');
const keyPath = (data: string) => join(data, 'metadata.key');

/** Makes both files where there is neither. Throws, naming the file, when one does not open. */
export async function openMetadata(data: string, keyring: Keyring): Promise<MetadataStore> {
  const key = (await readKey(data, keyring)) ?? (await makeKey(data, keyring));
  const store = await sqliteMetadataStore(metadataPath(data), { key });
  key.fill(0);
  return store;
}

/** Seals the database's key under the ring's newest key, if an older one still does. */
export async function resealMetadata(data: string, keyring: Keyring): Promise<void> {
  const sealed = await readSealed(data);
  const check = sealed && envelopeKeyCheck(Buffer.from(sealed, 'base64'));
  if (!check || keyCheck(keyring.current).equals(check)) return;
  const key = await readKey(data, keyring);
  if (!key) return;
  await writeKey(data, keyring, key);
  key.fill(0);
}

async function readKey(data: string, keyring: Keyring): Promise<Uint8Array | undefined> {
  const sealed = await readSealed(data);
  if (sealed === undefined) return undefined;
  const opened = makeVault({ keyring, random: systemRandom }).openBytes(sealed, context);
  if (!opened.ok) throw new Error(`cannot open ${keyPath(data)}: ${opened.reason}`);
  return opened.value;
}

async function readSealed(data: string): Promise<string | undefined> {
  const path = keyPath(data);
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
      return buffer.toString('utf8', 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new Error(`${path} is a symbolic link`);
    throw cause;
  }
}

async function makeKey(data: string, keyring: Keyring): Promise<Uint8Array> {
  const there = await access(metadataPath(data)).then(
    () => true,
    () => false,
  );
  if (there) {
    throw new Error(
      `${keyPath(data)} is missing, without which ${metadataPath(data)} cannot be read: put back ` +
        'a copy of it (a folder that was made before data was encrypted cannot be opened any more)',
    );
  }
  const key = systemRandom.bytes(keyBytes);
  await writeKey(data, keyring, key);
  return key;
}

/** Whole or not at all: losing it would be losing everything. */
async function writeKey(data: string, keyring: Keyring, key: Uint8Array): Promise<void> {
  const sealed = makeVault({ keyring, random: systemRandom }).sealBytes(key, context);
  const path = keyPath(data);
  const beside = `${path}.new`;
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', fileMode);
  try {
    await file.writeFile(`${sealed}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}
