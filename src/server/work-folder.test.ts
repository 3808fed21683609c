/** The work folder is the server's own, out of the data folder, and empty when it starts. */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from './config.ts';
import { leaveWorkFolder, makeWorkFolder, workPlaceOf } from './work-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-work-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const configOf = (over: Partial<Config>) =>
  ({ data: join(folder, 'data'), ephemeral: false, ...over }) as Config;

test('without a setting it is outside the data folder, the same at each start', async () => {
  await mkdir(join(folder, 'data'));
  await symlink(join(folder, 'data'), join(folder, 'link'));
  const place = await workPlaceOf(configOf({}));
  expect(place.path.startsWith(folder)).toBe(false);
  expect(place.path).toMatch(/^\/(dev\/shm|tmp.*)\/modelkeep-[0-9a-f]{16}$/);
  expect(place.inMemory).toBe(place.path.startsWith('/dev/shm/'));
  const made = await makeWorkFolder(configOf({ data: join(folder, 'link') }));
  expect(made).toEqual({ ok: true, value: place.path });
  expect(await workPlaceOf(configOf({}))).toEqual(place);
  await rm(place.path, { recursive: true });
});

test('it is for its owner alone, and what an earlier server decrypted is gone', async () => {
  const workFolder = join(folder, 'work');
  const made = await makeWorkFolder(configOf({ workFolder }));
  expect(made).toEqual({ ok: true, value: workFolder });
  await mkdir(join(workFolder, 'jobs', 'one'), { recursive: true });
  await mkdir(join(workFolder, 'programs', 'two'), { recursive: true });
  await writeFile(join(workFolder, 'jobs', 'one', 'left'), 'decrypted');
  await chmod(workFolder, 0o755);
  expect((await makeWorkFolder(configOf({ workFolder }))).ok).toBe(true);
  expect((await stat(workFolder)).mode & 0o777).toBe(0o700);
  // Programs that still run are ended by their launcher, which finds them there.
  expect(await readdir(workFolder)).toEqual(['programs']);
  await leaveWorkFolder(workFolder);
  expect(await readdir(workFolder)).toEqual(['programs']);
  await rm(join(workFolder, 'programs', 'two'), { recursive: true });
  await leaveWorkFolder(workFolder);
  expect(await readdir(folder)).toEqual([]);
});

test('a symbolic link in its place, or a file, is refused', async () => {
  const workFolder = join(folder, 'work');
  await mkdir(join(folder, 'elsewhere'));
  await symlink(join(folder, 'elsewhere'), workFolder);
  const refused = await makeWorkFolder(configOf({ workFolder }));
  expect(refused).toEqual({
    ok: false,
    reason: `the work folder ${workFolder} is a symbolic link`,
  });
  await rm(workFolder);
  await writeFile(workFolder, '');
  const file = await makeWorkFolder(configOf({ workFolder }));
  expect(file).toEqual({ ok: false, reason: `the work folder ${workFolder} is no folder` });
});

test('ephemeral servers have one each', async () => {
  const config = configOf({ ephemeral: true, workFolder: folder });
  const [a, b] = [await makeWorkFolder(config), await makeWorkFolder(config)];
  expect(a.ok && b.ok && a.value !== b.value).toBe(true);
});
