/** Named data-quality job definitions: immutable, used by schedules that name them. */
import type {
  CreateDataQualityJobDefinitionRequest,
  CreateDataQualityJobDefinitionResponse,
  DeleteDataQualityJobDefinitionRequest,
  DescribeDataQualityJobDefinitionRequest,
  DescribeDataQualityJobDefinitionResponse,
  ListDataQualityJobDefinitionsRequest,
  ListDataQualityJobDefinitionsResponse,
} from '@aws-sdk/client-sagemaker';
import { dropTags } from '../../engines/hosting/tags.ts';
import {
  dataQualityDefinitions,
  type JobDefinitionRow,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { type Arn, formatArn, type Scope } from '../../kernel/arn.ts';
import { faults } from './faults.ts';
import { pageOf, rowsIn } from './listing.ts';
import { checkedName } from './model.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { planOfDefinition } from './monitoring-plan.ts';
import { writeTags } from './tags.ts';

function definitionArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'sagemaker', `data-quality-job-definition/${name.toLowerCase()}`);
}

export async function createDataQualityJobDefinition(
  input: CreateDataQualityJobDefinitionRequest,
  ctx: MonitoringCtx,
): Promise<CreateDataQualityJobDefinitionResponse> {
  const name = checkedName(input.JobDefinitionName, 'jobDefinitionName');
  const plan = planOfDefinition(input);
  const arn = definitionArn(ctx.scope, name);
  const { Tags, ...request } = input;
  const row: JobDefinitionRow = {
    arn,
    name,
    scope: ctx.scope,
    type: 'DataQuality',
    endpointName: plan.endpointName,
    request: JSON.parse(JSON.stringify(request)),
    plan,
    createdAtMs: ctx.clock.nowMs(),
  };
  await ctx.store.write(async (tx) => {
    const added = await tx.insert(dataQualityDefinitions, scoped(ctx.scope, name), row);
    if (!added) throw faults.inUse('Job definition', name);
    await writeTags(tx, arn, Tags);
  });
  return { JobDefinitionArn: arn };
}

export async function describeDataQualityJobDefinition(
  input: DescribeDataQualityJobDefinitionRequest,
  ctx: MonitoringCtx,
): Promise<DescribeDataQualityJobDefinitionResponse> {
  const name = input.JobDefinitionName ?? '';
  const row = await ctx.store.get(dataQualityDefinitions, scoped(ctx.scope, name));
  if (!row) throw faults.resourceNotFound('Job definition', definitionArn(ctx.scope, name));
  // The row was made from a request of this type, which the wire had checked.
  const request = row.request as unknown as CreateDataQualityJobDefinitionRequest;
  return {
    ...request,
    JobDefinitionName: row.name,
    JobDefinitionArn: row.arn,
    CreationTime: new Date(row.createdAtMs),
  };
}

export async function listDataQualityJobDefinitions(
  input: ListDataQualityJobDefinitionsRequest,
  ctx: MonitoringCtx,
): Promise<ListDataQualityJobDefinitionsResponse> {
  const rows = await rowsIn(ctx.store, dataQualityDefinitions, ctx.scope);
  const wanted = rows.filter(
    ({ endpointName }) => input.EndpointName === undefined || endpointName === input.EndpointName,
  );
  const page = pageOf(wanted, input);
  return {
    JobDefinitionSummaries: page.rows.map((row) => ({
      MonitoringJobDefinitionName: row.name,
      MonitoringJobDefinitionArn: row.arn,
      CreationTime: new Date(row.createdAtMs),
      EndpointName: row.endpointName,
    })),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

/** Refused while a schedule names it. */
export async function deleteDataQualityJobDefinition(
  input: DeleteDataQualityJobDefinitionRequest,
  ctx: MonitoringCtx,
): Promise<void> {
  const name = input.JobDefinitionName ?? '';
  const key = scoped(ctx.scope, name);
  const arn = definitionArn(ctx.scope, name);
  await ctx.store.write(async (tx) => {
    const users = await tx.listBy(schedules, { index: 'definition', equals: key, limit: 1 });
    if (users[0]) {
      throw faults.invalid(
        `Job definition ${name} is used by the monitoring schedule ${users[0].row.name}.`,
      );
    }
    if (!(await tx.delete(dataQualityDefinitions, key))) {
      throw faults.resourceNotFound('Job definition', arn);
    }
    await dropTags(tx, arn);
  });
}
