/**
 * What the operations on processing jobs, monitoring schedules and job definitions need permission
 * for. A schedule of a named definition passes no role: whoever made the definition did.
 */
import type { MonitoringScheduleConfig } from '@aws-sdk/client-sagemaker';
import type { MonitoringType } from '../../engines/monitoring/rows.ts';
import type { Permissions } from '../../wire/operation.ts';
import { actingOn, creating, listing, passing, resourceArn } from './checks.ts';
import { definitionKeys, inlineKeys, processingKeys } from './condition-keys.ts';
import {
  type CreateRequest,
  definitionWords,
  type jobDefinitionOperations,
  type NameRequest,
  type OperationsOf,
} from './job-definition.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import type { monitoringOperations } from './monitoring-operations.ts';

interface Named {
  readonly MonitoringScheduleName?: string | undefined;
  readonly ProcessingJobName?: string | undefined;
}

const schedule =
  (operation: string) =>
  ({ MonitoringScheduleName: name }: Named, ctx: MonitoringCtx) =>
    actingOn(operation, resourceArn(ctx.scope, 'monitoring-schedule', name), ctx);

const processing =
  (operation: string) =>
  ({ ProcessingJobName: name }: Named, ctx: MonitoringCtx) =>
    actingOn(operation, resourceArn(ctx.scope, 'processing-job', name), ctx);

const inlineOf = (config: MonitoringScheduleConfig | undefined) => config?.MonitoringJobDefinition;

function definitionPermissions<Type extends MonitoringType>(type: Type) {
  const arnOf = ({ scope }: MonitoringCtx, name: string | undefined) =>
    resourceArn(scope, definitionWords[type], name);
  const named =
    (operation: string) =>
    ({ JobDefinitionName: name }: NameRequest, ctx: MonitoringCtx) =>
      actingOn(operation, arnOf(ctx, name), ctx);
  const create = `Create${type}JobDefinition`;
  return {
    [create]: (input: CreateRequest, ctx: MonitoringCtx) =>
      creating({
        operation: create,
        arn: arnOf(ctx, input.JobDefinitionName),
        tags: input.Tags,
        keys: definitionKeys(type, input),
        roleArn: input.RoleArn,
      }),
    [`Describe${type}JobDefinition`]: named(`Describe${type}JobDefinition`),
    [`List${type}JobDefinitions`]: listing(`List${type}JobDefinitions`),
    [`Delete${type}JobDefinition`]: named(`Delete${type}JobDefinition`),
    // Computed names are told by the same templates as the operations'.
  } as unknown as Permissions<OperationsOf<Type>, MonitoringCtx>;
}

export const jobDefinitionPermissions: Permissions<typeof jobDefinitionOperations, MonitoringCtx> =
  {
    ...definitionPermissions('DataQuality'),
    ...definitionPermissions('ModelQuality'),
    ...definitionPermissions('ModelBias'),
    ...definitionPermissions('ModelExplainability'),
  };

export const monitoringPermissions: Permissions<typeof monitoringOperations, MonitoringCtx> = {
  ...jobDefinitionPermissions,
  CreateMonitoringSchedule(input, { scope }) {
    const inline = inlineOf(input.MonitoringScheduleConfig);
    return creating({
      operation: 'CreateMonitoringSchedule',
      arn: resourceArn(scope, 'monitoring-schedule', input.MonitoringScheduleName),
      tags: input.Tags,
      keys: inlineKeys(inline),
      roleArn: inline?.RoleArn,
    });
  },
  DescribeMonitoringSchedule: schedule('DescribeMonitoringSchedule'),
  ListMonitoringSchedules: listing('ListMonitoringSchedules'),
  UpdateMonitoringSchedule(input, ctx) {
    const inline = inlineOf(input.MonitoringScheduleConfig);
    const check = schedule('UpdateMonitoringSchedule')(input, ctx);
    return [{ ...check, keys: inlineKeys(inline) }, ...passing(inline?.RoleArn)];
  },
  StartMonitoringSchedule: schedule('StartMonitoringSchedule'),
  StopMonitoringSchedule: schedule('StopMonitoringSchedule'),
  DeleteMonitoringSchedule: schedule('DeleteMonitoringSchedule'),
  ListMonitoringExecutions: listing('ListMonitoringExecutions'),
  ListMonitoringAlerts: listing('ListMonitoringAlerts'),
  ListMonitoringAlertHistory: listing('ListMonitoringAlertHistory'),
  UpdateMonitoringAlert(input, ctx) {
    const alert = `${input.MonitoringScheduleName ?? ''}/alert/${input.MonitoringAlertName ?? ''}`;
    return [
      schedule('UpdateMonitoringAlert')(input, ctx),
      actingOn('UpdateMonitoringAlert', resourceArn(ctx.scope, 'monitoring-schedule', alert), ctx),
    ];
  },
  CreateProcessingJob: (input, { scope }) =>
    creating({
      operation: 'CreateProcessingJob',
      arn: resourceArn(scope, 'processing-job', input.ProcessingJobName),
      tags: input.Tags,
      keys: processingKeys(input),
      roleArn: input.RoleArn,
    }),
  DescribeProcessingJob: processing('DescribeProcessingJob'),
  ListProcessingJobs: listing('ListProcessingJobs'),
  StopProcessingJob: processing('StopProcessingJob'),
};
