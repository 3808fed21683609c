/** Processing jobs: a built-in analysis or a program under the container contract, run once. */
import type {
  CreateProcessingJobRequest,
  CreateProcessingJobResponse,
  DescribeProcessingJobRequest,
  DescribeProcessingJobResponse,
  ListProcessingJobsRequest,
  ListProcessingJobsResponse,
  StopProcessingJobRequest,
} from '@aws-sdk/client-sagemaker';
import { scoped } from '../../engines/monitoring/rows.ts';
import { hasEnded, type ProcessingJobRow, processingJobs } from '../../engines/processing/rows.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import { assertAssumable } from './assumable.ts';
import { faults } from './faults.ts';
import { listPage } from './listing.ts';
import { checkedName } from './model.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { processingPlan } from './processing-plan.ts';
import { writeTags } from './tags.ts';

function jobArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'sagemaker', `processing-job/${name.toLowerCase()}`);
}

export async function createProcessingJob(
  input: CreateProcessingJobRequest,
  ctx: MonitoringCtx,
): Promise<CreateProcessingJobResponse> {
  const name = checkedName(input.ProcessingJobName, 'processingJobName');
  const plan = processingPlan(input);
  const arn = jobArn(ctx.scope, name);
  await assertAssumable(input.RoleArn, arn, ctx);
  const key = scoped(ctx.scope, name);
  const nowMs = ctx.clock.nowMs();
  const { Tags, ...request } = input;
  const row: ProcessingJobRow = {
    arn,
    name,
    scope: ctx.scope,
    status: 'InProgress',
    request: JSON.parse(JSON.stringify(request)),
    plan,
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  };
  await ctx.store.write(async (tx) => {
    if (!(await tx.insert(processingJobs, key, row))) throw faults.jobNameTaken(arn);
    await writeTags(tx, arn, Tags);
  });
  await ctx.processingQueue.enqueue(key, { key }, nowMs);
  ctx.wake('processing');
  return { ProcessingJobArn: arn };
}

export async function describeProcessingJob(
  input: DescribeProcessingJobRequest,
  ctx: MonitoringCtx,
): Promise<DescribeProcessingJobResponse> {
  const row = await jobNamed(input.ProcessingJobName, ctx);
  // Stored as the client sent it, after the wire had checked it against this type.
  const request = row.request as unknown as CreateProcessingJobRequest;
  return {
    ...request,
    ProcessingJobName: row.name,
    ProcessingJobArn: row.arn,
    ProcessingJobStatus: row.status,
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    ...(row.exitMessage === undefined ? {} : { ExitMessage: row.exitMessage }),
    ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
    ...(row.startedAtMs === undefined ? {} : { ProcessingStartTime: new Date(row.startedAtMs) }),
    ...(row.endedAtMs === undefined ? {} : { ProcessingEndTime: new Date(row.endedAtMs) }),
    ...(row.monitoring === undefined
      ? {}
      : { MonitoringScheduleArn: monitoringArn(row.scope, row.monitoring.scheduleName) }),
  };
}

function monitoringArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'sagemaker', `monitoring-schedule/${name.toLowerCase()}`);
}

async function jobNamed(name: string | undefined, ctx: MonitoringCtx): Promise<ProcessingJobRow> {
  const row = await ctx.store.get(processingJobs, scoped(ctx.scope, name ?? ''));
  if (!row) throw faults.invalid(`Could not find requested job with name: ${name}`);
  return row;
}

export async function listProcessingJobs(
  input: ListProcessingJobsRequest,
  ctx: MonitoringCtx,
): Promise<ListProcessingJobsResponse> {
  const page = await listPage(ctx.store, processingJobs, { scope: ctx.scope, query: input });
  return {
    ProcessingJobSummaries: page.rows.map((row) => ({
      ProcessingJobName: row.name,
      ProcessingJobArn: row.arn,
      ProcessingJobStatus: row.status,
      CreationTime: new Date(row.createdAtMs),
      LastModifiedTime: new Date(row.modifiedAtMs),
      ...(row.endedAtMs === undefined ? {} : { ProcessingEndTime: new Date(row.endedAtMs) }),
      ...(row.exitMessage === undefined ? {} : { ExitMessage: row.exitMessage }),
      ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
    })),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

/** Stopping a job that has ended, or that is stopping already, is refused as on the original. */
export async function stopProcessingJob(
  input: StopProcessingJobRequest,
  ctx: MonitoringCtx,
): Promise<void> {
  const row = await jobNamed(input.ProcessingJobName, ctx);
  const key = scoped(ctx.scope, row.name);
  await ctx.store.write(async (tx) => {
    const job = await tx.get(processingJobs, key);
    if (!job || hasEnded(job) || job.status === 'Stopping') {
      throw faults.invalid(`The request was rejected because the job is in status ${job?.status}.`);
    }
    const stopping = { ...job, status: 'Stopping' as const, modifiedAtMs: ctx.clock.nowMs() };
    await tx.put(processingJobs, key, stopping);
  });
  ctx.stopProcessing(key);
}
