/** Files whose bytes were changed on the disk: noticed and named, never served, and survived. */
import { hkdfSync } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteMetadataStore } from './metadata-store.ts';

interface Row {
  readonly text: string;
  readonly at: string;
}

const rows = { name: 'rows', indexes: { at: (row: Row) => row.at } };
const key = Buffer.alloc(32, 7);
const count = 200;
const pageBytes = 4_096;
const rowOf = (n: number): Row => ({ text: `row ${n} `.repeat(40), at: `at ${n % 7}` });
const keyOf = (n: number) => `key ${String(n).padStart(4, '0')}`;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-damage-'));
  path = join(folder, 'm.db');
  const store = await sqliteMetadataStore(path, { key });
  await store.write(async (tx) => {
    for (let n = 0; n < count; n += 1) await tx.put(rows, keyOf(n), rowOf(n));
  });
  await store.close();
  intoOneFile();
});

/** What closing leaves to the garbage collector: afterwards the log beside the file is empty. */
function intoOneFile(): void {
  const pages = hkdfSync('sha256', key, '', 'modelkeep metadata pages', key.length);
  const options = {
    encryptionCipher: 'aes256cbc',
    encryptionKey: Buffer.from(pages).toString('hex'),
  };
  const database = new Database(path, options as Database.Options);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

afterEach(() => rm(folder, { recursive: true, force: true }));

async function flip(at: number): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  buffer[0] = (buffer[0] ?? 0) ^ 1;
  await file.write(buffer, 0, 1, at);
  await file.close();
}

/** Each answer is the row that was put, or an error that names what is wrong. */
async function readAll(): Promise<{ readonly sound: number; readonly reasons: readonly string[] }> {
  const store = await sqliteMetadataStore(path, { key });
  const reasons: string[] = [];
  let sound = 0;
  const failed = (cause: unknown) => void reasons.push(String(cause));
  for (let n = 0; n < count; n += 1) {
    const row = await store.get(rows, keyOf(n)).catch(failed);
    if (row) expect(row).toEqual(rowOf(n));
    if (row) sound += 1;
  }
  for (const found of (await store.list(rows, { limit: count }).catch(failed)) ?? []) {
    expect(found.row.text).toMatch(/^(row \d+ )\1{39}$/);
  }
  await store.listBy(rows, { index: 'at', limit: count }).catch(failed);
  await store.write((tx) => tx.put(rows, keyOf(3), rowOf(3))).catch(failed);
  await store.close();
  return { sound, reasons };
}

test('a changed page takes its own rows with it, each told by name, and no others', async () => {
  const { length } = await readFile(path);
  const whole = await readFile(path);
  let noticed = 0;
  for (let page = 3; page * pageBytes < length; page += 3) {
    await writeFile(path, whole);
    await flip(page * pageBytes + 2_100);
    const { sound, reasons } = await readAll();
    expect(sound).toBeGreaterThan(0);
    for (const reason of reasons)
      expect(reason).toMatch(/was changed outside of this program|m\.db/);
    if (reasons.length > 0) noticed += 1;
  }
  expect(noticed).toBeGreaterThan(0);
});

test('a file that was cut short is told by name', async () => {
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 8 * pageBytes));
  const told = await readAll().then(
    ({ reasons }) => reasons.join(),
    (cause: unknown) => String(cause),
  );
  expect(told).toContain(`${path} is damaged: `);
});
