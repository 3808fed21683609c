/** The key of the database: sealed under the ring, and never made anew for an old database. */
import { mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyringOf } from '../engines/envelope/keyring.ts';
import { seededRandom } from '../kernel/random.ts';
import { openMetadata, resealMetadata } from './metadata.ts';

const random = seededRandom(9);
const [older, newer] = [random.bytes(32), random.bytes(32)];
const things = { name: 'test/thing' };
let data: string;
const keyFile = () => join(data, 'metadata.key');

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'modelkeep-metadata-'));
  const store = await openMetadata(data, keyringOf([older]));
  await store.write((tx) => tx.put(things, 'k', { planted: 'text' }));
  await store.close();
});
afterEach(() => rm(data, { recursive: true, force: true }));

async function rowUnder(...keys: Uint8Array[]): Promise<unknown> {
  const store = await openMetadata(data, keyringOf(keys));
  const row = await store.get(things, 'k');
  await store.close();
  return row;
}

test('a ring that has the key opens it, also when it has turned', async () => {
  expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
  expect(await rowUnder(older)).toEqual({ planted: 'text' });
  expect(await rowUnder(newer, older)).toEqual({ planted: 'text' });
  await expect(rowUnder(newer)).rejects.toThrow('metadata.key: sealed under another key');
});

test('sealed anew it opens with the newest key alone, and stays as it is after that', async () => {
  await resealMetadata(data, keyringOf([newer, older]));
  const sealed = await readFile(keyFile());
  expect(await rowUnder(newer)).toEqual({ planted: 'text' });
  await resealMetadata(data, keyringOf([newer, older]));
  expect((await readFile(keyFile())).equals(sealed)).toBe(true);
});

test('a missing, changed or linked key file is an error that names it', async () => {
  const kept = await readFile(keyFile());
  const database = await readFile(join(data, 'metadata.db'));
  await writeFile(keyFile(), kept.toString().replace(/.{8}\n$/, 'AAAAAAA=\n'));
  await expect(rowUnder(older)).rejects.toThrow(/metadata\.key: (corrupted|not base64)/);
  await rename(keyFile(), `${keyFile()}.other`);
  await expect(rowUnder(older)).rejects.toThrow(/metadata\.key is missing/);
  await symlink(`${keyFile()}.other`, keyFile());
  await expect(rowUnder(older)).rejects.toThrow(/metadata\.key is a symbolic link/);
  expect((await readFile(join(data, 'metadata.db'))).equals(database)).toBe(true);
});
