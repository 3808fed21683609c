/**
 * The bytes of keys: making them, sealing them into rows and opening them again. Which material of
 * a key seals and which only open is told in `versions.ts`.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../kernel/clock.ts';
import type { Outcome } from '../../../kernel/outcome.ts';
import type { Random } from '../../../kernel/random.ts';
import type { Vault } from '../../envelope/vault.ts';
import { type KeySpec, keyed, type MaterialRow, materialContext } from '../rows.ts';
import { madePair } from './pairs.ts';
import { isPairSpec, specs } from './specs.ts';

export interface MaterialParts {
  readonly vault: Vault;
  readonly random: Random;
  readonly clock: Clock;
}

const idBytes = 32;

/** Where a material's row is: by key and material id. */
export function materialKey(
  key: { readonly account: string; readonly region: string; readonly id: string },
  material: string,
): string {
  return `${keyed(key, key.id)}/${material}`;
}

/** New bytes of a key's spec, sealed. Throws `PairsBusy` when too many pairs are being made. */
export async function newMaterial(
  spec: KeySpec,
  parts: MaterialParts,
  keyArn: string,
): Promise<MaterialRow> {
  const id = Buffer.from(parts.random.bytes(idBytes)).toString('hex');
  if (isPairSpec(spec)) {
    const { privateKey, publicKey } = await madePair(spec);
    return sealedMaterial(
      { keyArn, id, origin: 'AWS_KMS', bytes: privateKey, publicKey: publicKey },
      parts,
    );
  }
  const facts = specs[spec];
  const sizeBytes = 'sizeBytes' in facts ? facts.sizeBytes : 0;
  const bytes = Buffer.from(parts.random.bytes(sizeBytes));
  return sealedMaterial({ keyArn, id, origin: 'AWS_KMS', bytes }, parts);
}

export interface PlainMaterial {
  readonly keyArn: string;
  readonly id: string;
  readonly origin: MaterialRow['origin'];
  /** Cleared once sealed. */
  readonly bytes: Buffer;
  /** SPKI DER. */
  readonly publicKey?: Uint8Array;
}

/** Seals the bytes into a row, and clears them. */
export function sealedMaterial(
  { keyArn, id, origin, bytes, publicKey }: PlainMaterial,
  { vault, clock }: Pick<MaterialParts, 'vault' | 'clock'>,
): MaterialRow {
  try {
    const sealed = vault.sealBytes(bytes, materialContext(keyArn, id));
    const row = { key: keyArn, id, createdAtMs: clock.nowMs(), origin, sealed };
    if (!publicKey) return row;
    return { ...row, publicKey: Buffer.from(publicKey).toString('base64') };
  } finally {
    bytes.fill(0);
  }
}

/** The bytes of a material; refused when they are damaged, or sealed under a ring not had. */
export function openMaterial(row: MaterialRow, vault: Vault): Outcome<Buffer> {
  const opened = vault.openBytes(row.sealed, materialContext(row.key, row.id));
  if (!opened.ok) return opened;
  return {
    ok: true,
    value: Buffer.from(opened.value.buffer, opened.value.byteOffset, opened.value.length),
  };
}

/** From PKCS#8 DER. */
export function privateKeyOf(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** From SPKI DER. */
export function publicKeyOf(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
