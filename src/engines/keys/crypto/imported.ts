/**
 * Bytes that were made elsewhere: whether they fit their key, and what they make of it. A key may
 * have several over time, when it is rotated; it works only while it has all that ever sealed.
 */
import { createHash, createPublicKey } from 'node:crypto';
import type { Clock } from '../../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../../kernel/outcome.ts';
import type { Transaction } from '../../../ports/metadata-store.ts';
import type { Vault } from '../../envelope/vault.ts';
import { type KeyRow, keyed, keyRows, type MaterialRow, materialRows } from '../rows.ts';
import { materialKey, privateKeyOf, sealedMaterial } from './material.ts';
import { specs } from './specs.ts';

/** Materials that one key may be given; more than on-demand rotations allow. */
const materialsLimit = 100;

export interface Given {
  /** Cleared once sealed. */
  readonly bytes: Buffer;
  /** `new`: not imported before, waits for a rotation unless it is the first. */
  readonly type?: 'new' | 'existing';
  /** The id that the bytes must have. */
  readonly material?: string;
  readonly description?: string;
  readonly expiresAtMs?: number;
}

export interface ImportParts {
  readonly tx: Transaction;
  readonly vault: Vault;
  readonly clock: Clock;
}

export type Imported =
  | { readonly kind: 'done'; readonly key: KeyRow; readonly material: string }
  /** Not the bytes that were asked for. */
  | { readonly kind: 'other'; readonly reason: string }
  /** Another new one waits already. */
  | { readonly kind: 'waiting'; readonly reason: string };

