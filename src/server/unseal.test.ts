/** Which folders open by themselves, with what, and why others do not. */
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemRandom } from '../adapters/system/system.ts';
import { seal } from '../engines/envelope/envelope.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { readAdministrator } from './administrator.ts';
import { initSeal, removeSeal } from './seal-offline.ts';
import { answering, Place, reasonFor, value } from './unseal.fixture.ts';
import { loadOrMakeKeyring, openKeyring, unseal } from './unseal.ts';

// What a passphrase costs is for attackers.
vi.mock('../adapters/key-derivation/argon2.ts', () => import('./unseal-cheaply.fixture.ts'));

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(() => place.remove());

const passphrase = 'correct horse battery';
const nobody = answering();

describe('a new folder', () => {
  test('is opened by a key file beside it, which is for its owner alone', async () => {
    const first = await place.start();
    const { administrator } = first;
    expect(first.isSealed).toBe(false);
    expect(await first.ready).toMatchObject({ ok: true });
    expect((await stat(place.at('data.key'))).mode & 0o777).toBe(0o600);
    const key = (await readFile(place.at('data.key'), 'utf8')).trim();
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    for (const name of ['seal.json', 'server.json']) {
      expect(await readFile(place.at('data', name), 'utf8')).not.toContain(key);
    }
    expect(await readAdministrator(place.config(), nobody)).toMatchObject({ value: administrator });
    await first.stop();
    expect((await place.start()).administrator).toEqual(administrator);
  });

  test('may have its key elsewhere, and none inside, by whatever way', async () => {
    const elsewhere = { 'root-key-file': place.at('keys', 'mine') };
    await (await place.start(elsewhere)).stop();
    expect((await stat(place.at('keys', 'mine'))).mode & 0o777).toBe(0o600);
    await symlink(place.at('data'), place.at('link'));
    for (const path of ['data/mine', 'link/mine', 'data/new/mine', 'keys/../data/mine']) {
      const reason = await place.refusal({ 'root-key-file': `${place.path}/${path}` });
      expect(reason).toContain('lies in the data folder');
    }
    expect(await place.refusal()).toContain('there is no key file');
  });

  test('needs a place for its key', async () => {
    await writeFile(place.at('file'), '');
    expect(await place.refusal({ 'root-key-file': place.at('file', 'key') })).toMatch(
      /cannot make the key file .*; name another with --root-key-file/,
    );
  });
});

describe('a key file', () => {
  beforeEach(async () => void value(await loadOrMakeKeyring(place.config())));
  const refusal = async () => reasonFor(await unseal(place.config()));

  test('that others can read is refused', async () => {
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(place.at('data.key'), mode);
      expect(await refusal()).toMatch(/by others than its owner: chmod 600 .*data\.key$/);
    }
  });

  test('that is a link, or no file, is refused', async () => {
    await rename(place.at('data.key'), place.at('real'));
    await symlink(place.at('real'), place.at('data.key'));
    expect(await refusal()).toContain('is a symbolic link');
    await rm(place.at('data.key'));
    await mkdir(place.at('data.key'));
    expect(await refusal()).toContain('is not a plain file');
  });

  test('of another folder, or that holds no key, is refused', async () => {
    await place.secretFile('data.key', systemRandomKey());
    expect(await refusal()).toContain('is not the key that this folder was sealed with');
    for (const text of ['', 'short', 'A'.repeat(2_000)]) {
      await place.secretFile('data.key', text);
      expect(await refusal()).toMatch(/must hold 32 bytes|has more than/);
    }
  });
});

const systemRandomKey = () => Buffer.from(systemRandom.bytes(32)).toString('base64');

