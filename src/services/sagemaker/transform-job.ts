/** Transform jobs: every object below a prefix goes through a model, once. */
import type {
  CreateTransformJobRequest,
  CreateTransformJobResponse,
  DescribeTransformJobRequest,
  DescribeTransformJobResponse,
  ListTransformJobsRequest,
  ListTransformJobsResponse,
  StopTransformJobRequest,
} from '@aws-sdk/client-sagemaker';
import { hostedArn, hostedKey } from '../../engines/hosting/names.ts';
import { models } from '../../engines/hosting/rows.ts';
import { hasEnded, type TransformJobRow, transformJobs } from '../../engines/transform/rows.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import { assertAssumable } from './assumable.ts';
import { faults } from './faults.ts';
import { listPage } from './listing.ts';
import { checkedName } from './model.ts';
import { writeTags } from './tags.ts';
import type { TransformCtx } from './transform-job-context.ts';
import { transformPlan } from './transform-plan.ts';

function jobArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'sagemaker', `transform-job/${name.toLowerCase()}`);
}

export async function createTransformJob(
  input: CreateTransformJobRequest,
  ctx: TransformCtx,
): Promise<CreateTransformJobResponse> {
  const name = checkedName(input.TransformJobName, 'transformJobName');
  const modelName = input.ModelName ?? '';
  const model = await ctx.store.get(models, hostedKey(ctx.scope, modelName));
  if (!model) throw faults.notFound('model', hostedArn(ctx.scope, 'model', modelName));
  const plan = transformPlan(input, model);
  const arn = jobArn(ctx.scope, name);
  const { roleArn } = plan.model;
  if (roleArn === undefined) throw faults.noExecutionRole(model.arn, 'a transform job');
  await assertAssumable(roleArn, arn, ctx);
  const key = hostedKey(ctx.scope, name);
  const nowMs = ctx.clock.nowMs();
  const { Tags, ...request } = input;
  const row: TransformJobRow = {
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
    if (!(await tx.insert(transformJobs, key, row))) throw faults.jobNameTaken(arn);
    await writeTags(tx, arn, Tags);
  });
  await ctx.transformQueue.enqueue(key, { key }, nowMs);
  ctx.wake('transform');
  return { TransformJobArn: arn };
}

export async function describeTransformJob(
  input: DescribeTransformJobRequest,
  ctx: TransformCtx,
): Promise<DescribeTransformJobResponse> {
  const row = await jobNamed(input.TransformJobName, ctx);
  // Stored as the client sent it, after the wire had checked it against this type.
  const request = row.request as unknown as CreateTransformJobRequest;
  return {
    ...request,
    TransformJobName: row.name,
    TransformJobArn: row.arn,
    TransformJobStatus: row.status,
    CreationTime: new Date(row.createdAtMs),
    ...(row.startedAtMs === undefined ? {} : { TransformStartTime: new Date(row.startedAtMs) }),
    ...ending(row),
  };
}

function ending({ endedAtMs, failureReason }: TransformJobRow) {
  return {
    ...(endedAtMs === undefined ? {} : { TransformEndTime: new Date(endedAtMs) }),
    ...(failureReason === undefined ? {} : { FailureReason: failureReason }),
  };
}

async function jobNamed(name: string | undefined, ctx: TransformCtx): Promise<TransformJobRow> {
  const row = await ctx.store.get(transformJobs, hostedKey(ctx.scope, name ?? ''));
  if (!row) throw faults.invalid(`Could not find requested job with name: ${name}`);
  return row;
}

export async function listTransformJobs(
  input: ListTransformJobsRequest,
  ctx: TransformCtx,
): Promise<ListTransformJobsResponse> {
  const page = await listPage(ctx.store, transformJobs, { scope: ctx.scope, query: input });
  return {
    TransformJobSummaries: page.rows.map((row) => ({
      TransformJobName: row.name,
      TransformJobArn: row.arn,
      TransformJobStatus: row.status,
      CreationTime: new Date(row.createdAtMs),
      LastModifiedTime: new Date(row.modifiedAtMs),
      ...ending(row),
    })),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

/** Stopping a job that has ended, or that is stopping already, is refused as on the original. */
export async function stopTransformJob(
  input: StopTransformJobRequest,
  ctx: TransformCtx,
): Promise<void> {
  const row = await jobNamed(input.TransformJobName, ctx);
  const key = hostedKey(ctx.scope, row.name);
  await ctx.store.write(async (tx) => {
    const job = await tx.get(transformJobs, key);
    if (!job || hasEnded(job) || job.status === 'Stopping') {
      throw faults.invalid(`The request was rejected because the job is in status ${job?.status}.`);
    }
    const stopping = { ...job, status: 'Stopping' as const, modifiedAtMs: ctx.clock.nowMs() };
    await tx.put(transformJobs, key, stopping);
  });
  ctx.stopTransform(key);
}
