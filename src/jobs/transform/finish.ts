/** Ends a transform job: its row, and the event of it. Ending one twice changes nothing. */
import type { EventBus } from '../../engines/events/bus.ts';
import { hasEnded, type TransformJobRow, transformJobs } from '../../engines/transform/rows.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Outcome } from '../../kernel/outcome.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface FinishParts {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly events: EventBus;
}

/** FailureReason is at most so long in the original's model. */
const longestReason = 1_024;

export async function finishTransform(
  key: string,
  result: Outcome<void>,
  { store, clock, events }: FinishParts,
): Promise<void> {
  const nowMs = clock.nowMs();
  const ended = await store.write(async (tx) => {
    const job = await tx.get(transformJobs, key);
    if (!job || hasEnded(job)) return undefined;
    const row = endedJob(job, result, nowMs);
    await tx.put(transformJobs, key, row);
    return row;
  });
  if (ended) await publishTransformState(ended, events);
}

/** Work that was done before the stop was heard is done: such a job has completed. */
function endedJob(job: TransformJobRow, result: Outcome<void>, nowMs: number): TransformJobRow {
  const times = { endedAtMs: nowMs, modifiedAtMs: nowMs };
  if (result.ok) return { ...job, ...times, status: 'Completed' };
  if (job.status === 'Stopping') return { ...job, ...times, status: 'Stopped' };
  const failureReason = result.reason.slice(0, longestReason);
  return { ...job, ...times, status: 'Failed', failureReason };
}

export async function publishTransformState(job: TransformJobRow, events: EventBus): Promise<void> {
  const { status, createdAtMs, startedAtMs, endedAtMs, modifiedAtMs, failureReason } = job;
  await events.publish({
    source: 'aws.sagemaker',
    detailType: 'SageMaker Transform Job State Change',
    resources: [job.arn],
    scope: job.scope,
    detail: {
      ...job.request,
      TransformJobArn: job.arn,
      TransformJobStatus: status,
      ...(failureReason === undefined ? {} : { FailureReason: failureReason }),
      CreationTime: createdAtMs,
      LastModifiedTime: modifiedAtMs,
      ...(startedAtMs === undefined ? {} : { TransformStartTime: startedAtMs }),
      ...(endedAtMs === undefined ? {} : { TransformEndTime: endedAtMs }),
    },
  });
}
