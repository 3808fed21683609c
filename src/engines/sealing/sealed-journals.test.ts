/** Sealed journals under the common suite, after a death in the middle of a write, and damaged. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fileJournals } from '../../adapters/files/journals.ts';
import { memoryJournals } from '../../adapters/memory/journals.ts';
import { gather } from '../../kernel/bytes.ts';
import { silentLogger } from '../../kernel/log.ts';
import { seededRandom } from '../../kernel/random.ts';
import { journalsContract } from '../../ports/journals.contract.ts';
import type { Journals } from '../../ports/journals.ts';
import { keyringOf } from '../envelope/keyring.ts';
import { DamagedJournal, sealedJournals } from './sealed-journals.ts';
import { makeSealer } from './sealer.ts';

const random = seededRandom(5);
const keyring = keyringOf([random.bytes(32)]);
let folder = '';
let count = 0;
const newFolder = () => join(folder, String((count += 1)));
const sealedOver = (inner: Journals) =>
  sealedJournals(inner, makeSealer({ keyring, random, purpose: 'journals' }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-journals-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('over memory', () => journalsContract(async () => sealedOver(memoryJournals())));
describe('over files', () =>
  journalsContract(async () => sealedOver(await fileJournals(newFolder()))));

/** A closed journal of three frames, and its file. */
async function written(parts: readonly string[] = ['one ', 'two ', 'three ']) {
  const path = newFolder();
  const journals = sealedOver(await fileJournals(path));
  const journal = await journals.open('j');
  const ends: number[] = [];
  for (const part of parts) {
    await journal.append(Buffer.from(part));
    ends.push((await readFile(join(path, 'j'))).length);
  }
  await journals.close();
  const bytes = await readFile(join(path, 'j'));
  const reopened = async (changed: Uint8Array = bytes, name = 'j') => {
    await writeFile(join(path, name), changed);
    const again = sealedOver(await fileJournals(path));
    onTestFinished(() => again.close());
    return again.open(name);
  };
  return { bytes, ends, reopened };
}

const textOf = async (journal: { read(): AsyncIterable<Uint8Array> }) =>
  (await gather(journal.read(), 1e6)).toString();

test('records of a process that died are there, sealed, and are continued', async () => {
  const { bytes, reopened } = await written();
  expect(bytes.includes('three')).toBe(false);
  const journal = await reopened();
  expect(journal.sizeBytes).toBe('one two three '.length);
  await journal.append(Buffer.from('four'));
  expect(await textOf(journal)).toBe('one two three four');
});

test('what is appended together is one frame', async () => {
  const path = newFolder();
  const journals = sealedOver(await fileJournals(path));
  const journal = await journals.open('j');
  await Promise.all(Array.from({ length: 1_000 }, () => journal.append(Buffer.from('x'))));
  await journals.close();
  const { length } = await readFile(join(path, 'j'));
  expect(length).toBeLessThan(1_000 + 10 * 60);
});

test('wherever the last frame was torn, it goes and the next one takes its place', async () => {
  const { bytes, ends, reopened } = await written();
  const [, second = 0, third = 0] = ends;
  for (let end = second; end < third; end += 1) {
    for (const torn of [bytes.subarray(0, end), padded(bytes.subarray(0, end), third)]) {
      const journal = await reopened(torn);
      expect(await textOf(journal)).toBe('one two ');
      await journal.append(Buffer.from('3'));
      expect([journal.sizeBytes, await textOf(journal)]).toEqual([9, 'one two 3']);
    }
  }
});

test('what is cut off is told by name; of a journal that is whole nothing is', async () => {
  const path = newFolder();
  await (await sealedOver(await fileJournals(path)).open('j')).append(Buffer.from('one'));
  const bytes = await readFile(join(path, 'j'));
  const opened = async (kept: Uint8Array) => {
    await writeFile(join(path, 'j'), kept);
    const told: unknown[] = [];
    const warn = (message: string, fields = {}) => void told.push(message, fields);
    const sealer = makeSealer({ keyring, random, purpose: 'journals' });
    const log = { ...silentLogger, warn };
    const journals = sealedJournals(await fileJournals(path), sealer, log);
    await journals.open('j');
    await journals.close();
    return told;
  };
  expect(await opened(bytes)).toEqual([]);
  const changed = Buffer.from(bytes);
  changed[20] = (changed[20] ?? 0) ^ 1;
  const fields = { journal: 'j', keptBytes: 0, cutBytes: bytes.length };
  expect(await opened(changed)).toEqual([expect.stringContaining('cut off'), fields]);
});

const padded = (bytes: Uint8Array, length: number) =>
  Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);

test('any changed byte before the last frame is noticed', async () => {
  const { bytes, ends, reopened } = await written();
  for (let at = 0; at < (ends[1] ?? 0); at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const read = async () => textOf(await reopened(changed));
    await expect(read(), `byte ${at}`).rejects.toBeInstanceOf(DamagedJournal);
  }
});

test('frames in another order, or in another journal, are noticed', async () => {
  const { bytes, ends, reopened } = await written();
  const [first = 0, second = 0] = ends;
  const [a, b, c] = [
    bytes.subarray(0, first),
    bytes.subarray(first, second),
    bytes.subarray(second),
  ];
  for (const order of [
    [b, a, c],
    [a, a, b],
    [b, c],
  ]) {
    const journal = await reopened(Buffer.concat(order));
    await expect(textOf(journal)).rejects.toBeInstanceOf(DamagedJournal);
  }
  const other = await reopened(bytes, 'other');
  await expect(textOf(other)).rejects.toBeInstanceOf(DamagedJournal);
});
