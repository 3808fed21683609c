/**
 * The unseal key of each kind of seal, from where this machine and its people have it: key files,
 * tokens, passphrases and shares that were given with the configuration or are asked for.
 */
import { readSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { argon2Derivation } from '../adapters/key-derivation/argon2.ts';
import { shamirSharing } from '../adapters/secret-sharing/shamir.ts';
import { systemRandom } from '../adapters/system/system.ts';
import { keyBytes } from '../engines/envelope/keyring.ts';
import type { SealFile, SealRow } from '../engines/unsealing/seal-file.ts';
import { parseShare, type Share } from '../engines/unsealing/shares.ts';
import { openRootKey } from '../engines/unsealing/trust.ts';
import {
  deviceKey,
  mostPassphraseBytes,
  passphraseKey,
  sharesKey,
} from '../engines/unsealing/unseal-keys.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { KeyDevice } from '../ports/key-device.ts';
import { type Config, takePassphraseVariable } from './config.ts';
import { exists, isInside, keyFilePath, readPrivate, writeDurably } from './seal-folder.ts';
import type { Ask } from './seal-prompt.ts';

export const unsealParts = {
  derivation: argon2Derivation,
  sharing: shamirSharing,
  random: systemRandom,
};

export type KeyFound =
  | { readonly kind: 'key'; readonly key: Uint8Array }
  /** Not to be had here and now; another seal may do. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** It is there, and something is wrong with it. */
  | { readonly kind: 'refused'; readonly reason: string };

const absent = (reason: string): KeyFound => ({ kind: 'absent', reason });
const foundOf = (outcome: Outcome<Uint8Array>): KeyFound =>
  outcome.ok ? { kind: 'key', key: outcome.value } : { kind: 'refused', reason: outcome.reason };

const keyFileLimitBytes = 1_024;
/** What lies beside a key file while its seal is changed to a new key. */
export const nextKeyPath = (config: Config) => `${keyFilePath(config)}.next`;

/** Undefined when there is none. Refused when it lies in the data folder, or others can read it. */
export async function readKeyFile(
  config: Config,
  path = keyFilePath(config),
): Promise<Outcome<Uint8Array | undefined>> {
  if (await isInside(path, config)) {
    return refuse(
      `the key file ${path} lies in the data folder, where whoever takes the data takes the key: ` +
        'move it elsewhere and name it with --root-key-file',
    );
  }
  const read = await readPrivate(path, keyFileLimitBytes);
  if (!read.ok || read.value === undefined) return read;
  const key = Buffer.from(read.value.toString('latin1').trim(), 'base64');
  read.value.fill(0);
  if (key.length !== keyBytes) return refuse(`${path} must hold ${keyBytes} bytes in base64`);
  return ok(key);
}

export async function writeKeyFile(path: string, key: Uint8Array): Promise<void> {
  await writeDurably(path, `${Buffer.from(key).toString('base64')}\n`);
}

/**
 * The key that opens the seal: the one in the file, or the next one when a change of it was cut
 * short between the seal and the file. Where the server may write, that change is then ended.
 */
async function fileKey(config: Config, { file, row, mayWrite }: Wanted): Promise<KeyFound> {
  const path = keyFilePath(config);
  for (const candidate of [path, nextKeyPath(config)]) {
    const read = await readKeyFile(config, candidate);
    if (!read.ok) return { kind: 'refused', reason: read.reason };
    if (read.value === undefined) continue;
    const opened = openRootKey(file, row, read.value);
    if (opened.kind === 'opened') opened.rootKey.fill(0);
    if (opened.kind === 'wrongKey') continue;
    if (mayWrite && candidate !== path) await rename(candidate, path);
    return { kind: 'key', key: read.value };
  }
  if (!(await exists(path))) return absent(`there is no key file ${path}`);
  return { kind: 'refused', reason: `${path} is not the key that this folder was sealed with` };
}

interface Wanted {
  readonly file: SealFile;
  readonly row: SealRow;
  /** False while another process may hold the folder. */
  readonly mayWrite: boolean;
}

export interface UnsealKeys {
  keyFor(wanted: Wanted): Promise<KeyFound>;
  /** Wipes what was given or asked for. */
  wipe(): void;
}

/** Without `ask` only what needs nobody is found. */
export function makeUnsealKeys(config: Config, ask?: Ask): UnsealKeys {
  let given: Promise<Outcome<Buffer | undefined>> | undefined;
  let held: Buffer | undefined;
  const passphrase = async () => {
    given ??= passphraseGiven(config);
    const outcome = await given;
    held = outcome.ok ? outcome.value : undefined;
    return outcome;
  };
  return {
    async keyFor(wanted) {
      switch (wanted.row.kind) {
        case 'file':
          return fileKey(config, wanted);
        case 'pkcs11':
          return tokenKey(config, wanted.row);
        case 'passphrase':
          return passphraseFor(wanted, await passphrase(), ask);
        case 'shares':
          return ask ? askShares(wanted.row, ask) : absent('shares have to be given');
      }
    },
    wipe: () => void held?.fill(0),
  };
}

const mostAsked = 3;

async function passphraseFor(
  { file, row }: Wanted,
  given: Outcome<Buffer | undefined>,
  ask: Ask | undefined,
): Promise<KeyFound> {
  if (!given.ok) return { kind: 'refused', reason: given.reason };
  if (given.value) return foundOf(await passphraseKey(row, given.value, unsealParts));
  if (!ask) return absent('a passphrase has to be given');
  const several = file.seals.filter(({ kind }) => kind === 'passphrase').length > 1;
  const question = several ? `Passphrase (${row.id}): ` : 'Passphrase: ';
  for (let tries = 0; tries < mostAsked; tries += 1) {
    const asked = await ask.secret(tries === 0 ? question : `Wrong. ${question}`);
    if (!asked.ok) return absent(asked.reason);
    if (asked.value.length === 0) return absent('no passphrase was given');
    const key = await passphraseKey(row, asked.value, unsealParts);
    asked.value.fill(0);
    if (!key.ok) return { kind: 'refused', reason: key.reason };
    const opened = openRootKey(file, row, key.value);
    if (opened.kind === 'opened') opened.rootKey.fill(0);
    if (opened.kind !== 'wrongKey') return { kind: 'key', key: key.value };
  }
  return { kind: 'refused', reason: 'wrong passphrase' };
}

async function askShares({ parameters }: SealRow, ask: Ask): Promise<KeyFound> {
  const needed = Number(parameters['threshold']);
  const shares = new Map<number, Share>();
  while (shares.size < needed) {
    const asked = await ask.secret(`Share ${shares.size + 1} of ${needed}: `);
    if (!asked.ok) return absent(asked.reason);
    if (asked.value.length === 0) return absent('not enough shares were given');
    const share = parseShare(asked.value.toString('latin1'));
    if (!share.ok) ask.say(share.reason);
    else if (share.value.set !== parameters['set']) ask.say('the share belongs to another set');
    else shares.set(share.value.bytes.at(-1) ?? 0, share.value);
  }
  const key = await sharesKey([...shares.values()], unsealParts);
  for (const { bytes } of shares.values()) bytes.fill(0);
  return foundOf(key);
}

/** From the file, the descriptor or the variable that the configuration names. */
export async function passphraseGiven(config: Config): Promise<Outcome<Buffer | undefined>> {
  if (config.passphraseFile !== undefined) return readPassphraseFile(config.passphraseFile);
  if (config.passphraseFd !== undefined) return readDescriptor(config.passphraseFd);
  if (!config.passphraseFromEnvironment) return ok(undefined);
  const text = takePassphraseVariable();
  return text ? ok(Buffer.from(text, 'utf8')) : refuse('MODELKEEP_PASSPHRASE is not set');
}

export async function readPassphraseFile(path: string): Promise<Outcome<Buffer>> {
  const read = await readPrivate(path, mostPassphraseBytes + 2);
  if (!read.ok) return read;
  if (read.value === undefined) return refuse(`there is no passphrase file ${path}`);
  return withoutLineEnd(read.value, path);
}

function readDescriptor(descriptor: number): Outcome<Buffer> {
  const room = Buffer.alloc(mostPassphraseBytes + 2);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < room.length; length += read) {
      read = readSync(descriptor, room, length, room.length - length, null);
    }
  } catch (cause) {
    return refuse(`cannot read the passphrase from descriptor ${descriptor}: ${String(cause)}`);
  }
  return withoutLineEnd(room.subarray(0, length), `descriptor ${descriptor}`);
}