describe('a folder of before there were seals', () => {
  const oldKey = systemRandom.bytes(32);
  const old = async (key = oldKey) => {
    await mkdir(place.at('data'));
    await writeFile(place.at('data', 'metadata.db'), '');
    const text = Buffer.from(oldKey).toString('base64');
    await writeFile(place.at('data', 'root.key'), `${text}\n`, { mode: 0o600 });
    const sealed = seal(Buffer.from('{}'), { key, context: {}, random: systemRandom });
    const administrator = Buffer.from(sealed).toString('base64');
    await writeFile(place.at('data', 'server.json'), JSON.stringify({ administrator }));
  };
  const moveKey = () => rename(place.at('data', 'root.key'), place.at('data.key'));

  test('says to move its key out, and then opens what that key sealed', async () => {
    await old();
    const vault = makeVault({ keyring: { ...ringOf(oldKey) }, random: systemRandom });
    const kept = vault.seal('kept', {});
    expect(await place.refusal()).toContain(
      `mv ${place.at('data', 'root.key')} ${place.at('data.key')}`,
    );
    await moveKey();
    const keyring = value(await loadOrMakeKeyring(place.config()));
    expect(keyring.all).toHaveLength(2);
    expect(makeVault({ keyring, random: systemRandom }).open(kept, {})).toMatchObject({
      value: 'kept',
    });
    expect(value(await openKeyring(place.config())).all).toEqual(keyring.all);
  });

  test('is not sealed anew with a key that is not its own', async () => {
    await old(systemRandom.bytes(32));
    await moveKey();
    expect(reasonFor(await unseal(place.config()))).toMatch(/holds data, but .* is missing/);
    await rm(place.at('data.key'));
    expect(reasonFor(await unseal(place.config()))).toContain('there is no key file');
  });
});

const ringOf = (key: Uint8Array) => ({ current: key, all: [key], find: () => key });

