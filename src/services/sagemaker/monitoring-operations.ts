/** The monitoring and processing operations, as a table. */
import type { OperationTable } from '../../wire/operation.ts';
import { jobDefinitionOperations } from './job-definition.ts';
import {
  listMonitoringAlertHistory,
  listMonitoringAlerts,
  updateMonitoringAlert,
} from './monitoring-alert.ts';
import type { MonitoringCtx } from './monitoring-context.ts';
import {
  createMonitoringSchedule,
  deleteMonitoringSchedule,
  startMonitoringSchedule,
  stopMonitoringSchedule,
  updateMonitoringSchedule,
} from './monitoring-schedule.ts';
import {
  describeMonitoringSchedule,
  listMonitoringExecutions,
  listMonitoringSchedules,
} from './monitoring-schedule-views.ts';
import {
  createProcessingJob,
  describeProcessingJob,
  listProcessingJobs,
  stopProcessingJob,
} from './processing-job.ts';

export const monitoringOperations = {
  ...jobDefinitionOperations,
  CreateMonitoringSchedule: createMonitoringSchedule,
  DescribeMonitoringSchedule: describeMonitoringSchedule,
  ListMonitoringSchedules: listMonitoringSchedules,
  UpdateMonitoringSchedule: updateMonitoringSchedule,
  StartMonitoringSchedule: startMonitoringSchedule,
  StopMonitoringSchedule: stopMonitoringSchedule,
  DeleteMonitoringSchedule: deleteMonitoringSchedule,
  ListMonitoringExecutions: listMonitoringExecutions,
  ListMonitoringAlerts: listMonitoringAlerts,
  ListMonitoringAlertHistory: listMonitoringAlertHistory,
  UpdateMonitoringAlert: updateMonitoringAlert,
  CreateProcessingJob: createProcessingJob,
  DescribeProcessingJob: describeProcessingJob,
  ListProcessingJobs: listProcessingJobs,
  StopProcessingJob: stopProcessingJob,
} satisfies OperationTable<MonitoringCtx>;
