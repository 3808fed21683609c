/** Workspaces on a real folder. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gather, once } from '../../kernel/bytes.ts';
import { OutsideWorkspace } from '../../ports/workspace.ts';
import { folderWorkspaces } from './workspaces.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workspaces-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('files written below a folder are listed in order and read back', async () => {
  const workspace = await folderWorkspaces(folder).make('job-1');
  await workspace.write('in/b/2.txt', once(Buffer.from('two')));
  await workspace.write('in/a.txt', once(Buffer.from('one')));
  expect(await workspace.files('in')).toEqual(['a.txt', 'b/2.txt']);
  expect((await gather(workspace.read('in/b/2.txt'), 100)).toString()).toBe('two');
  expect(await workspace.readText('in/a.txt', 2)).toBe('on');
  expect(await workspace.readText('missing', 2)).toBeUndefined();
  expect(await workspace.files('missing')).toEqual([]);
});

test('making it again empties it', async () => {
  const spaces = folderWorkspaces(folder);
  await (await spaces.make('job')).write('x', once(Buffer.from('1')));
  expect(await (await spaces.make('job')).files('.')).toEqual([]);
});

test.each(['../x', 'a/../../x', 'a\0b'])('the path %j is refused', async (path) => {
  const workspace = await folderWorkspaces(folder).make('job');
  await expect(workspace.write(path, once(Buffer.from('1')))).rejects.toThrow(OutsideWorkspace);
});

test('links are not followed into the outside', async () => {
  const workspace = await folderWorkspaces(folder).make('job');
  await symlink('/etc/hostname', join(workspace.rootPath, 'link'));
  expect(await workspace.files('.')).toEqual([]);
  expect(await workspace.readText('link', 100)).toBeUndefined();
});
