/**
 * Opens a data folder: at a server's start, and for commands that read what it keeps. On a new
 * folder it makes what opens it from then on: a key file beside it.
 */
import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock, systemRandom } from '../adapters/system/system.ts';
import { envelopeKeyCheck } from '../engines/envelope/envelope.ts';
import { type Keyring, keyBytes, keyCheck, keyringOf } from '../engines/envelope/keyring.ts';
import type { SealFile, SealKind } from '../engines/unsealing/seal-file.ts';
import {
  beginTrust,
  type NewSeal,
  newSealId,
  sameTrust,
  type Trust,
  wipe,
} from '../engines/unsealing/trust.ts';
import { openWith, Unsealer } from '../engines/unsealing/unsealer.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import {
  anchorPath,
  exists,
  forgetFormer,
  formerSealPath,
  keyFilePath,
  makeFolder,
  oldKeyPath,
  readSealFile,
  sealPath,
  writeSealFile,
} from './seal-folder.ts';
import { makeUnsealKeys, readKeyFile, unsealParts, writeKeyFile } from './seal-keys.ts';
import { type Ask, terminalAsk } from './seal-prompt.ts';

/** A folder that is open. */
export interface Unsealed {
  readonly keyring: Keyring;
  /** Tells the folder from every other. */
  readonly folder: string;
  /** How often `seal.json` was changed. */
  readonly sealGeneration: number;
}

export type Unsealing =
  | ({ readonly kind: 'open' } & Unsealed)
  /** People have to open it. */
  | { readonly kind: 'sealed'; readonly unsealer: Unsealer };

/** At a server's start, with the lock of the folder held. */
export async function unseal(config: Config): Promise<Outcome<Unsealing>> {
  const read = await readSealFile(config);
  if (!read.ok) return read;
  const file = read.value;
  if (!file) {
    const begun = await firstTrust(config);
    return begun.ok ? ok({ kind: 'open', ...unsealedBy(begun.value) }) : begun;
  }
  const opened = await openFile(config, { file, mayWrite: true });
  if (opened.ok) {
    await forgetFormer(config);
    return ok({ kind: 'open', ...unsealedBy(opened.value) });
  }
  const attended = file.seals.some(({ kind }) => kind === 'passphrase' || kind === 'shares');
  if (!attended || opened.isFinal) return refuse(opened.reason);
  return ok({
    kind: 'sealed',
    unsealer: new Unsealer({ ...unsealParts, file, clock: systemClock }),
  });
}

/** Takes the ring out of what was opened, and wipes the rest. */
export function unsealedBy(trust: Trust): Unsealed {
  const { folder, generation } = trust.file;
  const keyring = keyringOf(trust.keys);
  wipe(trust);
  return { keyring, folder, sealGeneration: generation };
}

/** For commands beside a server that may run. Asks people only when nothing else opens it. */
export async function openKeyring(
  config: Config,
  ask: Ask = terminalAsk,
): Promise<Outcome<Keyring>> {
  const read = await readSealFile(config);
  if (!read.ok) return read;
  if (!read.value) return refuse(`no server was started on ${config.data} yet: run modelkeep up`);
  const opened = await openFile(config, { file: read.value, mayWrite: false, ask });
  return opened.ok ? ok(unsealedBy(opened.value).keyring) : opened;
}

/** For tests and tools: opens the folder, or makes it as a first start would. */
export async function loadOrMakeKeyring(config: Config): Promise<Outcome<Keyring>> {
  await makeFolder(config.data);
  const opened = await unseal(config);
  if (!opened.ok) return opened;
  return opened.value.kind === 'open' ? ok(opened.value.keyring) : refuse('the folder is sealed');
}

export type Opened =
  | { readonly ok: true; readonly value: Trust }
  /** `isFinal`: something is wrong, not just missing; nobody should be asked instead. */
  | { readonly ok: false; readonly reason: string; readonly isFinal: boolean };

export interface OpenOptions {
  readonly file: SealFile;
  /** False while another process may hold the folder. */
  readonly mayWrite: boolean;
  readonly ask?: Ask | undefined;
}

