/** The deletion of keys, which waits for some days so that it can be called off. */
import type * as sdk from '@aws-sdk/client-kms';
import { upkeepLoop } from '../../jobs/key-upkeep/loop.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { KmsCtx } from './context.ts';
import { faults } from './faults.ts';
import { changeable, putKey } from './key.ts';
import { assertState, managedKey } from './key-named.ts';

const window = { leastDays: 7, mostDays: 30 };

export async function scheduleKeyDeletion(
  { KeyId = '', PendingWindowInDays: days = window.mostDays }: sdk.ScheduleKeyDeletionRequest,
  { store, scope, clock, lifecycle }: KmsCtx,
): Promise<sdk.ScheduleKeyDeletionResponse> {
  if (days < window.leastDays || days > window.mostDays) {
    throw faults.validation(
      `PendingWindowInDays must be between ${window.leastDays} and ${window.mostDays}, not ${days}`,
    );
  }
  const deleteAtMs = clock.nowMs() + days * dayMs;
  const row = await store.write(async (tx) => {
    const present = await managedKey(tx, KeyId, scope);
    assertState(present, ...changeable);
    const pending = { state: 'PendingDeletion', deleteAtMs, deletionWindowDays: days } as const;
    await putKey(tx, { ...present, ...pending });
    return present;
  });
  lifecycle.forget(row.arn);
  lifecycle.wake(upkeepLoop);
  return {
    ...{ KeyId: row.arn, DeletionDate: new Date(deleteAtMs), KeyState: 'PendingDeletion' },
    PendingWindowInDays: days,
  };
}

/** The key is disabled after, whatever it was before. */
export async function cancelKeyDeletion(
  { KeyId = '' }: sdk.CancelKeyDeletionRequest,
  { store, scope }: KmsCtx,
): Promise<sdk.CancelKeyDeletionResponse> {
  return store.write(async (tx) => {
    const row = await managedKey(tx, KeyId, scope);
    if (row.state !== 'PendingDeletion') throw faults.notPendingDeletion(row.arn);
    const { deleteAtMs: _at, deletionWindowDays: _days, ...kept } = row;
    // Without bytes there is nothing that could be switched on.
    const state = row.material === undefined ? 'PendingImport' : 'Disabled';
    await putKey(tx, { ...kept, state });
    return { KeyId: row.arn };
  });
}
