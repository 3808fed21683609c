/** A seal file is changed wholly, or not at all. */
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../adapters/system/system.ts';
import { beginTrust, type Trust, withNewRingKey } from '../engines/unsealing/trust.ts';
import { isInside, makeFolder, readPrivate, readSealFile, writeSealFile } from './seal-folder.ts';
import { Place, value } from './unseal.fixture.ts';

let place: Place;
let trust: Trust;
beforeEach(async () => {
  place = await Place.make();
  await makeFolder(place.at('data'));
  const unsealKey = systemRandom.bytes(32);
  const first = { id: 'file-1', kind: 'file', parameters: {}, unsealKey } as const;
  trust = beginTrust(first, { random: systemRandom });
});
afterEach(() => place.remove());

const path = () => place.at('data', 'seal.json');

test('a change that does not prove itself is taken back', async () => {
  value(await writeSealFile(place.config(), trust, () => true));
  const before = await readFile(path(), 'utf8');
  const next = value(withNewRingKey(trust, systemRandom));
  let during = '';
  const { readFileSync } = await import('node:fs');
  const refused = await writeSealFile(place.config(), next, (file) => {
    during = readFileSync(`${path()}.before`, 'utf8');
    expect(file).toEqual(next.file);
    return false;
  });
  expect(refused).toMatchObject({ reason: expect.stringContaining('nothing was changed') });
  expect(during).toBe(before);
  expect(await readFile(path(), 'utf8')).toBe(before);
  expect(await readdir(place.at('data'))).toEqual(['seal.json']);
});

test('a first file that does not prove itself is removed', async () => {
  expect((await writeSealFile(place.config(), trust, () => false)).ok).toBe(false);
  expect(await readSealFile(place.config())).toEqual({ ok: true, value: undefined });
  expect(await readdir(place.at('data'))).toEqual([]);
});

test('what was left of a change that was cut short does not stop the next', async () => {
  value(await writeSealFile(place.config(), trust, () => true));
  await writeFile(`${path()}.before`, 'left over');
  await writeFile(`${path()}.${process.pid}.new`, 'half');
  value(await writeSealFile(place.config(), trust, () => true));
  expect(await readdir(place.at('data'))).toEqual(['seal.json']);
});

test('a file is inside whatever way leads there', async () => {
  const config = place.config();
  await symlink(place.at('data'), place.at('link'));
  for (const inside of ['data/key', 'data/a/b/key', 'link/key', 'x/../data/key', 'data']) {
    expect([inside, await isInside(`${place.path}/${inside}`, config)]).toEqual([inside, true]);
  }
  for (const outside of ['key', 'data.key', 'data2/key', 'data/../key', 'other/key']) {
    expect([outside, await isInside(`${place.path}/${outside}`, config)]).toEqual([outside, false]);
  }
});

test('a private file has a limit, and may be missing', async () => {
  const file = await place.secretFile('secret', '0123456789');
  expect(await readPrivate(file, 10)).toMatchObject({ value: Buffer.from('0123456789') });
  expect(await readPrivate(file, 9)).toMatchObject({ ok: false });
  expect(await readPrivate(place.at('none'), 9)).toEqual({ ok: true, value: undefined });
  expect(await readPrivate(place.at('secret', 'x'), 9)).toEqual({ ok: true, value: undefined });
});
