/** Damage inside the write-ahead log is noticed before commits are lost; torn ends are none. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { damageInLog } from './log-check.ts';
import { sqliteMetadataStore } from './metadata-store.ts';

interface Row {
  readonly text: string;
}

const rows = { name: 'rows' };
const key = Buffer.alloc(32, 7);
const commits = 12;
const headBytes = 32;
const frameBytes = 24 + 4_096;

let folder: string;
let live: MetadataStore;
/** A log as a killed server leaves it, and where it lies. */
let log: Buffer;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-log-'));
  live = await sqliteMetadataStore(join(folder, 'live.db'), { key });
  for (let n = 0; n < commits; n += 1) {
    await live.write((tx) => tx.put<Row>(rows, `key ${n}`, { text: `row ${n}` }));
  }
  path = join(folder, 'm.db');
  await copyFile(join(folder, 'live.db'), path);
  log = await readFile(join(folder, 'live.db-wal'));
});

afterEach(async () => {
  await live.close();
  await rm(folder, { recursive: true, force: true });
});

async function damageOf(bytes: Buffer): Promise<string | undefined> {
  await writeFile(`${path}-wal`, bytes);
  return damageInLog(`${path}-wal`);
}

function flipped(at: number): Buffer {
  const bytes = Buffer.from(log);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}

test('a log that is sound, empty, begun or missing is no damage', async () => {
  expect(log.length).toBe(headBytes + Math.floor(log.length / frameBytes) * frameBytes);
  expect(await damageOf(log)).toBeUndefined();
  expect(await damageOf(Buffer.alloc(0))).toBeUndefined();
  expect(await damageOf(log.subarray(0, headBytes))).toBeUndefined();
  expect(await damageInLog(join(folder, 'none'))).toBeUndefined();
});

test('an end that was torn off is no damage, wherever it is', async () => {
  for (const cut of [1, 24, frameBytes - 1, frameBytes, 2 * frameBytes + 7, log.length - 40]) {
    expect(await damageOf(log.subarray(0, log.length - cut))).toBeUndefined();
  }
});

test('frames of an older log behind the newest commit are no damage', async () => {
  const older = log.subarray(headBytes, headBytes + 3 * frameBytes);
  const other = Buffer.from(older);
  for (let frame = 0; frame < 3; frame += 1) other.writeUInt32BE(1, frame * frameBytes + 8);
  expect(await damageOf(Buffer.concat([log, other]))).toBeUndefined();
});

test('a flipped bit in a frame that later commits follow is noticed, with its place', async () => {
  const frames = Math.floor(log.length / frameBytes);
  // Of the last commits it cannot be told from a torn end.
  for (let frame = 0; frame < frames - 4; frame += 1) {
    const from = headBytes + frame * frameBytes;
    for (const within of [0, 17, 24, 2_000, frameBytes - 1]) {
      expect(await damageOf(flipped(from + within))).toContain(
        `m.db-wal is damaged at byte ${from}, and later commits follow it`,
      );
    }
  }
  for (const at of [0, 9, 13, 17, 25]) expect(await damageOf(flipped(at))).toContain('at byte 0');
});

test('a store over a damaged log does not open, and opens without what follows', async () => {
  const from = headBytes + (Math.floor(log.length / frameBytes) - 6) * frameBytes;
  await writeFile(`${path}-wal`, flipped(from + 100));
  await expect(sqliteMetadataStore(path, { key })).rejects.toThrow(
    `cannot open ${path}: ${path}-wal is damaged at byte ${from}`,
  );
  await writeFile(`${path}-wal`, log.subarray(0, from));
  const store = await sqliteMetadataStore(path, { key });
  expect(await store.get<Row>(rows, 'key 0')).toEqual({ text: 'row 0' });
  expect(await store.get<Row>(rows, `key ${commits - 1}`)).toBeUndefined();
  await store.close();
});

test('a commit of many pages, in a log without encryption, checks too', async () => {
  const plain = join(folder, 'plain.db');
  const database = new Database(plain);
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE t (a TEXT)');
  database.exec(`INSERT INTO t VALUES ('${'x'.repeat(20_000)}')`);
  expect(await damageInLog(`${plain}-wal`)).toBeUndefined();
  database.close();
});
