/**
 * Where the unseal key of each kind of seal comes from: what is made once with its parameters, and
 * how it is had again. Keys in files are read by whoever knows where they lie.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { KeyDerivation } from '../../ports/key-derivation.ts';
import type { KeyDevice } from '../../ports/key-device.ts';
import { leastShares, mostShares, type SecretSharing } from '../../ports/secret-sharing.ts';
import { keyBytes } from '../envelope/keyring.ts';
import type { SealRow } from './seal-file.ts';
import { formatShare, type Share, setBytes } from './shares.ts';
import { damaged } from './trust.ts';

export interface UnsealKeyParts {
  readonly derivation: KeyDerivation;
  readonly sharing: SecretSharing;
  readonly random: Random;
}

export interface Made {
  readonly parameters: SealRow['parameters'];
  readonly unsealKey: Uint8Array;
}

/** RFC 9106, section 4, the second recommended choice. */
const cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
/** What a file may ask of the machine: 2 GiB is the first choice of RFC 9106. */
const mostCost = { memoryKib: 2_097_152, passes: 64, lanes: 64 };
const saltBytes = 16;
const leastPassphrase = 12;
export const mostPassphraseBytes = 1_024;

/** The same letters are the same passphrase, however a keyboard composes them. */
export function normalized(passphrase: Uint8Array): Uint8Array {
  if (passphrase.every((byte) => byte < 128)) return Uint8Array.from(passphrase);
  return Buffer.from(Buffer.from(passphrase).toString('utf8').normalize('NFC'), 'utf8');
}

/** Refused when it is too short to hold against guessing, or too long. */
export async function makePassphraseKey(
  passphrase: Uint8Array,
  { derivation, random }: UnsealKeyParts,
): Promise<Outcome<Made>> {
  const letters = [...Buffer.from(passphrase).toString('utf8')].length;
  if (letters < leastPassphrase) {
    return refuse(`a passphrase needs at least ${leastPassphrase} letters; a few words are good`);
  }
  if (passphrase.length > mostPassphraseBytes) {
    return refuse(`a passphrase has at most ${mostPassphraseBytes} bytes`);
  }
  const salt = random.bytes(saltBytes);
  const unsealKey = await derive(passphrase, { derivation, salt, cost });
  return ok({ parameters: { salt: Buffer.from(salt).toString('base64'), ...cost }, unsealKey });
}

/** A wrong passphrase gives a wrong key; refused when the parameters make no sense. */
export async function passphraseKey(
  { parameters }: SealRow,
  passphrase: Uint8Array,
  { derivation }: Pick<UnsealKeyParts, 'derivation'>,
): Promise<Outcome<Uint8Array>> {
  const { memoryKib, passes, lanes } = parameters;
  const salt = Buffer.from(String(parameters['salt'] ?? ''), 'base64');
  const asked = { memoryKib: Number(memoryKib), passes: Number(passes), lanes: Number(lanes) };
  const fits =
    salt.length === saltBytes &&
    within(asked.lanes, 1, mostCost.lanes) &&
    within(asked.passes, 1, mostCost.passes) &&
    within(asked.memoryKib, 8 * asked.lanes, mostCost.memoryKib);
  return fits ? ok(await derive(passphrase, { derivation, salt, cost: asked })) : refuse(damaged);
}

interface Deriving {
  readonly derivation: KeyDerivation;
  readonly salt: Uint8Array;
  readonly cost: typeof cost;
}

async function derive(passphrase: Uint8Array, { derivation, ...how }: Deriving) {
  const bytes = normalized(passphrase);
  try {
    return await derivation.derive(bytes, how);
  } finally {
    bytes.fill(0);
  }
}

const within = (n: number, least: number, most: number) =>
  Number.isSafeInteger(n) && n >= least && n <= most;

export interface MadeShares extends Made {
  /** To be shown once and kept nowhere. */
  readonly shares: readonly string[];
}

export const defaultShares = { count: 5, threshold: 3 } as const;

export async function makeShares(
  { count, threshold }: { readonly count: number; readonly threshold: number },
  { sharing, random }: UnsealKeyParts,
): Promise<Outcome<MadeShares>> {
  if (!within(count, leastShares, mostShares)) {
    return refuse(`there can be from ${leastShares} to ${mostShares} shares`);
  }
  if (!within(threshold, leastShares, count)) {
    return refuse(`the threshold is from ${leastShares} to the number of shares, ${count}`);
  }
  const unsealKey = random.bytes(keyBytes);
  const set = Buffer.from(random.bytes(setBytes)).toString('hex');
  const shares = await sharing.split(unsealKey, { count, threshold });
  const texts = shares.map((bytes) => formatShare({ set, bytes }));
  for (const bytes of shares) bytes.fill(0);
  return ok({ parameters: { set, count, threshold }, unsealKey, shares: texts });
}

/** Of exactly as many shares as are needed; wrong ones give a wrong key. */
export async function sharesKey(
  shares: readonly Share[],
  { sharing }: Pick<UnsealKeyParts, 'sharing'>,
): Promise<Outcome<Uint8Array>> {
  const combined = await sharing.combine(shares.map(({ bytes }) => bytes));
  if (!combined.ok) return combined;
  return combined.value.length === keyBytes ? combined : refuse('the shares are of something else');
}

/** The device wraps a key that is made here: it need not know what it is for. */
export async function makeDeviceKey(
  device: KeyDevice,
  { id, names, random }: { id: string; names: Readonly<Record<string, string>>; random: Random },
): Promise<Outcome<Made>> {
  const ready = await device.ensureKey();
  if (!ready.ok) return ready;
  const unsealKey = random.bytes(keyBytes);
  const wrapped = await device.wrap(unsealKey, bindingOf(id));
  if (!wrapped.ok) return wrapped;
  const wrappedKey = Buffer.from(wrapped.value).toString('base64');
  return ok({ parameters: { ...names, wrappedKey }, unsealKey });
}

export async function deviceKey(
  { id, parameters }: SealRow,
  device: KeyDevice,
): Promise<Outcome<Uint8Array>> {
  const wrapped = Buffer.from(String(parameters['wrappedKey'] ?? ''), 'base64');
  const unwrapped = await device.unwrap(wrapped, bindingOf(id));
  if (!unwrapped.ok) return unwrapped;
  return unwrapped.value.length === keyBytes ? unwrapped : refuse(damaged);
}

const bindingOf = (id: string) => Buffer.from(`modelkeep unseal key ${id}`, 'utf8');
