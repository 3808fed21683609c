/**
 * The file in which the ring of keys lies, sealed under a root key, which is sealed in turn once
 * for each way to open it. How it is written and what must be in it; not where it lies, and not
 * how it is opened.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export const sealKinds = ['file', 'passphrase', 'pkcs11', 'shares'] as const;
export type SealKind = (typeof sealKinds)[number];

/** One way to open the folder. */
export interface SealRow {
  readonly id: string;
  readonly kind: SealKind;
  /** What the kind needs besides a secret; nothing in it is secret. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Base64. */
  readonly sealedRootKey: string;
}

export interface SealFile {
  readonly version: 1;
  /** Tells this folder from every other; hex. */
  readonly folder: string;
  /** Grows with every change of the file. */
  readonly generation: number;
  readonly seals: readonly SealRow[];
  /** Base64. */
  readonly keyring: string;
}

const version = 1;
export const mostSeals = 16;
/** Far above what the largest ring and all seals take. */
export const sealFileLimitBytes = 256 * 1024;

export function formatSealFile(file: SealFile): string {
  const content = contentOf(file);
  return `${JSON.stringify({ ...content, checksum: checksumOf(content) }, null, 2)}\n`;
}

/** Refused with what is wrong; damage by chance is found by the checksum, before any secret. */
export function parseSealFile(text: string): Outcome<SealFile> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
  if (!isRecord(value)) return refuse('it is not an object');
  if (typeof value['version'] === 'number' && value['version'] > version) {
    return refuse(`it was written by a newer Modelkeep (version ${value['version']})`);
  }
  const wrong = wrongMember(value);
  if (wrong !== undefined) return refuse(`${wrong} is missing or not what it must be`);
  // Every member was just checked.
  const file = contentOf(value as unknown as SealFile);
  const expected = Buffer.from(checksumOf(file));
  const given = Buffer.from(String(value['checksum']));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return refuse('its checksum does not fit');
  }
  return ok(file);
}

/** Its members in the order in which they are written, whatever else the object has. */
function contentOf({ folder, generation, seals, keyring }: SealFile): SealFile {
  return { version, folder, generation, seals: seals.map(sealOf), keyring };
}

function sealOf({ id, kind, parameters, sealedRootKey }: SealRow): SealRow {
  return { id, kind, parameters: sorted(parameters), sealedRootKey };
}

function sorted(parameters: SealRow['parameters']): SealRow['parameters'] {
  return Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The parameters as text, so that they can be authenticated. */
export function parametersText(parameters: SealRow['parameters']): string {
  return JSON.stringify(sorted(parameters));
}

/** A digest of the seals: what is sealed with it tells when one was added, removed or replaced. */
export function sealsDigest(seals: readonly SealRow[]): string {
  return sha256Hex(JSON.stringify(seals.map(sealOf)));
}

const checksumOf = (content: SealFile) => sha256Hex(JSON.stringify(content));
const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');

function wrongMember(value: Record<string, unknown>): string | undefined {
  const { folder, generation, seals, keyring, checksum } = value;
  if (value['version'] !== version) return 'version';
  if (typeof folder !== 'string' || !/^[0-9a-f]{32}$/.test(folder)) return 'folder';
  if (!Number.isSafeInteger(generation) || Number(generation) < 0) return 'generation';
  if (typeof keyring !== 'string') return 'keyring';
  if (typeof checksum !== 'string') return 'checksum';
  if (!Array.isArray(seals) || seals.length === 0 || seals.length > mostSeals) return 'seals';
  return seals.every(isSeal) ? undefined : 'seals';
}

function isSeal(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, kind, parameters, sealedRootKey } = value;
  const plain = (one: unknown) => typeof one === 'string' || Number.isSafeInteger(one);
  return (
    typeof id === 'string' &&
    /^[a-z0-9-]{1,64}$/.test(id) &&
    sealKinds.some((one) => one === kind) &&
    isRecord(parameters) &&
    Object.values(parameters).every(plain) &&
    typeof sealedRootKey === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
