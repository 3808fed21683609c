/** SoftHSM 2 for tests, where it and the package that speaks to it are installed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDriver } from './driver.ts';

const modules = [
  process.env['SOFTHSM2_MODULE'] ?? '',
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
];
export const softhsmModule = modules.find((path) => path !== '' && existsSync(path)) ?? '';
const utility = process.env['SOFTHSM2_UTIL'] ?? '/usr/bin/softhsm2-util';

/** Undefined, or why tests with a token cannot run here. */
export const noSofthsm = [
  softhsmModule === '' || !existsSync(utility) ? 'softhsm2' : '',
  loadDriver().ok ? '' : 'pkcs11js',
]
  .filter((name) => name !== '')
  .map((name) => `${name} is not installed here`)
  .join(', ');

export const softhsmPin = '1234';

/** Tokens of these labels, in a folder of their own. */
export async function makeTokens(...labels: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'modelkeep-softhsm-'));
  const configuration = join(folder, 'softhsm2.conf');
  await mkdir(join(folder, 'tokens'));
  await writeFile(configuration, `directories.tokendir = ${join(folder, 'tokens')}\n`);
  process.env['SOFTHSM2_CONF'] = configuration;
  const pins = ['--pin', softhsmPin, '--so-pin', softhsmPin, '--module', softhsmModule];
  for (const label of labels) {
    const args = ['--init-token', '--free', '--label', label, ...pins];
    execFileSync(utility, args, { stdio: 'ignore' });
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
