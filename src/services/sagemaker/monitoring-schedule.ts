/**
 * Monitoring schedules: what is watched, and how often. A schedule owns no timer; the schedules
 * loop asks the store which rows are due.
 */
import type {
  CreateMonitoringScheduleRequest,
  CreateMonitoringScheduleResponse,
  DeleteMonitoringScheduleRequest,
  MonitoringScheduleConfig,
  StartMonitoringScheduleRequest,
  StopMonitoringScheduleRequest,
  UpdateMonitoringScheduleRequest,
  UpdateMonitoringScheduleResponse,
} from '@aws-sdk/client-sagemaker';
import { type Cadence, parseCadence } from '../../engines/cron/cadence.ts';
import { dropTags } from '../../engines/hosting/tags.ts';
import {
  jobDefinitions,
  type MonitoringPlan,
  type MonitoringType,
  type ScheduleRow,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { windowOf } from '../../engines/monitoring/window.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import type { Reader, Transaction } from '../../ports/metadata-store.ts';
import { assertAssumable } from './assumable.ts';
import { faults } from './faults.ts';
import { checkedName } from './model.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { planOfInline } from './monitoring-plan.ts';
import { writeTags } from './tags.ts';

/** Where the request names no schedule, the service picks a daily time. */
const defaultExpression = 'cron(0 0 ? * * *)';
const alertName = 'MonitoringAlert';

export function scheduleArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'sagemaker', `monitoring-schedule/${name.toLowerCase()}`);
}

