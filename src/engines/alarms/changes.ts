/**
 * Writes of alarms that others must hear of. Each keeps the row, its history, and what is to be
 * sent, in the caller's transaction, so that none is there without the others.
 */
import type { Transaction } from '../../ports/metadata-store.ts';
import {
  type Change,
  configurationChangeType,
  configurationDetail,
  configurationHistory,
  notification,
  notificationSubject,
  type Reconfiguration,
  stateChangeDetail,
  stateChangeType,
  stateHistory,
} from './messages.ts';
import {
  type AlarmRow,
  addHistory,
  addToOutbox,
  alarmKey,
  alarms,
  type NewState,
  type StateValue,
} from './rows.ts';

/**
 * Puts an alarm into a state. When that differs from the one it is in, records it, and has its
 * actions and its event sent; otherwise only the reason is new.
 */
export async function changeState(
  tx: Transaction,
  row: AlarmRow,
  { state: to, nowMs }: { readonly state: NewState; readonly nowMs: number },
): Promise<void> {
  const differs = to.value !== row.state.value;
  const transitionedAtMs = differs ? nowMs : row.state.transitionedAtMs;
  const alarm: AlarmRow = { ...row, state: { ...to, updatedAtMs: nowMs, transitionedAtMs } };
  await tx.put(alarms, alarmKey(row.scope, row.config.name), alarm);
  if (differs) await announce(tx, { alarm, before: row.state });
}

async function announce(tx: Transaction, change: Change): Promise<void> {
  const { alarm, before } = change;
  const { scope, config, state } = alarm;
  const at = { scope, alarm: config.name, atMs: state.updatedAtMs };
  await addHistory(tx, {
    ...at,
    type: 'StateUpdate',
    summary: `Alarm updated from ${before.value} to ${state.value}`,
    data: stateHistory(change),
  });
  const detail = stateChangeDetail(change);
  const event = { scope, detailType: stateChangeType, resources: [alarm.arn], detail };
  await addToOutbox(tx, at, { kind: 'event', ...event });
  if (!config.actionsEnabled) return;
  for (const action of actionsOn(alarm, state.value)) {
    await addToOutbox(tx, at, {
      kind: 'action',
      scope,
      alarm: config.name,
      action,
      subject: notificationSubject(change),
      message: notification(change),
      stateUpdatedAtMs: state.updatedAtMs,
    });
  }
}

function actionsOn({ config }: AlarmRow, state: StateValue): readonly string[] {
  if (state === 'OK') return config.okActions;
  return state === 'ALARM' ? config.alarmActions : config.insufficientDataActions;
}

/** Creates, updates or deletes an alarm. */
export async function reconfigure(
  tx: Transaction,
  change: Reconfiguration,
  nowMs: number,
): Promise<void> {
  const { operation, alarm } = change;
  const { scope, config } = alarm;
  const key = alarmKey(scope, config.name);
  if (operation === 'delete') await tx.delete(alarms, key);
  else await tx.put(alarms, key, alarm);
  const at = { scope, alarm: config.name, atMs: nowMs };
  await addHistory(tx, {
    ...at,
    type: 'ConfigurationUpdate',
    summary: `Alarm "${config.name}" ${operation}d`,
    data: configurationHistory(change),
  });
  const detail = configurationDetail(change);
  const event = { scope, detailType: configurationChangeType, resources: [alarm.arn], detail };
  await addToOutbox(tx, at, { kind: 'event', ...event });
}
