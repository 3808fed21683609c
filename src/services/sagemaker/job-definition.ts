/**
 * Named job definitions of the four monitors: immutable, used by schedules that name them. The
 * kinds differ in the names of their members alone, so their operations are made from one table.
 */
import type {
  CreateDataQualityJobDefinitionResponse,
  DescribeDataQualityJobDefinitionRequest,
  ListDataQualityJobDefinitionsRequest,
  ListDataQualityJobDefinitionsResponse,
  Tag,
} from '@aws-sdk/client-sagemaker';
import { dropTags } from '../../engines/hosting/tags.ts';
import {
  definitionKey,
  type JobDefinitionRow,
  jobDefinitions,
  type MonitoringType,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import type { OperationTable } from '../../wire/operation.ts';
import { assertAssumable } from './assumable.ts';
import { faults } from './faults.ts';
import { pageOf, rowsIn } from './listing.ts';
import { checkedName } from './model.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { type DefinitionRequest, planOfDefinition } from './monitoring-plan.ts';
import { writeTags } from './tags.ts';

/** The word for a kind in the ARNs of its definitions. */
export const definitionWords: Readonly<Record<MonitoringType, string>> = {
  DataQuality: 'data-quality-job-definition',
  ModelQuality: 'model-quality-job-definition',
  ModelBias: 'model-bias-job-definition',
  ModelExplainability: 'model-explainability-job-definition',
};

function definitionArn(scope: Scope, type: MonitoringType, name: string): Arn {
  return formatArn(scope, 'sagemaker', `${definitionWords[type]}/${name.toLowerCase()}`);
}

export type CreateRequest = DefinitionRequest & {
  readonly JobDefinitionName?: string | undefined;
  readonly Tags?: Tag[] | undefined;
};
/** The four requests that name a definition are one shape, and so are the four listings. */
export type NameRequest = DescribeDataQualityJobDefinitionRequest;
type ListRequest = ListDataQualityJobDefinitionsRequest;

type Run<Input> = (input: Input, ctx: MonitoringCtx) => Promise<object | void>;

export type OperationsOf<Type extends MonitoringType> = Readonly<
  Record<`Create${Type}JobDefinition`, Run<CreateRequest>> &
    Record<`Describe${Type}JobDefinition`, Run<NameRequest>> &
    Record<`List${Type}JobDefinitions`, Run<ListRequest>> &
    Record<`Delete${Type}JobDefinition`, Run<NameRequest>>
>;

/** Create, Describe, List and Delete of one kind. */
function operationsOf<Type extends MonitoringType>(type: Type): OperationsOf<Type> {
  const operations: OperationTable<MonitoringCtx> = {
    [`Create${type}JobDefinition`]: (input: CreateRequest, ctx) => create(type, input, ctx),
    [`Describe${type}JobDefinition`]: (input: NameRequest, ctx) => describe(type, input, ctx),
    [`List${type}JobDefinitions`]: (input: ListRequest, ctx) => list(type, input, ctx),
    [`Delete${type}JobDefinition`]: (input: NameRequest, ctx) => remove(type, input, ctx),
  };
  // The compiler does not follow computed names; the type has the same templates.
  return operations as OperationsOf<Type>;
}

export const jobDefinitionOperations = {
  ...operationsOf('DataQuality'),
  ...operationsOf('ModelQuality'),
  ...operationsOf('ModelBias'),
  ...operationsOf('ModelExplainability'),
} satisfies OperationTable<MonitoringCtx>;

async function create(
  type: MonitoringType,
  input: CreateRequest,
  ctx: MonitoringCtx,
): Promise<CreateDataQualityJobDefinitionResponse> {
  const name = checkedName(input.JobDefinitionName, 'jobDefinitionName');
  const plan = planOfDefinition(type, input);
  const arn = definitionArn(ctx.scope, type, name);
  await assertAssumable(input.RoleArn, arn, ctx);
  const { Tags, ...request } = input;
  const { endpointName } = plan;
  const row: JobDefinitionRow = {
    arn,
    name,
    scope: ctx.scope,
    type,
    ...(endpointName === undefined ? {} : { endpointName }),
    request: JSON.parse(JSON.stringify(request)),
    plan,
    createdAtMs: ctx.clock.nowMs(),
  };
  await ctx.store.write(async (tx) => {
    const added = await tx.insert(jobDefinitions[type], scoped(ctx.scope, name), row);
    if (!added) throw faults.inUse('Job definition', name);
    await writeTags(tx, arn, Tags);
  });
  return { JobDefinitionArn: arn };
}

async function describe(type: MonitoringType, input: NameRequest, ctx: MonitoringCtx) {
  const name = input.JobDefinitionName ?? '';
  const row = await ctx.store.get(jobDefinitions[type], scoped(ctx.scope, name));
  if (!row) throw faults.resourceNotFound('Job definition', definitionArn(ctx.scope, type, name));
  return {
    ...row.request,
    JobDefinitionName: row.name,
    JobDefinitionArn: row.arn,
    CreationTime: new Date(row.createdAtMs),
  };
}

async function list(
  type: MonitoringType,
  input: ListRequest,
  ctx: MonitoringCtx,
): Promise<ListDataQualityJobDefinitionsResponse> {
  const rows = await rowsIn(ctx.store, jobDefinitions[type], ctx.scope);
  const wanted = rows.filter(
    ({ endpointName }) => input.EndpointName === undefined || endpointName === input.EndpointName,
  );
  const page = pageOf(wanted, input);
  return {
    JobDefinitionSummaries: page.rows.map((row) => ({
      MonitoringJobDefinitionName: row.name,
      MonitoringJobDefinitionArn: row.arn,
      CreationTime: new Date(row.createdAtMs),
      // Required by the model; the original leaves it empty where batches are watched.
      EndpointName: row.endpointName ?? '',
    })),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

/** Refused while a schedule names it. */
async function remove(type: MonitoringType, input: NameRequest, ctx: MonitoringCtx): Promise<void> {
  const name = input.JobDefinitionName ?? '';
  const key = scoped(ctx.scope, name);
  const arn = definitionArn(ctx.scope, type, name);
  await ctx.store.write(async (tx) => {
    const equals = definitionKey(type, key);
    const users = await tx.listBy(schedules, { index: 'definition', equals, limit: 1 });
    if (users[0]) {
      throw faults.invalid(
        `Job definition ${name} is used by the monitoring schedule ${users[0].row.name}.`,
      );
    }
    if (!(await tx.delete(jobDefinitions[type], key))) {
      throw faults.resourceNotFound('Job definition', arn);
    }
    await dropTags(tx, arn);
  });
}
