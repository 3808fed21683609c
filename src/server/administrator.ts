/**
 * The administrator's key pair, as the server leaves it in its note for `modelkeep env`: sealed
 * under a key that is derived from the ring, or, of an ephemeral server, from the key file.
 */
import { systemRandom } from '../adapters/system/system.ts';
import { deriveKey, type Keyring, keyringOf } from '../engines/envelope/keyring.ts';
import { makeVault } from '../engines/envelope/vault.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import { readNote, type ServerNote } from './data-folder.ts';
import { keyFilePath } from './seal-folder.ts';
import { readKeyFile } from './seal-keys.ts';
import type { Ask } from './seal-prompt.ts';
import { ensureKeyFile, openKeyring } from './unseal.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Administrator extends KeyPair {
  readonly url: string;
  /** Of the data plane, where it has processes of its own. */
  readonly runtimeUrl?: string;
  readonly region: string;
}

const context = { purpose: 'administrator-note' };

export function sealKeyPair(keyring: Keyring, pair: KeyPair): string {
  return noteVault(keyring.all).seal(JSON.stringify(pair), context);
}

/** For a server that keeps nothing: makes the key file unless there is one. */
export async function sealUnderKeyFile(config: Config, pair: KeyPair): Promise<Outcome<string>> {
  const key = await ensureKeyFile(config);
  if (!key.ok) return key;
  const sealed = noteVault([key.value]).seal(JSON.stringify(pair), context);
  key.value.fill(0);
  return ok(sealed);
}

/** Asks for the passphrase, or for shares, when nothing else opens the folder. */
export async function readAdministrator(
  config: Config,
  ask?: Ask,
): Promise<Outcome<Administrator>> {
  const note = await readNote(config);
  if (!note.ok) return note;
  const { administrator, url, region, isSealed, dataPlane } = note.value;
  if (isSealed) return refuse(`the server at ${url} is sealed: run modelkeep unseal`);
  if (administrator === undefined) {
    return refuse("the administrator's first keys are gone: use keys that IAM has made since");
  }
  const keys = await keysOf(config, note.value, ask);
  if (!keys.ok) return keys;
  const opened = noteVault(keys.value).open(administrator, context);
  for (const key of keys.value) key.fill(0);
  if (!opened.ok) return refuse(`the administrator's key pair does not open: ${opened.reason}`);
  const pair = JSON.parse(opened.value) as KeyPair;
  return ok({ ...pair, url, region, ...(dataPlane ? { runtimeUrl: dataPlane.url } : {}) });
}

async function keysOf(
  config: Config,
  { underKeyFile }: ServerNote,
  ask: Ask | undefined,
): Promise<Outcome<readonly Uint8Array[]>> {
  if (!underKeyFile) {
    const keyring = await openKeyring(config, ask);
    return keyring.ok ? ok(keyring.value.all) : keyring;
  }
  const key = await readKeyFile(config);
  if (!key.ok) return key;
  return key.value ? ok([key.value]) : refuse(`there is no key file ${keyFilePath(config)}`);
}

function noteVault(keys: readonly Uint8Array[]) {
  const derived = keys.map((key) => deriveKey(key, { purpose: context.purpose }));
  return makeVault({ keyring: keyringOf(derived), random: systemRandom });
}