/** Writes the material and what it makes of the key. The bytes were checked to fit. */
export async function importMaterial(
  { tx, vault, clock }: ImportParts,
  key: KeyRow,
  given: Given,
): Promise<Imported> {
  const rows = await materialsOf(tx, key);
  const id = importedId(key.arn, given.bytes);
  const refused = refusedImport(key, rows, { ...given, id });
  if (refused) {
    given.bytes.fill(0);
    return refused;
  }
  const before = rows.find((row) => row.id === id);
  const publicKey = publicHalf(key, given.bytes);
  const { bytes, expiresAtMs, description = before?.description } = given;
  const sealed = sealedMaterial(
    { keyArn: key.arn, id, origin: 'EXTERNAL', bytes, ...(publicKey ? { publicKey } : {}) },
    { vault, clock },
  );
  const { rotatedBy, rotatedAtMs } = before ?? {};
  const row: MaterialRow = {
    ...sealed,
    // The first is told from the rest by its time.
    createdAtMs:
      before?.createdAtMs ?? Math.max(sealed.createdAtMs, ...rows.map((r) => r.createdAtMs + 1)),
    ...(rotatedBy === undefined ? {} : { rotatedBy }),
    ...(rotatedAtMs === undefined ? {} : { rotatedAtMs }),
    ...(description === undefined ? {} : { description }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
  await tx.put(materialRows, materialKey(key, id), row);
  const all = [...rows.filter((other) => other.id !== id), row];
  const made = keyWith(key, all, clock.nowMs());
  await tx.put(keyRows, keyed(key, key.id), made);
  return { kind: 'done', key: made, material: id };
}

/** Takes the bytes of one material away; undefined when the key has no such material. */
export async function removeMaterial(
  { tx, clock }: Pick<ImportParts, 'tx' | 'clock'>,
  key: KeyRow,
  material?: string,
): Promise<string | undefined> {
  const rows = await materialsOf(tx, key);
  const id = material ?? currentOf(rows)?.id;
  const row = rows.find((other) => other.id === id);
  if (!row) return undefined;
  const at = materialKey(key, row.id);
  const { expiresAtMs: _expires, ...kept } = row;
  const empty = { ...kept, sealed: '' };
  const isPending = pendingOf(rows)?.id === row.id;
  // What never sealed anything need not be told from others again.
  if (isPending) await tx.delete(materialRows, at);
  else await tx.put(materialRows, at, empty);
  const all = rows.flatMap((other) => (other.id === row.id ? (isPending ? [] : [empty]) : [other]));
  await tx.put(keyRows, keyed(key, key.id), keyWith(key, all, clock.nowMs()));
  return row.id;
}

/** New material that waits for a rotation on demand. */
export async function pendingMaterial(
  tx: Pick<Transaction, 'list'>,
  key: KeyRow,
): Promise<MaterialRow | undefined> {
  return pendingOf(await materialsOf(tx, key));
}

/** The bytes as they are kept, if a key of this spec can have them; refused with the reason. */
export function fittingBytes({ spec }: Pick<KeyRow, 'spec'>, bytes: Buffer): Outcome<Buffer> {
  const facts = specs[spec];
  if ('sizeBytes' in facts) {
    if (bytes.length === facts.sizeBytes) return ok(bytes);
    return refuse(`Key material of ${spec} must have ${facts.sizeBytes} bytes.`);
  }
  try {
    const key = privateKeyOf(bytes);
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    const type = key.asymmetricKeyType;
    const fits =
      (facts.kind === 'rsa' && type === 'rsa' && modulusLength === facts.modulusBits) ||
      (facts.kind === 'ecc' && type === 'ec' && namedCurve === facts.curve) ||
      (facts.kind === 'ed25519' && type === 'ed25519');
    if (fits) return ok(bytes);
  } catch {
    // What OpenSSL says of bytes that it cannot read might repeat some of them.
  }
  return refuse(`Key material of ${spec} must be such a private key in PKCS #8 DER.`);
}

/** The same bytes imported into the same key have the same id. */
function importedId(keyArn: string, bytes: Uint8Array): string {
  const name = Buffer.from(`modelkeep imported material\0${keyArn}\0`, 'utf8');
  return createHash('sha256').update(name).update(bytes).digest('hex');
}

function refusedImport(
  { spec }: KeyRow,
  rows: readonly MaterialRow[],
  { id, type, material }: Given & { readonly id: string },
): Exclude<Imported, { kind: 'done' }> | undefined {
  const isKnown = rows.some((row) => row.id === id);
  if (material !== undefined && material !== id) {
    return { kind: 'other', reason: `The key material does not have the id ${material}.` };
  }
  if ((type ?? (rows.length > 0 ? 'existing' : 'new')) === 'existing') {
    if (isKnown) return undefined;
    const reason = 'The key material is not what was imported into this key before.';
    return { kind: 'other', reason };
  }
  if (isKnown) return { kind: 'other', reason: 'The key material was imported before.' };
  if (rows.length === 0) return undefined;
  if (spec !== 'SYMMETRIC_DEFAULT') {
    return { kind: 'other', reason: `A key of ${spec} has one key material.` };
  }
  const isFull = rows.length >= materialsLimit || pendingOf(rows) !== undefined;
  return isFull
    ? { kind: 'waiting', reason: 'Key material that was imported waits for a rotation already.' }
    : undefined;
}

/** The state, the current material and the next expiry follow from the materials. */
function keyWith(key: KeyRow, rows: readonly MaterialRow[], nowMs: number): KeyRow {
  const { material: _material, validToMs: _validTo, ...kept } = key;
  const pending = pendingOf(rows);
  const sealing = rows.filter((row) => row !== pending);
  const isWhole = sealing.every(
    ({ sealed, expiresAtMs = Number.POSITIVE_INFINITY }) => sealed !== '' && expiresAtMs > nowMs,
  );
  const current = currentOf(rows);
  if (!isWhole || !current) {
    return { ...kept, state: key.state === 'PendingDeletion' ? key.state : 'PendingImport' };
  }
  const ends = sealing.flatMap(({ expiresAtMs }) => (expiresAtMs === undefined ? [] : expiresAtMs));
  return {
    ...kept,
    material: current.id,
    state: key.state === 'PendingImport' ? 'Enabled' : key.state,
    ...(ends.length > 0 ? { validToMs: Math.min(...ends) } : {}),
  };
}

/** What was rotated to last; before any rotation, what was imported first. */
function currentOf(rows: readonly MaterialRow[]): MaterialRow | undefined {
  const inOrder = byTurn(rows);
  return inOrder.findLast((row) => row.rotatedAtMs !== undefined) ?? inOrder[0];
}

/** What was imported after the first and never rotated to. */
function pendingOf(rows: readonly MaterialRow[]): MaterialRow | undefined {
  const [first] = [...rows].sort((a, b) => a.createdAtMs - b.createdAtMs);
  return rows.find((row) => row.rotatedAtMs === undefined && row.id !== first?.id);
}

function byTurn(rows: readonly MaterialRow[]): readonly MaterialRow[] {
  const turn = (row: MaterialRow) => row.rotatedAtMs ?? 0;
  return [...rows].sort((a, b) => turn(a) - turn(b) || a.createdAtMs - b.createdAtMs);
}

async function materialsOf(
  tx: Pick<Transaction, 'list'>,
  key: KeyRow,
): Promise<readonly MaterialRow[]> {
  const entries = await tx.list(materialRows, {
    prefix: materialKey(key, ''),
    limit: materialsLimit,
  });
  return entries.map(({ row }) => row);
}

function publicHalf({ spec }: KeyRow, bytes: Buffer): Buffer | undefined {
  if ('sizeBytes' in specs[spec]) return undefined;
  return createPublicKey(privateKeyOf(bytes)).export({ type: 'spki', format: 'der' });
}
