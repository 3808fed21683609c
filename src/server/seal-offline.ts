/**
 * `modelkeep seal`: looks at, adds, removes and rotates what opens a data folder, while no server
 * runs on it. Every change is proven to open before the state before it is given up.
 */
import { systemRandom } from '../adapters/system/system.ts';
import { keyBytes } from '../engines/envelope/keyring.ts';
import type { SealFile, SealKind, SealRow } from '../engines/unsealing/seal-file.ts';
import {
  type NewSeal,
  newSealId,
  openRootKey,
  openTrust,
  sameTrust,
  type Trust,
  wipe,
  withNewRingKey,
  withNewRootKey,
  withoutSeal,
  withSeal,
} from '../engines/unsealing/trust.ts';
import {
  defaultShares,
  makeDeviceKey,
  makePassphraseKey,
  makeShares,
} from '../engines/unsealing/unseal-keys.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { Config } from './config.ts';
import { lockFolder } from './data-folder.ts';
import { noteSealGeneration } from './rollback.ts';
import { readSealFile, writeSealFile } from './seal-folder.ts';
import {
  dropNextKey,
  makeUnsealKeys,
  nextKeyPath,
  openToken,
  readPassphraseFile,
  takeNextKey,
  unsealParts,
  writeKeyFile,
} from './seal-keys.ts';
import type { Ask } from './seal-prompt.ts';
import { ensureKeyFile, firstTrust, openFile } from './unseal.ts';

export interface SealStatus {
  readonly generation: number;
  readonly seals: readonly Pick<SealRow, 'id' | 'kind' | 'parameters'>[];
}

/** What a new seal needs besides its kind. */
export interface SealRequest {
  readonly kind: SealKind;
  readonly count?: number | undefined;
  readonly threshold?: number | undefined;
  /** The new passphrase; asked for when there is none. */
  readonly newPassphraseFile?: string | undefined;
}

export type Layer = 'unseal' | 'root' | 'keyring';

export interface Done {
  readonly id?: string;
  /** To be shown once: nobody can have them again. */
  readonly shares?: readonly string[];
}

/** Needs no secret, and may be asked while a server runs. */
export async function sealStatus(config: Config): Promise<Outcome<SealStatus>> {
  const read = await readSealFile(config);
  if (!read.ok) return read;
  if (!read.value) return refuse(`${config.data} was not sealed yet: modelkeep seal init, or up`);
  const { generation, seals } = read.value;
  return ok({
    generation,
    seals: seals.map(({ id, kind, parameters }) => ({ id, kind, parameters })),
  });
}

/** Seals a folder before its first start. */
export async function initSeal(
  config: Config,
  request: SealRequest,
  ask: Ask,
): Promise<Outcome<Done>> {
  return locked(config, async () => {
    const read = await readSealFile(config);
    if (!read.ok) return read;
    if (read.value) return refuse(`${config.data} is sealed already: see modelkeep seal add`);
    let done: Done = {};
    const trust = await firstTrust(config, async () => {
      const made = await makeSeal(config, { ...request, id: newId(request.kind) }, ask);
      if (made.ok) done = made.value.done;
      return made.ok ? ok(made.value.seal) : made;
    });
    if (!trust.ok) return trust;
    wipe(trust.value);
    return ok(done);
  });
}

export async function addSeal(
  config: Config,
  request: SealRequest,
  ask: Ask,
): Promise<Outcome<Done>> {
  return changing(config, ask, async (trust) => {
    const { kind } = request;
    const only = kind === 'file' || kind === 'pkcs11';
    if (only && trust.file.seals.some((row) => row.kind === kind)) {
      return refuse(`there is a ${kind} seal already: rotate it to change its key`);
    }
    const made = await makeSeal(config, { ...request, id: newId(kind) }, ask);
    if (!made.ok) return made;
    const { seal, done } = made.value;
    const changed = withSeal(trust, seal, systemRandom);
    return changed.ok ? write(config, changed.value, { proof: seal, done }) : changed;
  });
}

/** Refused for the last seal. */
export async function removeSeal(config: Config, id: string, ask: Ask): Promise<Outcome<Done>> {
  return changing(config, ask, async (trust) => {
    const changed = withoutSeal(trust, id, systemRandom);
    return changed.ok ? write(config, changed.value, { done: { id } }) : changed;
  });
}

