/**
 * Starts the runs of monitoring schedules: one at a time per schedule, every missed window in order
 * after the server was down, each as an execution with a processing job of its own.
 */

import { parseCadence } from '../../engines/cron/cadence.ts';
import type { EventBus } from '../../engines/events/bus.ts';
import { endpoints } from '../../engines/hosting/rows.ts';
import {
  type ExecutionRow,
  executionKey,
  executions,
  jobDefinitions,
  type MonitoringPlan,
  type MonitoringType,
  type ScheduleRow,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { type Window, windowOf } from '../../engines/monitoring/window.ts';
import { type ProcessingWork, processingJobs } from '../../engines/processing/rows.ts';
import type { WorkQueue } from '../../engines/work/queue.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Loop, Wake } from '../../kernel/loop.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import { type MetadataStore, sortable, type Transaction } from '../../ports/metadata-store.ts';
import { judgedAlert, publishExecutionState } from './execution-end.ts';
import { monitoringJob } from './job-of-run.ts';

export const schedulesLoopName = 'schedules';

/** FailureReason is at most so long in the original's model. */
const longestReason = 1_024;
/** Schedules looked at in one go. */
const pageSize = 100;
/** Windows a schedule makes up for after the server was down; older ones are skipped and logged. */
const mostCatchUp = 168;

export interface SchedulesParts {
  readonly store: MetadataStore;
  readonly random: Random;
  readonly queue: WorkQueue<ProcessingWork>;
  readonly events: EventBus;
  readonly wake: Wake;
  readonly log: Logger;
}

export function makeSchedulesLoop(parts: SchedulesParts): Loop {
  return {
    name: schedulesLoopName,
    exact: true,
    async tick(nowMs) {
      for (;;) {
        const due = await parts.store.listBy(schedules, {
          index: 'due',
          to: sortable(nowMs + 1),
          limit: pageSize,
        });
        // Each becomes busy or due later: a window that fails at once is followed by the next one.
        for (const { row } of due) await startRun(scoped(row.scope, row.name), nowMs, parts);
        if (due.length === 0) break;
      }
      const [next] = await parts.store.listBy(schedules, { index: 'due', limit: 1 });
      return next ? Number(next.value) : Infinity;
    },
  };
}

async function startRun(key: string, nowMs: number, parts: SchedulesParts): Promise<void> {
  const begun = await parts.store.write(async (tx) => {
    const schedule = await tx.get(schedules, key);
    const { nextRunAtMs: dueMs } = schedule ?? {};
    if (!schedule || schedule.status !== 'Scheduled' || schedule.runningExecution) return;
    if (dueMs === undefined || dueMs > nowMs) return;
    const advanced = advance(schedule, dueMs, { nowMs, log: parts.log });
    return begin(tx, advanced, { nowMs, random: parts.random });
  });
  if (begun === undefined) return;
  if (begun.failed) return publishExecutionState(begun.failed, undefined, parts.events);
  const { work } = begun;
  // The item may be lost between the two writes: `requeueLost` finds jobs without one at start-up.
  await parts.queue.enqueue(work, { key: work }, nowMs);
  parts.wake('processing');
}

interface Advanced {
  readonly schedule: ScheduleRow;
  readonly nominalMs: number;
}

/** The nominal time to run for now, and the schedule with its next one. */
function advance(
  schedule: ScheduleRow,
  dueMs: number,
  { nowMs, log }: { readonly nowMs: number; readonly log: Logger },
): Advanced {
  const cadence = parseCadence(schedule.expression);
  if (!cadence.ok || cadence.value.once) {
    const { nextRunAtMs: _, ...last } = schedule;
    return { schedule: last, nominalMs: dueMs };
  }
  const oldestMs = nowMs - mostCatchUp * cadence.value.periodMs;
  const nominalMs = dueMs < oldestMs ? cadence.value.firstAfter(oldestMs) : dueMs;
  if (nominalMs !== dueMs) {
    log.warn('windows were skipped: the server was down for too long', {
      schedule: schedule.name,
      from: new Date(dueMs).toISOString(),
      to: new Date(nominalMs).toISOString(),
    });
  }
  const nextRunAtMs = cadence.value.firstAfter(nominalMs);
  return { schedule: { ...schedule, nextRunAtMs }, nominalMs };
}

interface Beginning {
  readonly nowMs: number;
  readonly random: Random;
}

/** The key of the job to run, or the execution that failed before it had one. */
type Begun =
  | { readonly work: string; readonly failed?: undefined }
  | { readonly failed: ExecutionRow };

async function begin(
  tx: Transaction,
  { schedule, nominalMs }: Advanced,
  { nowMs, random }: Beginning,
): Promise<Begun> {
  const prepared = await prepare(tx, schedule, nominalMs);
  const id = uuid(random);
  const execution: ExecutionRow = {
    id,
    scheduleArn: schedule.arn,
    scheduleName: schedule.name,
    scope: schedule.scope,
    type: schedule.type,
    scheduledAtMs: nominalMs,
    windowStartMs: prepared.ok ? prepared.value.window.startMs : nominalMs,
    windowEndMs: prepared.ok ? prepared.value.window.endMs : nominalMs,
    status: prepared.ok ? 'InProgress' : 'Failed',
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
    ...(schedule.endpointName === undefined ? {} : { endpointName: schedule.endpointName }),
    ...(schedule.jobDefinitionName === undefined
      ? {}
      : { jobDefinitionName: schedule.jobDefinitionName }),
    ...(prepared.ok ? {} : { failureReason: prepared.reason.slice(0, longestReason) }),
  };
  const key = executionKey(execution);
  if (!prepared.ok) {
    await tx.put(executions, key, execution);
    await tx.put(schedules, scoped(schedule.scope, schedule.name), {
      ...schedule,
      lastExecution: key,
      alert: await judgedAlert(tx, schedule, nowMs),
    });
    return { failed: execution };
  }
  const job = monitoringJob({ schedule, execution, executionKey: key, nowMs, ...prepared.value });
  const jobKey = scoped(job.scope, job.name);
  await tx.put(processingJobs, jobKey, job);
  await tx.put(executions, key, { ...execution, processingJobArn: job.arn });
  await tx.put(schedules, scoped(schedule.scope, schedule.name), {
    ...schedule,
    runningExecution: key,
    lastExecution: key,
  });
  return { work: jobKey };
}

export interface Prepared {
  readonly plan: MonitoringPlan;
  readonly window: Window;
  /** `s3://…/<endpoint>`, or where the manifests of batches lie. */
  readonly captureUri: string;
}

async function prepare(
  tx: Transaction,
  schedule: ScheduleRow,
  nominalMs: number,
): Promise<Outcome<Prepared>> {
  const given = await planOf(tx, schedule);
  if (!given.ok) return given;
  const plan = await withBaseline(tx, given.value, schedule);
  if (!plan.ok) return plan;
  const cadence = parseCadence(schedule.expression);
  if (!cadence.ok) return cadence;
  const window = windowOf(nominalMs, {
    cadence: cadence.value,
    analysisStart: schedule.analysisStart,
    analysisEnd: schedule.analysisEnd,
    startTimeOffset: plan.value.startTimeOffset,
    endTimeOffset: plan.value.endTimeOffset,
  });
  if (!window.ok) return window;
  const { endpointName, batch } = plan.value;
  const common = { plan: plan.value, window: window.value };
  if (endpointName === undefined) return ok({ ...common, captureUri: batch?.dataUri ?? '' });
  const endpoint = await tx.get(endpoints, scoped(schedule.scope, endpointName));
  if (!endpoint) return refuse(`The endpoint ${endpointName} does not exist`);
  const capture = endpoint.active?.capture;
  if (!capture) return refuse(`The endpoint ${endpointName} has no data capture configured`);
  const captureUri = `${capture.destinationUri.replace(/\/+$/, '')}/${endpoint.name}`;
  return ok({ ...common, captureUri });
}

async function planOf(tx: Transaction, schedule: ScheduleRow): Promise<Outcome<MonitoringPlan>> {
  if (schedule.plan) return ok(schedule.plan);
  const name = schedule.jobDefinitionName ?? '';
  const definition = await tx.get(jobDefinitions[schedule.type], scoped(schedule.scope, name));
  return definition ? ok(definition.plan) : refuse(`The job definition ${name} does not exist`);
}

/** What a baselining job leaves for each kind of monitor, in the folder of its output. */
const baselineDocuments: Readonly<
  Record<MonitoringType, { readonly constraints: string; readonly statistics?: string }>
> = {
  DataQuality: { constraints: 'constraints.json', statistics: 'statistics.json' },
  ModelQuality: { constraints: 'constraints.json' },
  ModelBias: { constraints: 'analysis.json' },
  ModelExplainability: { constraints: 'analysis.json' },
};

/** Takes the documents the named baselining job left, where no URI names others. */
async function withBaseline(
  tx: Transaction,
  plan: MonitoringPlan,
  { type, scope }: ScheduleRow,
): Promise<Outcome<MonitoringPlan>> {
  const { baseliningJobName: name, constraintsUri, statisticsUri } = plan;
  const { constraints, statistics } = baselineDocuments[type];
  if (name === undefined || (constraintsUri && (statisticsUri || !statistics))) return ok(plan);
  const job = await tx.get(processingJobs, scoped(scope, name));
  const folder = job?.plan.outputs[0]?.uri.replace(/\/+$/, '');
  if (!job || folder === undefined) return refuse(`The baselining job ${name} does not exist`);
  if (job.status !== 'Completed') {
    return refuse(`The baselining job ${name} is ${job.status}, not Completed`);
  }
  return ok({
    ...plan,
    constraintsUri: constraintsUri ?? `${folder}/${constraints}`,
    ...(statistics === undefined
      ? {}
      : { statisticsUri: statisticsUri ?? `${folder}/${statistics}` }),
  });
}

/** Gives every unfinished job a work item again, after a crash between two writes. */
export async function requeueLost(
  scopes: { readonly store: MetadataStore; readonly queue: WorkQueue<ProcessingWork> },
  nowMs: number,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = await scopes.store.list(processingJobs, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key, row } of page) {
      const open = row.status === 'InProgress' || row.status === 'Stopping';
      if (open) await scopes.queue.enqueue(key, { key }, nowMs);
    }
    after = page.at(-1)?.key;
    if (page.length < pageSize) return;
  }
}
