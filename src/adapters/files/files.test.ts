/** Blobs and journals as files, under the common suites, and what only files can do. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ByteStream, gather, once } from '../../kernel/bytes.ts';
import { journalsContract } from '../../ports/journals.contract.ts';
import { chosenIdsContract, objectStoreContract } from '../../ports/object-store.contract.ts';
import { fileJournals } from './journals.ts';
import { fileObjectStore } from './object-store.ts';

let folder = '';
let count = 0;
const newFolder = () => join(folder, String((count += 1)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('objects as files', () => objectStoreContract(() => fileObjectStore(newFolder())));
describe('ids of objects', () => chosenIdsContract(() => fileObjectStore(newFolder())));
describe('journals as files', () => journalsContract(() => fileJournals(newFolder())));

describe('the object folder', () => {
  test('blobs are there again after opening, in folders by their ids, read-only', async () => {
    const path = newFolder();
    const { id } = await (await fileObjectStore(path)).put(once(Buffer.from('kept')));
    const home = join(path, id.slice(0, 2), id);
    expect((await stat(home)).mode & 0o777).toBe(0o400);
    const again = await fileObjectStore(path);
    expect((await gather(again.read(id), 99)).toString()).toBe('kept');
  });

  test('what an earlier process left is removed, strange files are no blobs', async () => {
    const path = newFolder();
    await mkdir(join(path, 'tmp'), { recursive: true });
    await writeFile(join(path, 'tmp', 'a'.repeat(32)), 'half');
    await mkdir(join(path, 'aa', 'bb'), { recursive: true });
    await writeFile(join(path, 'aa', 'bb', 'notes.txt'), 'x');
    await writeFile(join(path, 'README'), 'x');
    const store = await fileObjectStore(path);
    expect(await readdir(join(path, 'tmp'))).toEqual([]);
    const ids: string[] = [];
    for await (const id of store.ids()) ids.push(id);
    expect(ids).toEqual([]);
  });

  test('giving up ends a put whose source keeps silent, and leaves nothing', async () => {
    const path = newFolder();
    const store = await fileObjectStore(path);
    const giveUp = new AbortController();
    const silent: ByteStream = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          setImmediate(() => giveUp.abort(new Error('given up')));
          return new Promise(() => {});
        },
      }),
    };
    await expect(store.put(silent, { signal: giveUp.signal })).rejects.toThrow('given up');
    expect(await readdir(join(path, 'tmp'))).toEqual([]);
  });

  test('giving up ends a read, and the source of a put is closed when it fails', async () => {
    const store = await fileObjectStore(newFolder());
    const { id } = await store.put(once(Buffer.alloc(1_000_000)));
    const giveUp = new AbortController();
    const read = async () => {
      for await (const _ of store.read(id, undefined, { signal: giveUp.signal })) giveUp.abort();
    };
    await expect(read()).rejects.toThrow('abort');
    let closed = false;
    const content = (async function* () {
      try {
        for (;;) yield Buffer.from('x');
      } finally {
        closed = true;
      }
    })();
    const { signal } = giveUp;
    await content.next();
    await expect(store.put(content, { signal })).rejects.toThrow('abort');
    expect(closed).toBe(true);
  });
});

describe('a symbolic link is refused', () => {
  const elsewhere = async () => {
    const path = newFolder();
    await mkdir(path);
    return path;
  };

  test('in place of the folder', async () => {
    for (const openIt of [fileObjectStore, fileJournals]) {
      const path = newFolder();
      await symlink(await elsewhere(), path);
      await expect(openIt(path)).rejects.toThrow(`${path} is a symbolic link`);
    }
  });

  test('in place of a folder of blobs, or of a blob', async () => {
    const path = newFolder();
    const store = await fileObjectStore(path);
    const blob = await store.put(once(Buffer.from('x')), { id: `cd${'0'.repeat(30)}` });
    const home = join(path, 'cd', blob.id);
    await rename(home, `${home}.other`);
    await symlink(`${home}.other`, home);
    await expect(gather(store.read(blob.id), 99)).rejects.toThrow('is a symbolic link');
    await rename(join(path, 'ab'), join(path, 'ab.other'));
    await symlink(await elsewhere(), join(path, 'ab'));
    await expect(fileObjectStore(path)).rejects.toThrow(`${join(path, 'ab')} is a symbolic link`);
  });

  test('in place of a journal', async () => {
    const path = newFolder();
    const journals = await fileJournals(path);
    const target = join(await elsewhere(), 'target');
    await writeFile(target, 'kept');
    await symlink(target, join(path, 'j'));
    await expect(journals.open('j')).rejects.toThrow('is a symbolic link');
    expect(await journals.names()).toEqual([]);
    expect((await stat(target)).size).toBe(4);
  });
});

describe('the journal folder', () => {
  test('journals of a process that died are found and continued', async () => {
    const path = newFolder();
    const before = await (await fileJournals(path)).open('capture-1');
    await before.append(Buffer.from('one\n'));
    const journals = await fileJournals(path);
    expect(await journals.names()).toEqual(['capture-1']);
    const journal = await journals.open('capture-1');
    expect(journal.sizeBytes).toBe(4);
    await journal.append(Buffer.from('two\n'));
    expect((await gather(journal.read(), 99)).toString()).toBe('one\ntwo\n');
    await journals.close();
    await expect(journal.append(Buffer.from('x'))).rejects.toThrow('closed');
    await expect(journals.open('capture-2')).rejects.toThrow('closed');
  });

  test('an append is in the file when it resolves, and closing waits for the last', async () => {
    const path = newFolder();
    const journals = await fileJournals(path);
    const journal = await journals.open('j');
    await journal.append(Buffer.from('123'));
    expect((await stat(join(path, 'j'))).size).toBe(3);
    const last = journal.append(Buffer.from('456'));
    await journals.close();
    await last;
    expect((await stat(join(path, 'j'))).size).toBe(6);
  });
});
