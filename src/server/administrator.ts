/** The administrator's key pair, as the server leaves it in its note for `modelkeep env`. */
import { systemRandom } from '../adapters/system/system.ts';
import type { Keyring } from '../engines/envelope/keyring.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import { readKeyring, readNote } from './data-folder.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Administrator extends KeyPair {
  readonly url: string;
  readonly region: string;
}

const context = { purpose: 'administrator-note' };

export function sealKeyPair(keyring: Keyring, pair: KeyPair): string {
  return makeVault({ keyring, random: systemRandom }).seal(JSON.stringify(pair), context);
}

export async function readAdministrator(config: Config): Promise<Outcome<Administrator>> {
  const note = await readNote(config);
  if (!note.ok) return note;
  if (note.value.administrator === undefined) {
    return refuse("the administrator's first keys are gone: use keys that IAM has made since");
  }
  const keyring = await readKeyring(config);
  if (!keyring.ok) return keyring;
  const vault = makeVault({ keyring: keyring.value, random: systemRandom });
  const opened = vault.open(note.value.administrator, context);
  if (!opened.ok) return refuse(`the administrator's key pair does not open: ${opened.reason}`);
  const pair = JSON.parse(opened.value) as KeyPair;
  return ok({ ...pair, url: note.value.url, region: note.value.region });
}