export interface RotateRequest extends Omit<SealRequest, 'kind'> {
  readonly layer: Layer;
  /** Which seal gets a new key; needed when there are several. */
  readonly id?: string | undefined;
}

/**
 * `keyring`: a new key seals from now on, and the old ones still open. `root`: a new root key under
 * every seal. `unseal`: a new key file, passphrase, key of the token, or new shares.
 */
export async function rotate(
  config: Config,
  request: RotateRequest,
  ask: Ask,
): Promise<Outcome<Done>> {
  return changing(config, ask, async (trust) => {
    if (request.layer === 'unseal') return rotateUnsealKey(config, { trust, request, ask });
    if (request.layer === 'root') return rotateRootKey(config, trust, ask);
    const changed = withNewRingKey(trust, systemRandom);
    return changed.ok ? write(config, changed.value, { done: {} }) : changed;
  });
}

/** Each seal has to be opened: the new root key is sealed under the key of each. */
async function rotateRootKey(config: Config, trust: Trust, ask: Ask): Promise<Outcome<Done>> {
  const { file } = trust;
  const keys = makeUnsealKeys(config, ask);
  const found = new Map<string, Uint8Array>();
  try {
    for (const row of file.seals) {
      ask.say(`opening ${row.id}`);
      const key = await keys.keyFor({ file, row, mayWrite: true });
      if (key.kind !== 'key') {
        return refuse(`${row.id} must be opened too, or removed first: ${key.reason}`);
      }
      found.set(row.id, key.key);
      const opened = openRootKey(file, row, key.key);
      if (opened.kind !== 'opened') return refuse(`${row.id} does not open with what was given`);
      opened.rootKey.fill(0);
    }
    const changed = withNewRootKey(trust, found, systemRandom);
    const unsealKeys = [...found];
    return await write(config, changed, { done: {}, unsealKeys });
  } finally {
    for (const key of found.values()) key.fill(0);
    keys.wipe();
  }
}

interface Rotating {
  readonly trust: Trust;
  readonly request: RotateRequest;
  readonly ask: Ask;
}

async function rotateUnsealKey(config: Config, rotating: Rotating): Promise<Outcome<Done>> {
  const { trust, request, ask } = rotating;
  const { seals } = trust.file;
  const [only, other] = seals;
  const id = request.id ?? (other ? undefined : only?.id);
  if (id === undefined) return refuse(`say which one with --id: ${idsOf(seals)}`);
  const row = seals.find((one) => one.id === id);
  if (!row) return refuse(`there is no seal ${id}; there are ${idsOf(seals)}`);
  const { kind } = row;
  if (kind === 'file') return rotateKeyFile(config, trust, id);
  const { count, threshold } = row.parameters;
  const before = kind === 'shares' ? { count: Number(count), threshold: Number(threshold) } : {};
  const made = await makeSeal(config, { ...before, ...given(request), kind, id }, ask);
  if (!made.ok) return made;
  const { seal, done } = made.value;
  const changed = withSeal(trust, seal, systemRandom);
  return changed.ok ? write(config, changed.value, { proof: seal, done }) : changed;
}

const idsOf = (seals: readonly SealRow[]) => seals.map(({ id }) => id).join(', ');

