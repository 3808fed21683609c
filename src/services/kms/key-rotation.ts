/** Rotation of keys: by themselves every so many days, or at once. */
import type * as sdk from '@aws-sdk/client-kms';
import { pendingMaterial } from '../../engines/keys/crypto/imported.ts';
import { materialKey } from '../../engines/keys/crypto/material.ts';
import { rotationOf } from '../../engines/keys/making.ts';
import {
  demandedRotationsLimit,
  rotate,
  rotates,
  rotatesByItself,
} from '../../engines/keys/rotation.ts';
import { type KeyRow, type MaterialRow, materialRows } from '../../engines/keys/rows.ts';
import { upkeepLoop } from '../../jobs/key-upkeep/loop.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { putKey } from './key.ts';
import { assertState, keyById, managedKey, ownKey } from './key-named.ts';
import { sliceOf } from './paging.ts';

const usualDays = 365;

export async function enableKeyRotation(
  { KeyId = '', RotationPeriodInDays: days = usualDays }: sdk.EnableKeyRotationRequest,
  { store, scope, clock, lifecycle }: KmsCtx,
) {
  await store.write(async (tx) => {
    const row = await scheduled(tx, KeyId, scope);
    // Asked for again, it must not put off the next one.
    if (row.rotation?.periodDays === days) return;
    await putKey(tx, { ...row, rotation: rotationOf(days, clock.nowMs()) });
  });
  lifecycle.wake(upkeepLoop);
}

export async function disableKeyRotation(
  { KeyId = '' }: sdk.DisableKeyRotationRequest,
  { store, scope }: KmsCtx,
) {
  await store.write(async (tx) => {
    const { rotation: _gone, ...row } = await scheduled(tx, KeyId, scope);
    await putKey(tx, row);
  });
}

async function scheduled(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  const row = await managedKey(reader, reference, scope);
  assertRotates(row, rotatesByItself(row));
  assertState(row, 'Enabled');
  return row;
}

function assertRotates({ arn, spec, origin }: KeyRow, does: boolean): void {
  if (does) return;
  throw faults.unsupported(
    `${arn} cannot be rotated so: its key spec is ${spec}, its origin ${origin}.`,
  );
}

export async function getKeyRotationStatus(
  { KeyId = '' }: sdk.GetKeyRotationStatusRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.GetKeyRotationStatusResponse> {
  const row = await keyById(store, KeyId, scope);
  assertRotates(row, rotatesByItself(row));
  const { rotation, state, arn } = row;
  const isOn = rotation !== undefined && state !== 'PendingDeletion';
  if (!isOn) return { KeyId: arn, KeyRotationEnabled: false };
  return {
    ...{ KeyId: arn, KeyRotationEnabled: true, RotationPeriodInDays: rotation.periodDays },
    NextRotationDate: new Date(rotation.nextAtMs),
  };
}

/** Has no effect on the schedule. A key with imported bytes takes those that wait for it. */
export async function rotateKeyOnDemand(
  { KeyId = '' }: sdk.RotateKeyOnDemandRequest,
  { store, scope, clock, lifecycle }: KmsCtx,
): Promise<sdk.RotateKeyOnDemandResponse> {
  const { arn, spec, origin } = await rotatable(store, KeyId, scope);
  const made = origin === 'EXTERNAL' ? undefined : await lifecycle.newMaterial(spec, arn);
  await store.write(async (tx) => {
    const row = await rotatable(tx, KeyId, scope);
    const material = made ?? (await pendingMaterial(tx, row));
    if (!material) {
      throw faults.invalidState(`No available key material pending rotation for the key: ${arn}.`);
    }
    await rotate(tx, row, { material, by: 'ON_DEMAND', nowMs: clock.nowMs() });
  });
  lifecycle.wake(upkeepLoop);
  return { KeyId: arn };
}

async function rotatable(reader: Reader, reference: string, scope: Scope): Promise<KeyRow> {
  const row = await managedKey(reader, reference, scope);
  assertRotates(row, rotates(row));
  assertState(row, 'Enabled');
  if (row.demandedRotations >= demandedRotationsLimit) {
    throw faults.limit(
      `${row.arn} has been rotated on demand ${demandedRotationsLimit} times, which is the limit.`,
    );
  }
  return row;
}

/** More than yearly rotations of a century and those on demand. */
const mostMaterials = 1_000;

export async function listKeyRotations(
  { KeyId = '', IncludeKeyMaterial, ...page }: sdk.ListKeyRotationsRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.ListKeyRotationsResponse> {
  const row = await ownKey(store, KeyId, scope);
  assertRotates(row, rotates(row));
  const prefix = materialKey(row, '');
  const entries = await store.list(materialRows, { prefix, limit: mostMaterials });
  const all = entries
    .map((entry) => entry.row)
    .filter(({ rotatedBy }) => rotatedBy || IncludeKeyMaterial === 'ALL_KEY_MATERIAL')
    .sort((a, b) => (a.rotatedAtMs ?? 0) - (b.rotatedAtMs ?? 0) || a.createdAtMs - b.createdAtMs);
  const pending = row.origin === 'EXTERNAL' ? await pendingMaterial(store, row) : undefined;
  const sizes = { usual: 100, most: 1_000 };
  const { rows, ...more } = sliceOf({ ...page, sizes }, all);
  const Rotations = rows.map((material) => ({
    ...rotationEntry(row, material),
    KeyMaterialState: stateOf(row, material, pending),
  }));
  return { Rotations, ...more };
}

function stateOf(
  key: KeyRow,
  { id }: MaterialRow,
  pending: MaterialRow | undefined,
): sdk.KeyMaterialState {
  if (id === pending?.id) return 'PENDING_ROTATION';
  return id === key.material ? 'CURRENT' : 'NON_CURRENT';
}

function rotationEntry(key: KeyRow, material: MaterialRow): sdk.RotationsListEntry {
  const { rotatedAtMs, rotatedBy, origin } = material;
  return {
    ...{ KeyId: key.arn, KeyMaterialId: material.id },
    ...(rotatedBy ? { RotationType: rotatedBy } : {}),
    ...(rotatedAtMs === undefined ? {} : { RotationDate: new Date(rotatedAtMs) }),
    ...(origin === 'EXTERNAL' ? importMembers(material) : {}),
  };
}

/** Bytes that expired or were taken away are known by their id, and can be imported again. */
function importMembers({ sealed, expiresAtMs, description }: MaterialRow): sdk.RotationsListEntry {
  const told = description === undefined ? {} : { KeyMaterialDescription: description };
  if (sealed === '') return { ...told, ImportState: 'PENDING_IMPORT' };
  const imported = { ...told, ImportState: 'IMPORTED' } as const;
  if (expiresAtMs === undefined) {
    return { ...imported, ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  }
  const ValidTo = new Date(expiresAtMs);
  return { ...imported, ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo };
}
