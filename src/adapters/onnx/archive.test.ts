/** The model of an archive: found by the server's rule, bounded, refused where it is not one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather } from '../../kernel/bytes.ts';
import { modelInArchive } from './archive.ts';

let folder = '';
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-archive-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function archived(entries: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(entries)) archive.entry({ name }, content);
  archive.finalize();
  return gzipSync(await gather(Readable.from(archive), 10_000_000));
}

async function fileOf(bytes: Uint8Array): Promise<string> {
  count += 1;
  const path = join(folder, String(count));
  await writeFile(path, bytes);
  return path;
}

test('the only model is found at any depth', async () => {
  const path = await fileOf(await archived({ 'a.txt': 'x', './deep/m.onnx': 'weights', b: 'y' }));
  const found = await modelInArchive(path);
  expect(found.ok && Buffer.from(found.value).toString()).toBe('weights');
});

test.each([
  ['no model', { 'model.bin': 'x' }, 'holds no .onnx file'],
  ['two models', { 'a.onnx': 'x', 'b/c.onnx': 'y' }, 'more than one .onnx file'],
  ['a large model', { 'a.onnx': 'x'.repeat(2_001) }, 'has more than 2000 bytes'],
  ['a large archive', { a: 'x'.repeat(50_000), 'b.onnx': 'y' }, 'more than 20000 bytes'],
])('%s is refused', async (_, entries, reason) => {
  const path = await fileOf(await archived(entries));
  const limits = { modelBytes: 2_000, archiveBytes: 20_000 };
  const found = await modelInArchive(path, { limits });
  expect(found).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test.each([
  ['is no archive', Buffer.from('not at all')],
  ['is no tar', gzipSync(Buffer.alloc(2_000, 'x'))],
])('a file that %s is refused', async (_, bytes) => {
  const found = await modelInArchive(await fileOf(bytes));
  expect(found).toEqual({ ok: false, reason: expect.stringContaining('cannot be read') });
});

test('an archive that is cut off, or not there, is refused', async () => {
  const whole = await archived({ 'a.onnx': Array.from({ length: 5_000 }, (_, i) => i).join() });
  const cut = await modelInArchive(await fileOf(whole.subarray(0, whole.length / 2)));
  expect(cut).toEqual({ ok: false, reason: expect.stringContaining('cannot be read') });
  const missing = await modelInArchive(join(folder, 'nothing'));
  expect(missing).toEqual({ ok: false, reason: expect.stringContaining('cannot be read') });
});

test('a signal ends it', async () => {
  const path = await fileOf(await archived({ 'a.onnx': 'x' }));
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(modelInArchive(path, { signal })).rejects.toThrow('enough');
});
