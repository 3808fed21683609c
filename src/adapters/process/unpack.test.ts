/** Archives good and hostile, made with the same library. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { defaultUnpackLimits, unpack } from './unpack.ts';

let folder = '';
let count = 0;
const newPath = () => join(folder, String((count += 1)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-unpack-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Entry = readonly [Partial<Header> & { name: string }, string?];

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content = ''] of entries) archive.entry(header, content);
  archive.finalize();
  return gather(Readable.from(archive), 100_000_000);
}

async function unpacked(bytes: Buffer, limits = defaultUnpackLimits) {
  const archivePath = newPath();
  await writeFile(archivePath, bytes);
  const target = newPath();
  return { outcome: await unpack({ archivePath, folder: target, limits }), target };
}

const entriesOf = async (...entries: readonly Entry[]) => gzipSync(await tar(...entries));

test('files and folders come out, with contents and the right to be run', async () => {
  const long = `${'deep/'.repeat(30)}${'n'.repeat(150)}`;
  const { outcome, target } = await unpacked(
    await entriesOf(
      [{ name: './', type: 'directory' }],
      [{ name: './model.onnx' }, 'weights'],
      [{ name: 'code/', type: 'directory' }],
      [{ name: 'code/serve.sh', mode: 0o755 }, '#!/bin/sh'],
      [{ name: long }, 'x'],
      [{ name: 'empty' }],
    ),
  );
  expect(outcome).toEqual({ ok: true, value: undefined });
  expect((await readdir(target)).sort()).toEqual(['code', 'deep', 'empty', 'model.onnx']);
  expect(await readFile(join(target, 'model.onnx'), 'utf8')).toBe('weights');
  expect((await stat(join(target, 'code/serve.sh'))).mode & 0o111).not.toBe(0);
  expect((await stat(join(target, 'model.onnx'))).mode & 0o111).toBe(0);
  expect(await readFile(join(target, long), 'utf8')).toBe('x');
});

test('large contents come out whole', async () => {
  const content = 'abcdefghij'.repeat(500_000);
  const { target } = await unpacked(await entriesOf([{ name: 'big' }, content], [{ name: 'b' }]));
  expect(await readFile(join(target, 'big'), 'utf8')).toBe(content);
});

test.each<[string, Entry, string]>([
  ['absolute path', [{ name: '/etc/evil' }, 'x'], '"/etc/evil" has an absolute path'],
  ['parent', [{ name: '../evil' }, 'x'], '"../evil" leads out'],
  ['hidden parent', [{ name: 'a/../../evil' }, 'x'], '"a/../../evil" leads out'],
  ['symlink', [{ name: 'l', type: 'symlink', linkname: '/etc' }], '"l" is a link'],
  ['hard link', [{ name: 'h', type: 'link', linkname: '/etc/passwd' }], '"h" is a link'],
  ['device', [{ name: 'd', type: 'block-device' }], '"d" is neither'],
  ['pipe', [{ name: 'p', type: 'fifo' }], '"p" is neither'],
  ['long name', [{ name: 'n'.repeat(1_025) }, 'x'], 'longer than 1024 bytes'],
])('an entry with %s is refused by name', async (_, entry, reason) => {
  const { outcome } = await unpacked(await entriesOf([{ name: 'good' }, 'x'], entry));
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
});

test('too many entries and too many bytes are refused', async () => {
  const archive = await entriesOf([{ name: 'a' }, '12345'], [{ name: 'b' }, '67890']);
  const few = await unpacked(archive, { maxBytes: 10, maxEntries: 1 });
  expect(few.outcome).toMatchObject({ ok: false, reason: expect.stringContaining('1 entries') });
  const small = await unpacked(archive, { maxBytes: 9, maxEntries: 2 });
  expect(small.outcome).toMatchObject({ ok: false, reason: expect.stringContaining('9 bytes') });
  expect((await unpacked(archive, { maxBytes: 10, maxEntries: 2 })).outcome.ok).toBe(true);
});

test('a header of megabytes is refused before it is in memory', async () => {
  const pax = { size: String(8_000_000), comment: 'c'.repeat(8_000_000) };
  const { outcome } = await unpacked(await entriesOf([{ name: 'a', pax }, 'x']));
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(/header/i) });
});

test('what is no archive, or only half of one, is refused', async () => {
  const content = Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 9973).join();
  const whole = await entriesOf([{ name: 'a' }, content]);
  for (const bytes of [
    Buffer.from('not an archive'),
    await tar([{ name: 'a' }, 'x']),
    whole.subarray(0, whole.length >> 1),
    gzipSync(Buffer.alloc(1_024, 'x')),
  ]) {
    expect((await unpacked(bytes)).outcome.ok).toBe(false);
  }
  const absent = await unpack({
    archivePath: newPath(),
    folder: newPath(),
    limits: defaultUnpackLimits,
  });
  expect(absent).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') });
});

test('a file where a folder is needed is refused', async () => {
  const { outcome } = await unpacked(await entriesOf([{ name: 'a' }, 'x'], [{ name: 'a/b' }, 'x']));
  expect(outcome).toEqual({
    ok: false,
    reason: 'the model archive is refused: entry "a/b" needs a folder where the archive has a file',
  });
});

test('a folder where a file is meant to be, and a name no file can have, are refused', async () => {
  const long = 'x'.repeat(300);
  for (const entries of [
    await entriesOf([{ name: 'a/b' }, 'x'], [{ name: 'a' }, 'x']),
    await entriesOf([{ name: long }, 'x']),
  ]) {
    const { outcome } = await unpacked(entries);
    expect(outcome).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the model archive is refused: entry "(a|x+)" (is|has) a /),
    });
  }
});

test('giving up throws the reason', async () => {
  const archivePath = newPath();
  await writeFile(archivePath, await entriesOf([{ name: 'a' }, 'x']));
  const signal = AbortSignal.abort(new Error('given up'));
  const unpacking = unpack({ archivePath, folder: newPath(), limits: defaultUnpackLimits, signal });
  await expect(unpacking).rejects.toThrow('given up');
});