describe('a seal file', () => {
  test('that is lost is not made anew over what was sealed', async () => {
    await (await place.start()).stop();
    await rm(place.at('data', 'seal.json'));
    expect(await place.refusal()).toMatch(/holds data, but .*seal\.json is missing: put back/);
  });

  test('that is damaged says so, and names what it was before', async () => {
    value(await loadOrMakeKeyring(place.config()));
    const path = place.at('data', 'seal.json');
    const text = await readFile(path, 'utf8');
    const broken = [text.slice(0, 200), '', text.replace(/"keyring": "..../, '"keyring": "AAAA')];
    for (const one of broken) {
      await place.secretFile('data/seal.json', one);
      expect(reasonFor(await unseal(place.config()))).toMatch(/seal\.json is damaged: /);
    }
    await writeFile(`${path}.before`, text);
    expect(reasonFor(await unseal(place.config()))).toContain('seal.json.before is what it was');
    await place.secretFile('data/seal.json', text);
    value(await unseal(place.config()));
    await expect(stat(`${path}.before`)).rejects.toThrow('ENOENT');
  });

  test('that is a link, or not private, is refused', async () => {
    value(await loadOrMakeKeyring(place.config()));
    const path = place.at('data', 'seal.json');
    await chmod(path, 0o644);
    expect(reasonFor(await unseal(place.config()))).toContain('chmod 600');
    await chmod(path, 0o600);
    await rename(path, place.at('elsewhere'));
    await symlink(place.at('elsewhere'), path);
    expect(reasonFor(await unseal(place.config()))).toContain('is a symbolic link');
  });
});

describe('a passphrase', () => {
  beforeEach(async () => {
    const ask = answering(passphrase, passphrase);
    value(await initSeal(place.config(), { kind: 'passphrase' }, ask));
  });

  test('opens from a file that is private, whatever ends its line', async () => {
    const file = await place.secretFile('passphrase', `${passphrase}\r\n`);
    const flags = { 'passphrase-file': file };
    expect(await unseal(place.config(flags))).toMatchObject({ value: { kind: 'open' } });
    await place.secretFile('passphrase', 'wrong passphrase');
    expect(await place.refusal(flags)).toMatch(/stays sealed: wrong passphrase$/);
    await place.secretFile('passphrase', '\n');
    expect(await place.refusal(flags)).toContain('is empty');
    await chmod(file, 0o644);
    expect(await place.refusal(flags)).toContain('chmod 600');
    const missing = await place.refusal({ 'passphrase-file': place.at('none') });
    expect(missing).toContain('there is no passphrase file');
    const data = reasonFor(await unseal(place.config({ 'passphrase-fd': '999' })));
    expect(data).toContain('descriptor 999');
  });

  test('is asked for by commands, three times at most', async () => {
    const once = answering('wrong', passphrase);
    expect(await openKeyring(place.config(), once)).toMatchObject({ ok: true });
    expect(once.asked).toEqual(['Passphrase: ', 'Wrong. Passphrase: ']);
    const never = answering('one', 'two', 'three', passphrase);
    expect(reasonFor(await openKeyring(place.config(), never))).toBe('wrong passphrase');
    expect(reasonFor(await openKeyring(place.config(), nobody))).toContain('nobody there');
  });

  test('is the only seal: there is no key file, and it stays', async () => {
    await expect(stat(place.at('data.key'))).rejects.toThrow('ENOENT');
    const file = JSON.parse(await readFile(place.at('data', 'seal.json'), 'utf8'));
    const removed = await removeSeal(place.config(), file.seals[0].id, answering(passphrase));
    expect(reasonFor(removed)).toContain('is the only seal');
    const again = await initSeal(place.config(), { kind: 'file' }, nobody);
    expect(reasonFor(again)).toContain('is sealed already');
  });
});

describe('a folder that was put back to an older state', () => {
  const stopped = async (flags = {}) => (await place.start(flags)).stop();
  const anchor = () => place.at('data.anchor');

  test('is refused until that is meant', async () => {
    await stopped();
    await cp(place.at('data'), place.at('copy'), { recursive: true });
    await stopped();
    await rm(place.at('data'), { recursive: true });
    await rename(place.at('copy'), place.at('data'));
    const reason = await place.refusal();
    expect(reason).toMatch(/older state: it counts \d, and .*data\.anchor has seen \d/);
    expect(reason).toContain('--accept-rollback');
    await stopped({ 'accept-rollback': 'true' });
    await stopped();
    expect((await stat(anchor())).mode & 0o777).toBe(0o600);
  });

  test('in its seals alone is refused too', async () => {
    await stopped();
    const path = place.at('data', 'seal.json');
    await copyFile(path, place.at('seal'));
    const ask = answering(passphrase, passphrase);
    const { addSeal } = await import('./seal-offline.ts');
    value(await addSeal(place.config(), { kind: 'passphrase' }, ask));
    await copyFile(place.at('seal'), path);
    expect(await place.refusal()).toContain('(changes of seal.json)');
  });

  test('cannot hide by losing its anchor, or taking another', async () => {
    await stopped();
    await rename(anchor(), place.at('kept'));
    expect(await place.refusal()).toMatch(/is missing\. If that is meant/);
    const other = await Place.make();
    await (await other.start()).stop();
    await copyFile(other.at('data.anchor'), anchor());
    await other.remove();
    expect(await place.refusal()).toContain('is of another data folder');
    await place.secretFile('data.anchor', '{"folder":1}');
    expect(await place.refusal()).toContain('is damaged');
    await copyFile(place.at('kept'), anchor());
    await stopped();
  });

  test('is not a new one that takes the place of one that was removed', async () => {
    await stopped();
    await rm(place.at('data'), { recursive: true });
    await stopped();
  });
});

test('a server that keeps nothing leaves only its note, which env reads', async () => {
  const server = await place.start({ ephemeral: 'true' });
  const found = value(await readAdministrator(place.config(), nobody));
  expect(found).toMatchObject({ ...server.administrator, url: server.url });
  for (const path of [['data', 'seal.json'], ['data.anchor']]) {
    await expect(stat(place.at(...path))).rejects.toThrow('ENOENT');
  }
});
