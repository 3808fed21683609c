/** `modelkeep seal` and `modelkeep unseal` through their command functions. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Place } from '../server/unseal.fixture.ts';
import type { Command } from './flags.ts';
import { seal } from './seal.ts';
import { unseal } from './unseal.ts';

// What a passphrase costs is for attackers.
vi.mock(
  '../adapters/key-derivation/argon2.ts',
  () => import('../server/unseal-cheaply.fixture.ts'),
);

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await place.remove();
});

async function run(command: Command, ...args: readonly string[]) {
  const lines = { out: [] as string[], err: [] as string[] };
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.err.push(line));
  const parsed = command.parse([...args, '--data', place.at('data')]);
  const exit = parsed.ok ? await parsed.value() : 2;
  const err = parsed.ok ? lines.err.join('\n') : parsed.reason;
  return { exit, out: lines.out.join('\n'), err };
}

const passphrase = 'correct horse battery';

describe('modelkeep seal', () => {
  test('seals a new folder with shares, which it prints once', async () => {
    const made = await run(seal, 'init', '--kind', 'shares', '--shares', '4', '--threshold', '2');
    expect(made.exit).toBe(0);
    const shares = made.out.split('\n');
    expect(shares).toHaveLength(4);
    for (const share of shares) expect(share).toMatch(/^MKS(-[0-9A-HJKMNP-TV-Z]{6}){11}$/);
    expect(made.err).toMatch(/shown once[^]*done: shares-\w+$/);
    const status = await run(seal, 'status');
    expect(status.out).toMatch(/^shares-\w+ +shares +threshold 2, count 4\n.* changed 1 times$/);
    const server = await place.start();
    expect(server.isSealed).toBe(true);
  });

  test('adds, rotates and removes', async () => {
    const file = await place.secretFile('new', passphrase);
    expect(await run(seal, 'init', '--kind', 'file')).toMatchObject({ exit: 0, out: '' });
    const add = ['add', '--kind', 'passphrase', '--new-passphrase-file', file];
    const added = await run(seal, ...add, '--json');
    const { id } = JSON.parse(added.out);
    expect(id).toMatch(/^passphrase-/);
    expect((await run(seal, 'rotate', '--layer', 'keyring')).err).toBe('done');
    const all = ['--passphrase-file', file];
    expect((await run(seal, 'rotate', '--layer', 'root', ...all)).exit).toBe(0);
    expect((await run(seal, 'remove', id)).exit).toBe(0);
    const left = JSON.parse((await run(seal, 'status', '--json')).out);
    expect(left.seals).toMatchObject([{ kind: 'file', parameters: {} }]);
    const last = await run(seal, 'remove', left.seals[0].id);
    expect(last).toMatchObject({ exit: 1, err: expect.stringContaining('is the only seal') });
  });

  test('never takes a passphrase as an argument', async () => {
    for (const flag of ['--passphrase', '--new-passphrase']) {
      const refused = await run(seal, 'add', '--kind', 'passphrase', flag, passphrase);
      expect(refused.exit).toBe(2);
      expect(refused.err).not.toContain(passphrase);
    }
  });

  test.each([
    [[], 'needs one of status, init'],
    [['dance'], 'needs one of status, init'],
    [['status', 'x'], "unexpected argument 'x'"],
    [['add'], '--kind must be one of file, passphrase'],
    [['add', '--kind', 'x'], '--kind must be one of'],
    [['add', 'x', '--kind', 'file'], "unexpected argument 'x'"],
    [['init', '--kind', 'shares', '--shares', 'x'], '--shares must be a whole number'],
    [['remove'], 'remove needs the id'],
    [['remove', 'a', 'b'], 'remove needs the id'],
    [['rotate'], '--layer must be one of unseal, root, keyring'],
    [['rotate', '--layer', 'x'], '--layer must be one of'],
  ])('%j is refused', async (args, reason) => {
    const { exit, err } = await run(seal, ...args);
    expect([exit, err]).toEqual([2, expect.stringContaining(reason)]);
  });

  test('says what is wrong with the folder', async () => {
    expect((await run(seal, 'status')).err).toContain('was not sealed yet');
    expect((await run(seal, 'rotate', '--layer', 'root')).err).toContain('was not sealed yet');
  });
});

test('modelkeep unseal opens a server with the passphrase of a file', async () => {
  const file = await place.secretFile('new', passphrase);
  await run(seal, 'init', '--kind', 'passphrase', '--new-passphrase-file', file);
  const server = await place.start();
  const wrong = await place.secretFile('wrong', 'another passphrase');
  const refused = await run(unseal, '--passphrase-file', wrong);
  expect(refused).toMatchObject({ exit: 1, err: 'modelkeep unseal: Wrong passphrase.' });
  const opened = await run(unseal, '--passphrase-file', file);
  expect(opened).toMatchObject({ exit: 0, out: `modelkeep ready ${server.url}` });
  expect(server.isSealed).toBe(false);
  for (const name of ['seal.json', 'server.json']) {
    expect(await readFile(place.at('data', name), 'utf8')).not.toContain(passphrase);
  }
});
