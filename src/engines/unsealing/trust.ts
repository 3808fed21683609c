/**
 * The three layers: an unseal key opens the root key, the root key opens the ring, the ring opens
 * everything else. Each layer changes without the others. Not where unseal keys come from.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { assert, defined } from '../../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { envelopeKeyCheck, open, type SealContext, seal } from '../envelope/envelope.ts';
import { keyBytes, keyCheck } from '../envelope/keyring.ts';
import {
  mostSeals,
  parametersText,
  type SealFile,
  type SealKind,
  type SealRow,
  sealsDigest,
} from './seal-file.ts';

/** The file with what it hides. Whoever holds one wipes it. */
export interface Trust {
  readonly file: SealFile;
  readonly rootKey: Uint8Array;
  /** Newest first. */
  readonly keys: readonly Uint8Array[];
}

/** A way to open, before it is in the file. */
export interface NewSeal {
  readonly id: string;
  readonly kind: SealKind;
  readonly parameters: SealRow['parameters'];
  /** 32 bytes. */
  readonly unsealKey: Uint8Array;
}

/** A ring grows by one key with each rotation and never shrinks. */
export const mostRingKeys = 1_000;
const folderBytes = 16;
const idBytes = 4;

export const damaged = 'seal.json is damaged, or was put together from several';

/** A new root key and ring, with one seal. Keys of before the ring go behind its first. */
export function beginTrust(
  first: NewSeal,
  { random, olderKeys = [] }: { random: Random; olderKeys?: readonly Uint8Array[] },
): Trust {
  const folder = Buffer.from(random.bytes(folderBytes)).toString('hex');
  const file: SealFile = { version: 1, folder, generation: 0, seals: [], keyring: '' };
  const keys = [random.bytes(keyBytes), ...olderKeys.map((key) => Uint8Array.from(key))];
  const empty = { file, rootKey: random.bytes(keyBytes), keys };
  const made = withSeal(empty, first, random);
  assert(made.ok, 'a new file has room for a seal');
  return made.value;
}

export function newSealId(kind: SealKind, random: Random): string {
  return `${kind}-${Buffer.from(random.bytes(idBytes)).toString('hex')}`;
}

export type RootKeyFound =
  | { readonly kind: 'opened'; readonly rootKey: Uint8Array }
  /** The unseal key is not this seal's. */
  | { readonly kind: 'wrongKey' }
  | { readonly kind: 'damaged' };

export function openRootKey(file: SealFile, row: SealRow, unsealKey: Uint8Array): RootKeyFound {
  const sealed = Buffer.from(row.sealedRootKey, 'base64');
  const check = envelopeKeyCheck(sealed);
  const expected = keyCheck(unsealKey);
  if (check.length !== expected.length) return { kind: 'damaged' };
  if (!timingSafeEqual(check, expected)) return { kind: 'wrongKey' };
  const opened = open(sealed, { key: unsealKey, context: sealContext(file.folder, row) });
  if (!opened.ok || opened.value.length !== keyBytes) return { kind: 'damaged' };
  return { kind: 'opened', rootKey: opened.value };
}

/** Takes the root key over. Refused when the file is not what was written under it. */
export function openTrust(file: SealFile, rootKey: Uint8Array): Outcome<Trust> {
  const sealed = Buffer.from(file.keyring, 'base64');
  const opened = open(sealed, { key: rootKey, context: ringContext(file) });
  if (!opened.ok) return refuse(damaged);
  const bytes = opened.value;
  if (bytes.length === 0 || bytes.length % keyBytes !== 0) return refuse(damaged);
  const keys: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += keyBytes) {
    keys.push(Uint8Array.from(bytes.subarray(at, at + keyBytes)));
  }
  bytes.fill(0);
  return ok({ file, rootKey, keys });
}

/** Adds a seal, or puts it in the place of the one of its id. */
export function withSeal(trust: Trust, seal: NewSeal, random: Random): Outcome<Trust> {
  const row = sealRow(trust, seal, random);
  const { seals } = trust.file;
  const at = seals.findIndex(({ id }) => id === seal.id);
  if (at < 0 && seals.length >= mostSeals) return refuse(`there are ${mostSeals} seals already`);
  return ok(changed(trust, at < 0 ? [...seals, row] : seals.with(at, row), random));
}

/** Refused for the last one, which alone opens the folder. */
export function withoutSeal(trust: Trust, id: string, random: Random): Outcome<Trust> {
  const { seals } = trust.file;
  const left = seals.filter((row) => row.id !== id);
  if (left.length === seals.length) return refuse(`there is no seal ${id}`);
  if (left.length === 0) return refuse(`${id} is the only seal: nothing would open the folder`);
  return ok(changed(trust, left, random));
}

/** A new root key under every seal; needs the unseal key of each. The old one is wiped. */
export function withNewRootKey(
  trust: Trust,
  unsealKeys: ReadonlyMap<string, Uint8Array>,
  random: Random,
): Trust {
  const { file, keys } = trust;
  const next = { file, keys, rootKey: random.bytes(keyBytes) };
  const seals = file.seals.map((row) => {
    const unsealKey = defined(unsealKeys.get(row.id), `the unseal key of ${row.id}`);
    return sealRow(next, { ...row, unsealKey }, random);
  });
  trust.rootKey.fill(0);
  return changed(next, seals, random);
}

/** A new current key; all older ones still open what they sealed. */
export function withNewRingKey(trust: Trust, random: Random): Outcome<Trust> {
  if (trust.keys.length >= mostRingKeys) return refuse(`the ring has ${mostRingKeys} keys already`);
  const keys = [random.bytes(keyBytes), ...trust.keys];
  return ok(changed({ ...trust, keys }, trust.file.seals, random));
}

export function wipe({ rootKey, keys }: Trust): void {
  rootKey.fill(0);
  for (const key of keys) key.fill(0);
}

/** Whether two show the same layers: what was written is what was meant. */
export function sameTrust(a: Trust, b: Trust): boolean {
  const digest = ({ rootKey, keys }: Trust) =>
    createHash('sha256')
      .update(Buffer.concat([rootKey, ...keys]))
      .digest();
  return a.file.generation === b.file.generation && timingSafeEqual(digest(a), digest(b));
}

function changed(trust: Trust, seals: readonly SealRow[], random: Random): Trust {
  const generation = trust.file.generation + 1;
  const bare = { ...trust.file, generation, seals };
  const ring = Buffer.concat(trust.keys);
  const sealed = seal(ring, { key: trust.rootKey, context: ringContext(bare), random });
  ring.fill(0);
  const keyring = Buffer.from(sealed).toString('base64');
  return { ...trust, file: { ...bare, keyring } };
}

function sealRow(
  { file, rootKey }: Pick<Trust, 'file' | 'rootKey'>,
  { id, kind, parameters, unsealKey }: NewSeal,
  random: Random,
): SealRow {
  const context = sealContext(file.folder, { id, kind, parameters });
  const sealed = seal(rootKey, { key: unsealKey, context, random });
  return { id, kind, parameters, sealedRootKey: Buffer.from(sealed).toString('base64') };
}

function sealContext(
  folder: string,
  { id, kind, parameters }: Pick<SealRow, 'id' | 'kind' | 'parameters'>,
): SealContext {
  return { purpose: 'root-key', folder, id, kind, parameters: parametersText(parameters) };
}

/** Binds the ring to the seals it lies beside, so that none is slipped in from another copy. */
function ringContext({ folder, generation, seals }: SealFile): SealContext {
  return { purpose: 'keyring', folder, generation: `${generation}`, seals: sealsDigest(seals) };
}