export async function createMonitoringSchedule(
  input: CreateMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<CreateMonitoringScheduleResponse> {
  const name = checkedName(input.MonitoringScheduleName, 'monitoringScheduleName');
  const arn = scheduleArn(ctx.scope, name);
  const nowMs = ctx.clock.nowMs();
  const checked = checkConfig(input.MonitoringScheduleConfig);
  await assertAssumable(checked.plan?.roleArn, arn, ctx);
  await ctx.store.write(async (tx) => {
    const configured = await configure(tx, ctx.scope, checked);
    const row: ScheduleRow = {
      arn,
      name,
      scope: ctx.scope,
      status: 'Scheduled',
      ...configured,
      createdAtMs: nowMs,
      modifiedAtMs: nowMs,
      nextRunAtMs: checked.cadence.firstAfter(nowMs),
      alert: {
        name: alertName,
        status: 'OK',
        datapointsToAlert: 1,
        evaluationPeriod: 1,
        createdAtMs: nowMs,
        modifiedAtMs: nowMs,
      },
    };
    const added = await tx.insert(schedules, scoped(ctx.scope, name), row);
    if (!added) throw faults.inUse('Monitoring schedule', name);
    await writeTags(tx, arn, input.Tags);
  });
  ctx.wake('schedules');
  return { MonitoringScheduleArn: arn };
}

interface CheckedConfig {
  readonly config: MonitoringScheduleConfig;
  readonly type: MonitoringType;
  readonly expression: string;
  readonly cadence: Cadence;
  readonly plan: MonitoringPlan | undefined;
}

function checkConfig(config: MonitoringScheduleConfig | undefined): CheckedConfig {
  const { MonitoringJobDefinition: inline, MonitoringJobDefinitionName: named } = config ?? {};
  if (!config || (inline === undefined) === (named === undefined)) {
    throw faults.invalid(
      'MonitoringScheduleConfig: give either MonitoringJobDefinition ' +
        'or MonitoringJobDefinitionName.',
    );
  }
  const type = config.MonitoringType ?? 'DataQuality';
  if (inline && type !== 'DataQuality') {
    throw faults.invalid(
      `MonitoringScheduleConfig: a monitor of type ${type} needs a MonitoringJobDefinitionName; ` +
        'MonitoringJobDefinition is for DataQuality alone.',
    );
  }
  const expression = config.ScheduleConfig?.ScheduleExpression ?? defaultExpression;
  const cadence = parseCadence(expression);
  if (!cadence.ok) throw faults.badMember('scheduleExpression', cadence.reason);
  const plan = inline && planOfInline(inline);
  checkWindow(config, cadence.value, plan);
  return { config, type, expression, cadence: cadence.value, plan };
}

function checkWindow(
  { ScheduleConfig }: MonitoringScheduleConfig,
  cadence: Cadence,
  plan: MonitoringPlan | undefined,
): void {
  const { DataAnalysisStartTime: start, DataAnalysisEndTime: end } = ScheduleConfig ?? {};
  if ((start === undefined) !== (end === undefined) || (cadence.once && start === undefined)) {
    throw faults.invalid(
      'ScheduleConfig: DataAnalysisStartTime and DataAnalysisEndTime go together, ' +
        'and the ScheduleExpression NOW needs both.',
    );
  }
  const window = windowOf(0, {
    cadence,
    analysisStart: start,
    analysisEnd: end,
    startTimeOffset: plan?.startTimeOffset,
    endTimeOffset: plan?.endTimeOffset,
  });
  if (!window.ok) throw faults.badMember('scheduleConfig', window.reason);
}

/** The members of a row that come from the configuration. */
async function configure(reader: Reader, scope: Scope, checked: CheckedConfig) {
  const { config, type, expression, plan } = checked;
  const named = config.MonitoringJobDefinitionName;
  const definition =
    named === undefined ? undefined : await reader.get(jobDefinitions[type], scoped(scope, named));
  if (named !== undefined && !definition) throw faults.resourceNotFound('Job definition', named);
  const endpointName = plan?.endpointName ?? definition?.endpointName;
  const { DataAnalysisStartTime, DataAnalysisEndTime } = config.ScheduleConfig ?? {};
  return {
    type,
    config: JSON.parse(JSON.stringify(config)) as Record<string, unknown>,
    expression,
    ...(plan ? { plan } : {}),
    ...(named === undefined ? {} : { jobDefinitionName: named }),
    ...(endpointName === undefined ? {} : { endpointName }),
    ...(DataAnalysisStartTime === undefined ? {} : { analysisStart: DataAnalysisStartTime }),
    ...(DataAnalysisEndTime === undefined ? {} : { analysisEnd: DataAnalysisEndTime }),
  };
}

/** Replaces the whole configuration; a stopped schedule stays stopped. */
export async function updateMonitoringSchedule(
  input: UpdateMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<UpdateMonitoringScheduleResponse> {
  const checked = checkConfig(input.MonitoringScheduleConfig);
  const arn = scheduleArn(ctx.scope, input.MonitoringScheduleName ?? '');
  await assertAssumable(checked.plan?.roleArn, arn, ctx);
  const nowMs = ctx.clock.nowMs();
  const row = await changeSchedule(input.MonitoringScheduleName, ctx, async (old, tx) => ({
    arn: old.arn,
    name: old.name,
    scope: old.scope,
    status: old.status,
    createdAtMs: old.createdAtMs,
    alert: old.alert,
    ...(old.runningExecution === undefined ? {} : { runningExecution: old.runningExecution }),
    ...(old.lastExecution === undefined ? {} : { lastExecution: old.lastExecution }),
    ...(await configure(tx, ctx.scope, checked)),
    modifiedAtMs: nowMs,
    ...(old.status === 'Scheduled' ? { nextRunAtMs: checked.cadence.firstAfter(nowMs) } : {}),
  }));
  return { MonitoringScheduleArn: row.arn };
}

export async function startMonitoringSchedule(
  input: StartMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<void> {
  const nowMs = ctx.clock.nowMs();
  await changeSchedule(input.MonitoringScheduleName, ctx, async (old) => {
    if (old.status === 'Scheduled') return old;
    const cadence = parseCadence(old.expression);
    const nextRunAtMs = cadence.ok ? cadence.value.firstAfter(nowMs) : nowMs;
    return { ...old, status: 'Scheduled' as const, modifiedAtMs: nowMs, nextRunAtMs };
  });
}

/** A run that is under way goes on to its end. */
export async function stopMonitoringSchedule(
  input: StopMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<void> {
  const modifiedAtMs = ctx.clock.nowMs();
  await changeSchedule(input.MonitoringScheduleName, ctx, async ({ nextRunAtMs: _, ...old }) => ({
    ...old,
    status: 'Stopped' as const,
    modifiedAtMs,
  }));
}

type Change = (old: ScheduleRow, tx: Transaction) => Promise<ScheduleRow>;

/** Reads, changes and writes a schedule in one transaction, and tells the loop. */
export async function changeSchedule(
  name: string | undefined,
  ctx: MonitoringCtx,
  change: Change,
): Promise<ScheduleRow> {
  const key = scoped(ctx.scope, name ?? '');
  const row = await ctx.store.write(async (tx) => {
    const old = await tx.get(schedules, key);
    if (!old) throw scheduleNotFound(name, ctx);
    const changed = await change(old, tx);
    await tx.put(schedules, key, changed);
    return changed;
  });
  ctx.wake('schedules');
  return row;
}

export function scheduleNotFound(name: string | undefined, ctx: MonitoringCtx) {
  return faults.resourceNotFound('Monitoring schedule', scheduleArn(ctx.scope, name ?? ''));
}

/** Its executions stay listable. */
export async function deleteMonitoringSchedule(
  input: DeleteMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<void> {
  const key = scoped(ctx.scope, input.MonitoringScheduleName ?? '');
  await ctx.store.write(async (tx) => {
    const row = await tx.get(schedules, key);
    if (!row) throw scheduleNotFound(input.MonitoringScheduleName, ctx);
    if (row.runningExecution !== undefined) {
      throw faults.invalid(
        `Cannot delete Monitoring schedule ${row.arn}: an execution is in progress. ` +
          'Stop its processing job, or wait until it has ended.',
      );
    }
    await tx.delete(schedules, key);
    await dropTags(tx, row.arn);
  });
}
