/**
 * Ends a processing job: its row, the execution and alert of the schedule that started it, metrics
 * and events. Everything stored changes in one write; ending a job twice changes nothing.
 */
import { setImmediate } from 'node:timers/promises';
import type { EventBus } from '../../engines/events/bus.ts';
import {
  type ExecutionRow,
  type ExecutionStatus,
  executions,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import {
  hasEnded,
  type ProcessingJobRow,
  type ProcessingWork,
  processingJobs,
} from '../../engines/processing/rows.ts';
import type { MetricRecorder } from '../../engines/series/recorder.ts';
import type { WorkQueue } from '../../engines/work/queue.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { MetadataStore, Transaction } from '../../ports/metadata-store.ts';
import { judgedAlert, publishExecutionState } from '../monitoring/execution-end.ts';
import { metricsOf } from './metrics.ts';
import type { Ending } from './run.ts';

export interface FinishParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly metrics: MetricRecorder;
  readonly events: EventBus;
  readonly queue: WorkQueue<ProcessingWork>;
}

/** FailureReason is at most so long in the original's model. */
const longestReason = 1_024;
/** Between so many requests get their turn: a data set of many columns has a dozen of each. */
const metricsAtOnce = 1_000;

export async function finishJob(
  key: string,
  result: Outcome<Ending>,
  parts: FinishParts,
): Promise<void> {
  const nowMs = parts.clock.nowMs();
  await recordMetrics(key, result, parts);
  const changed = await parts.store.write(async (tx) => {
    const job = await tx.get(processingJobs, key);
    if (!job || hasEnded(job)) return undefined;
    const ended = endedJob(job, result, nowMs);
    await tx.put(processingJobs, key, ended);
    const next = await beginNext(tx, ended, nowMs);
    const figures = result.ok ? result.value.figures : undefined;
    const execution = next ? undefined : await finishExecution(tx, ended, { nowMs, figures });
    return { job: ended, execution, next };
  });
  if (!changed) return;
  const { job, execution, next } = changed;
  // Lost in a crash between the two writes, it is found at start-up as a job without an item.
  if (next) await parts.queue.enqueue(next, { key: next }, nowMs);
  await publishJobState(job, parts.events);
  if (execution) await publishExecutionState(execution, job, parts.events);
}

/**
 * Before the job is marked as ended: a crash in between has the job run again and records them
 * twice, where the other order would lose what an alarm waits for.
 */
async function recordMetrics(
  key: string,
  result: Outcome<Ending>,
  { store, metrics, clock }: FinishParts,
): Promise<void> {
  const job = await store.get(processingJobs, key);
  if (!result.ok || !job || hasEnded(job)) return;
  const data = metricsOf(job, result.value, clock.nowMs());
  for (let at = 0; at < data.length; at += metricsAtOnce) {
    await metrics.record(job.scope, data.slice(at, at + metricsAtOnce));
    await setImmediate();
  }
}

function endedJob(job: ProcessingJobRow, result: Outcome<Ending>, nowMs: number): ProcessingJobRow {
  const times = { endedAtMs: nowMs, modifiedAtMs: nowMs };
  if (!result.ok) {
    const failureReason = result.reason.slice(0, longestReason);
    const status = job.status === 'Stopping' ? 'Stopped' : 'Failed';
    return { ...job, ...times, status, failureReason };
  }
  const { status, exitMessage } = result.value;
  return { ...job, ...times, status, ...(exitMessage === '' ? {} : { exitMessage }) };
}

/** The key of the job that follows one that has completed; the execution is that one's from now. */
async function beginNext(
  tx: Transaction,
  { status, monitoring }: ProcessingJobRow,
  nowMs: number,
): Promise<string | undefined> {
  const next = status === 'Completed' ? monitoring?.followedBy : undefined;
  if (!next || !monitoring) return undefined;
  const key = scoped(next.scope, next.name);
  await tx.put(processingJobs, key, { ...next, createdAtMs: nowMs, modifiedAtMs: nowMs });
  const execution = await tx.get(executions, monitoring.executionKey);
  if (execution) {
    const changed = { ...execution, processingJobArn: next.arn, modifiedAtMs: nowMs };
    await tx.put(executions, monitoring.executionKey, changed);
  }
  return key;
}

interface Finishing {
  readonly nowMs: number;
  readonly figures: Ending['figures'];
}

async function finishExecution(
  tx: Transaction,
  job: ProcessingJobRow,
  { nowMs, figures }: Finishing,
): Promise<ExecutionRow | undefined> {
  if (!job.monitoring) return undefined;
  const { executionKey: key, scheduleKey } = job.monitoring;
  const execution = await tx.get(executions, key);
  if (!execution) return undefined;
  const ended: ExecutionRow = {
    ...execution,
    status: executionStatus(job),
    modifiedAtMs: nowMs,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason }),
    ...(figures === undefined ? {} : { figures }),
  };
  await tx.put(executions, key, ended);
  const schedule = await tx.get(schedules, scheduleKey);
  if (schedule?.runningExecution === key) {
    const { runningExecution: _, ...free } = schedule;
    const alert = await judgedAlert(tx, schedule, nowMs);
    await tx.put(schedules, scheduleKey, { ...free, alert });
  }
  return ended;
}

/** The word before the exit message's colon is the verdict. */
export function executionStatus(job: ProcessingJobRow): ExecutionStatus {
  if (job.status !== 'Completed') return job.status === 'Stopped' ? 'Stopped' : 'Failed';
  const [verdict] = (job.exitMessage ?? '').split(':');
  return verdict === 'CompletedWithViolations' ? verdict : 'Completed';
}

export async function publishJobState(job: ProcessingJobRow, events: EventBus): Promise<void> {
  const { status, createdAtMs, startedAtMs, endedAtMs, modifiedAtMs } = job;
  await events.publish({
    source: 'aws.sagemaker',
    detailType: 'SageMaker Processing Job State Change',
    resources: [job.arn],
    scope: job.scope,
    detail: {
      ...job.request,
      ProcessingJobArn: job.arn,
      ProcessingJobStatus: status,
      ...(job.exitMessage === undefined ? {} : { ExitMessage: job.exitMessage }),
      ...(job.failureReason === undefined ? {} : { FailureReason: job.failureReason }),
      CreationTime: createdAtMs,
      LastModifiedTime: modifiedAtMs,
      ...(startedAtMs === undefined ? {} : { ProcessingStartTime: startedAtMs }),
      ...(endedAtMs === undefined ? {} : { ProcessingEndTime: endedAtMs }),
    },
  });
}