function given(request: RotateRequest): Partial<SealRequest> {
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

/** The next key lies beside the old one until the seal is changed: whichever fits then is found. */
async function rotateKeyFile(config: Config, trust: Trust, id: string): Promise<Outcome<Done>> {
  const unsealKey = systemRandom.bytes(keyBytes);
  const seal: NewSeal = { id, kind: 'file', parameters: {}, unsealKey };
  const changed = withSeal(trust, seal, systemRandom);
  if (!changed.ok) return changed;
  await writeKeyFile(nextKeyPath(config), unsealKey);
  const written = await write(config, changed.value, { proof: seal, done: { id } });
  if (written.ok) await takeNextKey(config);
  else await dropNextKey(config);
  return written;
}

interface Made {
  readonly seal: NewSeal;
  readonly done: Done;
}

const newId = (kind: SealKind) => newSealId(kind, systemRandom);

async function makeSeal(
  config: Config,
  request: SealRequest & { readonly id: string },
  ask: Ask,
): Promise<Outcome<Made>> {
  const { kind, id } = request;
  switch (kind) {
    case 'file': {
      const key = await ensureKeyFile(config);
      if (!key.ok) return key;
      return ok({ seal: { id, kind, parameters: {}, unsealKey: key.value }, done: { id } });
    }
    case 'passphrase': {
      const passphrase = await newPassphrase(request.newPassphraseFile, ask);
      if (!passphrase.ok) return passphrase;
      const made = await makePassphraseKey(passphrase.value, unsealParts);
      passphrase.value.fill(0);
      return made.ok ? ok({ seal: { id, kind, ...made.value }, done: { id } }) : made;
    }
    case 'shares': {
      const { count = defaultShares.count, threshold = defaultShares.threshold } = request;
      const made = await makeShares({ count, threshold }, unsealParts);
      if (!made.ok) return made;
      const { parameters, unsealKey, shares } = made.value;
      return ok({ seal: { id, kind, parameters, unsealKey }, done: { id, shares } });
    }
    case 'pkcs11':
      return makeTokenSeal(config, id);
  }
}

async function makeTokenSeal(config: Config, id: string): Promise<Outcome<Made>> {
  const device = await openToken(config);
  if (!device.ok) return device;
  try {
    const { pkcs11Module = '', pkcs11Token: token, pkcs11Key: key } = config;
    const names = { module: pkcs11Module, token, key };
    const made = await makeDeviceKey(device.value, { id, names, random: systemRandom });
    return made.ok ? ok({ seal: { id, kind: 'pkcs11', ...made.value }, done: { id } }) : made;
  } finally {
    await device.value.close();
  }
}

async function newPassphrase(path: string | undefined, ask: Ask): Promise<Outcome<Buffer>> {
  if (path !== undefined) return readPassphraseFile(path);
  const first = await ask.secret('New passphrase: ');
  if (!first.ok) return first;
  const again = await ask.secret('The same again: ');
  if (!again.ok) return again;
  const same = first.value.equals(again.value);
  again.value.fill(0);
  return same ? first : refuse('the two were not the same');
}

interface Writing {
  readonly done: Done;
  /** The seal that was made: it must open what was written. */
  readonly proof?: NewSeal;
  /** By the id of their seal. */
  readonly unsealKeys?: readonly (readonly [string, Uint8Array])[];
}

async function write(
  config: Config,
  trust: Trust,
  { done, proof, unsealKeys = [] }: Writing,
): Promise<Outcome<Done>> {
  const all = proof ? [...unsealKeys, [proof.id, proof.unsealKey] as const] : unsealKeys;
  const written = await writeSealFile(config, trust, (file) => {
    const ring = openTrust(file, Uint8Array.from(trust.rootKey));
    const same = ring.ok && sameTrust(ring.value, trust);
    if (ring.ok) wipe(ring.value);
    return same && all.every(([id, key]) => opens(file, id, key));
  });
  proof?.unsealKey.fill(0);
  wipe(trust);
  if (!written.ok) return written;
  await noteSealGeneration(config, trust.file);
  return ok(done);
}

function opens(file: SealFile, id: string, key: Uint8Array): boolean {
  const row = file.seals.find((one) => one.id === id);
  if (!row) return false;
  const opened = openRootKey(file, row, key);
  if (opened.kind !== 'opened') return false;
  opened.rootKey.fill(0);
  return true;
}

async function changing(
  config: Config,
  ask: Ask,
  work: (trust: Trust) => Promise<Outcome<Done>>,
): Promise<Outcome<Done>> {
  return locked(config, async () => {
    const read = await readSealFile(config);
    if (!read.ok) return read;
    if (!read.value) return refuse(`${config.data} was not sealed yet: modelkeep seal init, or up`);
    const opened = await openFile(config, { file: read.value, mayWrite: true, ask });
    if (!opened.ok) return refuse(opened.reason);
    try {
      return await work(opened.value);
    } finally {
      wipe(opened.value);
    }
  });
}

async function locked<T>(config: Config, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const lock = await lockFolder(config);
  if (!lock.ok) return lock;
  try {
    return await work();
  } finally {
    await lock.value.release();
  }
}
