/** Metric alarms: made, changed, set, silenced, deleted. What they do then is the loop's work. */
import type {
  DeleteAlarmsInput,
  DisableAlarmActionsInput,
  EnableAlarmActionsInput,
  PutMetricAlarmInput,
  SetAlarmStateInput,
} from '@aws-sdk/client-cloudwatch';
import { changeState, reconfigure } from '../../engines/alarms/changes.ts';
import {
  type AlarmConfig,
  type AlarmRow,
  alarmKey,
  alarms,
  type StateValue,
} from '../../engines/alarms/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import { configOf } from './alarm-input.ts';
import { tagsOf } from './alarm-tags.ts';
import type { CloudWatchCtx } from './context.ts';
import { faults } from './faults.ts';

const maxNames = 100;
const loopName = 'alarms';

/** Tags count when the alarm is made; an update leaves tags and state as they are. */
export async function putMetricAlarm(
  input: PutMetricAlarmInput,
  ctx: CloudWatchCtx,
): Promise<void> {
  const config = configOf(input);
  const tags = tagsOf(input.Tags ?? []);
  const nowMs = ctx.clock.nowMs();
  const arn = formatArn(ctx.scope, 'cloudwatch', `alarm:${config.name}`);

  await ctx.store.write(async (tx) => {
    const before = await tx.get(alarms, alarmKey(ctx.scope, config.name));
    const state = before?.state ?? initialState(nowMs);
    const alarm: AlarmRow = {
      scope: ctx.scope,
      arn,
      config,
      configuredAtMs: nowMs,
      state,
      tags: before?.tags ?? tags,
    };
    if (before) await reconfigure(tx, { operation: 'update', alarm, before }, nowMs);
    else await reconfigure(tx, { operation: 'create', alarm }, nowMs);
  });
  ctx.wake(loopName);
}

function initialState(nowMs: number): AlarmRow['state'] {
  return {
    value: 'INSUFFICIENT_DATA',
    reason: 'Unchecked: Initial alarm creation',
    updatedAtMs: nowMs,
    transitionedAtMs: nowMs,
  };
}

/** All of them or, when one is unknown, none. */
export async function deleteAlarms(input: DeleteAlarmsInput, ctx: CloudWatchCtx): Promise<void> {
  const names = namesOf(input.AlarmNames);
  const nowMs = ctx.clock.nowMs();
  await ctx.store.write(async (tx) => {
    for (const name of names) {
      const alarm = await tx.get(alarms, alarmKey(ctx.scope, name));
      if (!alarm) throw faults.noAlarm(name);
      await reconfigure(tx, { operation: 'delete', alarm }, nowMs);
    }
  });
  ctx.wake(loopName);
}

/** The next evaluation puts the alarm back where its metric has it. */
export async function setAlarmState(input: SetAlarmStateInput, ctx: CloudWatchCtx): Promise<void> {
  const { AlarmName: name = '', StateValue: value, StateReason: reason = '' } = input;
  const { StateReasonData: reasonData } = input;
  if (value === undefined) throw faults.missing('StateValue');
  if (reasonData !== undefined) checkJson(reasonData);
  const nowMs = ctx.clock.nowMs();
  const state = {
    value: value as StateValue,
    reason,
    ...(reasonData === undefined ? {} : { reasonData }),
  };
  await ctx.store.write(async (tx) => {
    const alarm = await tx.get(alarms, alarmKey(ctx.scope, name));
    if (!alarm) throw faults.noAlarm(name);
    await changeState(tx, alarm, { state, nowMs });
  });
  ctx.wake(loopName);
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw faults.invalidFormat('StateReasonData is not valid JSON.');
  }
}

export async function enableAlarmActions(
  input: EnableAlarmActionsInput,
  ctx: CloudWatchCtx,
): Promise<void> {
  await switchActions(namesOf(input.AlarmNames), true, ctx);
}

export async function disableAlarmActions(
  input: DisableAlarmActionsInput,
  ctx: CloudWatchCtx,
): Promise<void> {
  await switchActions(namesOf(input.AlarmNames), false, ctx);
}

/** Names without an alarm are passed over, as the original does. */
async function switchActions(
  names: readonly string[],
  actionsEnabled: boolean,
  ctx: CloudWatchCtx,
): Promise<void> {
  const nowMs = ctx.clock.nowMs();
  await ctx.store.write(async (tx) => {
    for (const name of names) {
      const before = await tx.get(alarms, alarmKey(ctx.scope, name));
      if (!before || before.config.actionsEnabled === actionsEnabled) continue;
      const config: AlarmConfig = { ...before.config, actionsEnabled };
      const alarm = { ...before, config, configuredAtMs: nowMs };
      await reconfigure(tx, { operation: 'update', alarm, before }, nowMs);
    }
  });
  ctx.wake(loopName);
}

function namesOf(names: readonly string[] | undefined): readonly string[] {
  if (!names || names.length === 0) throw faults.missing('AlarmNames');
  if (names.length > maxNames) throw faults.tooMany('AlarmNames', maxNames);
  return [...new Set(names)];
}
