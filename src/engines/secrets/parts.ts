/** What the parts of the secrets engine work with, and the steps they share. */

import type { Clock } from '../../kernel/clock.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore, Reader, Transaction } from '../../ports/metadata-store.ts';
import type { Keys } from '../keys/keys.ts';
import { given, refusals, type SecretAnswer } from './answer.ts';
import {
  labels,
  rotationRows,
  type SecretRow,
  secretKey,
  secretRows,
  type VersionRow,
  versionKey,
  versionRows,
} from './rows.ts';

export interface SecretParts {
  readonly store: MetadataStore;
  readonly keys: Keys;
  readonly clock: Clock;
  /** Must be fit for secrets. */
  readonly random: Random;
  /** Called when the rotation loop may have work earlier than it said. */
  readonly wake: () => void;
}

/** More than the rules of keeping leave; a reader that sees them all needs no pages. */
export const mostVersions = 1_000;

export async function versionsOf(reader: Reader, arn: string): Promise<readonly VersionRow[]> {
  const prefix = versionKey(arn, '');
  const entries = await reader.list(versionRows, { prefix, limit: mostVersions + 1 });
  return entries.map(({ row }) => row);
}

export async function putVersions(tx: Transaction, rows: readonly VersionRow[]): Promise<void> {
  for (const row of rows) await tx.put(versionRows, versionKey(row.secret, row.id), row);
}

export async function putSecret(tx: Transaction, row: SecretRow): Promise<void> {
  await tx.put(secretRows, secretKey(row, row.name), row);
}

/** The secret as it is now: not deleted, and not another one of the same name. */
export async function liveSecret(
  reader: Reader,
  { account, region, name, arn }: SecretRow,
): Promise<SecretAnswer<SecretRow>> {
  const row = await reader.get(secretRows, secretKey({ account, region }, name));
  if (row?.arn !== arn) return refusals.noSecret();
  return row.deleteAtMs === undefined ? given(row) : refusals.deleted();
}

/**
 * Writes what `change` answers; undefined changes nothing. Whatever is refused leaves no trace,
 * because the changes are written only here.
 */
export async function changeSecret(
  { store }: Pick<SecretParts, 'store'>,
  secret: SecretRow,
  change: (row: SecretRow) => SecretAnswer<SecretRow>,
): Promise<SecretAnswer<SecretRow>> {
  return await store.write(async (tx) => {
    const live = await liveSecret(tx, secret);
    if (!live.ok) return live;
    const changed = change(live.value);
    if (changed.ok) await putSecret(tx, changed.value);
    return changed;
  });
}

/** Whether a rotation in progress forbids that AWSCURRENT goes to the version. */
export async function barredMove(
  reader: Reader,
  { arn }: SecretRow,
  { label, to }: { readonly label: string; readonly to: string },
): Promise<SecretAnswer<undefined>> {
  if (label !== labels.current) return given(undefined);
  const rotation = await reader.get(rotationRows, arn);
  if (!rotation?.running) return given(undefined);
  const isDue = rotation.kind === 'rotate' && rotation.step === 'finishSecret';
  return isDue && to === rotation.token ? given(undefined) : refusals.barred(rotation.step);
}

export function dayOf(instantMs: number): number {
  return Math.floor(instantMs / dayMs) * dayMs;
}
