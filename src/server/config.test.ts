/** Where settings come from, in which order, and what is said about those that do not fit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConfigSources, readConfig, settings, switches } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelkeep-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, 'config.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const read = (sources: Partial<ConfigSources>) =>
  readConfig({ flags: {}, environment: {}, ...sources });

test('everything has a default, and nothing listens beyond this machine by itself', () => {
  expect(read({})).toMatchObject({
    ok: true,
    value: {
      host: '127.0.0.1',
      port: 4566,
      account: '000000000000',
      ephemeral: false,
      accessKeyId: undefined,
      images: {},
    },
  });
});

test('a flag wins over the environment, and that over the file', async () => {
  const path = await file({ port: 1, host: 'file', region: 'eu-west-1' });
  const environment = { MODELKEEP_PORT: '2', MODELKEEP_HOST: 'environment', HOME: '/ignored' };
  expect(read({ file: path, environment, flags: { port: '3' } })).toMatchObject({
    value: { port: 3, host: 'environment', region: 'eu-west-1' },
  });
});

test('each setting is read from each place', async () => {
  const images = { mine: { command: ['run', '--fast'], environment: { A: '1' } } };
  const path = await file({ ephemeral: true, objectDomains: ['a', 'b'], images, port: 0 });
  expect(read({ file: path })).toMatchObject({
    value: { ephemeral: true, objectDomains: ['a', 'b'], images, port: 0 },
  });
  const flags = { 'object-domains': ' a , b,', images: JSON.stringify(images) };
  expect(read({ flags })).toMatchObject({ value: { objectDomains: ['a', 'b'], images } });
});

test.each([
  ['port', '65536', '--port must be a whole number from 0 to 65535'],
  ['port', '4x', '--port must be a whole number from 0 to 65535'],
  ['port', '', '--port must be a whole number from 0 to 65535'],
  ['account', '1', '--account must be twelve digits'],
  ['region', 'Mars', '--region must be a region name such as eu-west-1'],
  ['ephemeral', 'yes', '--ephemeral must be true or false'],
  ['log-level', 'loud', '--log-level must be one of info, warn, error, silent'],
  ['images', '{', '--images must be JSON'],
  ['images', '[]', '--images must be an object'],
  ['images', '{"a":{"command":["x"],"environment":{"A":1}}}', '--images a.environment must be'],
  ['images', '{"a":{"command":["x"],"environment":"A"}}', '--images a.environment must be'],
  ['images', 'null', '--images must be an object'],
  ['images', '{"a":{"command":[]}}', '--images a.command must be a list of one or more strings'],
  ['images', '{"a":null}', '--images a.command must be a list of one or more strings'],
  ['capture-flush-seconds', '0', '--capture-flush-seconds must be a whole number from 1 to 3600'],
])('--%s %s is refused by name', (flag, value, reason) => {
  const outcome = read({ flags: { [flag]: value } });
  expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('what does not fit is named as it was given', async () => {
  expect(read({ environment: { MODELKEEP_PORT: 'x' } })).toMatchObject({
    reason: expect.stringMatching(/^MODELKEEP_PORT must be/),
  });
  const path = await file({ port: 'x' });
  expect(read({ file: path })).toMatchObject({
    reason: expect.stringMatching(`^port in ${path} must be`),
  });
});

test('unknown names are errors', async () => {
  expect(read({ environment: { MODELKEEP_PROT: '1' } })).toEqual({
    ok: false,
    reason: 'unknown environment variable MODELKEEP_PROT',
  });
  const path = await file({ prot: 1 });
  expect(read({ file: path })).toMatchObject({
    reason: expect.stringMatching(
      `^unknown key prot in ${path}; known are data, workFolder, host, port`,
    ),
  });
});

test('a file that is missing, no JSON or no object is an error', async () => {
  const missing = join(folder, 'missing.json');
  expect(read({ file: missing })).toMatchObject({
    reason: `the configuration file ${missing} does not exist`,
  });
  expect(read({ file: await file('{') })).toMatchObject({
    reason: expect.stringMatching(/config.json is not JSON: /),
  });
  expect(read({ file: await file('[]') })).toMatchObject({
    reason: expect.stringMatching(/must hold an object$/),
  });
});

test.each([
  [{ processes: '2' }, 'go together: give both or none'],
  [{ port: '0' }, 'go together: give both or none'],
  [{ processes: '65', port: '0' }, '--data-plane-processes must be a whole number from 0 to 64'],
  [{ processes: '2', port: '65536' }, '--data-plane-port must be a whole number from 0 to 65535'],
  [{ processes: '2', port: '4566' }, '--data-plane-port 4566 is the port of the server'],
  [{ processes: '1', port: '0', ephemeral: 'true' }, '--data-plane-processes needs a data folder'],
])('a data plane of %j is refused', (given: Partial<Record<string, string>>, reason) => {
  const { processes, port, ephemeral } = given;
  const flags = { 'data-plane-processes': processes, 'data-plane-port': port, ephemeral };
  expect(read({ flags })).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('a data plane has as many processes as were asked for, and none by default', () => {
  const flags = { 'data-plane-processes': '2', 'data-plane-port': '0' };
  expect(read({ flags })).toMatchObject({ value: { dataPlaneProcesses: 2, dataPlanePort: 0 } });
  expect(read({})).toMatchObject({ value: { dataPlaneProcesses: 0, dataPlanePort: undefined } });
});

test('the two halves of a key pair go together', () => {
  const reason = '--access-key-id and --secret-access-key go together: give both or none';
  expect(read({ flags: { 'access-key-id': 'A' } })).toEqual({ ok: false, reason });
  expect(read({ environment: { MODELKEEP_SECRET_ACCESS_KEY: 's' } })).toEqual({
    ok: false,
    reason,
  });
});

test('flags and variables are named after their settings', () => {
  for (const [name, { flag, environment, meaning }] of Object.entries(settings)) {
    const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(flag).toBe(words);
    expect(environment).toBe(`MODELKEEP_${words.replaceAll('-', '_').toUpperCase()}`);
    expect(meaning).not.toBe('');
  }
});

test('a passphrase in the environment has to be meant', () => {
  const environment = { MODELKEEP_PASSPHRASE: 'secret words' };
  const refused = read({ environment });
  expect(refused).toMatchObject({
    reason: expect.stringContaining('--passphrase-from-environment'),
  });
  expect(JSON.stringify(refused)).not.toContain('secret words');
  const meant = read({ environment, flags: { 'passphrase-from-environment': 'true' } });
  expect(meant).toMatchObject({ value: { passphraseFromEnvironment: true } });
  expect(JSON.stringify(meant)).not.toContain('secret words');
});

test('what is true or false needs no value as a flag', () => {
  expect([...switches].sort()).toEqual([
    'accept-rollback',
    'ephemeral',
    'passphrase-from-environment',
  ]);
});
