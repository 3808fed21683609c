/** Every layer changes while its neighbours stay, and what was sealed before goes on opening. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemRandom } from '../adapters/system/system.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { formatShare, parseShare } from '../engines/unsealing/shares.ts';
import {
  addSeal,
  initSeal,
  type RotateRequest,
  removeSeal,
  rotate,
  sealStatus,
} from './seal-offline.ts';
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
const next = 'staple of another kind';
const nobody = answering();
const context = { purpose: 'test' };

const vaultOf = async (ask = nobody) => {
  const keyring = value(await openKeyring(place.config(), ask));
  return makeVault({ keyring, random: systemRandom });
};
const idOf = async (kind: string) => {
  const { seals } = value(await sealStatus(place.config()));
  return seals.find((row) => row.kind === kind)?.id ?? '';
};
const rotated = (request: RotateRequest, ask = nobody) => rotate(place.config(), request, ask);
const read = (...names: readonly string[]) => readFile(place.at(...names), 'utf8');

describe('of a folder with a key file', () => {
  let kept = '';
  beforeEach(async () => {
    value(await loadOrMakeKeyring(place.config()));
    kept = (await vaultOf()).seal('kept', context);
  });
  const stillOpens = async (ask = nobody) =>
    expect((await vaultOf(ask)).open(kept, context)).toMatchObject({ value: 'kept' });

  test('the ring gets a new key in front', async () => {
    const before = value(await openKeyring(place.config()));
    value(await rotated({ layer: 'keyring' }));
    value(await rotated({ layer: 'keyring' }));
    const after = value(await openKeyring(place.config()));
    expect(after.all).toHaveLength(3);
    expect(after.all.at(-1)).toEqual(before.current);
    expect(after.current).not.toEqual(before.current);
    await stillOpens();
  });

  test('the root key is another one, under every seal', async () => {
    value(await addSeal(place.config(), { kind: 'passphrase' }, answering(passphrase, passphrase)));
    const before = JSON.parse(await read('data', 'seal.json'));
    expect(reasonFor(await rotated({ layer: 'root' }))).toMatch(
      /passphrase-\w+ must be opened too/,
    );
    value(await rotated({ layer: 'root' }, answering(passphrase)));
    const after = JSON.parse(await read('data', 'seal.json'));
    expect(after.keyring).not.toBe(before.keyring);
    expect(after.seals).toHaveLength(2);
    await stillOpens();
    await rename(place.at('data.key'), place.at('away'));
    await stillOpens(answering(passphrase));
  });

  test('the key file is another one', async () => {
    const before = await read('data.key');
    value(await rotated({ layer: 'unseal' }));
    expect(await read('data.key')).not.toBe(before);
    await stillOpens();
    await place.secretFile('data.key', before);
    expect(reasonFor(await unseal(place.config()))).toContain('is not the key');
  });

  test('a change of the key file that was cut short is ended', async () => {
    const before = await read('data.key');
    value(await rotated({ layer: 'unseal' }));
    await rename(place.at('data.key'), place.at('data.key.next'));
    await place.secretFile('data.key', before);
    await stillOpens();
    expect(await read('data.key')).toBe(before);
    value(await unseal(place.config()));
    expect(await read('data.key')).not.toBe(before);
    await stillOpens();
  });

  test('other ways to open it are added and removed, but for the last', async () => {
    const added = await addSeal(
      place.config(),
      { kind: 'passphrase' },
      answering(passphrase, passphrase),
    );
    const { id = '' } = value(added);
    const ask = answering(passphrase);
    expect(reasonFor(await addSeal(place.config(), { kind: 'file' }, nobody))).toContain('already');
    value(await removeSeal(place.config(), await idOf('file'), nobody));
    await rm(place.at('data.key'));
    await stillOpens(ask);
    const last = await removeSeal(place.config(), id, answering(passphrase));
    expect(reasonFor(last)).toContain('is the only seal');
    value(await addSeal(place.config(), { kind: 'file' }, answering(passphrase)));
    value(await removeSeal(place.config(), id, nobody));
    await stillOpens();
    const gone = await removeSeal(place.config(), id, nobody);
    expect(reasonFor(gone)).toContain('there is no seal');
  });

  test('nothing but the seal file is left behind by a change', async () => {
    value(await rotated({ layer: 'keyring' }));
    value(await rotated({ layer: 'unseal' }));
    expect((await readdir(place.at('data'))).sort()).toEqual(['seal.json']);
    expect((await readdir(place.path)).sort()).toEqual(['data', 'data.key']);
    expect((await stat(place.at('data', 'seal.json'))).mode & 0o777).toBe(0o600);
  });

  test('what is asked for wrongly is refused', async () => {
    value(await addSeal(place.config(), { kind: 'passphrase' }, answering(passphrase, passphrase)));
    expect(reasonFor(await rotated({ layer: 'unseal' }))).toMatch(/--id: file-\w+, passphrase-\w+/);
    expect(reasonFor(await rotated({ layer: 'unseal', id: 'x' }))).toContain('there is no seal x');
    const add = async (ask = nobody, request = {}) =>
      reasonFor(await addSeal(place.config(), { kind: 'passphrase', ...request }, ask));
    expect(await add(answering(passphrase, next))).toContain('not the same');
    expect(await add(answering('short', 'short'))).toContain('at least 12 letters');
    expect(await add()).toContain('nobody there');
    expect(await add(nobody, { kind: 'shares', count: 2, threshold: 3 })).toContain('threshold');
    expect(await add(nobody, { kind: 'pkcs11' })).toContain('--pkcs11-module');
    const other = await Place.make();
    expect(reasonFor(await sealStatus(other.config()))).toContain('was not sealed yet');
    expect(reasonFor(await addSeal(other.config(), { kind: 'file' }, nobody))).toContain('not');
    await other.remove();
  });

  test('nothing changes while a server runs on it', async () => {
    const server = await place.start();
    expect(reasonFor(await rotated({ layer: 'keyring' }))).toContain('another server');
    expect(value(await sealStatus(place.config())).seals).toHaveLength(1);
    await server.stop();
    value(await rotated({ layer: 'keyring' }));
  });
});

describe('a passphrase', () => {
  test('is replaced by another, from a file or asked for', async () => {
    const file = await place.secretFile('passphrase', `${passphrase}\n`);
    value(await initSeal(place.config(), { kind: 'passphrase', newPassphraseFile: file }, nobody));
    const kept = (await vaultOf(answering(passphrase))).seal('kept', context);
    value(await rotated({ layer: 'unseal' }, answering(passphrase, next, next)));
    const vault = await vaultOf(answering(next));
    expect(vault.open(kept, context)).toMatchObject({ value: 'kept' });
    const old = await openKeyring(place.config({ 'passphrase-file': file }));
    expect(reasonFor(old)).toContain('wrong passphrase');
  });
});

describe('shares', () => {
  test('open, any of them that are enough, and are replaced by others', async () => {
    const made = value(
      await initSeal(place.config(), { kind: 'shares', count: 4, threshold: 2 }, nobody),
    );
    const [a = '', b = '', c = '', d = ''] = made.shares ?? [];
    expect(await read('data', 'seal.json')).not.toContain(a.slice(12, 30));
    const kept = (await vaultOf(answering(d, a))).seal('kept', context);
    const hesitant = answering('no share', a, a, c);
    expect((await vaultOf(hesitant)).open(kept, context)).toMatchObject({ value: 'kept' });
    expect(hesitant.asked[1]).toContain('this is no share');
    expect(reasonFor(await openKeyring(place.config(), answering(a, '')))).toContain('not enough');
    const changed = value(await rotated({ layer: 'unseal' }, answering(b, c)));
    expect(changed.shares).toHaveLength(4);
    const [e = '', f = ''] = changed.shares ?? [];
    expect((await vaultOf(answering(a, e, f))).open(kept, context)).toMatchObject({
      value: 'kept',
    });
    const parsed = value(parseShare(e));
    const bytes = Uint8Array.from(parsed.bytes).fill(7, 0, 1);
    const wrong = await openKeyring(
      place.config(),
      answering(formatShare({ ...parsed, bytes }), f),
    );
    expect(reasonFor(wrong)).toContain('the shares do not open it');
  });
});

test('a lock of a process that died does not stop a change', async () => {
  value(await loadOrMakeKeyring(place.config()));
  const dead = spawnSync('true').pid;
  const lock = JSON.stringify({ processId: dead, processStart: '1' });
  await writeFile(place.at('data', 'server.lock'), lock);
  value(await rotated({ layer: 'keyring' }));
});
