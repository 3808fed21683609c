/** What clients see of monitoring schedules and their executions. */
import type {
  DescribeMonitoringScheduleRequest,
  DescribeMonitoringScheduleResponse,
  ListMonitoringExecutionsRequest,
  ListMonitoringExecutionsResponse,
  ListMonitoringSchedulesRequest,
  ListMonitoringSchedulesResponse,
  MonitoringExecutionSummary,
  MonitoringScheduleConfig,
} from '@aws-sdk/client-sagemaker';
import {
  type ExecutionRow,
  executions,
  type ScheduleRow,
  schedules,
  scoped,
} from '../../engines/monitoring/rows.ts';
import { pageOf, rowsIn } from './listing.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import { scheduleNotFound } from './monitoring-schedule.ts';

export async function describeMonitoringSchedule(
  input: DescribeMonitoringScheduleRequest,
  ctx: MonitoringCtx,
): Promise<DescribeMonitoringScheduleResponse> {
  const name = input.MonitoringScheduleName;
  const row = await ctx.store.get(schedules, scoped(ctx.scope, name ?? ''));
  if (!row) throw scheduleNotFound(name, ctx);
  const last = row.lastExecution && (await ctx.store.get(executions, row.lastExecution));
  return {
    MonitoringScheduleArn: row.arn,
    MonitoringScheduleName: row.name,
    MonitoringScheduleStatus: row.status,
    MonitoringType: row.type,
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    // Stored as the client sent it, after the wire had checked it against this type.
    MonitoringScheduleConfig: row.config as unknown as MonitoringScheduleConfig,
    ...(row.endpointName === undefined ? {} : { EndpointName: row.endpointName }),
    ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
    ...(last ? { LastMonitoringExecutionSummary: executionSummary(last) } : {}),
  };
}

export async function listMonitoringSchedules(
  input: ListMonitoringSchedulesRequest,
  ctx: MonitoringCtx,
): Promise<ListMonitoringSchedulesResponse> {
  const rows = await rowsIn(ctx.store, schedules, ctx.scope);
  const { EndpointName, MonitoringJobDefinitionName, MonitoringTypeEquals } = input;
  const wanted = rows.filter(
    (row) =>
      (EndpointName === undefined || row.endpointName === EndpointName) &&
      (MonitoringTypeEquals === undefined || row.type === MonitoringTypeEquals) &&
      (MonitoringJobDefinitionName === undefined ||
        row.jobDefinitionName === MonitoringJobDefinitionName),
  );
  const page = pageOf(wanted, input);
  return {
    MonitoringScheduleSummaries: page.rows.map(scheduleSummary),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

function scheduleSummary(row: ScheduleRow) {
  return {
    MonitoringScheduleName: row.name,
    MonitoringScheduleArn: row.arn,
    MonitoringScheduleStatus: row.status,
    MonitoringType: row.type,
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    ...(row.endpointName === undefined ? {} : { EndpointName: row.endpointName }),
    ...(row.jobDefinitionName === undefined
      ? {}
      : { MonitoringJobDefinitionName: row.jobDefinitionName }),
  };
}

export async function listMonitoringExecutions(
  input: ListMonitoringExecutionsRequest,
  ctx: MonitoringCtx,
): Promise<ListMonitoringExecutionsResponse> {
  const rows = await rowsIn(ctx.store, executions, ctx.scope);
  // Pages are cut by name: ids tell the executions of one instant apart.
  const listed = rows.filter((row) => matches(row, input)).map((row) => ({ ...row, name: row.id }));
  const page = pageOf(listed, input);
  return {
    MonitoringExecutionSummaries: page.rows.map(executionSummary),
    ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
  };
}

function matches(row: ExecutionRow, input: ListMonitoringExecutionsRequest): boolean {
  const same = (wanted: string | undefined, value: string | undefined) =>
    wanted === undefined || wanted.toLowerCase() === value?.toLowerCase();
  const { ScheduledTimeAfter: after, ScheduledTimeBefore: before } = input;
  return (
    same(input.MonitoringScheduleName, row.scheduleName) &&
    same(input.EndpointName, row.endpointName) &&
    same(input.MonitoringJobDefinitionName, row.jobDefinitionName) &&
    same(input.MonitoringTypeEquals, row.type) &&
    (after === undefined || row.scheduledAtMs > after.getTime()) &&
    (before === undefined || row.scheduledAtMs < before.getTime())
  );
}

export function executionSummary(row: ExecutionRow): MonitoringExecutionSummary {
  return {
    MonitoringScheduleName: row.scheduleName,
    ScheduledTime: new Date(row.scheduledAtMs),
    CreationTime: new Date(row.createdAtMs),
    LastModifiedTime: new Date(row.modifiedAtMs),
    MonitoringExecutionStatus: row.status,
    MonitoringType: row.type,
    ...(row.processingJobArn === undefined ? {} : { ProcessingJobArn: row.processingJobArn }),
    ...(row.endpointName === undefined ? {} : { EndpointName: row.endpointName }),
    ...(row.failureReason === undefined ? {} : { FailureReason: row.failureReason }),
    ...(row.jobDefinitionName === undefined
      ? {}
      : { MonitoringJobDefinitionName: row.jobDefinitionName }),
  };
}
