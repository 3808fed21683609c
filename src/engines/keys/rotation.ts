/**
 * Rotation: new bytes seal from then on, the old ones stay to open what they sealed. Nothing that
 * was sealed is sealed again.
 */
import type { Transaction } from '../../ports/metadata-store.ts';
import { materialKey } from './crypto/material.ts';
import { rotationOf } from './making.ts';
import { type KeyRow, keyed, keyRows, type MaterialRow, materialRows } from './rows.ts';

/** Rotations on demand that one key may have. */
export const demandedRotationsLimit = 25;

/** Only symmetric keys rotate, and by themselves only those whose bytes are made here. */
export function rotates({ spec, usage }: Pick<KeyRow, 'spec' | 'usage'>): boolean {
  return spec === 'SYMMETRIC_DEFAULT' && usage === 'ENCRYPT_DECRYPT';
}

export function rotatesByItself(row: Pick<KeyRow, 'spec' | 'usage' | 'origin'>): boolean {
  return rotates(row) && row.origin === 'AWS_KMS';
}

export interface Rotating {
  readonly material: MaterialRow;
  readonly by: 'AUTOMATIC' | 'ON_DEMAND';
  readonly nowMs: number;
}

/** The key as it is after; one on demand leaves the schedule as it is. */
export async function rotate(
  tx: Transaction,
  key: KeyRow,
  { material, by, nowMs }: Rotating,
): Promise<KeyRow> {
  const { rotation } = key;
  const ends = [key.validToMs, material.expiresAtMs].filter((atMs) => atMs !== undefined);
  const rotated: KeyRow = {
    ...key,
    material: material.id,
    // It works only as long as it has all the bytes that ever sealed.
    ...(ends.length > 0 ? { validToMs: Math.min(...ends) } : {}),
    ...(by === 'ON_DEMAND' ? { demandedRotations: key.demandedRotations + 1 } : {}),
    ...(by === 'AUTOMATIC' && rotation ? { rotation: rotationOf(rotation.periodDays, nowMs) } : {}),
  };
  const row: MaterialRow = { ...material, rotatedBy: by, rotatedAtMs: nowMs };
  await tx.put(materialRows, materialKey(key, material.id), row);
  await tx.put(keyRows, keyed(key, key.id), rotated);
  return rotated;
}