/** By the first seal that can be opened; those that need nobody first. */
export async function openFile(config: Config, options: OpenOptions): Promise<Opened> {
  const { file, mayWrite, ask } = options;
  const keys = makeUnsealKeys(config, ask);
  const reasons: string[] = [];
  try {
    for (const row of byEffort(file)) {
      const found = await keys.keyFor({ file, row, mayWrite });
      if (found.kind === 'refused') return { ok: false, reason: found.reason, isFinal: true };
      if (found.kind === 'absent') {
        reasons.push(`${row.id}: ${found.reason}`);
        continue;
      }
      const opened = openWith(file, row, found.key);
      if (opened.kind === 'opened') return { ok: true, value: opened.trust };
      if (opened.kind === 'damaged') {
        return { ok: false, reason: `${sealPath(config)}: ${opened.reason}`, isFinal: true };
      }
      reasons.push(wrongKey[row.kind]);
    }
  } finally {
    keys.wipe();
  }
  // A passphrase that was given and is wrong is no reason to wait for a better one.
  const isFinal = reasons.includes(wrongKey.passphrase);
  return { ok: false, reason: `${config.data} stays sealed: ${reasons.join('; ')}`, isFinal };
}

const wrongKey: Readonly<Record<SealKind, string>> = {
  file: 'wrong key file',
  passphrase: 'wrong passphrase',
  pkcs11: "the token's key is another one",
  shares: 'the shares do not open it',
};

const effort: readonly SealKind[] = ['file', 'pkcs11', 'passphrase', 'shares'];

function byEffort({ seals }: SealFile) {
  return [...seals].sort((a, b) => effort.indexOf(a.kind) - effort.indexOf(b.kind));
}

/** Seals a folder for the first time. `makeSeal` is asked only when the folder can be sealed. */
export async function firstTrust(
  config: Config,
  makeSeal: (config: Config) => Promise<Outcome<NewSeal>> = keyFileSeal,
): Promise<Outcome<Trust>> {
  const older = await olderKeys(config);
  if (!older.ok) return older;
  const seal = await makeSeal(config);
  if (!seal.ok) return seal;
  const trust = beginTrust(seal.value, { random: systemRandom, olderKeys: older.value });
  const written = await writeSealFile(config, trust, (file) => {
    const [row] = file.seals;
    const opened = row && openWith(file, row, Uint8Array.from(seal.value.unsealKey));
    return opened?.kind === 'opened' && sameTrust(opened.trust, trust);
  });
  seal.value.unsealKey.fill(0);
  return written.ok ? ok(trust) : written;
}

/** Reads the key file, or makes one. */
export async function keyFileSeal(config: Config): Promise<Outcome<NewSeal>> {
  const key = await ensureKeyFile(config);
  if (!key.ok) return key;
  const id = newSealId('file', systemRandom);
  return ok({ id, kind: 'file', parameters: {}, unsealKey: key.value });
}

export async function ensureKeyFile(config: Config): Promise<Outcome<Uint8Array>> {
  const path = keyFilePath(config);
  const read = await readKeyFile(config);
  if (!read.ok) return read;
  if (read.value) return ok(read.value);
  const key = systemRandom.bytes(keyBytes);
  try {
    await makeFolder(dirname(path));
    await writeKeyFile(path, key);
  } catch (cause) {
    return refuse(
      `cannot make the key file ${path}: ${reasonOf(cause)}; name another with --root-key-file`,
    );
  }
  return ok(key);
}

/**
 * The keys of a folder that was made before it had seals: what they sealed must go on opening.
 * Refused when the folder has lost its seals, or still holds its own key.
 */
async function olderKeys(config: Config): Promise<Outcome<readonly Uint8Array[]>> {
  const inside = oldKeyPath(config);
  if (await exists(inside)) {
    return refuse(
      `${inside} lies in the data folder, where whoever takes the data takes the key: move it ` +
        `out with  mv ${inside} ${keyFilePath(config)}  and start again`,
    );
  }
  if (!(await exists(join(config.data, 'metadata.db')))) return ok([]);
  const key = await readKeyFile(config);
  if (!key.ok) return key;
  const lost = refuse(
    `${config.data} holds data, but ${sealPath(config)} is missing: put back a copy of it` +
      ((await exists(formerSealPath(config))) ? `, such as ${formerSealPath(config)}` : ''),
  );
  if (await exists(anchorPath(config))) return lost;
  if (!key.value)
    return refuse(`there is no key file ${keyFilePath(config)} to open ${config.data}`);
  return (await sealedNoteFits(config, key.value)) ? ok([key.value]) : lost;
}

/** Whether an old server's note was sealed under the key; true when it has nothing sealed. */
async function sealedNoteFits(config: Config, key: Uint8Array): Promise<boolean> {
  const text = await readFile(join(config.data, 'server.json'), 'utf8').catch(() => '{}');
  try {
    const { administrator } = JSON.parse(text) as { administrator?: unknown };
    if (typeof administrator !== 'string') return true;
    const check = envelopeKeyCheck(Buffer.from(administrator, 'base64'));
    const expected = keyCheck(key);
    return check.length === expected.length && timingSafeEqual(check, expected);
  } catch (cause) {
    if (cause instanceof SyntaxError) return false;
    throw cause;
  }
}