/** The end of its line, which editors add, is not part of a passphrase. */
function withoutLineEnd(bytes: Buffer, from: string): Outcome<Buffer> {
  let end = bytes.length;
  if (bytes[end - 1] === 10) end -= 1;
  if (bytes[end - 1] === 13) end -= 1;
  return end === 0 ? refuse(`the passphrase in ${from} is empty`) : ok(bytes.subarray(0, end));
}

async function tokenKey(config: Config, row: SealRow): Promise<KeyFound> {
  if (config.pkcs11Module === undefined) return absent('a token needs --pkcs11-module');
  // Labels say which key; the module, which is code, is never taken from stored data.
  const { token, key } = row.parameters;
  const named = { ...config, pkcs11Token: String(token), pkcs11Key: String(key) };
  const device = await openToken(named);
  if (!device.ok) return { kind: 'refused', reason: device.reason };
  try {
    return foundOf(await deviceKey(row, device.value));
  } finally {
    await device.value.close();
  }
}

/** To be closed by the caller. */
export async function openToken(config: Config): Promise<Outcome<KeyDevice>> {
  const { pkcs11Module: module, pkcs11PinFile } = config;
  if (module === undefined || pkcs11PinFile === undefined) {
    return refuse('a token needs --pkcs11-module and --pkcs11-pin-file');
  }
  const pin = await readPassphraseFile(pkcs11PinFile);
  if (!pin.ok) return refuse(pin.reason.replace('passphrase', 'PIN'));
  const { pkcs11Devices } = await import('../adapters/pkcs11/key-device.ts');
  const named = { module, token: config.pkcs11Token, key: config.pkcs11Key };
  const opened = await pkcs11Devices(systemRandom)({ ...named, pin: pin.value.toString('utf8') });
  pin.value.fill(0);
  return opened;
}

/** Ends a change of the key file: the next one takes its place. */
export async function takeNextKey(config: Config): Promise<void> {
  await rename(nextKeyPath(config), keyFilePath(config));
}

export async function dropNextKey(config: Config): Promise<void> {
  await rm(nextKeyPath(config), { force: true });
}
